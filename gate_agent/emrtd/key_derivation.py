"""Keys from the machine readable zone and from shared secrets (Doc 9303-11 §9.7, Appendix D.1/D.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from gate_agent.emrtd.mrz import MrzKey


class KeyUse(IntEnum):
    """The counter c of the key derivation function (§9.7.1)."""

    ENCRYPTION = 1
    MAC = 2
    PASSWORD = 3


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """An encryption and a MAC key that belong together."""

    encryption: bytes
    mac: bytes


def mrz_seed(key: MrzKey) -> bytes:
    """K_seed of Basic Access Control: the first 16 bytes of SHA-1 over MRZ_information (§4.3.2)."""
    return hashlib.sha1(key.information.encode("ascii")).digest()[:16]


def triple_des_key(secret: bytes, use: KeyUse) -> bytes:
    """A two-key triple DES key, 16 bytes with odd parity (§9.7.1.1)."""
    digest = hashlib.sha1(secret + int(use).to_bytes(4, "big")).digest()
    return bytes(_odd_parity(byte) for byte in digest[:16])


def triple_des_keys(secret: bytes) -> KeyPair:
    return KeyPair(triple_des_key(secret, KeyUse.ENCRYPTION), triple_des_key(secret, KeyUse.MAC))


def _odd_parity(byte: int) -> int:
    return byte ^ 1 if byte.bit_count() % 2 == 0 else byte
