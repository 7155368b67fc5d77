"""The scanner station as a pure function: ``step(yard, event) -> (yard, effects)``.

No clock, no I/O, no randomness: everything the lane may ever do stands in
:data:`gate_agent.nii.table.TABLE`, and can be enumerated, drawn and explored exhaustively
(``tests/stations/test_nii_model.py``).

Rules of safety (kept in every reachable state, and proven there):

1. never two barriers requested open: one is requested only while the others are reported closed;
2. the release barrier is requested open only with a release of this truck's inspection committed, and first
   for the one truck that was inspected, standing at the hold line; a failed commit moves nothing outward;
3. a radiation alarm of this truck always wins: nothing opens the release road after it, a release that was
   committed is withdrawn, and no officer's word at this lane outweighs it;
4. no truck is trapped: where the ordinary course ends, the way to the inspection area opens;
5. every waiting phase has a bound, and the lane comes to rest;
6. an emergency wins over everything;
7. the signals follow the process;
8. a second vehicle, or one that was not let in, is never released.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from gate_agent.nii import guards as g
from gate_agent.nii import vocabulary as v
from gate_agent.nii.table import ROWS, SHOWN, UNTIMED
from gate_agent.nii.vocabulary import Effect, Event, Phase, SetBarriers, Show, Yard
from gate_agent.station.transitions import Rest, Row, perform


def barrier_targets(yard: Yard) -> SetBarriers:
    """Where the barriers should be, by phase and by what is seen. Rules 1 to 4 live here."""
    seen = yard.seen
    entry, release, inspection = (b is g.CLOSED for b in (seen.entry, seen.release, seen.inspection))
    open_entry = open_release = open_inspection = False
    match yard.phase:
        case Phase.ENTRY_OPENING:
            open_entry = release and inspection
        case Phase.RELEASING:
            # A closed barrier opens only before a truck at the line; an open one stays until it is through.
            before_it = not release or (seen.at_hold and seen.vehicles == 1)
            open_release = entry and inspection and before_it and yard.released and not yard.alarmed
        case Phase.DIRECTING | Phase.EMERGENCY:
            open_inspection = entry and release
        case Phase.OUT_OF_SERVICE:
            open_inspection = entry and release and seen.vehicles >= 1
        case _:
            pass
    return SetBarriers(entry_open=open_entry, release_open=open_release, inspection_open=open_inspection)


def observe(yard: Yard, event: Event) -> Yard:
    """Take up what an event says about the world, whatever the phase makes of it."""
    match event:
        case v.YardChanged(seen):
            return replace(yard, seen=seen, confirmed=True, balked=yard.balked and seen.approach)
        case v.BarriersRefused():
            return replace(yard, barriers=None, confirmed=False)
        case v.Fault(source):
            seen = v.UNKNOWN if source == "yard" else yard.seen
            return replace(yard, faults=yard.faults | {source}, seen=seen)
        case v.Recovered(source):
            # A controller that was away may have done anything with its barriers: ask again.
            barriers = None if source == "yard" else yard.barriers
            return replace(yard, faults=yard.faults - {source}, barriers=barriers)
        case _:
            return yard


def stale(yard: Yard, event: Event) -> bool:
    """Whether an event is about a truck that is no longer inspected, or answers a question of the past."""
    match event:
        case v.RadiationAlarm(ticket) | v.HubVerdict(ticket):
            # About the truck, whatever was asked meanwhile: an officer's order must not make an alarm stale.
            return not yard.open or not yard.truck <= ticket <= yard.ticket
        case v.Gathered(ticket) | v.DecisionCommitted(ticket) | v.CommitFailed(ticket):
            return not yard.open or ticket != yard.ticket
        case v.Timeout(phase):
            return phase != yard.phase
        case _:
            return False


def matching_row(yard: Yard, event: Event) -> Row[Yard, Event, Effect, Phase] | None:
    return next((r for r in ROWS.get((yard.phase, type(event)), ()) if r.when(yard, event)), None)


def step(yard: Yard, event: Event) -> tuple[Yard, tuple[Effect, ...]]:
    """What the lane becomes, and what has to be done about it, in this order."""
    if stale(yard, event):
        # The truck is on the road: nothing moves for it here any more, but officers must know.
        late = isinstance(event, v.RadiationAlarm)
        return yard, (v.Alarm("RADIATION_ALARM_LATE"),) if late else ()
    yard, effects = _follow(observe(yard, event), event)
    if Phase.IDLE is yard.phase and any(isinstance(e, v.StartTimer) for e in effects):
        # A truck that waits already is served at once: no new report would speak of it.
        yard, more = _follow(yard, v.YardChanged(yard.seen))
        effects += more
    if event == v.Recovered("yard") and not any(isinstance(e, Show) for e in effects):
        effects.append(Show(*SHOWN[yard.phase]))  # without the agent the controller showed its own
    return _request_barriers(yard, effects)


def start(faults: frozenset[str]) -> tuple[Yard, tuple[Effect, ...]]:
    """A lane that has just been switched on: out of service until every source it needs is up."""
    return Yard(faults=faults | {"yard"}), (Show(*SHOWN[Phase.OUT_OF_SERVICE]),)


def _follow(yard: Yard, event: Event) -> tuple[Yard, list[Effect]]:
    row = matching_row(yard, event)
    if row is None:
        return yard, []
    yard, effects = perform(row, yard, event)
    if row.to is not None:
        yard, entered = _enter(yard, _target(yard, row.to))
        effects += entered
    return yard, effects


def _target(yard: Yard, to: Phase | Rest) -> Phase:
    if isinstance(to, Rest):
        return Phase.IDLE if g.serviceable(yard) and not yard.latched else Phase.OUT_OF_SERVICE
    return to


def _enter(yard: Yard, phase: Phase) -> tuple[Yard, list[Effect]]:
    """Go to a phase. An inspection ends where its truck is gone or the ordinary course is over."""
    effects: list[Effect] = []
    if yard.open and (phase in UNTIMED or phase is Phase.CLEARING):
        yard = replace(yard, open=False, alarmed=False, hub_hold=False)
        effects.append(v.Finish())
    yard = replace(
        yard,
        phase=phase,
        released=yard.released and phase is Phase.RELEASING,
        settled=yard.settled and phase is Phase.DECIDING,
    )
    effects.append(Show(*SHOWN[phase]))
    effects.append(v.StartTimer(phase))
    return yard, effects


def _request_barriers(yard: Yard, effects: list[Effect]) -> tuple[Yard, tuple[Effect, ...]]:
    if "yard" in yard.faults or not yard.seen.known:
        return replace(yard, barriers=None), tuple(effects)
    if yard.barriers is None and not yard.confirmed:
        return yard, tuple(effects)  # refused: asked again on the next reading, not on what was seen before
    targets = barrier_targets(yard)
    if targets != yard.barriers:
        yard = replace(yard, barriers=targets, confirmed=False)
        effects.append(targets)
    return yard, tuple(effects)


EFFECTS = frozenset(get_args(v.OfficerOrder))
"""The codes of what officers' orders do."""


def orders(yard: Yard) -> dict[str, str]:
    """Each order of officers with the code of what it would do now; empty when it would be declined."""
    answers = {order: step(yard, v.OfficerRequest(order))[1] for order in EFFECTS}
    return {o: o if v.Answer(o, True) in effects else "" for o, effects in answers.items()}
