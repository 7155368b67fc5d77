"""Command and response APDUs as a card sees them (ISO/IEC 7816-3 §12.1, ISO/IEC 7816-4 §5)."""

from __future__ import annotations

from dataclasses import dataclass

MAX_APDU = 4 + 3 + 0xFFFF + 2


class SW:
    """Status words (ISO/IEC 7816-4 §5.6) that an eMRTD answers with."""

    OK = 0x9000
    END_OF_FILE = 0x6282
    AUTHENTICATION_FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_EF = 0x6986
    SM_OBJECTS_MISSING = 0x6987
    SM_OBJECTS_INCORRECT = 0x6988
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    WRONG_P1_P2 = 0x6A86
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    OFFSET_OUTSIDE_EF = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00
    NO_PRECISE_DIAGNOSIS = 0x6F00


class Refused(Exception):
    """The card answers with this status word and no data."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


@dataclass(frozen=True, slots=True)
class Command:
    """A command APDU, taken apart.

    `ne` is the number of bytes expected (0: no Le field); `le_maximal` that the Le field was all zeros,
    i.e. "as much as there is" (ISO/IEC 7816-4 §5.2); `extended` that the lengths had the extended form.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int = 0
    le_maximal: bool = False
    extended: bool = False

    @property
    def p1p2(self) -> int:
        return self.p1 << 8 | self.p2

    @property
    def secured(self) -> bool:
        """The class byte announces secure messaging with an authenticated header (Doc 9303-11 §9.8.4)."""
        return self.cla & 0x0C == 0x0C


@dataclass(frozen=True, slots=True)
class Response:
    """Response data and status word, before any secure messaging."""

    sw: int
    data: bytes = b""

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")


def decode_ne(le: bytes) -> int:
    """The Le field's value: all zeros stand for the maximum of the form."""
    return int.from_bytes(le, "big") or (0x100 if len(le) == 1 else 0x10000)


def decode_command(apdu: bytes) -> Command:
    """Cases 1, 2S, 3S, 4S, 2E, 3E and 4E of ISO/IEC 7816-3 §12.1.3. Raises Refused(6700)."""
    if not 4 <= len(apdu) <= MAX_APDU:
        raise Refused(SW.WRONG_LENGTH)
    cla, ins, p1, p2 = apdu[:4]
    body = apdu[4:]
    extended = len(body) >= 3 and body[0] == 0
    data, le = _extended_fields(body) if extended else _short_fields(body)
    return Command(
        cla=cla,
        ins=ins,
        p1=p1,
        p2=p2,
        data=data,
        ne=decode_ne(le) if le else 0,
        le_maximal=bool(le) and not any(le),
        extended=extended,
    )


def _short_fields(body: bytes) -> tuple[bytes, bytes]:
    if len(body) <= 1:
        return b"", body
    lc = body[0]
    if lc == 0 or len(body) - 1 - lc not in (0, 1):
        raise Refused(SW.WRONG_LENGTH)
    return body[1 : 1 + lc], body[1 + lc :]


def _extended_fields(body: bytes) -> tuple[bytes, bytes]:
    if len(body) == 3:
        return b"", body[1:]
    lc = int.from_bytes(body[1:3], "big")
    if lc == 0 or len(body) - 3 - lc not in (0, 2):
        raise Refused(SW.WRONG_LENGTH)
    return body[3 : 3 + lc], body[3 + lc :]
