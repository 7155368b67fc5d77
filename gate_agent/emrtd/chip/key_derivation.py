"""Keys from the machine readable zone and from shared secrets (Doc 9303-11 §9.7, Appendix D.1/D.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum, IntEnum

from gate_agent.emrtd.lds.mrz import MrzKey


class KeyUse(IntEnum):
    """The counter c of the key derivation function (§9.7.1)."""

    ENCRYPTION = 1
    MAC = 2
    PASSWORD = 3


class Cipher(Enum):
    """The block ciphers of secure messaging (§9.8.2); the value is the key length in bytes."""

    TRIPLE_DES = (16, "3DES")
    AES_128 = (16, "AES-128")
    AES_192 = (24, "AES-192")
    AES_256 = (32, "AES-256")

    @property
    def key_length(self) -> int:
        return self.value[0]

    def __str__(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """An encryption and a MAC key that belong together."""

    encryption: bytes
    mac: bytes


def mrz_seed(key: MrzKey) -> bytes:
    """K_seed of Basic Access Control: the first 16 bytes of SHA-1 over MRZ_information (§4.3.2)."""
    return hashlib.sha1(key.information.encode("ascii")).digest()[:16]


def password_secret(key: MrzKey) -> bytes:
    """f(π) of PACE for the printed zone: all of SHA-1 over MRZ_information (§4.4.4.1, §9.7.3)."""
    return hashlib.sha1(key.information.encode("ascii")).digest()


def derive_key(cipher: Cipher, secret: bytes, use: KeyUse) -> bytes:
    """KDF(secret, use) for `cipher` (§9.7.1): SHA-1 for keys up to 128 bits, SHA-256 for longer ones."""
    if cipher is Cipher.TRIPLE_DES:
        return triple_des_key(secret, use)
    digest = hashlib.sha1 if cipher is Cipher.AES_128 else hashlib.sha256
    return digest(secret + int(use).to_bytes(4, "big")).digest()[: cipher.key_length]


def session_keys(cipher: Cipher, secret: bytes) -> KeyPair:
    """Both keys of a secure messaging session (§9.7.2)."""
    return KeyPair(derive_key(cipher, secret, KeyUse.ENCRYPTION), derive_key(cipher, secret, KeyUse.MAC))


def triple_des_key(secret: bytes, use: KeyUse) -> bytes:
    """A two-key triple DES key, 16 bytes with odd parity (§9.7.1.1)."""
    digest = hashlib.sha1(secret + int(use).to_bytes(4, "big")).digest()
    return bytes(_odd_parity(byte) for byte in digest[:16])


def triple_des_keys(secret: bytes) -> KeyPair:
    return KeyPair(triple_des_key(secret, KeyUse.ENCRYPTION), triple_des_key(secret, KeyUse.MAC))


def _odd_parity(byte: int) -> int:
    return byte ^ 1 if byte.bit_count() % 2 == 0 else byte
