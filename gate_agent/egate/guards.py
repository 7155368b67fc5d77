"""What a row of the e-gate's table may ask of the lane and the event: named, total, without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Event, Lane, OfficerOrder

CHIP_ATTEMPTS = 3
"""How often a traveller may present the chip before an officer takes over."""

STOPS_EXIT = frozenset({"lane", "journal"})
"""Faults with which the exit must not open, whoever decided."""

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

Guard: TypeAlias = Callable[[Lane, Event], bool]


def always(_lane: Lane, _event: Event) -> bool:
    return True


def emergency(lane: Lane, _event: Event) -> bool:
    return lane.seen.emergency


def emergency_over(lane: Lane, _event: Event) -> bool:
    return not lane.seen.emergency


def contradiction(lane: Lane, _event: Event) -> bool:
    """The controller admits a broken interlock, or reports both doors away from closed."""
    seen = lane.seen
    return not seen.interlock_ok or (seen.entry is not CLOSED and seen.exit is not CLOSED)


def forced(lane: Lane, _event: Event) -> bool:
    return lane.seen.forced


def door_fault(lane: Lane, _event: Event) -> bool:
    return DoorPosition.FAULT in (lane.seen.entry, lane.seen.exit)


def sensors_disagree(lane: Lane, _event: Event) -> bool:
    return lane.seen.sensors_disagree


def nobody_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.inside == 0


def went_back_again(lane: Lane, event: Event) -> bool:
    return nobody_inside(lane, event) and lane.wavered


def nobody_inside_exit_closed(lane: Lane, _event: Event) -> bool:
    return lane.seen.inside == 0 and lane.seen.exit is CLOSED


def somebody_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.inside >= 1


def one_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.inside == 1


def two_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.inside >= 2


def object_left(lane: Lane, _event: Event) -> bool:
    return lane.seen.object_inside


def a_door_not_closed(lane: Lane, _event: Event) -> bool:
    return lane.seen.entry is not CLOSED or lane.seen.exit is not CLOSED


def entry_open(lane: Lane, _event: Event) -> bool:
    return lane.seen.entry is OPEN


def entry_closed_one_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.entry is CLOSED and lane.seen.inside == 1


def entry_closed_nobody(lane: Lane, _event: Event) -> bool:
    return lane.seen.entry is CLOSED and lane.seen.inside == 0


def entry_not_closed(lane: Lane, _event: Event) -> bool:
    return lane.seen.entry is not CLOSED


def exit_open_one_inside(lane: Lane, _event: Event) -> bool:
    return lane.seen.exit is OPEN and lane.seen.inside == 1


def exit_closed(lane: Lane, _event: Event) -> bool:
    return lane.seen.exit is CLOSED


def exit_closed_somebody(lane: Lane, _event: Event) -> bool:
    return lane.seen.exit is CLOSED and lane.seen.inside >= 1


def exit_closed_object(lane: Lane, _event: Event) -> bool:
    return lane.seen.exit is CLOSED and lane.seen.object_inside


def clear(lane: Lane, _event: Event) -> bool:
    """Both doors closed, nobody and nothing inside, and the controller content."""
    seen = lane.seen
    return (
        seen.known
        and (seen.entry, seen.exit, seen.inside) == (CLOSED, CLOSED, 0)
        and not seen.object_inside
        and not seen.emergency
        and not seen.forced
        and seen.interlock_ok
    )


def closed_and_clear(lane: Lane, event: Event) -> bool:
    """No traveller's case is open any more, and what disturbed the lane is gone."""
    return (lane.settled or not lane.open) and clear(lane, event)


def found_inside(lane: Lane, _event: Event) -> bool:
    """A lane that would serve if it were empty: switched on, or reached again, with somebody inside."""
    seen = lane.seen
    return (
        not lane.latched
        and serviceable(lane)
        and seen.inside >= 1
        and not seen.emergency
        and DoorPosition.FAULT not in (seen.entry, seen.exit)
    )


def back_in_service(lane: Lane, event: Event) -> bool:
    return not lane.latched and serviceable(lane) and clear(lane, event)


def serviceable(lane: Lane) -> bool:
    return not lane.faults and not lane.seen.sensors_disagree


def may_exit(lane: Lane, _event: Event) -> bool:
    """Rule 2, apart from the committed admit: the one vetted person, between two closed doors."""
    seen = lane.seen
    return (
        (seen.entry, seen.exit, seen.inside) == (CLOSED, CLOSED, 1)
        and lane.confirmed
        and not lane.vacated
        and not seen.sensors_disagree
        and not lane.faults & STOPS_EXIT
    )


def admitted_and_may_exit(lane: Lane, event: Event) -> bool:
    return lane.admitted and may_exit(lane, event)


def committed_admit(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.DecisionCommitted) and event.verdict is Verdict.ADMIT


def committed_admit_and_may_exit(lane: Lane, event: Event) -> bool:
    return committed_admit(lane, event) and may_exit(lane, event)


def stops_exit_before_it_opened(lane: Lane, _event: Event) -> bool:
    return bool(lane.faults & STOPS_EXIT) and lane.seen.exit is CLOSED


def lane_fault(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.Fault) and event.source == "lane"


def chip_arrived(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.ChipPresent) and event.present


def chip_left(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.ChipPresent) and not event.present


def chip_left_again(lane: Lane, event: Event) -> bool:
    return chip_left(lane, event) and tries_used(lane, event)


def tries_used(lane: Lane, _event: Event) -> bool:
    return lane.attempts >= CHIP_ATTEMPTS


def presented_before(lane: Lane, _event: Event) -> bool:
    return lane.attempts > 0


def readable(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.DocumentPresented) and event.readable


def readable_with_chip(lane: Lane, event: Event) -> bool:
    return readable(lane, event) and lane.chip


def misread_again(lane: Lane, event: Event) -> bool:
    return not readable(lane, event) and lane.misread


def another_document(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.DocumentPresented) and event.readable and not event.same


def same_with_chip(lane: Lane, event: Event) -> bool:
    return readable_with_chip(lane, event) and not another_document(lane, event)


def enter(lane: Lane, event: Event) -> bool:
    return isinstance(event, v.DocumentVetted) and event.enter and not lane.faults and clear(lane, event)


def enter_but_fault(_lane: Lane, event: Event) -> bool:
    return isinstance(event, v.DocumentVetted) and event.enter


def order(*orders: OfficerOrder) -> Guard:
    def ordered(_lane: Lane, event: Event) -> bool:
        return isinstance(event, v.OfficerRequest) and event.order in orders

    ordered.__name__ = "order_" + "_or_".join(orders)
    return ordered


def both(first: Guard, second: Guard) -> Guard:
    def guard(lane: Lane, event: Event) -> bool:
        return first(lane, event) and second(lane, event)

    guard.__name__ = f"{first.__name__} and {second.__name__}"
    return guard


def officer_may_release(lane: Lane, _event: Event) -> bool:
    """The traveller of this transaction is still inside, alone, and the case is open."""
    return (
        lane.open
        and not lane.settled
        and not lane.vacated
        and lane.seen.inside == 1
        and not lane.faults & STOPS_EXIT
    )


def case_open_outside(lane: Lane, _event: Event) -> bool:
    return lane.open and not lane.settled and (lane.seen.inside == 0 or lane.vacated)


def case_open(lane: Lane, _event: Event) -> bool:
    return lane.open and not lane.settled
