"""The e-gate lane as a pure function: ``step(lane, event) -> (lane, effects)``.

No clock, no I/O, no randomness: everything the lane may ever do stands in
:data:`gate_agent.egate.table.TABLE`, and can be enumerated, drawn and explored exhaustively
(``tests/stations/test_egate_model.py``).

Rules of safety (kept in every reachable state, and proven there):

1. never both doors open: a door is requested open only while the other is reported closed;
2. the exit is requested open only with an admit of this transaction committed and one person inside;
3. whoever is inside can leave toward the entry whenever the automatic passage ends;
4. every waiting phase has a bound;
5. an emergency wins over everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from gate_agent.egate import guards as g
from gate_agent.egate import vocabulary as v
from gate_agent.egate.table import BEFORE_ENTRY, CHECKING, ROWS, SHOWN, UNTIMED
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, SetDoors, Show
from gate_agent.station.transitions import Rest, Row, perform

WATCHED_EMPTY = (*CHECKING, Phase.EXIT_OPENING, Phase.TURNED_AWAY, Phase.REFERRED)
"""Phases in which an empty lane means that whoever comes in later is somebody else."""


def door_targets(lane: Lane) -> SetDoors:
    """Where the doors should be, by phase and by what is seen. Rule 1 and rule 3 live here."""
    seen = lane.seen
    match lane.phase:
        case Phase.ENTRY_OPENING | Phase.ENTRY_OCCUPIED | Phase.EMERGENCY:
            return SetDoors(entry_open=seen.exit is g.CLOSED, exit_open=False)
        case Phase.EXIT_OPENING | Phase.LEAVING:
            return SetDoors(entry_open=False, exit_open=seen.entry is g.CLOSED and lane.admitted)
        case Phase.REFERRED | Phase.OUT_OF_SERVICE:
            return SetDoors(entry_open=seen.inside >= 1 and seen.exit is g.CLOSED, exit_open=False)
        case _:
            return SetDoors(entry_open=False, exit_open=False)


def observe(lane: Lane, event: Event) -> Lane:
    """Take up what an event says about the world, whatever the phase makes of it."""
    match event:
        case v.LaneChanged(seen):
            return replace(lane, seen=seen, confirmed=True)
        case v.DoorsRefused():
            return replace(lane, doors=None, confirmed=False)
        case v.ChipPresent(present):
            return replace(lane, chip=present)
        case v.Fault(source):
            seen = v.UNKNOWN if source == "lane" else lane.seen
            return replace(
                lane, faults=lane.faults | {source}, seen=seen, chip=lane.chip and source != "chip"
            )
        case v.Recovered(source):
            # A controller that was away may have done anything with its doors: ask again.
            return replace(
                lane, faults=lane.faults - {source}, doors=None if source == "lane" else lane.doors
            )
        case _:
            return lane


def stale(lane: Lane, event: Event) -> bool:
    """Whether an event answers a transaction that is no longer the running one."""
    ticket: int | None = getattr(event, "ticket", None)
    if ticket is not None:
        return not lane.open or ticket != lane.ticket
    return isinstance(event, v.Timeout) and event.phase != lane.phase


def matching_row(lane: Lane, event: Event) -> Row[Lane, Event, Effect, Phase] | None:
    return next((r for r in ROWS.get((lane.phase, type(event)), ()) if r.when(lane, event)), None)


def step(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    """What the lane becomes, and what has to be done about it, in this order."""
    if stale(lane, event):
        return lane, ()
    lane = observe(lane, event)
    effects: list[Effect] = []
    row = matching_row(lane, event)
    if row is not None:
        lane, effects = perform(row, lane, event)
        if row.to is not None:
            lane, entered = _enter(lane, _target(lane, row.to))
            effects += entered
    if event == v.Recovered("lane") and not any(isinstance(e, Show) for e in effects):
        effects.append(Show(*SHOWN[lane.phase]))  # without the agent the controller showed its own
    if lane.open and lane.phase in WATCHED_EMPTY and lane.seen.inside == 0:
        lane = replace(lane, vacated=True, wavered=False)
    return _request_doors(lane, effects)


def start(faults: frozenset[str]) -> tuple[Lane, tuple[Effect, ...]]:
    """A lane that has just been switched on: out of service until every source of fault is up."""
    return Lane(faults=faults | {"lane"}), (Show(*SHOWN[Phase.OUT_OF_SERVICE]),)


def _target(lane: Lane, to: Phase | Rest) -> Phase:
    if isinstance(to, Rest):
        return Phase.IDLE if g.serviceable(lane) and not lane.latched else Phase.OUT_OF_SERVICE
    return to


def _enter(lane: Lane, phase: Phase) -> tuple[Lane, list[Effect]]:
    effects: list[Effect] = []
    if lane.open and phase in UNTIMED:
        lane = replace(lane, open=False, admitted=False, vacated=False, wavered=False)
        effects.append(v.Finish())
    lane = replace(
        lane,
        phase=phase,
        attempts=lane.attempts if phase in BEFORE_ENTRY else 0,
        misread=False,
        settled=lane.settled and phase not in UNTIMED,
    )
    effects.append(Show(*SHOWN[phase]))
    effects.append(v.StartTimer(phase))
    return lane, effects


def _request_doors(lane: Lane, effects: list[Effect]) -> tuple[Lane, tuple[Effect, ...]]:
    if "lane" in lane.faults or not lane.seen.known:
        return replace(lane, doors=None), tuple(effects)
    if lane.doors is None and not lane.confirmed:
        return lane, tuple(effects)  # refused: asked again on the next reading, not on what was seen before
    targets = door_targets(lane)
    if targets != lane.doors:
        lane = replace(lane, doors=targets, confirmed=False)
        effects.append(targets)
    return lane, tuple(effects)


EFFECTS = frozenset(get_args(v.OfficerOrder))
"""The codes of what officers' orders do."""


def orders(lane: Lane) -> dict[str, str]:
    """Each order of officers with the code of what it would do now; empty when it would be declined."""
    answers = {order: step(lane, v.OfficerRequest(order))[1] for order in EFFECTS}
    return {o: o if v.Answer(o, True) in effects else "" for o, effects in answers.items()}
