"""The pseudo-random function of PACE Integrated Mapping (Doc 9303-11 §4.4.3.3.2).

R_p(s, t) turns the two nonces into an element of GF(p): the chip's nonce keys a block cipher chain that
runs until it has 64 bits more than the prime, so that the remainder is not biased.
"""

from __future__ import annotations

from gate_agent.emrtd.chip.ciphers import aes_cbc_encrypt, des_cbc_encrypt
from gate_agent.emrtd.chip.key_derivation import Cipher

# The constants c0 and c1 of §4.4.3.3.2, for block ciphers with 128 and with 256 bits of output.
_SHORT = (
    bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
    bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
)
_LONG = (
    bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
    bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
)


def nonce_length(cipher: Cipher) -> int:
    """Bytes of the chip's nonce s: the smallest multiple of the block that is at least the key (§4.4.3.3)."""
    return 16 if cipher.key_length == 16 else 32


def pseudo_random_element(cipher: Cipher, nonce: bytes, terminal_nonce: bytes, prime: int) -> bytes:
    """R_p(s, t): the element of GF(`prime`), big endian. `terminal_nonce` has the cipher's key length."""
    c0, c1 = _SHORT if nonce_length(cipher) == 16 else _LONG
    size = 8 * len(c0)
    key = _encrypt(cipher, terminal_nonce, nonce)
    stream = b""
    for _ in range(-(-(prime.bit_length() + 64) // size)):
        stream += _encrypt(cipher, key, c1)
        key = _encrypt(cipher, key, c0)
    width = (prime.bit_length() + 7) // 8
    return (int.from_bytes(stream, "big") % prime).to_bytes(width, "big")


def _encrypt(cipher: Cipher, key: bytes, data: bytes) -> bytes:
    """CBC with a zero IV; a key that came out of the chain may be longer than the cipher's (AES-192)."""
    key = key[: cipher.key_length]
    if cipher is Cipher.TRIPLE_DES:
        return des_cbc_encrypt(key, data)
    return aes_cbc_encrypt(key, data, bytes(16))
