"""What BAC, PACE, chip authentication and secure messaging encrypt and authenticate with.

3DES by Doc 9303-11 §9.7.1.1 and §9.8.6, AES by §9.7.1.2 and §9.8.7; the ciphers themselves are the
`cryptography` package's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

from gate_simulators.chip import tdes

ENCRYPTION = 1
"""Counter of KDF_Enc (§9.7.1)."""
MESSAGE_AUTHENTICATION = 2
"""Counter of KDF_MAC."""
PASSWORD = 3
"""Counter of KDF_π."""

MAC_LENGTH = 8

DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
"""The hash functions of active and terminal authentication, as hashlib names them."""


class CipherSuite(Protocol):
    """A block cipher, its MAC and the derivation of their keys."""

    @property
    def block(self) -> int:
        """Octets of a block, and of the send sequence counter."""
        ...

    @property
    def key_length(self) -> int:
        """Octets of a key."""
        ...

    def derive_key(self, secret: bytes, counter: int) -> bytes: ...

    def encrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes:
        """CBC, without padding; the default IV is zero."""
        ...

    def decrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes: ...

    def initial_vector(self, key: bytes, counter: bytes) -> bytes:
        """The IV of secure messaging for this value of the send sequence counter."""
        ...

    def mac(self, key: bytes, blocks: bytes) -> bytes:
        """Eight octets over text that is already padded: secure messaging."""
        ...

    def token(self, key: bytes, text: bytes) -> bytes:
        """Eight octets over text as it is: the authentication tokens of PACE (§4.4.3.4)."""
        ...


@dataclass(frozen=True, slots=True)
class TripleDesSuite:
    """Two-key 3DES in CBC mode with retail MAC (§9.8.6)."""

    block = tdes.BLOCK
    key_length = 16

    def derive_key(self, secret: bytes, counter: int) -> bytes:
        return tdes.derive_key(secret, counter)

    def encrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes:
        assert iv is None or not any(iv)
        return tdes.encrypt(key, blocks)

    def decrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes:
        assert iv is None or not any(iv)
        return tdes.decrypt(key, blocks)

    def initial_vector(self, key: bytes, counter: bytes) -> bytes:
        return bytes(self.block)

    def mac(self, key: bytes, blocks: bytes) -> bytes:
        return tdes.retail_mac(key, blocks)

    def token(self, key: bytes, text: bytes) -> bytes:
        return tdes.retail_mac(key, pad(text, self.block))


@dataclass(frozen=True, slots=True)
class AesSuite:
    """AES in CBC mode with CMAC of eight octets (§9.8.7)."""

    key_length: int
    block = 16

    def derive_key(self, secret: bytes, counter: int) -> bytes:
        # §9.7.1.2: SHA-1 for 128 bits; SHA-256 for 192 and 256 bits, cut to the key's length.
        digest = hashlib.sha1 if self.key_length == 16 else hashlib.sha256
        return digest(secret + counter.to_bytes(4, "big")).digest()[: self.key_length]

    def encrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes:
        encryptor = Cipher(AES(key), CBC(iv or bytes(self.block))).encryptor()
        return encryptor.update(blocks) + encryptor.finalize()

    def decrypt(self, key: bytes, blocks: bytes, iv: bytes | None = None) -> bytes:
        decryptor = Cipher(AES(key), CBC(iv or bytes(self.block))).decryptor()
        return decryptor.update(blocks) + decryptor.finalize()

    def initial_vector(self, key: bytes, counter: bytes) -> bytes:
        return _aes_block_cipher(key).encryptor().update(counter)

    def mac(self, key: bytes, blocks: bytes) -> bytes:
        return self.token(key, blocks)

    def token(self, key: bytes, text: bytes) -> bytes:
        cmac = CMAC(AES(key))
        cmac.update(text)
        return cmac.finalize()[:MAC_LENGTH]


@lru_cache(maxsize=16)  # a session uses a handful of keys, and leaves them behind
def _aes_block_cipher(key: bytes) -> Cipher[ECB]:
    return Cipher(AES(key), ECB())  # one block at a time: §9.8.7.1, IV = E(KS_Enc, SSC)


TRIPLE_DES = TripleDesSuite()
AES_128, AES_192, AES_256 = (AesSuite(length) for length in (16, 24, 32))

SUITES: Mapping[int, CipherSuite] = {1: TRIPLE_DES, 2: AES_128, 3: AES_192, 4: AES_256}
"""By the last arc of the object identifiers of PACE and chip authentication (§9.2)."""


@dataclass(frozen=True, slots=True, repr=False)
class SessionKeys:
    """KS_Enc and KS_MAC."""

    suite: CipherSuite
    encryption: bytes
    mac: bytes

    @classmethod
    def derived(cls, suite: CipherSuite, secret: bytes) -> SessionKeys:
        return cls(
            suite, suite.derive_key(secret, ENCRYPTION), suite.derive_key(secret, MESSAGE_AUTHENTICATION)
        )


def pad(data: bytes, block: int) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Removes padding method 2. Raises ValueError when there is none."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise ValueError("no padding")
    return stripped[:-1]
