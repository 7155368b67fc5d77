"""What a row of the e-gate's table may do: change what the lane remembers, ask for effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.devices import Light
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Lane, Phase, Show

Done: TypeAlias = tuple[Lane, tuple[Effect, ...]]
Action: TypeAlias = Callable[[Lane, object], Done]


def begin(lane: Lane, _event: object) -> Done:
    ticket = lane.ticket + 1
    fresh = lane._replace(
        ticket=ticket,
        open=True,
        admitted=False,
        attempts=0,
        vacated=True,
        settled=False,
    )
    return fresh, (v.Begin(ticket),)


def read(lane: Lane, _event: object) -> Done:
    """Inspect the chip under a ticket of its own: an attempt that was broken off cannot answer for it."""
    asked = lane._replace(ticket=lane.ticket + 1, attempts=lane.attempts + 1)
    return asked, (v.ReadDocument(asked.ticket),)


def note_misread(lane: Lane, _event: object) -> Done:
    return lane._replace(misread=True), (Show(Light.READY, Light.WAIT, "PRESENT_AGAIN"),)


def keep_document_still(lane: Lane, _event: object) -> Done:
    return lane, (Show(Light.WAIT, Light.WAIT, "KEEP_DOCUMENT"),)


def refer(reason: str) -> Action:
    """Commit a referral of the running transaction, unless it was referred or decided already."""

    def referral(lane: Lane, _event: object) -> Done:
        if not lane.open or lane.phase in (Phase.REFERRED, Phase.TURNED_AWAY):
            return lane, ()
        return lane._replace(admitted=False), (v.Stop(), v.Refer(lane.ticket, reason))

    referral.__name__ = f"refer {reason}"
    return referral


def officer(verdict: Verdict) -> Action:
    """Commit an officer's decision under a ticket of its own: an older answer cannot stand for it."""

    def commit(lane: Lane, _event: object) -> Done:
        ticket = lane.ticket + 1
        return lane._replace(ticket=ticket, admitted=False), (v.CommitOfficer(ticket, verdict),)

    commit.__name__ = f"officer {verdict.value}"
    return commit
