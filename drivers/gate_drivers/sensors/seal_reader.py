"""A reader of electronic container seals, on the lines of docs/wire/eseal.md over TCP or serial.

The same seal saying the same is reported again only after `repeat_s`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from gate_agent.devices import DriverConfig, SealReading
from gate_drivers.sensors.seal_lines import Message, ReaderLives, seal_decoder
from gate_drivers.wire.instrument import LineConfig, LineDecoder, LineInstrument

MAX_SEALS = 256


class SealReaderConfig(LineConfig):
    """A reader of electronic seals."""

    repeat_s: float = Field(
        default=2.0, ge=0.1, le=60, description="An unchanged seal is reported again after so long, seconds."
    )
    silent_after_s: float = Field(
        default=6.0,
        ge=1,
        le=120,
        description="A reader says every 2 s that it lives; so long without a word is silence, seconds.",
    )


class LineSealReader(LineInstrument[Message, SealReading]):
    """A reader of electronic container seals (data of ISO 18185-1)."""

    Config: ClassVar[type[DriverConfig]] = SealReaderConfig
    capability: ClassVar[str] = "seal_reader"
    name = "the seal reader"
    advice = "check the reader's power and line; it says every 2 s that it lives"

    def __init__(self, config: SealReaderConfig) -> None:
        self._repeat_s = config.repeat_s
        super().__init__(config.line, opening_s=config.silent_after_s, silent_after_s=config.silent_after_s)

    def joined(self) -> LineDecoder[Message]:
        self._told: dict[tuple[int, int], SealReading] = {}
        return seal_decoder()

    def news(self, message: Message) -> SealReading | None:
        if isinstance(message, ReaderLives):
            return None
        seal = message.manufacturer, message.serial
        last = self._told.get(seal)
        if last is not None and replace(last, at=message.at) == message:
            if message.at - last.at < self._repeat_s:
                return None
        elif len(self._told) >= MAX_SEALS:
            self._told.clear()  # a yard has fewer: forget, and report all again
        self._told[seal] = message
        return message
