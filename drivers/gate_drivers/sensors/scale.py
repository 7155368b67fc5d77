"""A vehicle scale behind a weighing terminal: Toledo continuous, MT-SICS or lines with two headers.

The same reading again is reported at most five times a second: terminals repeat themselves.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from gate_agent.devices import DriverConfig, WeightReading
from gate_drivers.sensors.scale_protocols import ToledoDecoder, line_decoder
from gate_drivers.wire.instrument import Decoder, LineConfig, LineInstrument
from gate_drivers.wire.line import ByteLine

REPEAT_S = 0.2
_ASK = b"SI\r\n"


class ScaleConfig(LineConfig):
    """A weighing terminal."""

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


class SerialScale(LineInstrument[WeightReading, WeightReading]):
    """A vehicle scale: Toledo continuous, MT-SICS or plain lines."""

    Config: ClassVar[type[DriverConfig]] = ScaleConfig
    capability: ClassVar[str] = "scale"
    name = "the scale"
    advice = "check the terminal, its output mode and the line's speed"

    def __init__(self, config: ScaleConfig) -> None:
        self._config = config
        super().__init__(config.line, opening_s=config.silent_after_s, silent_after_s=config.silent_after_s)

    def joined(self) -> Decoder[WeightReading]:
        self._asked_at = 0.0
        self._reported: WeightReading | None = None
        if self._config.protocol == "toledo":
            return ToledoDecoder(checksum=self._config.checksum)
        return line_decoder(self._config.protocol)

    def news(self, message: WeightReading) -> WeightReading | None:
        last = self._reported
        if last is not None and message.at - last.at < REPEAT_S and replace(message, at=last.at) == last:
            return None
        self._reported = message
        return message

    def ask(self, line: ByteLine) -> None:
        now = time.monotonic()
        if self._config.protocol == "mt-sics" and now - self._asked_at >= self._config.poll_interval_s:
            self._asked_at = now
            line.send(_ASK)
