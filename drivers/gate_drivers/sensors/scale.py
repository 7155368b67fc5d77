"""A vehicle scale behind a weighing terminal: Toledo continuous, MT-SICS, or lines of its own making.

The same reading again is reported at most five times a second: terminals repeat themselves.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from gate_agent.devices import DriverConfig, WeightReading
from gate_drivers.sensors.scale_patterns import (
    PRESETS,
    Decimal,
    LinePattern,
    Mark,
    Unit,
    line_pattern,
    pattern_decoder,
)
from gate_drivers.sensors.scale_protocols import ToledoDecoder, line_decoder
from gate_drivers.wire.instrument import Decoder, LineConfig, LineInstrument
from gate_drivers.wire.line import ByteLine

REPEAT_S = 0.2
_ASK = b"SI\r\n"


class ScaleConfig(LineConfig):
    """A weighing terminal."""

    protocol: Literal["toledo", "mt-sics", "lines", "pattern"] = Field(
        description="What the terminal speaks: Toledo continuous, MT-SICS (asked with SI), ST,GS lines, "
        "or lines of another `pattern`.",
        examples=["toledo"],
    )
    pattern: str = Field(
        default="",
        max_length=400,
        description=f"pattern: one of {', '.join(PRESETS)}, or a regular expression (docs/wire/scale.md).",
    )
    unit: Unit | None = Field(
        default=None, description="pattern: the unit, where lines do not say it; must agree where they do."
    )
    decimal: Decimal | None = Field(
        default=None,
        description="pattern: the decimal sign; without it a weight that reads in two ways is refused.",
    )
    unmarked: Mark | None = Field(
        default=None, description="pattern: what a weight is that the line calls neither gross nor net."
    )
    steady_s: float = Field(
        default=1.0,
        ge=0.2,
        le=30,
        description="pattern: where lines do not tell motion, so long the same weight is at rest, seconds.",
    )
    checksum: bool = Field(default=False, description="toledo: whether a checksum follows CR.")
    poll_interval_s: float = Field(
        default=0.2, ge=0.05, le=2, description="mt-sics: seconds between two questions."
    )
    silent_after_s: float = Field(
        default=3.0, ge=0.5, le=60, description="So long without a weight is silence, seconds."
    )

    @model_validator(mode="after")
    def _pattern_is_whole(self) -> ScaleConfig:
        if self.protocol == "pattern":
            self.line_pattern()
        elif self.pattern or self.unit or self.decimal or self.unmarked:
            raise ValueError('pattern, unit, decimal and unmarked belong to protocol = "pattern"')
        return self

    def line_pattern(self) -> LinePattern:
        """Raises ValueError naming the setting that is missing or wrong."""
        return line_pattern(
            self.pattern,
            unit=self.unit,
            decimal=self.decimal,
            unmarked=self.unmarked,
            steady_s=self.steady_s,
        )


class SerialScale(LineInstrument[WeightReading, WeightReading]):
    """A vehicle scale: Toledo continuous, MT-SICS, or lines by pattern."""

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
        if self._config.protocol == "pattern":
            return pattern_decoder(self._config.line_pattern())
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
