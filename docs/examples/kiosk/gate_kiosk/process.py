"""The kiosk as a pure function: its vocabulary, its table, its process. There is no gate.

One rule: whoever is told to go on was decided on, and the decision is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from gate_agent.decision import Verdict
from gate_agent.station import vocabulary as v
from gate_agent.station.actions import alarm_fault, ask, forget, note
from gate_agent.station.guards import always, committed, no_journal, order
from gate_agent.station.skeleton import Process
from gate_agent.station.transitions import REST, Lasts, Row


class Phase(StrEnum):
    """Where the kiosk is in its work."""

    IDLE = "idle"
    DECIDING = "deciding"
    CLEARED = "cleared"
    REFERRED = "referred"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True)
class Presented:
    """A printed zone was read; `readable`: it is whole."""

    readable: bool = True


@dataclass(frozen=True, slots=True)
class Show:
    """What the screen tells the traveller (an instruction code)."""

    instruction: str


Event: TypeAlias = (
    Presented
    | v.DecisionCommitted
    | v.CommitFailed
    | v.HubVerdict
    | v.Fault
    | v.Recovered
    | v.OfficerRequest
    | v.Timeout
)
Effect: TypeAlias = Show | v.SharedEffect


class Kiosk(NamedTuple):
    """Everything the process remembers; see :class:`gate_agent.station.skeleton.Remembered`."""

    phase: Phase = Phase.OUT_OF_SERVICE
    ticket: int = 0
    open: bool = False
    latched: bool = False
    faults: frozenset[str] = frozenset()


def readable(_kiosk: Kiosk, event: Presented) -> bool:
    return event.readable


def serviceable(kiosk: Kiosk) -> bool:
    return not kiosk.faults


def back_in_service(kiosk: Kiosk, _event: object) -> bool:
    return serviceable(kiosk) and not kiosk.latched


def begin(kiosk: Kiosk, _event: object) -> tuple[Kiosk, tuple[Effect, ...]]:
    return kiosk._replace(ticket=kiosk.ticket + 1, open=True), (v.Begin(kiosk.ticket + 1),)


def ask_again(kiosk: Kiosk, _event: object) -> tuple[Kiosk, tuple[Effect, ...]]:
    return kiosk, (Show("PRESENT_AGAIN"),)


def enter(kiosk: Kiosk, phase: Phase) -> Kiosk:
    """Go to a phase. A case ends when the kiosk is free again, or closed."""
    return kiosk._replace(phase=phase, open=kiosk.open and phase not in (Phase.IDLE, Phase.OUT_OF_SERVICE))


P = Phase
SERVING = (P.IDLE, P.DECIDING, P.CLEARED, P.REFERRED)
TABLE: tuple[Row[Kiosk, Any, Effect, Phase], ...] = (
    Row(SERVING, v.Fault, always, P.OUT_OF_SERVICE, (alarm_fault,)),
    Row(SERVING, v.OfficerRequest, order("out_of_service"), P.OUT_OF_SERVICE, (note("latched"),), accepts="CLOSES"),
    Row((P.OUT_OF_SERVICE,), v.Recovered, back_in_service, REST),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, order("out_of_service"), None, (note("latched"),), accepts="CLOSES"),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, order("reset", "in_service"), REST, (forget("latched"),), accepts="OPENS"),
    Row((P.IDLE,), Presented, readable, P.DECIDING, (begin, ask(v.Decide))),
    Row((P.IDLE,), Presented, always, None, (ask_again,)),
    Row((P.DECIDING,), v.DecisionCommitted, committed(Verdict.ADMIT), P.CLEARED),
    Row((P.DECIDING,), v.DecisionCommitted, always, P.REFERRED),
    Row((P.DECIDING,), v.CommitFailed, always, P.REFERRED, alarm="JOURNAL_FAULT"),
    Row((P.DECIDING,), v.Timeout, always, P.REFERRED),
    Row((P.CLEARED, P.REFERRED), v.Timeout, always, REST),
    Row((P.CLEARED, P.REFERRED), v.OfficerRequest, order("reset"), REST, accepts="OPENS"),
)  # fmt: skip

SHOWN = {
    P.IDLE: Show("PRESENT_DOCUMENT"),
    P.DECIDING: Show("PLEASE_WAIT"),
    P.CLEARED: Show("GO_TO_GATE"),
    P.REFERRED: Show("SEE_OFFICER"),
    P.OUT_OF_SERVICE: Show("KIOSK_CLOSED"),
}
BOUNDS = {P.DECIDING: 10.0, P.CLEARED: 4.0, P.REFERRED: 4.0}


def bound(phase: str) -> float | None:
    """Seconds that a phase may last; None: for ever."""
    return BOUNDS.get(Phase(phase))


PROCESS: Process[Kiosk, Event, Effect, Phase] = Process(
    new=Kiosk(),
    table=TABLE,
    lasting=(Lasts(("JOURNAL_FAULT",), tuple(P), no_journal),),
    shown=SHOWN,
    idle=P.IDLE,
    closed=P.OUT_OF_SERVICE,
    orders=("reset", "out_of_service", "in_service"),
    enter=enter,
    serviceable=serviceable,
)
