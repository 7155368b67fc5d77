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

from typing import get_args

from gate_agent.egate import guards as g
from gate_agent.egate import vocabulary as v
from gate_agent.egate.table import BEFORE_ENTRY, CHECKING, LASTING, SHOWN, TABLE, UNTIMED
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, SetDoors
from gate_agent.station.skeleton import Gate, Process

WATCHED_EMPTY = (*CHECKING, Phase.EXIT_OPENING, Phase.TURNED_AWAY, Phase.REFERRED)
"""Phases in which an empty lane means that whoever comes in later is somebody else."""

BOTH_CLOSED = SetDoors(entry_open=False, exit_open=False)
TO_ENTRY = SetDoors(entry_open=True, exit_open=False)
TO_EXIT = SetDoors(entry_open=False, exit_open=True)


def door_targets(lane: Lane) -> SetDoors:
    """Where the doors should be, by phase and by what is seen. Rule 1 and rule 3 live here."""
    seen = lane.seen
    match lane.phase:
        case Phase.ENTRY_OPENING | Phase.ENTRY_OCCUPIED | Phase.EMERGENCY:
            return TO_ENTRY if seen.exit is g.CLOSED else BOTH_CLOSED
        case Phase.EXIT_OPENING | Phase.LEAVING:
            return TO_EXIT if seen.entry is g.CLOSED and lane.admitted else BOTH_CLOSED
        case Phase.REFERRED | Phase.OUT_OF_SERVICE:
            return TO_ENTRY if seen.inside >= 1 and seen.exit is g.CLOSED else BOTH_CLOSED
        case _:
            return BOTH_CLOSED


def enter(lane: Lane, phase: Phase) -> Lane:
    """Go to a phase. A case ends where its traveller is through the exit, or nobody waits any more."""
    goes_on = lane.open and phase not in UNTIMED and phase is not Phase.EXIT_CLOSING
    return lane._replace(
        phase=phase,
        open=goes_on,
        admitted=lane.admitted and goes_on,
        vacated=lane.vacated and goes_on,
        wavered=lane.wavered and goes_on,
        attempts=lane.attempts if phase in BEFORE_ENTRY else 0,
        misread=False,
        settled=lane.settled and phase not in UNTIMED,
    )


def forget_a_misread(lane: Lane, _report: v.LaneChanged) -> Lane:
    """Whoever comes to the reader next has not tried yet."""
    return lane._replace(misread=False) if lane.misread and not g.somebody_before(lane, None) else lane


def see_chip(lane: Lane, event: v.ChipPresent) -> Lane:
    return lane._replace(chip=event.present)


def lose_chip(lane: Lane, fault: v.Fault) -> Lane:
    return lane._replace(chip=False) if fault.source == "chip" else lane


def see_it_empty(lane: Lane) -> Lane:
    if lane.open and not lane.vacated and lane.seen.inside == 0 and lane.phase in WATCHED_EMPTY:
        return lane._replace(vacated=True, wavered=False)
    return lane


PROCESS: Process[Lane, Event, Effect, Phase] = Process(
    new=Lane(),
    table=TABLE,
    lasting=LASTING,
    shown=SHOWN,
    idle=Phase.IDLE,
    closed=Phase.OUT_OF_SERVICE,
    orders=get_args(v.OfficerOrder),
    enter=enter,
    serviceable=g.serviceable,
    observe={v.LaneChanged: forget_a_misread, v.ChipPresent: see_chip, v.Fault: lose_chip},
    settle=see_it_empty,
    gate=Gate("lane", v.LaneChanged, v.DoorsRefused, v.UNKNOWN, door_targets),
)
step, start, orders = PROCESS.step, PROCESS.start, PROCESS.orders
