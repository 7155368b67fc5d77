"""Files beside the application: EF.CardAccess, EF.CardSecurity, EF.DIR, EF.ATR/INFO (Doc 9303-10 §3.11).

They lie in the master file. EF.ATR/INFO and EF.DIR are sequences of data objects without an outer one.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.emrtd.chip.apdu import (
    MAX_EXTENDED_LE,
    MAX_SHORT_LE,
    SW_END_OF_FILE,
    SW_FILE_NOT_FOUND,
    SW_OK,
    CommandApdu,
    ResponseApdu,
)
from gate_agent.emrtd.chip.files import ElementaryFile
from gate_agent.emrtd.chip.protocol import Protocol, transceive
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.cms import SignedObject, parse_signed
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds.lds import EF_COM
from gate_agent.emrtd.lds.security_infos import SecurityInfos, parse_security_infos

EF_ATR_INFO = ElementaryFile("ATR/INFO", 0x2F01, 0x01, 0x43, max_size=1024)
EF_DIR = ElementaryFile("DIR", 0x2F00, 0x1E, 0x61, max_size=1024)
EF_CARD_ACCESS = ElementaryFile("CardAccess", 0x011C, 0x1C, 0x31, max_size=4096)
EF_CARD_SECURITY = ElementaryFile("CardSecurity", 0x011D, 0x1D, 0x30)

SECURITY_OBJECT = frozenset({"0.4.0.127.0.7.3.2.1"})  # id-SecurityObject, TR-03110-3 §A.1.2.5

_EXTENDED_LENGTH = 0x7F66
_CARD_CAPABILITIES = 0x47

# Answers to an extended-length command of a chip that has no extended length, seen in the field.
_NO_EXTENDED_LENGTH = frozenset({0x6700, 0x6D00, 0x6E00, 0x6F00, 0x6B00})

# Answers of a chip that understood the command and looked for the file.
_FILE_WAS_SOUGHT = frozenset({SW_OK, SW_END_OF_FILE, 0x6982, SW_FILE_NOT_FOUND})


def select_master_file() -> Protocol[None]:
    """SELECT the MF (Doc 9303-10 §3.6.1). Many chips refuse one form or all: it may be selected already."""
    for identifier in (b"\x3f\x00", b""):
        response = yield from transceive(CommandApdu(0x00, 0xA4, 0x00, 0x0C, identifier))
        if response.ok:
            return


@dataclass(frozen=True, slots=True)
class FirstLook:
    """EF.CardAccess as it is read in the clear (None: there is none), and whether extended length works.

    None: the chip refused for a reason of its own before it looked at the length.
    """

    card_access: bytes | None
    extended_length: bool | None


def read_card_access() -> Protocol[FirstLook]:
    """Read EF.CardAccess, trying extended length on the way: nothing is lost yet where it fails."""
    response, extended = yield from _tried(_by_short_identifier(EF_CARD_ACCESS))
    if response.data and response.sw in (SW_OK, SW_END_OF_FILE):
        return FirstLook((yield from _completed(response.data)), extended)
    selected = yield from transceive(
        CommandApdu(0x00, 0xA4, 0x02, 0x0C, EF_CARD_ACCESS.fid.to_bytes(2, "big"))
    )
    if not selected.ok:
        return FirstLook(None, extended)
    if extended is None:
        response, extended = yield from _tried(_at(0, MAX_EXTENDED_LE))
    else:
        response = yield from transceive(_at(0, MAX_SHORT_LE))
    return FirstLook((yield from _completed(response.data)) if response.data else None, extended)


def extended_length_works() -> Protocol[bool]:
    """Whether the application, selected and not yet opened, takes extended length.

    Any answer but that of a chip that has none will do: reading EF.COM is refused here by right.
    """
    response = yield from transceive(_by_short_identifier(EF_COM))
    return not _lacks_extended_length(response)


def _tried(command: CommandApdu) -> Protocol[tuple[ResponseApdu, bool | None]]:
    """The answer to a command of extended length, else of short; what the former says about the chip."""
    response = yield from transceive(command)
    if _lacks_extended_length(response):
        return (yield from transceive(_short(command))), False
    return response, True if response.sw in _FILE_WAS_SOUGHT else None


def _lacks_extended_length(response: ResponseApdu) -> bool:
    return response.sw in _NO_EXTENDED_LENGTH or response.sw >> 8 == 0x6C


def _by_short_identifier(file: ElementaryFile) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, 0x80 | file.sfi, 0x00, le=MAX_EXTENDED_LE)


def _completed(content: bytes) -> Protocol[bytes | None]:
    """The rest of the file, where one answer did not hold it all."""
    try:
        total = tlv.read_header(content).total_length
    except tlv.TlvError:
        return content
    while len(content) < min(total, EF_CARD_ACCESS.max_size):
        response = yield from transceive(_at(len(content), min(MAX_SHORT_LE, total - len(content))))
        if not response.data or response.sw not in (SW_OK, SW_END_OF_FILE):
            return None
        content += response.data
    return content[:total]


def _at(offset: int, le: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=le)


def _short(command: CommandApdu) -> CommandApdu:
    return CommandApdu(command.cla, command.ins, command.p1, command.p2, le=MAX_SHORT_LE)


def read_response_size() -> Protocol[int | None]:
    """How many bytes a response can have, from EF.ATR/INFO (§3.11.1); None where it does not say."""
    response: ResponseApdu = yield from transceive(
        CommandApdu(0x00, 0xB0, 0x80 | EF_ATR_INFO.sfi, 0x00, le=MAX_SHORT_LE)
    )
    return parse_atr_info(response.data).response_size if response.ok and response.data else None


@dataclass(frozen=True, slots=True)
class AtrInfo:
    """EF.ATR/INFO: buffer sizes for extended length, and whether the chip says that it has it."""

    command_size: int | None = None
    response_size: int | None = None
    extended_length: bool | None = None


def parse_atr_info(raw: bytes) -> AtrInfo:
    """EF.ATR/INFO (ISO/IEC 7816-4 §12.7.1, §12.8.2); what is malformed counts as not said."""
    try:
        objects = {item.tag: item for item in tlv.parse(raw, limits=tlv.Limits(size=EF_ATR_INFO.max_size))}
        capabilities = objects[_CARD_CAPABILITIES].value if _CARD_CAPABILITIES in objects else b""
        extended = bool(capabilities[2] & 0x40) if len(capabilities) >= 3 else None
        sizes = (
            [_size(item) for item in objects[_EXTENDED_LENGTH].children()]
            if _EXTENDED_LENGTH in objects
            else []
        )
    except tlv.TlvError:
        return AtrInfo()
    return AtrInfo(*(sizes if len(sizes) == 2 else (None, None)), extended_length=extended)


def _size(item: tlv.Tlv) -> int | None:
    return int.from_bytes(item.value, "big") if item.tag == 0x02 and len(item.value) <= 4 else None


def parse_card_access(raw: bytes) -> SecurityInfos:
    """EF.CardAccess (§3.11.3). Raises FileError."""
    return parse_security_infos(raw, "EF.CardAccess")


def parse_card_security(raw: bytes) -> tuple[SignedObject, SecurityInfos]:
    """EF.CardSecurity (§3.11.4): the signed object and the SecurityInfos in it. Raises FileError."""
    signed = parse_signed(raw, SECURITY_OBJECT, _malformed)
    return signed, parse_security_infos(signed.content, "EF.CardSecurity")


def _malformed(what: str, where: str) -> FileError:
    return FileError(what, field=f"EF.CardSecurity {where}".rstrip())
