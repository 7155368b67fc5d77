"""What a row of the scanner station's table may do: change what the lane remembers, ask for effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Effect, Event, Phase, Yard

Action: TypeAlias = Callable[[Yard, Event], tuple[Yard, tuple[Effect, ...]]]


def begin(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    """A truck's inspection, under a ticket of its own."""
    ticket = yard.ticket + 1
    fresh = replace(
        yard,
        ticket=ticket,
        truck=ticket,
        open=True,
        released=False,
        alarmed=False,
        hub_hold=False,
        settled=False,
        balked=False,
    )
    return fresh, (v.Begin(ticket),)


def gather(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return yard, (v.Gather(yard.ticket),)


def decide(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return yard, (v.Decide(yard.ticket),)


def note_release(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return replace(yard, released=True), ()


def note_radiation(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return replace(yard, alarmed=True), (v.Alarm("RADIATION_ALARM"),)


def note_hold(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return replace(yard, hub_hold=True), (v.Alarm("HUB_HOLD"),)


def note_balking(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return replace(yard, balked=yard.seen.approach), ()


def latch(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return replace(yard, latched=True), ()


def unlatch(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    """An officer starts the lane afresh; a truck that did not come in is asked again."""
    return replace(yard, latched=False, balked=False), ()


def accept(yard: Yard, event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return yard, (v.Answer(event.order, True),) if isinstance(event, v.OfficerRequest) else ()


def decline(yard: Yard, event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    return yard, (v.Answer(event.order, False),) if isinstance(event, v.OfficerRequest) else ()


def divert(reason: str) -> Action:
    """Commit that the truck is to be inspected, unless no inspection runs or it is on its way there already.

    Under a ticket of its own: a decision that is still being made answers for nothing any more.
    """

    def diversion(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
        if not yard.open or yard.phase is Phase.DIRECTING:
            return yard, ()
        ticket = yard.ticket + 1
        return replace(yard, ticket=ticket, released=False), (v.Stop(), v.Divert(ticket, reason))

    diversion.__name__ = f"divert {reason}"
    return diversion


def alarm(reason: str) -> Action:
    def alarming(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
        return yard, (v.Alarm(reason),)

    alarming.__name__ = f"alarm {reason}"
    return alarming


def alarm_fault(yard: Yard, event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    source = event.source if isinstance(event, v.Fault) else "yard"
    return yard, (v.Alarm(f"DEVICE_FAULT:{source}"),)


def officer(verdict: Verdict) -> Action:
    """Commit an officer's decision under a ticket of its own: an older answer cannot stand for it.

    An officer who releases has seen the hub's hold; one that comes later holds again.
    """

    def commit(yard: Yard, _event: Event) -> tuple[Yard, tuple[Effect, ...]]:
        ticket = yard.ticket + 1
        ordered = replace(
            yard, ticket=ticket, released=False, hub_hold=False, settled=verdict is Verdict.INSPECT
        )
        return ordered, (v.Stop(), v.CommitOfficer(ticket, verdict))

    commit.__name__ = f"officer {verdict.value}"
    return commit
