"""Vehicle portal monitors of TSA and Rapiscan on their line protocol, over TCP or a serial line."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gate_agent.devices import DriverConfig, RadiationReading
from gate_drivers.radiation.portal_lines import portal_decoder
from gate_drivers.wire.instrument import LineConfig, LineDecoder, LineInstrument


class PortalConfig(LineConfig):
    """A portal monitor that sends TSA/Rapiscan lines."""

    silent_after_s: float = Field(
        default=15.0,
        ge=1,
        le=120,
        description="A monitor tells its background every 5 s; this long without a line is silence, seconds.",
    )
    open_timeout_s: float = Field(
        default=8.0, ge=0.5, le=30, description="How long open() waits for the first line, seconds."
    )

    @property
    def opening(self) -> tuple[str, float]:
        return "open_timeout_s", self.open_timeout_s


class PortalMonitor(LineInstrument[RadiationReading, RadiationReading]):
    """A TSA or Rapiscan vehicle portal monitor (gamma and neutron counts, occupancy, speed)."""

    Config: ClassVar[type[DriverConfig]] = PortalConfig
    capability: ClassVar[str] = "radiation_monitor"
    name = "the portal"
    advice = (
        "check that this is the monitor's data port, its power, and the speed of a serial line; "
        "an empty portal still tells its background every 5 s"
    )

    def __init__(self, config: PortalConfig) -> None:
        super().__init__(config.line, opening_s=config.open_timeout_s, silent_after_s=config.silent_after_s)

    def joined(self) -> LineDecoder[RadiationReading]:
        return portal_decoder()

    def news(self, message: RadiationReading) -> RadiationReading:
        return message
