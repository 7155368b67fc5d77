"""Selecting and reading the chip's files (Doc 9303-10 §3.6, ISO/IEC 7816-4 §11.2-11.3).

READ BINARY begins with the short file identifier, or after SELECT where a chip knows none; beyond 32 KiB
it goes on with the odd instruction. How many bytes a chip gives at once is learned while reading
(:class:`ReadingHabits`) and kept for the session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gate_agent.emrtd.chip.apdu import (
    MAX_SHORT_LE,
    SW_END_OF_FILE,
    SW_FILE_NOT_FOUND,
    SW_OK,
    SW_WRONG_LENGTH,
    SW_WRONG_PARAMETERS,
    CommandApdu,
    ResponseApdu,
)
from gate_agent.emrtd.chip.protocol import Progress, Protocol, transceive
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError, StatusError

EMRTD_APPLICATION = bytes.fromhex("A0000002471001")

_MAX_EVEN_OFFSET = 0x7FFF  # what P1-P2 of READ BINARY with an even instruction can say
_OFFSET, _DISCRETIONARY = 0x54, 0x53  # ISO/IEC 7816-4 §11.3.3: offset and data of the odd instruction
_ODD_FRAMING = 4
_HEADER_BYTES = 6
_LEAST_READ = 16  # a chip that gives less than this at a time is not read to its end

# Most that fits a short protected response (231), what common chips really give, and a last resort.
_READ_LENGTHS = (223, 192, 128, 64)

# With extended length: what most chips' buffers hold, and what nearly all do.
_EXTENDED_READ_LENGTHS = (4096, 1024)
_LARGEST_READ = 16 * 1024
_PROTECTION = 48  # bytes that secure messaging adds at most to a response with AES


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
    """What has been learned about this chip. A new channel to the same chip keeps it.

    `settled`: whether extended length was tried already; `extended_length`: whether it works.
    """

    lengths: list[int] = field(default_factory=lambda: list(_READ_LENGTHS))
    settled: bool = False
    extended_length: bool = False
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
        """The chip said (6Cxx), or showed by giving less than asked for, how much it can give."""
        self.lengths = [length, *(n for n in self.lengths if n < length)]

    def use_extended_length(self, response_size: int | None = None) -> None:
        """The chip takes extended length; its EF.ATR/INFO may say how much a response can hold."""
        known = response_size is not None and response_size > MAX_SHORT_LE + _PROTECTION
        most = min((response_size or 0) - _PROTECTION, _LARGEST_READ)
        extended = (most,) if known else _EXTENDED_READ_LENGTHS
        self.lengths = [*extended, *(n for n in self.lengths if n <= MAX_SHORT_LE)]
        self.extended_length = True

    def fall_back(self) -> bool:
        """Change one habit after the channel broke; False when there is nothing left to change.

        Extended length first: a bare 6700 to an extended read is what breaks most channels.
        """
        if self.length > MAX_SHORT_LE:
            changed = self.read_less()
            self.extended_length = self.length > MAX_SHORT_LE
            return changed
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


def read_file(file: ElementaryFile, habits: ReadingHabits, kept: bytearray | None = None) -> Protocol[bytes]:
    """The whole file, exactly as long as its outermost data object says.

    `kept` holds what was read before the chip was lost, and is filled while reading: where the file
    still begins as it did, reading goes on behind it. Raises StatusError (reason CHIP_FILE_MISSING when
    the chip does not have the file), FileError.
    """
    yield Progress(f"EF.{file.name}", 0, 0)
    asked = habits.length
    first = yield from _first_bytes(file, habits)
    total = _header(file, first).total_length
    _learn(habits, asked, len(first), total)
    content = bytearray() if kept is None else kept
    if not content.startswith(first):
        content[:] = first
    while len(content) < total:
        yield Progress(f"EF.{file.name}", len(content), total)
        left, framing = total - len(content), _framing(len(content))
        part = yield from _read_more(file, len(content), left, habits)
        if len(part) < min(left, _LEAST_READ):
            raise FileError(f"ends after {len(content)} of {total} bytes", field=f"EF.{file.name}")
        _learn(habits, habits.length, len(part) + framing, left + framing)
        content += part
    yield Progress(f"EF.{file.name}", total, total)
    return bytes(content[:total])


def _learn(habits: ReadingHabits, asked: int, given: int, there: int) -> None:
    """A chip that gives less than asked for, although there is more, gives no more than that at once."""
    if _LEAST_READ <= given < min(asked, there):
        habits.exactly(given)


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


def _read_more(file: ElementaryFile, offset: int, left: int, habits: ReadingHabits) -> Protocol[bytes]:
    """Some of the `left` bytes from `offset`: as many as the chip gives, learning how many that is."""
    known = list(habits.lengths)
    while True:
        wanted = min(left, habits.length - _framing(offset))
        response = yield from transceive(_read_binary(offset, wanted))
        if response.sw in (SW_OK, SW_END_OF_FILE):
            return response.data if offset <= _MAX_EVEN_OFFSET else _discretionary(file, response.data)
        available = response.sw & 0xFF
        if response.sw >> 8 == 0x6C and _LEAST_READ <= available < habits.length:
            habits.exactly(available)
        elif response.sw not in (SW_WRONG_LENGTH, SW_WRONG_PARAMETERS) or not habits.read_less():
            habits.lengths = known  # it was not the length: nothing was learned
            if response.sw == SW_WRONG_PARAMETERS:
                return b""  # 6B00: the file ends before this offset
            raise StatusError(f"READ EF.{file.name}", response.sw, reason="CHIP_FILE_UNREADABLE")


def _framing(offset: int) -> int:
    """Bytes of an answer that are not the file's: tag and length of the odd instruction's data object."""
    return 0 if offset <= _MAX_EVEN_OFFSET else _ODD_FRAMING


def _read_binary(offset: int, wanted: int) -> CommandApdu:
    """READ BINARY of the selected file; the odd instruction where P1-P2 cannot say the offset."""
    if offset <= _MAX_EVEN_OFFSET:
        return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=wanted)
    where = tlv.encode(_OFFSET, offset.to_bytes(2 if offset <= 0xFFFF else 3, "big"))
    return CommandApdu(0x00, 0xB1, 0x00, 0x00, where, le=wanted + _framing(offset))


def _discretionary(file: ElementaryFile, data: bytes) -> bytes:
    try:
        return tlv.parse_one(data, _DISCRETIONARY).value
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.{file.name} READ BINARY {error.field}") from error
