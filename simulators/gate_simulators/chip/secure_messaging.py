"""Secure messaging, card side (Doc 9303-11 §9.8): unwraps commands, wraps responses.

A channel belongs to one session; any fault in a command ends it (§9.8.3), which the card does when a
channel raises :class:`~gate_simulators.chip.apdu.Refused`.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Protocol

from gate_simulators.chip import ber, tdes
from gate_simulators.chip.apdu import SW, Command, Refused, Response, decode_ne

CRYPTOGRAM_ODD = 0x85
"""For commands with an odd INS: no padding-content indicator (§9.8.4)."""
CRYPTOGRAM = 0x87
PROTECTED_LE = 0x97
PROCESSING_STATUS = 0x99
CHECKSUM = 0x8E

_CHECKSUM_OBJECT = 2 + tdes.BLOCK
"""Length of DO'8E', always the last object (§9.8.4)."""

_ALLOWED = frozenset({CRYPTOGRAM_ODD, CRYPTOGRAM, PROTECTED_LE, CHECKSUM})


class SecureChannel(Protocol):
    """What the card needs of a channel, whatever its cipher."""

    def unwrap(self, command: Command) -> Command:
        """Check and decrypt. Raises Refused(6987 or 6988)."""
        ...

    def wrap(self, response: Response, *, odd_ins: bool) -> bytes:
        """Encrypt and authenticate; returns the whole response APDU."""
        ...

    def capacity(self, limit: int) -> int:
        """The most plain bytes that a response of `limit` data bytes can carry."""
        ...


class TripleDesChannel:
    """3DES-CBC with retail MAC (§9.8.6). The send sequence counter starts at `ssc`."""

    def __init__(self, k_enc: bytes, k_mac: bytes, ssc: bytes) -> None:
        self._k_enc = k_enc
        self._k_mac = k_mac
        self._ssc = int.from_bytes(ssc, "big")

    def unwrap(self, command: Command) -> Command:
        self._count()
        objects = self._objects(command)
        header = bytes([command.cla, command.ins, command.p1, command.p2])
        covered, checksum = command.data[:-_CHECKSUM_OBJECT], objects[CHECKSUM]
        if not hmac.compare_digest(checksum, self._mac(tdes.pad(header), covered)):
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        return self._plain(command, objects)

    def wrap(self, response: Response, *, odd_ins: bool) -> bytes:
        self._count()
        objects = b""
        if response.data:
            cryptogram = tdes.encrypt(self._k_enc, tdes.pad(response.data))
            objects = (
                ber.encode(CRYPTOGRAM_ODD, cryptogram)
                if odd_ins
                else ber.encode(CRYPTOGRAM, b"\x01", cryptogram)
            )
        objects += ber.encode(PROCESSING_STATUS, response.sw.to_bytes(2, "big"))
        objects += ber.encode(CHECKSUM, self._mac(b"", objects))
        return Response(response.sw, objects).encode()

    def capacity(self, limit: int) -> int:
        # '99' 02 SW and '8E' 08 MAC; '87', up to four length octets' worth, indicator 01, padded blocks.
        fixed = 4 + 10
        for blocks in range((limit - fixed) // tdes.BLOCK, 0, -1):
            cryptogram = 1 + blocks * tdes.BLOCK
            if fixed + 1 + len(ber.encode_length(cryptogram)) + cryptogram <= limit:
                return blocks * tdes.BLOCK - 1
        return 0

    def _count(self) -> None:
        self._ssc = (self._ssc + 1) % (1 << 64)

    def _mac(self, padded_header: bytes, objects: bytes) -> bytes:
        # The header is padded to a block of its own; with no object behind it that is all the padding.
        text = self._ssc.to_bytes(8, "big") + padded_header
        return tdes.retail_mac(self._k_mac, tdes.pad(text + objects) if objects else text)

    @staticmethod
    def _objects(command: Command) -> dict[int, bytes]:
        try:
            objects = ber.decode(command.data)
        except ber.BerError as error:
            raise Refused(SW.SM_OBJECTS_INCORRECT) from error
        tags = [tag for tag, _ in objects]
        if CHECKSUM not in tags:
            raise Refused(SW.SM_OBJECTS_MISSING)
        if tags[-1] != CHECKSUM or len(set(tags)) != len(tags) or not _ALLOWED.issuperset(tags):
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        return dict(objects)

    def _plain(self, command: Command, objects: dict[int, bytes]) -> Command:
        le = objects.get(PROTECTED_LE, b"")
        if len(le) > 2:
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        return replace(
            command,
            cla=command.cla & ~0x0C,
            data=self._decrypt(command, objects),
            ne=decode_ne(le) if le else 0,
            le_maximal=bool(le) and not any(le),
        )

    def _decrypt(self, command: Command, objects: dict[int, bytes]) -> bytes:
        cryptogram = objects.get(CRYPTOGRAM_ODD) if command.ins & 1 else objects.get(CRYPTOGRAM)
        if cryptogram is None:
            return b""
        if not command.ins & 1:
            if cryptogram[:1] != b"\x01":  # padding-content indicator: method 2
                raise Refused(SW.SM_OBJECTS_INCORRECT)
            cryptogram = cryptogram[1:]
        if not cryptogram or len(cryptogram) % tdes.BLOCK:
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        try:
            return tdes.unpad(tdes.decrypt(self._k_enc, cryptogram))
        except ValueError as error:
            raise Refused(SW.SM_OBJECTS_INCORRECT) from error
