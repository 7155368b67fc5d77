"""Secure messaging, card side (Doc 9303-11 §9.8): unwraps commands, wraps responses.

A channel belongs to one session; any fault in a command ends it (§9.8.3), which the card does when a
channel raises :class:`~gate_simulators.chip.apdu.Refused`.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from gate_simulators.chip import ber
from gate_simulators.chip.apdu import SW, Command, Refused, Response, decode_ne
from gate_simulators.chip.cipher_suites import MAC_LENGTH, SessionKeys, pad, unpad

CRYPTOGRAM_ODD = 0x85
"""For commands with an odd INS: no padding-content indicator (§9.8.4)."""
CRYPTOGRAM = 0x87
PROTECTED_LE = 0x97
PROCESSING_STATUS = 0x99
CHECKSUM = 0x8E

_CHECKSUM_OBJECT = 2 + MAC_LENGTH
"""Length of DO'8E', always the last object (§9.8.4)."""

_ALLOWED = frozenset({CRYPTOGRAM_ODD, CRYPTOGRAM, PROTECTED_LE, CHECKSUM})


class SecureChannel:
    """One channel, from the protocol that agreed on its keys to the next one or to a fault."""

    def __init__(self, keys: SessionKeys, counter: bytes = b"") -> None:
        """`counter` is the send sequence counter before the first command; zero after PACE and CA."""
        self._keys = keys
        self._suite = keys.suite
        self._counter = int.from_bytes(counter, "big")

    def unwrap(self, command: Command) -> Command:
        """Check and decrypt. Raises Refused(6987 or 6988)."""
        self._count()
        objects = self._objects(command)
        header = bytes([command.cla, command.ins, command.p1, command.p2])
        covered, checksum = command.data[:-_CHECKSUM_OBJECT], objects[CHECKSUM]
        if not hmac.compare_digest(checksum, self._mac(pad(header, self._suite.block), covered)):
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        return self._plain(command, objects)

    def wrap(self, response: Response, *, odd_ins: bool) -> bytes:
        """Encrypt and authenticate; returns the whole response APDU."""
        self._count()
        objects = b""
        if response.data:
            padded = pad(response.data, self._suite.block)
            cryptogram = self._suite.encrypt(self._keys.encryption, padded, self._initial_vector())
            objects += (
                ber.encode(CRYPTOGRAM_ODD, cryptogram)
                if odd_ins
                else ber.encode(CRYPTOGRAM, b"\x01", cryptogram)
            )
        objects += ber.encode(PROCESSING_STATUS, response.sw.to_bytes(2, "big"))
        objects += ber.encode(CHECKSUM, self._mac(b"", objects))
        return Response(response.sw, objects).encode()

    def capacity(self, limit: int) -> int:
        """The most plain bytes that a response of `limit` data bytes can carry."""
        # '99' 02 SW and '8E' 08 MAC; '87', up to four length octets' worth, indicator 01, padded blocks.
        fixed = 4 + _CHECKSUM_OBJECT
        block = self._suite.block
        for blocks in range((limit - fixed) // block, 0, -1):
            cryptogram = 1 + blocks * block
            if fixed + 1 + len(ber.encode_length(cryptogram)) + cryptogram <= limit:
                return blocks * block - 1
        return 0

    def _count(self) -> None:
        self._counter = (self._counter + 1) % (1 << 8 * self._suite.block)

    def _counter_octets(self) -> bytes:
        return self._counter.to_bytes(self._suite.block, "big")

    def _initial_vector(self) -> bytes:
        return self._suite.initial_vector(self._keys.encryption, self._counter_octets())

    def _mac(self, padded_header: bytes, objects: bytes) -> bytes:
        # The header is padded to a block of its own; with no object behind it that is all the padding.
        text = self._counter_octets() + padded_header
        return self._suite.mac(self._keys.mac, pad(text + objects, self._suite.block) if objects else text)

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
        if not cryptogram or len(cryptogram) % self._suite.block:
            raise Refused(SW.SM_OBJECTS_INCORRECT)
        try:
            return unpad(self._suite.decrypt(self._keys.encryption, cryptogram, self._initial_vector()))
        except ValueError as error:
            raise Refused(SW.SM_OBJECTS_INCORRECT) from error
