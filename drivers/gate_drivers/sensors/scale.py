"""A vehicle scale behind a weighing terminal: Toledo continuous, MT-SICS or lines with two headers.

A garbled frame is reported as GarbledReading and the driver is in step again; other errors mean that the
line is lost. The same reading again is reported at most five times a second: terminals repeat themselves.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
    WeightReading,
)
from gate_drivers.sensors.line import ByteLine, Line, open_line
from gate_drivers.sensors.scale_protocols import Decoder, LineDecoder, ToledoDecoder

REPEAT_S = 0.2
_ASK = b"SI\r\n"


class ScaleConfig(DriverConfig):
    """A weighing terminal."""

    line: Line = Field(
        description="How the terminal is connected: kind serial or tcp.",
        examples=['{ kind = "serial", device = "/dev/serial/by-id/usb-scale", baud = 9600 }'],
    )
    protocol: Literal["toledo", "mt-sics", "lines"] = Field(
        description="What the terminal speaks: Toledo continuous, MT-SICS (asked with SI), or ST,GS lines.",
        examples=["toledo"],
    )
    checksum: bool = Field(default=False, description="toledo: whether a checksum follows CR.")
    poll_interval_s: float = Field(
        default=0.2, ge=0.05, le=2, description="mt-sics: seconds between two questions."
    )
    silent_after_s: float = Field(
        default=3.0, ge=0.5, le=60, description="So long without a weight is silence, seconds."
    )


class SerialScale:
    """A vehicle scale: Toledo continuous, MT-SICS or plain lines."""

    Config: ClassVar[type[DriverConfig]] = ScaleConfig
    capability: ClassVar[str] = "scale"

    def __init__(self, config: ScaleConfig) -> None:
        self._config = config
        self._line: ByteLine | None = None
        self._forget()

    def _forget(self) -> None:
        self._decoder: Decoder = (
            ToledoDecoder(checksum=self._config.checksum)
            if self._config.protocol == "toledo"
            else LineDecoder(self._config.protocol)
        )
        self._waiting: deque[WeightReading | GarbledReading] = deque()
        self._heard_at = time.monotonic()
        self._asked_at = 0.0
        self._reported: WeightReading | None = None

    def open(self) -> None:
        """Connect and see one weight."""
        self.close()
        self._forget()
        self._line = open_line(self._config.line)
        try:
            while not any(isinstance(item, WeightReading) for item in self._waiting):
                self._receive()
                self._require_life()
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def read(self) -> WeightReading | None:
        if self._line is None or not self._waiting:  # what waits of a closed line is old
            self._receive()
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, GarbledReading):
                raise item
            last = self._reported
            if last is None or item.at - last.at >= REPEAT_S or replace(item, at=last.at) != last:
                self._reported = item
                return item
        self._require_life()
        return None

    def _receive(self) -> None:
        line = self._line
        if line is None:
            raise DeviceDisconnected("the line is not open", field="line", advice="open() it first")
        now = time.monotonic()
        if self._config.protocol == "mt-sics" and now - self._asked_at >= self._config.poll_interval_s:
            self._asked_at = now
            line.send(_ASK)
        found = self._decoder.feed(line.receive(), time.monotonic())
        if any(isinstance(item, WeightReading) for item in found):
            self._heard_at = time.monotonic()
        self._waiting.extend(found)

    def _require_life(self) -> None:
        silent_s = time.monotonic() - self._heard_at
        if silent_s > self._config.silent_after_s:
            raise DeviceTimeout(
                f"no weight from the scale for {silent_s:.1f} s",
                field="line",
                advice="check the terminal, its output mode and the line's speed",
            )
