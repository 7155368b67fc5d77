"""Active authentication (Doc 9303-11 §6.1): the chip signs our challenge with the private half of DG15.

RSA signatures follow ISO/IEC 9796-2 scheme 1 with every trailer of ISO/IEC 10118; ECDSA comes as r‖s
(TR-03111 §5.2.1), from some chips as DER. The result counts only where DG15 was signed by the issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.constant_time import bytes_eq

from gate_agent.emrtd.chip.apdu import SW_END_OF_FILE, CommandApdu
from gate_agent.emrtd.chip.protocol import Protocol, transceive
from gate_agent.emrtd.coding import asn1, tlv
from gate_agent.emrtd.coding.errors import FileError, StatusError
from gate_agent.emrtd.coding.signatures import (
    AlgorithmError,
    CurvePublicKey,
    PublicKey,
    SignatureKind,
    SignatureScheme,
    digest,
    public_key,
    verify,
)
from gate_agent.emrtd.lds.lds_files import EF_DG15

CHALLENGE_LENGTH = 8

# ISO/IEC 9796-2 trailers: BC alone means the hash that everybody knows, xxCC names one (ISO/IEC 10118-3).
_TRAILERS = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
_HASH_BY_BITS = ((521, "sha512"), (384, "sha384"), (256, "sha256"), (224, "sha224"), (0, "sha1"))


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the signature holds, and how it was made (``rsa-iso9796-2-sha256``, ``ecdsa-plain-sha256``)."""

    genuine: bool
    method: str = ""


def parse_dg15(raw: bytes) -> PublicKey:
    """DG15 (Doc 9303-10 §4.7.15): the key. Raises FileError."""
    try:
        outer = tlv.parse_one(raw, EF_DG15.tag, limits=tlv.Limits(size=EF_DG15.max_size))
        with asn1.decoding(lambda what: FileError(what, field="EF.DG15")):
            decoded: Any = asn1.SubjectPublicKeyInfo.load(outer.value, strict=True)
            return public_key(decoded, field="EF.DG15")
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.DG15 {error.field}") from error
    except AlgorithmError as error:
        raise FileError(error.what, field=error.field, reason=error.reason) from error


def active_authentication(key: PublicKey, challenge: bytes, *, extended_length: bool) -> Protocol[bytes]:
    """INTERNAL AUTHENTICATE (§6.1.3): the chip's signature over `challenge`. Raises StatusError.

    Some chips answer nothing when asked for all there is, others cut the signature off when asked for
    less than fits: the expected length comes first. Without `extended_length` a long one comes in parts.
    """
    expected = _signature_length(key)
    answer, sw = b"", 0
    for le, extended in _expected_lengths(expected):
        if extended and not extended_length:
            continue  # the chip would answer in the clear, and end the channel
        command = CommandApdu(0x00, 0x88, 0x00, 0x00, challenge, le, extended)
        response = yield from transceive(command)
        answer, sw = response.data, response.sw
        if len(answer) >= expected or (answer and not isinstance(key, rsa.RSAPublicKey)):
            return answer
        if not response.ok and sw not in (0x6700, SW_END_OF_FILE) and sw >> 8 != 0x6C:
            break
    if not answer:
        raise StatusError("active authentication", sw, reason="CHIP_NOT_GENUINE")
    return answer


def _expected_lengths(expected: int) -> Iterator[tuple[int, bool]]:
    yield min(expected, 256) if expected <= 200 else expected, expected > 200
    yield 256, False
    yield 65536, True


def _signature_length(key: PublicKey) -> int:
    if isinstance(key, rsa.RSAPublicKey):
        return (key.key_size + 7) // 8
    bits = key.named.n.bit_length() if isinstance(key, CurvePublicKey) else key.key_size
    return 2 * ((bits + 7) // 8)


def verify_proof(key: PublicKey, challenge: bytes, signature: bytes, stated_hash: str = "") -> Proof:
    """Whether `signature` over `challenge` is the chip's. `stated_hash` is what DG14 says about ECDSA."""
    if isinstance(key, rsa.RSAPublicKey):
        return _verify_iso9796(key, challenge, signature)
    return _verify_ecdsa(key, challenge, signature, stated_hash)


# ---------------------------------------------------------------- RSA, ISO/IEC 9796-2


def _verify_iso9796(key: rsa.RSAPublicKey, challenge: bytes, signature: bytes) -> Proof:
    numbers = key.public_numbers()
    value = int.from_bytes(signature, "big")
    if len(signature) != (key.key_size + 7) // 8 or value >= numbers.n:
        return Proof(False)
    recovered = pow(value, numbers.e, numbers.n)
    if recovered & 0x0F != 0x0C:
        recovered = numbers.n - recovered  # §B.6: the signer may send the smaller of s and n - s
    representative = recovered.to_bytes((key.key_size + 7) // 8, "big")
    return _check_representative(representative, challenge)


def _check_representative(representative: bytes, challenge: bytes) -> Proof:
    """§9.3-9.4: header, padding, M1, hash, trailer; the hash is over M1 and what we know, M2."""
    if representative[-1] == 0xBC:
        name, end = "sha1", len(representative) - 1
    elif representative[-1] == 0xCC and representative[-2] in _TRAILERS:
        name, end = _TRAILERS[representative[-2]], len(representative) - 2
    else:
        return Proof(False)
    header = representative[0]
    if header & 0xC0 != 0x40 or header & 0x20 == 0:
        return Proof(False)  # not a signature with partial recovery: it would not cover our challenge
    start = _after_padding(representative)
    hash_start = end - len(digest(name, b""))
    if start is None or hash_start < start:
        return Proof(False)
    computed = digest(name, representative[start:hash_start] + challenge)
    return Proof(bytes_eq(computed, representative[hash_start:end]), f"rsa-iso9796-2-{name}")


def _after_padding(representative: bytes) -> int | None:
    """Where M1 begins: behind the nibble A that ends the padding of nibbles B (§9.3.1)."""
    for position, byte in enumerate(representative):
        if byte & 0x0F == 0x0A:
            return position + 1
        if byte & 0x0F != 0x0B:
            return None
    return None


# ---------------------------------------------------------------- ECDSA


def _verify_ecdsa(
    key: ec.EllipticCurvePublicKey | CurvePublicKey, challenge: bytes, signature: bytes, stated: str
) -> Proof:
    for name in (stated,) if stated else _usual_hashes(key):
        scheme = SignatureScheme(SignatureKind.ECDSA, name)
        for form, encoded in _forms(signature):
            if verify(key, scheme, encoded, challenge):
                return Proof(True, f"ecdsa-{form}-{name}")
    return Proof(False)


def _forms(signature: bytes) -> Iterator[tuple[str, bytes]]:
    half = len(signature) // 2
    if len(signature) % 2 == 0 and half:
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        yield "plain", utils.encode_dss_signature(r, s)
    yield "der", signature


def _usual_hashes(key: ec.EllipticCurvePublicKey | CurvePublicKey) -> Iterator[str]:
    """Without ActiveAuthenticationInfo: the hash of the key's size first, then the others."""
    bits = key.named.n.bit_length() if isinstance(key, CurvePublicKey) else key.key_size
    fitting = next(name for least, name in _HASH_BY_BITS if bits >= least)
    yield fitting
    yield from (name for _, name in _HASH_BY_BITS if name != fitting)
