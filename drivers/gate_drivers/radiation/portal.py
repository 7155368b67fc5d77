"""Vehicle portal monitors of TSA and Rapiscan on their line protocol, over TCP or a serial line.

A garbled line is reported as GarbledReading and the driver is in step again at the next line, so it may be
read on without being reopened. Any other DeviceError means that the line is lost.
"""

from __future__ import annotations

import time
from collections import deque
from typing import ClassVar

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
    RadiationReading,
)
from gate_drivers.radiation.portal_lines import LineDecoder
from gate_drivers.sensors.line import ByteLine, Line, open_line


class PortalConfig(DriverConfig):
    """A portal monitor that sends TSA/Rapiscan lines."""

    line: Line = Field(
        description="How the monitor is connected: kind tcp or serial.",
        examples=['{ kind = "tcp", host = "192.0.2.30", port = 1600 }'],
    )
    silent_after_s: float = Field(
        default=15.0,
        ge=1,
        le=120,
        description="A monitor tells its background every 5 s; this long without a line is silence, seconds.",
    )
    open_timeout_s: float = Field(
        default=8.0, ge=0.5, le=30, description="How long open() waits for the first line, seconds."
    )


class PortalMonitor:
    """A TSA or Rapiscan vehicle portal monitor (gamma and neutron counts, occupancy, speed)."""

    Config: ClassVar[type[DriverConfig]] = PortalConfig
    capability: ClassVar[str] = "radiation_monitor"

    def __init__(self, config: PortalConfig) -> None:
        self._config = config
        self._line: ByteLine | None = None
        self._forget()

    def _forget(self) -> None:
        self._decoder = LineDecoder()
        self._waiting: deque[RadiationReading | GarbledReading] = deque()
        self._heard_at = time.monotonic()

    def open(self) -> None:
        """Connect and hear one whole line."""
        self.close()
        self._forget()
        self._line = open_line(self._config.line)
        ends = time.monotonic() + self._config.open_timeout_s
        while not any(not isinstance(item, GarbledReading) for item in self._waiting):
            if time.monotonic() > ends:
                self.close()
                raise DeviceTimeout(
                    f"no portal line within {self._config.open_timeout_s:g} s",
                    field="line",
                    advice="check that this is the monitor's data port, and its speed when it is serial",
                )
            try:
                self._receive()
            except DeviceDisconnected:
                self.close()
                raise

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def read(self) -> RadiationReading | None:
        if self._line is None or not self._waiting:  # what waits of a closed line is old
            self._receive()
        if not self._waiting:
            self._require_life()
            return None
        item = self._waiting.popleft()
        if isinstance(item, GarbledReading):
            raise item
        return item

    def _receive(self) -> None:
        line = self._line
        if line is None:
            raise DeviceDisconnected("the line is not open", field="line", advice="open() it first")
        data = line.receive()
        now = time.monotonic()
        found = self._decoder.feed(data, now)
        if any(not isinstance(item, GarbledReading) for item in found):
            self._heard_at = now
        self._waiting.extend(found)

    def _require_life(self) -> None:
        silent_s = time.monotonic() - self._heard_at
        if silent_s > self._config.silent_after_s:
            raise DeviceTimeout(
                f"no line from the portal for {silent_s:.0f} s",
                field="line",
                advice="check the monitor; an empty portal still tells its background every 5 s",
            )
