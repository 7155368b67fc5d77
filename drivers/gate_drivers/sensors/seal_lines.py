"""What a reader of electronic seals tells: the data of ISO 18185-1 in lines of our own. Pure decoder.

ISO 18185-1 says which data a seal gives (identity, status, battery, times of sealing and opening) and part
7 how it radiates at 433 MHz; what a reader says on its wire is each maker's own. This framing is this
project's, documented in docs/wire/eseal.md, for readers behind a small adapter and for the simulator::

    $SEAL,mmmm,ssssssss,S|O|U,0|1,sealed,opened*cccc CR LF     a seal answered
    $READER,nn*cccc CR LF                                      the reader lives; nn seals in reach

    mmmm manufacturer, ssssssss serial (hexadecimal); S sealed, O opened, U never sealed; 1 battery low;
    times YYYY-MM-DDTHH:MM:SSZ or empty; cccc CRC-16/XMODEM of everything between $ and *
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from gate_agent.devices import GarbledReading, SealReading, SealState
from gate_drivers.wire.instrument import LineDecoder

MAX_LINE = 128
_ADVICE = "check the reader's line; the next message is read again"
_FRAME = re.compile(rb"\$([^$*]{1,100})\*([0-9A-F]{4})")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_STATES = {"S": SealState.SEALED, "O": SealState.OPENED, "U": SealState.UNSEALED}


@dataclass(frozen=True, slots=True)
class ReaderLives:
    """The reader's heartbeat: how many seals are in reach."""

    seals: int


Message = SealReading | ReaderLives


def seal_decoder() -> LineDecoder[Message]:
    """For one connection."""
    return LineDecoder(decode, MAX_LINE, _ADVICE)


def decode(line: bytes, at: float) -> Message:
    """One line without its end. Raises GarbledReading naming the field."""
    match = _FRAME.fullmatch(line)
    if match is None:
        raise _garbled("not $…*cccc", "frame")
    body, told = match.groups()
    if binascii.crc_hqx(body, 0) != int(told, 16):
        raise _garbled("the CRC does not hold", "CRC")
    kind, *fields = body.decode("ascii", "replace").split(",")
    if kind == "READER" and len(fields) == 1 and fields[0].isdecimal():
        return ReaderLives(min(int(fields[0]), 9999))
    if kind != "SEAL" or len(fields) != 6:
        raise _garbled(f"no message {kind[:8]!r} of {len(fields)} fields", "message")
    manufacturer, serial, state, battery, sealed_at, opened_at = fields
    if state not in _STATES:
        raise _garbled(f"{state[:8]!r} is no state", "state")
    if battery not in ("0", "1"):
        raise _garbled(f"{battery[:8]!r} is neither 0 nor 1", "battery")
    return SealReading(
        manufacturer=_hexadecimal(manufacturer, 4, "manufacturer"),
        serial=_hexadecimal(serial, 8, "serial"),
        state=_STATES[state],
        battery_low=battery == "1",
        sealed_at=_time(sealed_at, "sealed"),
        opened_at=_time(opened_at, "opened"),
        at=at,
    )


def _hexadecimal(text: str, digits: int, field: str) -> int:
    if not re.fullmatch(rf"[0-9A-F]{{{digits}}}", text):
        raise _garbled(f"{text[:12]!r} is not {digits} hexadecimal digits", field)
    return int(text, 16)


def _time(text: str, field: str) -> str:
    if not text:
        return ""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise _garbled(f"{text[:24]!r} is no time", field) from None
    return text


def _garbled(what: str, field: str) -> GarbledReading:
    return GarbledReading(what, field=field, advice=_ADVICE)
