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

from typing import get_args

from gate_agent.nii import guards as g
from gate_agent.nii import vocabulary as v
from gate_agent.nii.table import LASTING, SHOWN, TABLE, UNTIL_ACKNOWLEDGED, UNTIMED
from gate_agent.nii.vocabulary import Effect, Event, Phase, SetBarriers, Yard
from gate_agent.station.skeleton import Gate, Process


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


def enter(yard: Yard, phase: Phase) -> Yard:
    """Go to a phase. An inspection ends where its truck is gone or the ordinary course is over."""
    goes_on = yard.open and phase not in UNTIMED and phase is not Phase.CLEARING
    return yard._replace(
        phase=phase,
        open=goes_on,
        alarmed=yard.alarmed and goes_on,
        hub_hold=yard.hub_hold and goes_on,
        released=yard.released and phase is Phase.RELEASING,
        settled=yard.settled and phase is Phase.DECIDING,
    )


def forget_a_balking(yard: Yard, _report: v.YardChanged) -> Yard:
    """The truck that did not come in has moved away: the next one is asked."""
    return yard._replace(balked=False) if yard.balked and not yard.seen.approach else yard


def of_another_truck(yard: Yard, event: v.RadiationAlarm | v.HubVerdict) -> bool:
    """It is about the truck, whatever was asked meanwhile: no officer's order makes an alarm stale."""
    return not yard.open or not yard.truck <= event.ticket <= yard.ticket


def who_waits(yard: Yard) -> Event:
    """A truck that waits already is served at once: no new report would speak of it."""
    return v.YardChanged(yard.seen)


PROCESS: Process[Yard, Event, Effect, Phase] = Process(
    new=Yard(),
    table=TABLE,
    lasting=LASTING,
    until_acknowledged=UNTIL_ACKNOWLEDGED,
    shown=SHOWN,
    idle=Phase.IDLE,
    closed=Phase.OUT_OF_SERVICE,
    orders=get_args(v.OfficerOrder),
    enter=enter,
    serviceable=g.serviceable,
    observe={v.YardChanged: forget_a_balking},
    stale={v.RadiationAlarm: of_another_truck, v.HubVerdict: of_another_truck},
    # The truck is on the road: nothing moves for it here any more, but officers must know.
    late={v.RadiationAlarm: (v.Alarm("RADIATION_ALARM_LATE"),)},
    look_again=who_waits,
    gate=Gate("yard", v.YardChanged, v.BarriersRefused, v.UNKNOWN, barrier_targets),
)
step, start, orders = PROCESS.step, PROCESS.start, PROCESS.orders
