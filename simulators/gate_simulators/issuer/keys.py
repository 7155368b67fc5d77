"""The authority's private keys: derived from a seed, or made once and kept.

An elliptic-curve key is computed from the seed and its label, so that a demo starts at once and issues the
same passports each time. RSA keys cannot be had that way and are kept in the state directory. These keys
protect nothing: the countries do not exist.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gate_simulators.issuer.algorithms import EcdsaScheme, PrivateKey, RsaScheme, Scheme


class KeyStore:
    """One private key per label and scheme, the same whenever it is asked for."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._seed = seed
        self._known: dict[tuple[str, str], PrivateKey] = {}

    def key(self, label: str, scheme: Scheme) -> PrivateKey:
        name = (label, scheme.name)
        if name not in self._known:
            self._known[name] = (
                self._derived(label, scheme) if isinstance(scheme, EcdsaScheme) else self._kept(label, scheme)
            )
        return self._known[name]

    def _derived(self, label: str, scheme: EcdsaScheme) -> PrivateKey:
        return scheme.derive(self.secret(f"{label}/{scheme.name}", scheme.curve.order))

    def secret(self, label: str, order: int) -> int:
        """A private key of a group of that order: a number from 1 to order - 1."""
        # 64 bits more than the order has make the reduction's bias negligible.
        octets = (order.bit_length() + 7) // 8 + 8
        drawn = hashlib.shake_256(f"{self._seed}/{label}".encode()).digest(octets)
        return int.from_bytes(drawn, "big") % (order - 1) + 1

    def _kept(self, label: str, scheme: RsaScheme) -> PrivateKey:
        name = hashlib.sha256(f"{self._seed}/{label}".encode()).hexdigest()[:20]
        path = self._directory / f"{scheme.name}-{name}.pem"
        if path.exists():
            key = load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
            if isinstance(key, rsa.RSAPrivateKey) and key.key_size == scheme.bits:
                return key
        key = scheme.generate()
        self._directory.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        fresh.replace(path)
        return key
