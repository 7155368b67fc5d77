"""A reader of electronic container seals, on the lines of docs/wire/eseal.md over TCP or serial.

The same seal saying the same is reported again only after `repeat_s`. A garbled line is a GarbledReading
and the driver is in step again; other errors mean that the reader is lost.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
    SealReading,
)
from gate_drivers.sensors.line import ByteLine, Line, open_line
from gate_drivers.sensors.seal_lines import SealDecoder

MAX_SEALS = 256


class SealReaderConfig(DriverConfig):
    """A reader of electronic seals."""

    line: Line = Field(
        description="How the reader is connected: kind tcp or serial.",
        examples=['{ kind = "tcp", host = "192.0.2.33", port = 4500 }'],
    )
    repeat_s: float = Field(
        default=2.0, ge=0.1, le=60, description="An unchanged seal is reported again after so long, seconds."
    )
    silent_after_s: float = Field(
        default=6.0,
        ge=1,
        le=120,
        description="A reader says every 2 s that it lives; so long without a word is silence, seconds.",
    )


class LineSealReader:
    """A reader of electronic container seals (data of ISO 18185-1)."""

    Config: ClassVar[type[DriverConfig]] = SealReaderConfig
    capability: ClassVar[str] = "seal_reader"

    def __init__(self, config: SealReaderConfig) -> None:
        self._config = config
        self._line: ByteLine | None = None
        self._forget()

    def _forget(self) -> None:
        self._decoder = SealDecoder()
        self._waiting: deque[SealReading | GarbledReading] = deque()
        self._told: dict[tuple[int, int], SealReading] = {}
        self._heard_at = 0.0

    def open(self) -> None:
        """Connect and hear one whole message, of a seal or of the reader itself."""
        self.close()
        self._forget()
        self._line = open_line(self._config.line)
        began = time.monotonic()
        try:
            while not self._heard_at:
                self._receive()
                self._require_life(began)
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def read(self) -> SealReading | None:
        if self._line is None or not self._waiting:  # what waits of a closed line is old
            self._receive()
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, GarbledReading):
                raise item
            if self._is_news(item):
                return item
        self._require_life(self._heard_at)
        return None

    def _is_news(self, reading: SealReading) -> bool:
        seal = reading.manufacturer, reading.serial
        last = self._told.get(seal)
        if last is not None and replace(last, at=reading.at) == reading:
            if reading.at - last.at < self._config.repeat_s:
                return False
        elif len(self._told) >= MAX_SEALS:
            self._told.clear()  # a yard has fewer: forget, and report all again
        self._told[seal] = reading
        return True

    def _receive(self) -> None:
        line = self._line
        if line is None:
            raise DeviceDisconnected("the line is not open", field="line", advice="open() it first")
        now = time.monotonic()
        for item in self._decoder.feed(line.receive(), now):
            if not isinstance(item, GarbledReading):
                self._heard_at = time.monotonic()
            if isinstance(item, SealReading | GarbledReading):
                self._waiting.append(item)

    def _require_life(self, since: float) -> None:
        silent_s = time.monotonic() - max(since, self._heard_at)
        if silent_s > self._config.silent_after_s:
            raise DeviceTimeout(
                f"no word from the seal reader for {silent_s:.1f} s",
                field="line",
                advice="check the reader's power and line; it says every 2 s that it lives",
            )
