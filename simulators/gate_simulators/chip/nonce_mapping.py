"""The mappings of PACE, card side (Doc 9303-11 §4.4.3.3): a new generator out of the nonce.

Chip authentication mapping is generic mapping whose ephemeral key the chip later proves to be related
to its static key (§4.4.3.3.3, §4.4.3.5).
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_simulators.chip.cipher_suites import CipherSuite
from gate_simulators.chip.key_agreement import Group, Random

# §4.4.3.3.2: c0 and c1 of the pseudo-random function, by the octets of the nonce s.
_CONSTANTS = {
    16: (
        bytes.fromhex("A668892A7C41E3CA739F40B057D85904"),
        bytes.fromhex("A4E136AC725F738B01C1F60217C188AD"),
    ),
    32: (
        bytes.fromhex("D463D65234124EF7897054986DCA0A174E28DF758CBAA03F240616414D5A1676"),
        bytes.fromhex("54BD7255F0AAF831BEC3423FCF39D69B6CBF066677D0FAAE5AADD99DF8E53517"),
    ),
}

_SURPLUS_BITS = 64


def nonce_length(suite: CipherSuite) -> int:
    """Octets of the nonce s: the smallest multiple of 16 that is no shorter than a key (§4.4.3.3.2)."""
    return 16 if suite.key_length <= 16 else 32


@dataclass(frozen=True, slots=True)
class Mapped:
    """The mapped group; `secret` is the chip's key of the mapping, 0 where there is none."""

    group: Group
    answer: bytes
    secret: int = 0


def map_generic(group: Group, nonce: bytes, terminal_key: bytes, random: Random) -> Mapped:
    """A Diffie-Hellman exchange over the static group; `answer` is the chip's public key."""
    secret = group.private_key(random)
    return Mapped(group.map_generic(nonce, secret, terminal_key), group.public_key(secret), secret)


def map_integrated(group: Group, suite: CipherSuite, nonce: bytes, terminal_nonce: bytes) -> Mapped:
    """A hash of both nonces into the group; the chip has nothing to answer."""
    if len(terminal_nonce) != suite.key_length:
        raise ValueError(f"the terminal's nonce has {len(terminal_nonce)} octets, not {suite.key_length}")
    return Mapped(group.map_integrated(pseudo_random(suite, nonce, terminal_nonce, group.prime)), b"")


def pseudo_random(suite: CipherSuite, s: bytes, t: bytes, prime: int) -> int:
    """R_p(s, t): the block cipher in a feedback loop keyed by t, reduced modulo the prime."""
    c0, c1 = _CONSTANTS[len(s)]
    key = suite.encrypt(t, s)
    output = b""
    while 8 * len(output) < prime.bit_length() + _SURPLUS_BITS:
        cut = key[: suite.key_length]
        output += suite.encrypt(cut, c1)
        key = suite.encrypt(cut, c0)
    return int.from_bytes(output, "big") % prime
