"""The card side of PACE done by libeac (OpenPACE), as a process of its own: one hexadecimal APDU a line.

    python libeac_card.py CARD_ACCESS_HEX CAN

The library is used through ctypes; a crash of it ends this process and not the tests.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_ulong, c_void_p

PACE_CAN = 2


class Buffer(Structure):
    """BUF_MEM of OpenSSL 3."""

    _fields_ = (("length", c_size_t), ("data", c_void_p), ("max", c_size_t), ("flags", c_ulong))


class Card:
    """Answers MSE:Set AT and GENERAL AUTHENTICATE."""

    def __init__(self, card_access: bytes, can: str) -> None:
        crypto = ctypes.CDLL("libcrypto.so.3", mode=ctypes.RTLD_GLOBAL)
        crypto.OSSL_PROVIDER_load.restype = c_void_p
        crypto.OSSL_PROVIDER_load.argtypes = (c_void_p, c_char_p)
        for provider in (b"default", b"legacy"):  # single DES of the retail MAC is in the latter
            crypto.OSSL_PROVIDER_load(None, provider)
        self._eac = ctypes.CDLL("libeac.so.3")
        self._eac.EAC_init()
        self._context = self._pointer("EAC_CTX_new")
        if not self._eac.EAC_CTX_init_ef_cardaccess(card_access, c_size_t(len(card_access)), self._context):
            sys.exit("libeac does not understand this EF.CardAccess")
        self._secret = self._pointer("PACE_SEC_new", can.encode(), c_size_t(len(can)), c_int(PACE_CAN))
        self._own = b""
        self._peer = b""

    def answer(self, apdu: bytes) -> bytes:
        if apdu[1] == 0x22:
            return b"\x90\x00"
        body = apdu[7:-2] if apdu[4] == 0 and len(apdu) > 7 else apdu[5:-1]
        tag, value = self._request(body)
        reply = {0: self._nonce, 0x81: self._map, 0x83: self._agree, 0x85: self._authenticate}[tag](value)
        return b"\x6a\x80" if reply is None else _encode(0x7C, reply) + b"\x90\x00"

    @staticmethod
    def _request(body: bytes) -> tuple[int, bytes]:
        inner = _value(body)
        return (inner[0], _value(inner)) if inner else (0, b"")

    def _nonce(self, value: bytes) -> bytes | None:
        encrypted = self._call("PACE_STEP1_enc_nonce", self._context, self._secret)
        return encrypted and _encode(0x80, encrypted)

    def _map(self, value: bytes) -> bytes | None:
        own = self._call("PACE_STEP3A_generate_mapping_data", self._context)
        peer = self._buffer(value)
        if own is None or not self._eac.PACE_STEP3A_map_generator(self._context, peer):
            return None
        return _encode(0x82, own)

    def _agree(self, value: bytes) -> bytes | None:
        own = self._call("PACE_STEP3B_generate_ephemeral_key", self._context)
        self._peer = value
        shared = self._eac.PACE_STEP3B_compute_shared_secret(self._context, self._buffer(value))
        if own is None or not shared or not self._eac.PACE_STEP3C_derive_keys(self._context):
            return None
        return _encode(0x84, own)

    def _authenticate(self, value: bytes) -> bytes | None:
        if self._eac.PACE_STEP3D_verify_authentication_token(self._context, self._buffer(value)) != 1:
            return None
        token = self._call(
            "PACE_STEP3D_compute_authentication_token", self._context, self._buffer(self._peer)
        )
        return token and _encode(0x86, token)

    def _pointer(self, name: str, *arguments: object) -> c_void_p:
        function = getattr(self._eac, name)
        function.restype = c_void_p
        return c_void_p(function(*arguments))

    def _buffer(self, data: bytes) -> c_void_p:
        return self._pointer("BUF_MEM_create_init", data, c_size_t(len(data)))

    def _call(self, name: str, *arguments: object) -> bytes | None:
        function = getattr(self._eac, name)
        function.restype = POINTER(Buffer)
        result = function(*arguments)
        if not result:
            return None
        return ctypes.string_at(result.contents.data, result.contents.length)


def _value(data: bytes) -> bytes:
    if data[1] < 0x80:
        return data[2 : 2 + data[1]]
    width = data[1] & 0x7F
    return data[2 + width :]


def _encode(tag: int, value: bytes) -> bytes:
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    width = (len(value).bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + len(value).to_bytes(width, "big") + value


if __name__ == "__main__":
    card = Card(bytes.fromhex(sys.argv[1]), sys.argv[2])
    for line in sys.stdin:
        print(card.answer(bytes.fromhex(line)).hex(), flush=True)
