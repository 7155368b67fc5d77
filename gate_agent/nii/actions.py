"""What a row of the scanner station's table may do: change what the lane remembers, ask for effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Effect, Phase, Yard

Done: TypeAlias = tuple[Yard, tuple[Effect, ...]]
Action: TypeAlias = Callable[[Yard, object], Done]


def begin(yard: Yard, _event: object) -> Done:
    """A truck's inspection, under a ticket of its own."""
    ticket = yard.ticket + 1
    fresh = yard._replace(
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


def note_balking(yard: Yard, _event: object) -> Done:
    return yard._replace(balked=yard.seen.approach), ()


def divert(reason: str) -> Action:
    """Commit that the truck is to be inspected, unless no inspection runs or it is on its way there already.

    Under a ticket of its own: a decision that is still being made answers for nothing any more.
    """

    def diversion(yard: Yard, _event: object) -> Done:
        if not yard.open or yard.phase is Phase.DIRECTING:
            return yard, ()
        ticket = yard.ticket + 1
        return yard._replace(ticket=ticket, released=False), (v.Stop(), v.Divert(ticket, reason))

    diversion.__name__ = f"divert {reason}"
    return diversion


def officer(verdict: Verdict) -> Action:
    """Commit an officer's decision under a ticket of its own: an older answer cannot stand for it.

    An officer who releases has seen the hub's hold; one that comes later holds again.
    """

    def commit(yard: Yard, _event: object) -> Done:
        ticket = yard.ticket + 1
        ordered = yard._replace(
            ticket=ticket, released=False, hub_hold=False, settled=verdict is Verdict.INSPECT
        )
        return ordered, (v.Stop(), v.CommitOfficer(ticket, verdict))

    commit.__name__ = f"officer {verdict.value}"
    return commit
