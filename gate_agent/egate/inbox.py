"""What waits for the conductor that can only be judged when its turn comes.

Between arriving and being taken, the lane may have moved on to another traveller. Such an item
therefore carries what it was about, and becomes an event of the process only if that still holds:
the zone with its presentation, the traveller whom an officer meant, the timer that was armed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Event, Phase
from gate_agent.emrtd.mrz import Mrz
from gate_agent.evidence import CheckResult
from gate_agent.readmodel import OfficerAction


@dataclass(frozen=True, slots=True)
class Presented:
    """A zone was read: what it says (None: it gives no key to the chip), and its checks."""

    mrz: Mrz | None
    results: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """An officer's order about `transaction`; `done` gets None, or the objection in words."""

    action: OfficerAction
    transaction: Transaction | None
    done: asyncio.Future[str | None]

    def answer(self, objection: str | None) -> None:
        if not self.done.done():
            self.done.set_result(objection)


@dataclass(frozen=True, slots=True)
class Held:
    """The hub holds this transaction."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class BoundPassed:
    """The timer with this number ran out."""

    phase: Phase
    timer: int


Item: TypeAlias = Event | Presented | Order | Held | BoundPassed
