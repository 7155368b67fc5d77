"""Public keys and signatures as passports use them (Doc 9303-12 §4.1.6, RFC 4055, RFC 5480).

RSA with PKCS#1 v1.5 and PSS, ECDSA over named curves or explicit parameters. The primitives are
those of the `cryptography` library; this module only says which one an algorithm identifier means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from gate_agent.emrtd.coding import curve_arithmetic, curves
from gate_agent.emrtd.coding.curve_arithmetic import Point, PointError
from gate_agent.emrtd.coding.curves import NamedCurve
from gate_agent.errors import BadInput


@dataclass(frozen=True, slots=True)
class CurvePublicKey:
    """A public key on a curve that the `cryptography` library does not have (brainpoolP224r1, ...)."""

    named: NamedCurve
    point: Point


PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | CurvePublicKey


class AlgorithmError(BadInput):
    """A key or algorithm that cannot be used. `reason` says why."""

    def __init__(self, what: str, *, reason: str, field: str) -> None:
        super().__init__(what, field=field)
        self.reason = reason


class SignatureKind(StrEnum):
    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"


HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """What an AlgorithmIdentifier says; mask hash and salt length are for PSS only."""

    kind: SignatureKind
    hash: str
    mask_hash: str = ""
    salt_length: int = 0

    def __str__(self) -> str:
        return f"{self.kind}-{self.hash}"


def digest(name: str, data: bytes) -> bytes:
    context = hashes.Hash(HASHES[name]())
    context.update(data)
    return context.finalize()


def known_hash(name: str, field: str) -> str:
    """`name` if it is a hash that passports may use. Raises otherwise."""
    if name not in HASHES:
        raise AlgorithmError(
            f"hash {name} is not one of SHA-1 to SHA-512", reason="ALGORITHM_UNSUPPORTED", field=field
        )
    return name


_KINDS = {"rsa": SignatureKind.RSA_PKCS1, "ecdsa": SignatureKind.ECDSA}
_BARE = {"rsassa_pkcs1v15": SignatureKind.RSA_PKCS1, "ecdsa": SignatureKind.ECDSA}


def scheme_of(algorithm: Any, *, digest_algorithm: str = "", field: str) -> SignatureScheme:
    """The scheme of an AlgorithmIdentifier; identifiers without a hash take `digest_algorithm`."""
    name = str(algorithm["algorithm"].native)
    if name == "rsassa_pss":
        return _pss_scheme(algorithm["parameters"], field)
    if name in _BARE:
        return SignatureScheme(_BARE[name], known_hash(digest_algorithm, field))
    hash_name, _, kind = name.rpartition("_")
    if kind not in _KINDS or hash_name not in HASHES:
        raise AlgorithmError(
            f"signature algorithm {name} is not supported", reason="ALGORITHM_UNSUPPORTED", field=field
        )
    return SignatureScheme(_KINDS[kind], hash_name)


def _pss_scheme(parameters: Any, field: str) -> SignatureScheme:
    mask = parameters["mask_gen_algorithm"]
    salt = int(parameters["salt_length"].native)
    if mask["algorithm"].native != "mgf1" or not 0 <= salt <= 512:
        raise AlgorithmError("PSS parameters are not supported", reason="ALGORITHM_UNSUPPORTED", field=field)
    return SignatureScheme(
        SignatureKind.RSA_PSS,
        known_hash(str(parameters["hash_algorithm"]["algorithm"].native), field),
        known_hash(str(mask["parameters"]["algorithm"].native), field),
        salt,
    )


def public_key(info: Any, *, field: str) -> PublicKey:
    """The key of a SubjectPublicKeyInfo. Raises AlgorithmError with a reason when it cannot be used."""
    kind = str(info["algorithm"]["algorithm"].native)
    try:
        if kind == "ec":
            return curve_key(curve_of(info["algorithm"]["parameters"], field), bytes(info["public_key"]))
        if kind in ("rsa", "rsassa_pss"):
            numbers = info["public_key"].parsed
            return rsa.RSAPublicNumbers(
                _unsigned(numbers["public_exponent"]), _unsigned(numbers["modulus"])
            ).public_key()
    except (ValueError, UnsupportedAlgorithm, PointError) as error:
        raise AlgorithmError(f"the key is not valid: {error}", reason="KEY_INVALID", field=field) from error
    raise AlgorithmError(
        f"keys of type {kind} are not supported", reason="ALGORITHM_UNSUPPORTED", field=field
    )


def _unsigned(integer: Any) -> int:
    """The INTEGER's value; some issuers leave out the zero byte before a high bit, and no key is negative."""
    return int.from_bytes(bytes(integer.contents), "big")


def curve_key(curve: NamedCurve, encoded: bytes) -> PublicKey:
    """The key at an encoded point. Raises ValueError or PointError."""
    if curve.curve is None:
        return CurvePublicKey(curve, curve_arithmetic.decode(curve, encoded))
    return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, encoded)


def curve_of(parameters: Any, field: str) -> NamedCurve:
    """The curve that ECParameters (RFC 5480 §2.1.1, RFC 3279 §2.3.5) mean. Raises AlgorithmError."""
    if parameters.name == "named":
        dotted = str(parameters.chosen.dotted)
        named = curves.by_oid(dotted)
        if named is None:
            raise AlgorithmError(f"curve {dotted} is not supported", reason="CURVE_UNKNOWN", field=field)
        return named
    if parameters.name != "specified":
        raise AlgorithmError("curve is implied, not stated", reason="CURVE_UNKNOWN", field=field)
    domain = parameters.chosen
    if domain["field_id"]["field_type"].native != "prime_field":
        raise AlgorithmError("curve is not over a prime field", reason="CURVE_UNKNOWN", field=field)
    cofactor = domain["cofactor"].native
    found = curves.identify(
        p=int(domain["field_id"]["parameters"].native),
        a=int.from_bytes(domain["curve"]["a"].native, "big"),
        b=int.from_bytes(domain["curve"]["b"].native, "big"),
        generator=bytes(domain["base"].native),
        n=int(domain["order"].native),
        cofactor=None if cofactor is None else int(cofactor),
    )
    if found is None:
        raise AlgorithmError(
            "explicit curve parameters are of no known curve", reason="CURVE_UNKNOWN", field=field
        )
    return found


def verify(key: PublicKey, scheme: SignatureScheme, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` holds; a key of another kind than the scheme's never does."""
    algorithm = HASHES[scheme.hash]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if scheme.kind is SignatureKind.ECDSA:
                return False
            key.verify(signature, data, _rsa_padding(scheme), algorithm)
        elif scheme.kind is not SignatureKind.ECDSA:
            return False
        elif isinstance(key, CurvePublicKey):
            r, s = utils.decode_dss_signature(signature)
            return curve_arithmetic.verify_ecdsa(key.named, key.point, digest(scheme.hash, data), r, s)
        else:
            key.verify(signature, data, ec.ECDSA(algorithm))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _rsa_padding(scheme: SignatureScheme) -> padding.AsymmetricPadding:
    if scheme.kind is SignatureKind.RSA_PKCS1:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(HASHES[scheme.mask_hash]()), scheme.salt_length)
