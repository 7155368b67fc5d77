"""Swipe or page scanners that send the printed machine readable zone on a serial line (pyserial).

The frame, as OCR swipe readers for check-in and border desks send it when they are set to
"MRZ with STX/ETX":

    STX line CR line CR [line CR] ETX [LRC]      a document was read
    STX 'R' ETX [LRC]                            the document was taken away

    STX 0x02 · ETX 0x03 · CR 0x0D (a LF 0x0A behind a CR is ignored)
    line    1-44 characters of A-Z, 0-9 and '<' (Doc 9303-3 §4.3): two of 44 or 36, or three of 30
    LRC     one byte, exclusive-or of everything behind STX up to and including ETX; only when the
            configuration says ``lrc = true`` (it may have any value, also that of STX or ETX)

Bytes between frames are noise: line endings and NULs are skipped, anything else is reported. A
frame that is too long, has a character or shape of its own, or a wrong LRC is reported as
:class:`GarbledReading` naming the byte's offset within the frame; the driver has resynchronised by
then, so that it may simply be read again and the frames behind the garbled one are not lost.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from contextlib import suppress
from functools import reduce
from operator import xor
from typing import ClassVar, Literal, TypeAlias

import serial
from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DocumentRemoved,
    DriverConfig,
    GarbledReading,
    MrzReading,
)

STX, ETX, CR, LF = 0x02, 0x03, 0x0D, 0x0A

_LINE_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
_SHAPES = frozenset({(44, 44), (36, 36), (30, 30, 30)})
_REMOVED = b"R"
_MAX_BODY = 3 * (44 + 2)
_IGNORED_BETWEEN_FRAMES = frozenset({CR, LF, 0x00})

Reading: TypeAlias = MrzReading | DocumentRemoved


class FrameDecoder:
    """Bytes in, readings out. Pure: knows neither the line nor the time.

    ``feed`` gives, in the order of arrival, readings and the errors between them.
    """

    def __init__(self, *, lrc: bool) -> None:
        self._lrc = lrc
        self._frame: bytearray | None = None  # what follows STX, up to and including ETX
        self._awaiting_lrc = False
        self._in_noise = False

    @property
    def incomplete(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._frame is not None

    def feed(self, data: bytes) -> list[Reading | GarbledReading]:
        found = (self._take(byte) for byte in data)
        return [item for item in found if item is not None]

    def abandon(self) -> GarbledReading:
        """Give up the frame that has begun: the rest of it did not come."""
        length = 0 if self._frame is None else len(self._frame)
        self._frame, self._awaiting_lrc = None, False
        return _garbled("the frame is cut off", length)

    def _take(self, byte: int) -> Reading | GarbledReading | None:
        if self._awaiting_lrc:
            return self._end(byte)
        if byte == STX:
            cut_off = self.abandon() if self.incomplete else None
            self._frame, self._in_noise = bytearray(), False
            return cut_off
        if self._frame is None:
            return self._noise(byte)
        self._frame.append(byte)
        if byte == ETX:
            self._awaiting_lrc = self._lrc
            return None if self._lrc else self._end(None)
        if len(self._frame) > _MAX_BODY:
            self._frame, self._in_noise = None, True
            return _garbled(f"the frame is longer than {_MAX_BODY} bytes", _MAX_BODY)
        return None

    def _noise(self, byte: int) -> GarbledReading | None:
        if self._in_noise or byte in _IGNORED_BETWEEN_FRAMES:
            return None
        self._in_noise = True  # one report for a run of noise
        return GarbledReading(
            f"byte {byte:02X} between frames", field="line", advice="check cable and baud rate"
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


_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_READ_TIMEOUT_S = 0.2


class MrzSerialScanner:
    """Reads the machine readable zone from a serial line.

    After GarbledReading the driver is in step again and may be read on without being reopened; every
    other DeviceError means that the line is lost.
    """

    Config: ClassVar[type[DriverConfig]] = MrzSerialConfig
    capability: ClassVar[str] = "document_scanner"

    def __init__(self, config: MrzSerialConfig) -> None:
        self._config = config
        self._port: serial.Serial | None = None
        self._busy = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._decoder = FrameDecoder(lrc=self._config.lrc)
        self._waiting: deque[Reading | GarbledReading] = deque()
        self._began_at = 0.0

    def open(self) -> None:
        """Open the line. A scanner says nothing of itself: that it is there shows with the first frame."""
        self.close()
        self._forget()
        path = self._config.device
        try:
            self._port = serial.Serial(
                path,
                baudrate=self._config.baud,
                parity=_PARITY[self._config.parity],
                timeout=_READ_TIMEOUT_S,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceError(
                f"the serial line cannot be opened: {_reason(error)}",
                field=path,
                advice=_opening_advice(path),
            ) from error

    def close(self) -> None:
        port = self._port
        if port is None:
            return
        with suppress(AttributeError, TypeError, OSError):  # another thread may have closed it
            port.cancel_read()
        with self._busy:
            self._port = None
            port.close()

    def read(self) -> Reading | None:
        with self._busy:
            if not self._waiting:
                self._receive()
        if not self._waiting:
            return None
        item = self._waiting.popleft()
        if isinstance(item, GarbledReading):
            raise item
        return item

    def _receive(self) -> None:
        port = self._port
        if port is None:
            raise DeviceDisconnected("the line is not open", field=self._config.device)
        try:
            data = port.read(1)
            if data:
                data += port.read(min(port.in_waiting, 4096))
        except (serial.SerialException, OSError, TypeError, ValueError) as error:
            raise DeviceDisconnected(
                f"the serial line was lost: {_reason(error)}",
                field=self._config.device,
                advice="check the cable; the line is reopened by itself",
            ) from error
        self._decode(data)

    def _decode(self, data: bytes) -> None:
        was_incomplete = self._decoder.incomplete
        self._waiting.extend(self._decoder.feed(data))
        if not self._decoder.incomplete:
            return
        now = time.monotonic()
        if not was_incomplete:
            self._began_at = now
        elif now - self._began_at > self._config.frame_timeout_ms / 1000:
            self._waiting.append(self._decoder.abandon())


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _opening_advice(path: str) -> str:
    if not os.path.exists(path):  # noqa: PTH110 (a device path, not one of our files)
        return "plug the reader in, or correct `device`"
    if not os.access(path, os.R_OK | os.W_OK):
        return "let the agent's user read and write it (group dialout)"
    return "end the other program that uses it"
