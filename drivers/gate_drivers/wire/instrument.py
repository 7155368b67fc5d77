"""What every driver shares whose instrument sends lines or frames over TCP or a serial line.

Bytes go through the device's decoder; what it finds waits in order of arrival. A damaged message or noise is
raised when its turn comes, and the driver is in step again, so that it may be read on without being reopened;
any other DeviceError means that the line is lost.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
    LineNoise,
    TimeOut,
)
from gate_drivers.wire.line import ByteLine, Line, SerialLine, TcpLine, open_line

MessageT = TypeVar("MessageT")
MessageT_co = TypeVar("MessageT_co", covariant=True)
ReadingT = TypeVar("ReadingT")


class Decoder(Protocol[MessageT_co]):
    """Bytes in; messages, and the errors between them, out."""

    def feed(self, data: bytes, at: float) -> Sequence[MessageT_co | GarbledReading | LineNoise]:
        """`at` is time.monotonic() seconds; without any `data` the line was quiet for a moment."""
        ...


class LineDecoder(Generic[MessageT]):
    """Lines ended by CR, LF or both (or one of `ends`), of at most `longest` characters.

    `decode` makes a message of one line (None: nothing to tell) or raises GarbledReading. The first line may
    be the end of one that began before we listened, so it cannot be garbled. An endless one is told once.
    """

    def __init__(
        self,
        decode: Callable[[bytes, float], MessageT | None],
        longest: int,
        advice: str,
        *,
        ends: bytes = b"\r\n",
    ) -> None:
        self._decode = decode
        self._longest = longest
        self._advice = advice
        self._ends = ends
        self._pending = bytearray()
        self._joined = False
        self._skipping = False

    def feed(self, data: bytes, at: float) -> list[MessageT | GarbledReading]:
        found: list[MessageT | GarbledReading] = []
        for byte in data:
            if byte in self._ends:
                found += self._end(at)
            elif self._skipping:
                continue
            elif len(self._pending) < self._longest:
                self._pending.append(byte)
            else:
                self._pending.clear()
                self._skipping = True
                what = f"a line longer than {self._longest} characters"
                found.append(GarbledReading(what, field="line", advice=self._advice))
        return found

    def _end(self, at: float) -> list[MessageT | GarbledReading]:
        line, self._pending = bytes(self._pending).strip(), bytearray()
        first, self._joined = not self._joined, True
        skipped, self._skipping = self._skipping, False
        if skipped or not line:
            return []
        try:
            message = self._decode(line, at)
        except GarbledReading as error:
            return [] if first else [error]
        return [] if message is None else [message]


class LineConfig(DriverConfig):
    """An instrument on a line that speaks by itself."""

    line: Line = Field(
        description="How the instrument is connected: kind tcp or serial.",
        examples=['{ kind = "tcp", host = "192.0.2.30", port = 1600 }'],
    )
    silent_after_s: float = Field(
        default=5.0, ge=0.5, le=120, description="So long without a message is silence, seconds."
    )

    @property
    def opening(self) -> tuple[str, float]:
        """Which setting says how long open() waits for the first message, and how long that is, seconds."""
        return "silent_after_s", self.silent_after_s

    def time_outs(self) -> tuple[TimeOut, ...]:
        setting, waits_s = self.opening
        connecting_s = self.line.connect_timeout_s if isinstance(self.line, TcpLine) else 0.0
        return (
            TimeOut("silent_after_s", self.silent_after_s, "silence"),
            TimeOut(setting, connecting_s + waits_s, "open"),
        )


class LineInstrument(ABC, Generic[MessageT, ReadingT]):
    """The part of a driver that talks. A subclass brings the decoder and says which messages are news.

    An instrument that speaks by itself is open once it said something, within `opening_s`, and lost when it
    is silent for `silent_after_s`; one with neither shows that it is there with its first message.
    """

    name: str
    """Of the instrument, for people: "the scale"."""
    advice: str
    """What to look at when it is silent."""

    def __init__(
        self,
        line: TcpLine | SerialLine,
        *,
        opening_s: float | None = None,
        silent_after_s: float | None = None,
    ) -> None:
        self._settings = line
        self._opening_s = opening_s
        self._silent_after_s = silent_after_s
        self._line: ByteLine | None = None
        self._waiting: deque[MessageT | GarbledReading | LineNoise] = deque()
        self._heard = False
        self._heard_at = 0.0
        self._decoder = self.joined()

    # ------------------------------------------------------------ what a subclass adds

    @abstractmethod
    def joined(self) -> Decoder[MessageT]:
        """Forget what was said on the last connection; the decoder for a new one."""

    @abstractmethod
    def news(self, message: MessageT) -> ReadingT | None:
        """The reading for the station; None for what it need not hear (it still proves life)."""

    def ask(self, line: ByteLine) -> None:
        """Send what makes the instrument speak, if it is time."""

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Connect, and hear one whole message of an instrument that speaks by itself."""
        self.close()
        self._decoder = self.joined()
        self._waiting.clear()
        self._line = open_line(self._settings)
        self._heard, self._heard_at = False, time.monotonic()
        try:
            while self._opening_s is not None and not self._heard:
                self._receive()
                self._require_life(self._opening_s)
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def read(self) -> ReadingT | None:
        if self._line is None or not self._waiting:  # what waits of a closed line is old
            self._receive()
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, GarbledReading | LineNoise):
                raise item
            if (reading := self.news(item)) is not None:
                return reading
        if self._silent_after_s is not None:
            self._require_life(self._silent_after_s)
        return None

    def _receive(self) -> None:
        line = self._line
        if line is None:
            raise DeviceDisconnected("the line is not open", field="line", advice="open() it first")
        self.ask(line)
        data = line.receive()
        found = self._decoder.feed(data, time.monotonic())
        if not all(isinstance(item, GarbledReading | LineNoise) for item in found):
            self._heard, self._heard_at = True, time.monotonic()
        self._waiting.extend(found)

    def _require_life(self, limit_s: float) -> None:
        silent_s = time.monotonic() - self._heard_at
        if silent_s > limit_s:
            what = f"no line from {self.name} for {silent_s:.1f} s"
            raise DeviceTimeout(what, field="line", advice=self.advice)
