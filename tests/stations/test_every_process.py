"""What holds for the process of every kind of station, and for one without a gate, made of the skeleton."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import pytest

from gate_agent.egate.process import PROCESS as EGATE
from gate_agent.nii.process import PROCESS as NII
from gate_agent.station import vocabulary as v
from gate_agent.station.actions import alarm_fault, forget, note
from gate_agent.station.diagram import markdown
from gate_agent.station.guards import always, latched, order
from gate_agent.station.skeleton import STAYS_CLOSED, Process
from gate_agent.station.transitions import REST, Lasts, Row


class Phase(StrEnum):
    """Where a kiosk is: a case of its own takes one phase."""

    IDLE = "idle"
    SERVING = "serving"
    OUT_OF_SERVICE = "out_of_service"


class Kiosk(NamedTuple):
    """All that a kiosk remembers: it has no gate, and sees nothing."""

    phase: Phase = Phase.OUT_OF_SERVICE
    ticket: int = 0
    open: bool = False
    latched: bool = False
    faults: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody touched the screen."""


@dataclass(frozen=True, slots=True)
class Show:
    """What the screen shows."""

    instruction: str


def begin(kiosk: Kiosk, _event: object) -> tuple[Kiosk, tuple[v.Begin]]:
    return kiosk._replace(ticket=kiosk.ticket + 1, open=True), (v.Begin(kiosk.ticket + 1),)


def enter(kiosk: Kiosk, phase: Phase) -> Kiosk:
    return kiosk._replace(phase=phase, open=phase is Phase.SERVING)


P = Phase
Effect: TypeAlias = v.SharedEffect | Show
KIOSK: Process[Kiosk, Any, Effect, Phase] = Process(
    new=Kiosk(),
    table=(
        Row((P.IDLE, P.SERVING), v.Fault, always, P.OUT_OF_SERVICE, (alarm_fault,)),
        Row((P.OUT_OF_SERVICE,), v.Recovered, always, REST),
        Row((P.IDLE,), Touched, always, P.SERVING, (begin,)),
        Row((P.SERVING,), v.DecisionCommitted, always, REST),
        Row((P.SERVING,), v.Timeout, always, P.OUT_OF_SERVICE, (note("latched"),), alarm="UNATTENDED"),
        Row(
            (P.OUT_OF_SERVICE,),
            v.OfficerRequest,
            order("reset"),
            REST,
            (forget("latched"),),
            accepts="SERVES",
        ),
    ),
    lasting=(Lasts(("UNATTENDED",), (P.OUT_OF_SERVICE,), latched),),
    shown={P.IDLE: Show("TOUCH"), P.SERVING: Show("WAIT"), P.OUT_OF_SERVICE: Show("CLOSED")},
    idle=P.IDLE,
    closed=P.OUT_OF_SERVICE,
    orders=("reset",),
    enter=enter,
    serviceable=lambda kiosk: not kiosk.faults,
)

every = pytest.mark.parametrize("process", [EGATE, NII, KIOSK], ids=["egate", "nii", "kiosk"])


def after(process: Process[Any, Any, Any, Any], *events: Any) -> tuple[Any, tuple[Any, ...]]:
    """A station that was switched on, and these events later: its state, and what it asked for last."""
    state, asked = process.start(frozenset())
    for event in events:
        state, asked = process.step(state, event)
    return state, asked


@every
def test_u4_e8_every_alarm_that_a_table_raises_has_an_end(process: Process[Any, Any, Any, Any]) -> None:
    lasting = {reason for row in process.lasting for reason in row.reasons}
    assert lasting | process.until_acknowledged == process.alarms()
    assert not lasting & process.until_acknowledged


@every
def test_u3_every_order_says_what_it_does_by_a_code_that_is_known_beforehand(
    process: Process[Any, Any, Any, Any],
) -> None:
    told = process.order_effects()
    assert STAYS_CLOSED in told
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", effect) for effect in told)
    state, _ = process.start(frozenset({"journal"}))
    assert set(process.orders(state)) == set(process.order_names)
    assert set(process.orders(state).values()) <= told | {""}


@every
def test_an_order_that_the_kind_does_not_know_is_declined(process: Process[Any, Any, Any, Any]) -> None:
    _, asked = after(process, v.OfficerRequest("open_sesame"))
    assert asked == (v.Answer("open_sesame", False),)


@every
def test_e8_a_journal_that_was_repaired_leaves_no_alert_behind(process: Process[Any, Any, Any, Any]) -> None:
    _, asked = after(process, v.Fault("journal"), v.Recovered("journal"))
    assert v.AlarmOver("DEVICE_FAULT:journal") in asked
    if "JOURNAL_FAULT" in process.alarms():
        assert v.AlarmOver("JOURNAL_FAULT") in asked


@every
def test_an_event_that_a_kind_knows_nothing_of_moves_nothing(process: Process[Any, Any, Any, Any]) -> None:
    state, _ = process.start(frozenset())
    assert process.step(state, object()) == (state, ())


def test_a_kiosk_without_a_gate_serves() -> None:
    state, asked = after(KIOSK)
    assert (state.phase, asked) == (P.IDLE, (Show("TOUCH"),))
    state, asked = after(KIOSK, Touched())
    assert asked == (v.Begin(1), Show("WAIT"), v.StartTimer(P.SERVING))
    assert KIOSK.step(state, v.CommitFailed(1)) == (state, ())  # no row
    assert KIOSK.step(state, v.Timeout(P.IDLE)) == (state, ())  # another phase's
    state, asked = KIOSK.step(state, v.Timeout(P.SERVING))
    assert asked == (v.Alarm("UNATTENDED"), v.Finish(), Show("CLOSED"), v.StartTimer(P.OUT_OF_SERVICE))
    assert KIOSK.orders(state) == {"reset": "SERVES"}
    broken, _ = KIOSK.step(state, v.Fault("printer"))
    assert KIOSK.orders(broken) == {"reset": STAYS_CLOSED}
    state, asked = KIOSK.step(state, v.OfficerRequest("reset"))
    assert state.phase is P.IDLE
    assert v.Answer("reset", True) in asked and v.AlarmOver("UNATTENDED") in asked


def test_a_kiosk_is_drawn_like_any_other() -> None:
    drawn = markdown(KIOSK, "kiosk", "The kiosk", lambda phase: 5.0 if phase == P.SERVING else None)
    assert "    serving --> rest: DecisionCommitted" in drawn
    assert "| out_of_service | OfficerRequest | order reset | forget latched, accept SERVES | rest |" in drawn
    assert "| serving | WAIT | 5 s |" in drawn
