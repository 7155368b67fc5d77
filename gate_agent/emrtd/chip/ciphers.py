"""The ciphers of secure messaging, triple DES and AES (Doc 9303-11 §9.8.6-9.8.7, ISO/IEC 9797-1, SP 800-38B).

The primitives are those of the `cryptography` library; this module says how Doc 9303 puts them together:
initial vectors, paddings and checksums.
"""

from __future__ import annotations

from typing import Protocol as Interface

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher as CipherContext
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from gate_agent.emrtd.chip.key_derivation import Cipher, KeyPair
from gate_agent.emrtd.coding.errors import ChannelLost


class CipherSuite(Interface):
    """What a channel needs of its cipher; all inputs are padded to `block_size` already."""

    @property
    def block_size(self) -> int: ...

    def encrypt(self, counter: bytes, data: bytes) -> bytes: ...

    def decrypt(self, counter: bytes, data: bytes) -> bytes: ...

    def mac(self, data: bytes) -> bytes:
        """The eight-byte checksum over the send sequence counter and what follows it."""
        ...

    def token(self, data: bytes) -> bytes:
        """The eight-byte authentication token of PACE over data of any length (§4.4.3.4)."""
        ...


class TripleDesSuite:
    """Two-key triple DES in CBC mode with a zero IV, and the retail MAC (§9.8.6.2)."""

    block_size = 8

    def __init__(self, keys: KeyPair) -> None:
        self._keys = keys

    def encrypt(self, counter: bytes, data: bytes) -> bytes:
        return des_cbc_encrypt(self._keys.encryption, data)

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        return des_cbc_decrypt(self._keys.encryption, data)

    def mac(self, data: bytes) -> bytes:
        return retail_mac(self._keys.mac, data)

    def token(self, data: bytes) -> bytes:
        return retail_mac(self._keys.mac, pad(data, 8))


class AesSuite:
    """AES in CBC mode with the encrypted counter as IV, and CMAC cut to eight bytes (§9.8.7.2-3)."""

    block_size = 16

    def __init__(self, keys: KeyPair) -> None:
        self._keys = keys

    def encrypt(self, counter: bytes, data: bytes) -> bytes:
        return aes_cbc_encrypt(self._keys.encryption, data, self._initial_vector(counter))

    def decrypt(self, counter: bytes, data: bytes) -> bytes:
        return aes_cbc_decrypt(self._keys.encryption, data, self._initial_vector(counter))

    def mac(self, data: bytes) -> bytes:
        return self.token(data)

    def token(self, data: bytes) -> bytes:
        context = CMAC(algorithms.AES(self._keys.mac))
        context.update(data)
        return context.finalize()[:8]

    def _initial_vector(self, counter: bytes) -> bytes:
        return aes_encrypt_block(self._keys.encryption, counter)


def cipher_suite(cipher: Cipher, keys: KeyPair) -> CipherSuite:
    return TripleDesSuite(keys) if cipher is Cipher.TRIPLE_DES else AesSuite(keys)


def aes_encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block, as the standards write E(K, x)."""
    return aes_cbc_encrypt(key, block, bytes(16))


def aes_cbc_encrypt(key: bytes, data: bytes, initial_vector: bytes) -> bytes:
    encryptor = CipherContext(algorithms.AES(key), modes.CBC(initial_vector)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def aes_cbc_decrypt(key: bytes, data: bytes, initial_vector: bytes) -> bytes:
    decryptor = CipherContext(algorithms.AES(key), modes.CBC(initial_vector)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def des_cbc_encrypt(key: bytes, data: bytes) -> bytes:
    """(Triple) DES CBC with a zero IV over whole blocks; an 8-byte key means single DES."""
    encryptor = CipherContext(TripleDES(_three_key(key)), modes.CBC(bytes(8))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def des_cbc_decrypt(key: bytes, data: bytes) -> bytes:
    decryptor = CipherContext(TripleDES(_three_key(key)), modes.CBC(bytes(8))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _three_key(key: bytes) -> bytes:
    return key * 3 if len(key) == 8 else key + key[:8]


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES over whole blocks (Doc 9303-11 §9.8.6.2)."""
    chained = des_cbc_encrypt(key[:8], data[:-8])[-8:] if len(data) > 8 else bytes(8)
    last = bytes(a ^ b for a, b in zip(chained, data[-8:], strict=True))
    return des_cbc_encrypt(key, last)


def pad(data: bytes, block_size: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then zeros up to the block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block_size)


def unpad(data: bytes) -> bytes:
    """Remove padding method 2. Raises ChannelLost when there is none."""
    body = data.rstrip(b"\x00")
    if not body.endswith(b"\x80"):
        raise ChannelLost("the decrypted data are not padded")
    return body[:-1]
