"""The 3DES cryptography of BAC and its secure messaging (Doc 9303-11 §9.7, §9.8.6, Appendix D).

Written from the standard for the card side only; the block cipher itself is the `cryptography` package's.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 8
_ZERO_IV = bytes(BLOCK)

ENCRYPTION = 1
"""Counter of KDF_Enc."""
MESSAGE_AUTHENTICATION = 2
"""Counter of KDF_MAC."""


def derive_key(seed: bytes, counter: int) -> bytes:
    """KDF for a two-key 3DES key with odd parity (Doc 9303-11 §9.7.1.1)."""
    digest = hashlib.sha1(seed + counter.to_bytes(4, "big")).digest()
    return bytes(_odd_parity(octet) for octet in digest[:16])


def _odd_parity(octet: int) -> int:
    return octet & 0xFE | (octet >> 1).bit_count() + 1 & 1


@lru_cache(maxsize=64)  # a session uses a handful of keys, and leaves them behind
def _cipher(key: bytes) -> Cipher[CBC]:
    # Single DES is 3DES with three equal keys; a two-key 3DES key repeats its first half.
    whole = key * 3 if len(key) == BLOCK else key + key[:BLOCK]
    return Cipher(TripleDES(whole), CBC(_ZERO_IV))


def encrypt(key: bytes, blocks: bytes) -> bytes:
    """CBC with a zero IV, no padding."""
    encryptor = _cipher(key).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def decrypt(key: bytes, blocks: bytes) -> bytes:
    """CBC with a zero IV, no padding."""
    decryptor = _cipher(key).decryptor()
    return decryptor.update(blocks) + decryptor.finalize()


def retail_mac(key: bytes, blocks: bytes) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1 over whole blocks (Doc 9303-11 §9.8.6.2)."""
    chained = encrypt(key[:BLOCK], blocks)[-BLOCK:]
    return encrypt(key[:BLOCK], decrypt(key[BLOCK:], chained))
