"""The signature algorithms a country may choose (Doc 9303-12 §4), as data.

Each scheme makes keys, describes them in a certificate and signs; nothing else in the issuer knows
which algorithm is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from asn1crypto import algos, keys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_simulators.issuer.curves import (
    BRAINPOOL_P256R1,
    BRAINPOOL_P384R1,
    BRAINPOOL_P512R1,
    P256,
    P384,
    P521,
    Curve,
)

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class EcdsaScheme:
    """ECDSA; `digest` as hashlib names it; `explicit`: domain parameters are written out in full."""

    name: str
    digest: str
    curve: Curve
    explicit: bool = True

    def algorithm(self) -> algos.SignedDigestAlgorithm:
        return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_ecdsa"})

    def public_key_info(self, key: PrivateKey) -> keys.PublicKeyInfo:
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        parameters = self.curve.parameters(explicit=self.explicit)
        algorithm = keys.PublicKeyAlgorithm({"algorithm": "ec", "parameters": parameters})
        return keys.PublicKeyInfo({"algorithm": algorithm, "public_key": keys.ECPointBitString(point)})

    def derive(self, secret: int) -> ec.EllipticCurvePrivateKey:
        """The private key that is this number."""
        return ec.derive_private_key(secret, self.curve.implementation)

    def sign(self, key: PrivateKey, message: bytes) -> bytes:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        # RFC 6979: the same passport is the same bytes every time it is issued.
        return key.sign(message, ec.ECDSA(_HASHES[self.digest], deterministic_signing=True))


@dataclass(frozen=True, slots=True)
class RsaScheme:
    """RSA with PKCS#1 v1.5 or, with `pss`, RSASSA-PSS with a salt as long as the digest."""

    name: str
    digest: str
    bits: int = 2048
    pss: bool = False

    def algorithm(self) -> algos.SignedDigestAlgorithm:
        if not self.pss:
            return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_rsa"})
        digest = algos.DigestAlgorithm({"algorithm": self.digest})
        mask = algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": digest})
        parameters = algos.RSASSAPSSParams(
            {
                "hash_algorithm": digest,
                "mask_gen_algorithm": mask,
                "salt_length": _HASHES[self.digest].digest_size,
            }
        )
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})

    def public_key_info(self, key: PrivateKey) -> keys.PublicKeyInfo:
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return keys.PublicKeyInfo.load(der)

    def generate(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=self.bits)

    def sign(self, key: PrivateKey, message: bytes) -> bytes:
        assert isinstance(key, rsa.RSAPrivateKey)
        algorithm = _HASHES[self.digest]
        if self.pss:
            filler = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)
            return key.sign(message, filler, algorithm)
        return key.sign(message, padding.PKCS1v15(), algorithm)


Scheme: TypeAlias = EcdsaScheme | RsaScheme

SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        EcdsaScheme("ecdsa-p256", "sha256", P256),
        EcdsaScheme("ecdsa-p256-named", "sha256", P256, explicit=False),
        EcdsaScheme("ecdsa-p384", "sha384", P384),
        EcdsaScheme("ecdsa-p384-named", "sha384", P384, explicit=False),
        EcdsaScheme("ecdsa-brainpoolP256r1", "sha256", BRAINPOOL_P256R1),
        EcdsaScheme("ecdsa-brainpoolP256r1-named", "sha256", BRAINPOOL_P256R1, explicit=False),
        EcdsaScheme("ecdsa-p521", "sha512", P521),
        EcdsaScheme("ecdsa-brainpoolP384r1", "sha384", BRAINPOOL_P384R1),
        EcdsaScheme("ecdsa-brainpoolP512r1", "sha512", BRAINPOOL_P512R1),
        RsaScheme("rsa-2048", "sha256"),
        RsaScheme("rsa-pss-2048", "sha256", pss=True),
    )
}
