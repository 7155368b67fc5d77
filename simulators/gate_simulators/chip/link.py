"""The contactless link between reader and chip (ISO/IEC 14443-3 and -4): how long an exchange takes.

APDUs travel in blocks of at most the frame size, each answered after the frame delay time; a chip that
needs longer asks for a waiting-time extension. The model counts characters and times; it does not
simulate the radio.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

BIT_RATES = (106_000, 212_000, 424_000, 848_000)
"""fc/128 to fc/16, rounded as everybody names them."""

_BLOCK_OVERHEAD = 3  # prologue PCB (no CID, no NAD) and two octets of CRC
_R_BLOCK = 3  # an acknowledgement: PCB and CRC
_S_WTX = 4  # PCB, INF, CRC


class Card(Protocol):
    """What may lie on a reader."""

    @property
    def ATR(self) -> bytes: ...  # noqa: N802

    def reset(self) -> None: ...

    def process(self, apdu: bytes) -> bytes: ...


class CardLost(Exception):
    """The chip left the field during an exchange."""


@dataclass(frozen=True, slots=True)
class LinkParameters:
    """`frame_size`: octets of a block (FSD and FSC); `frame_delay_s`: between the last bit of one side and
    the first of the other; `think_s`: what the chip takes for a command before it answers, plus
    `think_s_per_octet` of its answer; `waiting_time_s`: after that long it asks for an extension;
    `lost_after`: exchanges until the chip is out of the field, None for never."""

    bit_rate: int = 424_000
    frame_size: int = 256
    frame_delay_s: float = 0.000_09
    think_s: float = 0.002
    think_s_per_octet: float = 0.0
    waiting_time_s: float = 0.077
    lost_after: int | None = None

    def __post_init__(self) -> None:
        if self.bit_rate not in BIT_RATES:
            raise ValueError(f"{self.bit_rate} bit/s is not one of {BIT_RATES}")
        if not 16 <= self.frame_size <= 4096:
            raise ValueError(f"frames of {self.frame_size} octets are not within 16..4096")

    def characters_s(self, octets: int) -> float:
        """Time on the air of so many octets: 8 bits, at 106 kbit/s a parity bit (ISO/IEC 14443-3 §6.2.3)."""
        bits = 9 if self.bit_rate == BIT_RATES[0] else 8
        return octets * bits / self.bit_rate

    def transfer_s(self, octets: int) -> float:
        """One APDU in one direction: its blocks, and an acknowledgement for each but the last."""
        room = self.frame_size - _BLOCK_OVERHEAD
        blocks = max(1, -(-octets // room))
        acknowledged = (blocks - 1) * (self.characters_s(_R_BLOCK) + 2 * self.frame_delay_s)
        return self.characters_s(octets + blocks * _BLOCK_OVERHEAD) + acknowledged

    def exchange_s(self, command: int, response: int) -> float:
        """A command and its response of so many octets, with the chip's time in between."""
        thinking = self.think_s + self.think_s_per_octet * response
        extensions = int(thinking / self.waiting_time_s)
        extending = extensions * 2 * (self.characters_s(_S_WTX) + self.frame_delay_s)
        delays = 2 * self.frame_delay_s
        return self.transfer_s(command) + self.transfer_s(response) + delays + thinking + extending


@dataclass(slots=True)
class ContactlessLink:
    """A card seen through the link. `pass_time` waits (or, in a measurement, only counts) seconds."""

    card: Card
    parameters: LinkParameters = LinkParameters()
    pass_time: Callable[[float], None] = time.sleep
    elapsed_s: float = field(default=0.0, init=False)
    exchanges: int = field(default=0, init=False)
    octets: int = field(default=0, init=False)

    @property
    def ATR(self) -> bytes:  # noqa: N802
        return self.card.ATR

    def reset(self) -> None:
        self.card.reset()

    def process(self, apdu: bytes) -> bytes:
        """Answer after the time that the exchange takes. Raises CardLost."""
        if self.parameters.lost_after is not None and self.exchanges >= self.parameters.lost_after:
            raise CardLost
        response = self.card.process(apdu)
        seconds = self.parameters.exchange_s(len(apdu), len(response))
        self.exchanges += 1
        self.octets += len(apdu) + len(response)
        self.elapsed_s += seconds
        self.pass_time(seconds)
        return response
