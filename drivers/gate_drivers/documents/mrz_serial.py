"""Swipe or page scanners that send the printed machine readable zone on a serial line (pyserial).

The frame, as OCR swipe readers for check-in and border desks send it when they are set to
"MRZ with STX/ETX":

    STX line CR line CR [line CR] ETX [LRC]      a document was read
    STX 'R' ETX [LRC]                            the document was taken away

    STX 0x02 · ETX 0x03 · CR 0x0D (a LF 0x0A behind a CR is ignored)
    line    1-44 characters of A-Z, 0-9 and '<' (Doc 9303-3 §4.3): two of 44 or 36, or three of 30
    LRC     one byte, exclusive-or of everything behind STX up to and including ETX; only when the
            configuration says ``lrc = true`` (it may have any value, also that of STX or ETX)

Bytes between frames are no document: line endings and NULs are skipped, a burst of anything else is one
:class:`LineNoise`. A frame that began and is too long, cut off, has a character or shape of its own or a
wrong LRC is a :class:`GarbledReading` naming the byte's offset within it: somebody presented something. The
driver is in step again by then, and the frames behind the garbled one are not lost.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from gate_agent.devices import DocumentRemoved, DriverConfig, GarbledReading, LineNoise, MrzReading
from gate_drivers.wire.instrument import LineInstrument
from gate_drivers.wire.line import SerialLine

STX, ETX, CR, LF = 0x02, 0x03, 0x0D, 0x0A

_LINE_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
_SHAPES = frozenset({(44, 44), (36, 36), (30, 30, 30)})
_REMOVED = b"R"
_MAX_BODY = 3 * (44 + 2)
_IGNORED_BETWEEN_FRAMES = frozenset({CR, LF, 0x00})

Reading: TypeAlias = MrzReading | DocumentRemoved


class FrameDecoder:
    """Bytes in; readings, and the errors between them, out in the order of arrival. Pure."""

    def __init__(self, *, lrc: bool, frame_timeout_s: float = 1.0) -> None:
        self._lrc = lrc
        self._timeout_s = frame_timeout_s
        self._frame: bytearray | None = None  # what follows STX, up to and including ETX
        self._began_at = 0.0
        self._awaiting_lrc = False
        self._in_noise = False

    def feed(self, data: bytes, at: float = 0.0) -> list[Reading | GarbledReading | LineNoise]:
        """`at` is time.monotonic() seconds; without any `data` the line was quiet for a moment."""
        was_incomplete = self._frame is not None
        found = [item for item in (self._take(byte) for byte in data) if item is not None]
        if not data:
            self._in_noise = False
        if self._frame is not None and not was_incomplete:
            self._began_at = at
        elif self._frame is not None and at - self._began_at > self._timeout_s:
            found.append(self._abandon())
        return found

    def _abandon(self) -> GarbledReading:
        """Give up the frame that has begun: the rest of it did not come."""
        length = 0 if self._frame is None else len(self._frame)
        self._frame, self._awaiting_lrc = None, False
        return _garbled("the frame is cut off", length)

    def _take(self, byte: int) -> Reading | GarbledReading | LineNoise | None:
        if self._awaiting_lrc:
            return self._end(byte)
        if byte == STX:
            cut_off = self._abandon() if self._frame is not None else None
            self._frame, self._in_noise = bytearray(), False
            return cut_off
        if self._frame is None:
            return self._noise(byte)
        self._frame.append(byte)
        if byte == ETX:
            self._awaiting_lrc = self._lrc
            return None if self._lrc else self._end(None)
        if len(self._frame) > _MAX_BODY:
            self._frame, self._in_noise = None, True  # the rest of it is no noise of the line's own
            return _garbled(f"the frame is longer than {_MAX_BODY} bytes", _MAX_BODY)
        return None

    def _noise(self, byte: int) -> LineNoise | None:
        if self._in_noise or byte in _IGNORED_BETWEEN_FRAMES:
            return None
        self._in_noise = True  # one report for a burst
        return LineNoise(
            f"byte {byte:02X} between frames", field="line", advice="check cable, shielding and baud rate"
        )

    def _end(self, lrc: int | None) -> Reading | GarbledReading:
        frame = bytes(self._frame or b"")
        self._frame, self._awaiting_lrc = None, False
        if lrc is not None and lrc != reduce(xor, frame):
            return _garbled("the LRC does not hold", len(frame))
        return _decode(frame[:-1])


def _decode(body: bytes) -> Reading | GarbledReading:
    if body == _REMOVED:
        return DocumentRemoved()
    lines: list[bytes] = []
    start = 0
    while start < len(body):
        end = body.find(CR, start)
        if end < 0:
            return _garbled("the last line does not end with CR", len(body))
        wrong = next((i for i in range(start, end) if body[i] not in _LINE_CHARACTERS), None)
        if wrong is not None:
            return _garbled(f"byte {body[wrong]:02X} is not A-Z, 0-9 or '<'", wrong)
        lines.append(body[start:end])
        start = end + 1 + (body[end + 1 : end + 2] == bytes([LF]))
    shape = tuple(len(line) for line in lines)
    if shape not in _SHAPES:
        return _garbled(f"lines of {', '.join(map(str, shape)) or 'no'} characters are no MRZ", len(body))
    return MrzReading(tuple(line.decode("ascii") for line in lines))


def _garbled(what: str, offset: int) -> GarbledReading:
    return GarbledReading(
        what,
        field=f"frame byte {offset}",
        advice="present the document again; if it persists, check the cable",
    )


class MrzSerialConfig(DriverConfig):
    """An MRZ reader on a serial line (RS-232, USB-serial, or a pseudo-terminal)."""

    device: str = Field(
        min_length=1,
        max_length=255,
        description="Path of the serial device; prefer a stable name under /dev/serial/by-id.",
        examples=["/dev/serial/by-id/usb-ACME_MRZ_Reader-if00"],
    )
    baud: int = Field(default=9600, ge=300, le=921_600, description="Line speed, bits per second.")
    parity: Literal["none", "even", "odd"] = Field(default="none", description="Parity bit.")
    lrc: bool = Field(default=False, description="Whether the reader sends an LRC byte behind ETX.")
    frame_timeout_ms: int = Field(
        default=1000,
        ge=50,
        le=10_000,
        description="How long a frame that has begun may take to be complete, milliseconds.",
    )


class MrzSerialScanner(LineInstrument[Reading, Reading]):
    """Reads the machine readable zone from a serial line.

    A scanner says nothing of itself: that it is there shows with the first frame.
    """

    Config: ClassVar[type[DriverConfig]] = MrzSerialConfig
    capability: ClassVar[str] = "document_scanner"

    def __init__(self, config: MrzSerialConfig) -> None:
        self._config = config
        super().__init__(
            SerialLine(kind="serial", device=config.device, baud=config.baud, parity=config.parity)
        )

    def joined(self) -> FrameDecoder:
        return FrameDecoder(lrc=self._config.lrc, frame_timeout_s=self._config.frame_timeout_ms / 1000)

    def news(self, message: Reading) -> Reading:
        return message
