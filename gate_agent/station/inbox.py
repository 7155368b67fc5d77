"""What waits for a conductor that can only be judged when its turn comes.

Between arriving and being taken, the station may have moved on to another case. Such an item therefore
carries what it was about, and becomes an event of the process only if that still holds: the case that an
officer or the hub meant, the timer that was armed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gate_agent.readmodel import Objection, OfficerAction
from gate_agent.station.case import Case


@dataclass(frozen=True, slots=True)
class Order:
    """An officer's order about `case`; `done` gets None, or the objection."""

    action: OfficerAction
    case: Case | None
    done: asyncio.Future[Objection | None]

    def answer(self, objection: Objection | None) -> None:
        if not self.done.done():
            self.done.set_result(objection)


@dataclass(frozen=True, slots=True)
class Held:
    """The hub holds this case."""

    case: Case


@dataclass(frozen=True, slots=True)
class BoundPassed:
    """The timer with this number ran out."""

    phase: str
    timer: int
