"""What a row of the e-gate's table may do: change what the lane remembers, ask for effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.devices import Light
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, Show

Action: TypeAlias = Callable[[Lane, Event], tuple[Lane, tuple[Effect, ...]]]


def begin(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    ticket = lane.ticket + 1
    fresh = replace(
        lane,
        ticket=ticket,
        open=True,
        admitted=False,
        attempts=0,
        vacated=True,
        settled=False,
    )
    return fresh, (v.Begin(ticket),)


def read(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    """Inspect the chip under a ticket of its own: an attempt that was broken off cannot answer for it."""
    asked = replace(lane, ticket=lane.ticket + 1, attempts=lane.attempts + 1)
    return asked, (v.ReadDocument(asked.ticket),)


def expect(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    """Whoever enters now is the traveller of this transaction, until the lane stands empty again."""
    return replace(lane, vacated=False, wavered=False), ()


def note_wavering(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, wavered=True), ()


def capture(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, vacated=False, wavered=False), (v.Capture(lane.ticket),)


def decide(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return lane, (v.Decide(lane.ticket),)


def stop(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return lane, (v.Stop(),)


def mark_admitted(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, admitted=True), ()


def note_misread(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, misread=True), (Show(Light.READY, Light.WAIT, "PRESENT_AGAIN"),)


def keep_document_still(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return lane, (Show(Light.WAIT, Light.WAIT, "KEEP_DOCUMENT"),)


def finish(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, open=False, admitted=False, vacated=False, wavered=False), (v.Finish(),)


def settle(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, settled=True), ()


def reopen(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    """An officer's decision that is not on disk has closed nothing."""
    return replace(lane, settled=False), ()


def latch(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, latched=True), ()


def unlatch(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return replace(lane, latched=False), ()


def accept(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return lane, (v.Answer(event.order, True),) if isinstance(event, v.OfficerRequest) else ()


def decline(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return lane, (v.Answer(event.order, False),) if isinstance(event, v.OfficerRequest) else ()


def refer(reason: str) -> Action:
    """Commit a referral of the running transaction, unless it was referred or decided already."""

    def referral(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
        if not lane.open or lane.phase in (Phase.REFERRED, Phase.TURNED_AWAY):
            return lane, ()
        return replace(lane, admitted=False), (v.Stop(), v.Refer(lane.ticket, reason))

    referral.__name__ = f"refer {reason}"
    return referral


def alarm(reason: str) -> Action:
    def alarming(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
        return lane, (v.Alarm(reason),)

    alarming.__name__ = f"alarm {reason}"
    return alarming


def alarm_fault(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    source = event.source if isinstance(event, v.Fault) else "lane"
    return lane, (v.Alarm(f"DEVICE_FAULT:{source}"),)


def officer(verdict: Verdict) -> Action:
    """Commit an officer's decision under a ticket of its own: an older answer cannot stand for it."""

    def commit(lane: Lane, _event: Event) -> tuple[Lane, tuple[Effect, ...]]:
        ticket = lane.ticket + 1
        return replace(lane, ticket=ticket, admitted=False), (v.CommitOfficer(ticket, verdict),)

    commit.__name__ = f"officer {verdict.value}"
    return commit
