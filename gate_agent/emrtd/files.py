"""Selecting and reading the chip's files (Doc 9303-10 §3.6, ISO/IEC 7816-4 §11.2-11.3).

READ BINARY begins with the short file identifier, or after SELECT where a chip knows none. How many
bytes a chip gives at once is learned while reading (:class:`ReadingHabits`) and kept for the session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gate_agent.emrtd import tlv
from gate_agent.emrtd.apdu import (
    SW_END_OF_FILE,
    SW_FILE_NOT_FOUND,
    SW_OK,
    SW_WRONG_LENGTH,
    SW_WRONG_PARAMETERS,
    CommandApdu,
    ResponseApdu,
)
from gate_agent.emrtd.errors import ChipError, FileError, StatusError
from gate_agent.emrtd.protocol import Progress, Protocol, transceive

EMRTD_APPLICATION = bytes.fromhex("A0000002471001")

_MAX_OFFSET = 0x7FFF  # what P1-P2 of READ BINARY with an even instruction can say
_HEADER_BYTES = 6
_MAX_SHORT_READS = 64

# Most that fits a short protected response (231), what common chips really give, and a last resort.
_READ_LENGTHS = (223, 192, 128, 64)


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """One file of the eMRTD application: its names, the tag it must begin with, its largest size."""

    name: str
    fid: int
    sfi: int
    tag: int
    max_size: int = 1 << 16


@dataclass(slots=True)
class ReadingHabits:
    """What has been learned about this chip. A new channel to the same chip keeps it."""

    lengths: list[int] = field(default_factory=lambda: list(_READ_LENGTHS))
    short_identifiers: bool = True

    @property
    def length(self) -> int:
        return self.lengths[0]

    def read_less(self) -> bool:
        """Ask for fewer bytes from now on; False when nothing smaller is left to try."""
        if len(self.lengths) == 1:
            return False
        self.lengths.pop(0)
        return True

    def exactly(self, length: int) -> None:
        """The chip said how much it can give (6Cxx)."""
        self.lengths = [length, *(n for n in self.lengths if n < length)]

    def fall_back(self) -> bool:
        """Change one habit after the channel broke; False when there is nothing left to change."""
        if self.short_identifiers:
            self.short_identifiers = False
            return True
        return self.read_less()


def select_application(application: bytes = EMRTD_APPLICATION) -> Protocol[None]:
    """SELECT by name (Doc 9303-10 §3.6.1). Some chips insist on an answer field, some on none."""
    response = ResponseApdu(b"", SW_FILE_NOT_FOUND)
    for p2, le in ((0x0C, None), (0x00, 256)):
        response = yield from transceive(CommandApdu(0x00, 0xA4, 0x04, p2, application, le))
        if response.ok:
            return
    raise StatusError("SELECT eMRTD application", response.sw)


def read_file(file: ElementaryFile, habits: ReadingHabits) -> Protocol[bytes]:
    """The whole file, exactly as long as its outermost data object says.

    Raises StatusError (reason CHIP_FILE_MISSING when the chip does not have it), ChipError, FileError.
    """
    yield Progress(f"EF.{file.name}", 0, 0)
    content = yield from _first_bytes(file, habits)
    header = _header(file, content)
    total = header.total_length
    short_reads = 0
    while len(content) < total:
        yield Progress(f"EF.{file.name}", len(content), total)
        wanted = min(habits.length, total - len(content))
        part = yield from _read_more(file, len(content), wanted, habits)
        short_reads += len(part) < wanted
        if not part or short_reads > _MAX_SHORT_READS:
            raise FileError(f"ends after {len(content)} of {total} bytes", field=f"EF.{file.name}")
        content += part
    yield Progress(f"EF.{file.name}", total, total)
    return content[:total]


def _header(file: ElementaryFile, content: bytes) -> tlv.Header:
    try:
        header = tlv.read_header(content)
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.{file.name} {error.field}") from error
    if header.tag != file.tag:
        raise FileError(f"begins with tag {header.tag:02X}, {file.tag:02X} expected", field=f"EF.{file.name}")
    if header.total_length > file.max_size:
        raise FileError(
            f"says {header.total_length} bytes, at most {file.max_size} are accepted",
            field=f"EF.{file.name}",
            reason="CHIP_FILE_TOO_LARGE",
        )
    return header


def _first_bytes(file: ElementaryFile, habits: ReadingHabits) -> Protocol[bytes]:
    """The beginning of the file; leaves it selected, however the chip wants that done."""
    if habits.short_identifiers:
        response = yield from _read_by_short_identifier(file, habits)
        if response.data and response.sw in (SW_OK, SW_END_OF_FILE):
            return response.data
        if response.sw == SW_FILE_NOT_FOUND:
            raise StatusError(f"READ EF.{file.name}", response.sw, reason="CHIP_FILE_MISSING")
        habits.short_identifiers = False
    yield from _select(file)
    return (yield from _read_from_start(file, habits))


def _read_by_short_identifier(file: ElementaryFile, habits: ReadingHabits) -> Protocol[ResponseApdu]:
    response = yield from transceive(CommandApdu(0x00, 0xB0, 0x80 | file.sfi, 0x00, le=habits.length))
    if response.sw >> 8 == 0x6C and response.sw & 0xFF:
        # The file may simply be shorter than what was asked for: not a habit of the chip.
        response = yield from transceive(
            CommandApdu(0x00, 0xB0, 0x80 | file.sfi, 0x00, le=response.sw & 0xFF)
        )
    return response


def _select(file: ElementaryFile) -> Protocol[None]:
    fid = file.fid.to_bytes(2, "big")
    response = yield from transceive(CommandApdu(0x00, 0xA4, 0x02, 0x0C, fid))
    if not response.ok:
        reason = "CHIP_FILE_MISSING" if response.sw == SW_FILE_NOT_FOUND else "CHIP_FILE_UNREADABLE"
        raise StatusError(f"SELECT EF.{file.name}", response.sw, reason=reason)


def _read_from_start(file: ElementaryFile, habits: ReadingHabits) -> Protocol[bytes]:
    response = ResponseApdu(b"", SW_WRONG_LENGTH)
    for length in (habits.length, _HEADER_BYTES):
        response = yield from transceive(CommandApdu(0x00, 0xB0, 0x00, 0x00, le=length))
        if response.sw >> 8 == 0x6C and response.sw & 0xFF:
            response = yield from transceive(CommandApdu(0x00, 0xB0, 0x00, 0x00, le=response.sw & 0xFF))
        if response.data and response.sw in (SW_OK, SW_END_OF_FILE):
            return response.data
    raise StatusError(f"READ EF.{file.name}", response.sw, reason="CHIP_FILE_UNREADABLE")


def _read_more(file: ElementaryFile, offset: int, wanted: int, habits: ReadingHabits) -> Protocol[bytes]:
    """Some bytes from `offset`: as many as the chip gives, learning how many that is."""
    if offset > _MAX_OFFSET:
        raise ChipError(
            "is longer than READ BINARY with a two-byte offset reaches",
            reason="CHIP_FILE_TOO_LARGE",
            field=f"EF.{file.name}",
        )
    known = list(habits.lengths)
    while True:
        command = CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=wanted)
        response = yield from transceive(command)
        if response.sw in (SW_OK, SW_END_OF_FILE):
            return response.data
        available = response.sw & 0xFF
        if response.sw >> 8 == 0x6C and 0 < available < wanted:
            habits.exactly(available)
        elif response.sw not in (SW_WRONG_LENGTH, SW_WRONG_PARAMETERS) or not habits.read_less():
            habits.lengths = known  # it was not the length: nothing was learned
            if response.sw == SW_WRONG_PARAMETERS:
                return b""  # 6B00: the file ends before this offset
            raise StatusError(f"READ EF.{file.name}", response.sw, reason="CHIP_FILE_UNREADABLE")
        wanted = min(wanted, habits.length)
