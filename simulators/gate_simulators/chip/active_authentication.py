"""Active authentication, card side (Doc 9303-11 §6.1): INTERNAL AUTHENTICATE signs the terminal's nonce.

RSA makes a signature with partial message recovery (ISO/IEC 9796-2, digital signature scheme 1), which
no library offers as such: the message representative is built here and raised with the key's numbers.
ECDSA signs plainly, r and s side by side (BSI TR-03111 §5.2.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gate_simulators.chip.apdu import SW, Command, Refused, Response
from gate_simulators.chip.cipher_suites import DIGESTS
from gate_simulators.chip.key_agreement import Random
from gate_simulators.chip.profile import ChipProfile
from gate_simulators.chip.session import Session

INTERNAL_AUTHENTICATE = 0x88

_NONCE = 8

# ISO/IEC 9796-2 §8.1.3 and ISO/IEC 10118-3: the trailer names the hash; BC alone stands for SHA-1.
TRAILERS: Mapping[str, bytes] = {
    "sha1": b"\xbc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}


class AuthenticationKey(Protocol):
    """A key of active authentication."""

    def sign(self, nonce: bytes, random: Random) -> bytes: ...


@dataclass(frozen=True, slots=True)
class RsaAuthenticationKey:
    """`trailer` None is the one that belongs to the digest."""

    key: rsa.RSAPrivateKey = field(repr=False)
    digest: str = "sha1"
    trailer: bytes | None = None

    def sign(self, nonce: bytes, random: Random) -> bytes:
        numbers = self.key.private_numbers()
        modulus = numbers.public_numbers.n
        octets = (modulus.bit_length() + 7) // 8
        representative = int.from_bytes(self._representative(nonce, octets, random), "big")
        return pow(representative, numbers.d, modulus).to_bytes(octets, "big")

    def _representative(self, nonce: bytes, octets: int, random: Random) -> bytes:
        """F = 6A || M1 || h(M1 || RND.IFD) || trailer; M1 fills what is left (§6.1.2.3)."""
        trailer = TRAILERS[self.digest] if self.trailer is None else self.trailer
        digest_size = hashlib.new(self.digest).digest_size
        recoverable = random(octets - 1 - digest_size - len(trailer))
        digest = hashlib.new(self.digest, recoverable + nonce).digest()
        return b"\x6a" + recoverable + digest + trailer


@dataclass(frozen=True, slots=True)
class EcdsaAuthenticationKey:
    """`der`: some chips answer with the ASN.1 structure instead of the plain signature."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    digest: str = "sha256"
    der: bool = False

    def sign(self, nonce: bytes, random: Random) -> bytes:
        signature = self.key.sign(nonce, ec.ECDSA(DIGESTS[self.digest]))
        if self.der:
            return signature
        width = (self.key.curve.key_size + 7) // 8
        return b"".join(number.to_bytes(width, "big") for number in decode_dss_signature(signature))


class ActiveAuthentication:
    """Signs for whoever opened the chip."""

    def __init__(self, key: AuthenticationKey, profile: ChipProfile, random: Random) -> None:
        self._key = key
        self._profile = profile
        self._random = random

    def answer(self, command: Command, session: Session) -> Response | None:
        if command.ins != INTERNAL_AUTHENTICATE:
            return None
        if not session.access or session.channel is None:
            raise Refused(SW.SECURITY_STATUS_NOT_SATISFIED)
        if command.p1p2:
            raise Refused(SW.WRONG_P1_P2)
        if len(command.data) != _NONCE or not command.ne:
            raise Refused(SW.WRONG_LENGTH)
        if self._profile.signs_nothing_at_maximal_le and command.ne == 0x10000:
            return Response(SW.OK)
        signature = self._key.sign(command.data, self._random)
        if command.ne < len(signature):
            return self._too_long(signature, command.ne)
        if len(signature) > session.room:
            raise Refused(SW.WRONG_LENGTH)
        return Response(SW.OK, signature)

    def _too_long(self, signature: bytes, ne: int) -> Response:
        if self._profile.truncates_signature:
            return Response(SW.OK, signature[:ne])
        raise Refused(0x6C00 | len(signature) & 0xFF if len(signature) <= 0x100 else SW.WRONG_LENGTH)
