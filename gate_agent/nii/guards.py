"""What a row of the scanner station's table may ask of lane and event: named, total, without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Event, OfficerOrder, Yard

NEEDED = frozenset({"yard", "journal", "policy", "scanner", "portal"})
"""Faults with which the lane takes no more trucks: it could not do what it is there for. Scale, cameras and
seal reader are not among them: what they owe will be missing, and the policy has an officer look."""

STOPS_RELEASE = frozenset({"yard", "journal"})
"""Faults with which the release road must not open, whoever decided."""

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

Guard: TypeAlias = Callable[[Yard, Event], bool]


def always(_yard: Yard, _event: Event) -> bool:
    return True


def both(first: Guard, second: Guard) -> Guard:
    def guard(yard: Yard, event: Event) -> bool:
        return first(yard, event) and second(yard, event)

    guard.__name__ = f"{first.__name__} and {second.__name__}"
    return guard


# ---------------------------------------------------------------- what is seen


def emergency(yard: Yard, _event: Event) -> bool:
    return yard.seen.emergency


def emergency_over(yard: Yard, _event: Event) -> bool:
    return not yard.seen.emergency


def contradiction(yard: Yard, _event: Event) -> bool:
    """The controller admits a broken interlock, or reports two barriers away from closed."""
    return not yard.seen.interlock_ok or _barriers(yard).count(CLOSED) < 2


def forced(yard: Yard, _event: Event) -> bool:
    return yard.seen.forced


def barrier_fault(yard: Yard, _event: Event) -> bool:
    return DoorPosition.FAULT in _barriers(yard)


def sensors_disagree(yard: Yard, _event: Event) -> bool:
    return yard.seen.sensors_disagree


def no_vehicle(yard: Yard, _event: Event) -> bool:
    return yard.seen.vehicles == 0


def a_vehicle(yard: Yard, _event: Event) -> bool:
    return yard.seen.vehicles >= 1


def one_vehicle(yard: Yard, _event: Event) -> bool:
    return yard.seen.vehicles == 1


def two_vehicles(yard: Yard, _event: Event) -> bool:
    return yard.seen.vehicles >= 2


def a_barrier_not_closed(yard: Yard, _event: Event) -> bool:
    return not all_closed(yard)


def entry_open(yard: Yard, _event: Event) -> bool:
    return yard.seen.entry is OPEN


def release_closed(yard: Yard, _event: Event) -> bool:
    return yard.seen.release is CLOSED


def gone_with_release_closed(yard: Yard, event: Event) -> bool:
    return no_vehicle(yard, event) and yard.seen.release is CLOSED


def gone_with_inspection_closed(yard: Yard, event: Event) -> bool:
    return no_vehicle(yard, event) and yard.seen.inspection is CLOSED


def disagree_with_release_closed(yard: Yard, event: Event) -> bool:
    return sensors_disagree(yard, event) and yard.seen.release is CLOSED


def inspection_open(yard: Yard, _event: Event) -> bool:
    return yard.seen.inspection is OPEN


def closed_behind_at_hold(yard: Yard, _event: Event) -> bool:
    """The truck stands at the hold line, alone, and the entry is closed behind it."""
    return all_closed(yard) and yard.seen.vehicles == 1 and yard.seen.at_hold


def vehicle_while_entry_closed(yard: Yard, event: Event) -> bool:
    """A vehicle that cannot have come in by the entry: it was in the lane already."""
    return yard.seen.entry is CLOSED and a_vehicle(yard, event)


def closed_with_vehicle(yard: Yard, event: Event) -> bool:
    return all_closed(yard) and a_vehicle(yard, event)


def closed_and_empty(yard: Yard, event: Event) -> bool:
    return all_closed(yard) and no_vehicle(yard, event)


def _barriers(yard: Yard) -> tuple[DoorPosition, ...]:
    return (yard.seen.entry, yard.seen.release, yard.seen.inspection)


def all_closed(yard: Yard) -> bool:
    return _barriers(yard) == (CLOSED, CLOSED, CLOSED)


# ---------------------------------------------------------------- whether the lane can serve


def serviceable(yard: Yard) -> bool:
    return not yard.faults & NEEDED and not yard.seen.sensors_disagree


def clear(yard: Yard, _event: Event) -> bool:
    """All barriers closed, no vehicle in the lane, and the controller content."""
    seen = yard.seen
    return (
        seen.known
        and all_closed(yard)
        and seen.vehicles == 0
        and not seen.emergency
        and not seen.forced
        and seen.interlock_ok
    )


def truck_waits(yard: Yard, event: Event) -> bool:
    """A truck is before the entry of a lane that can take it, and was not asked in vain already."""
    return yard.seen.approach and not yard.balked and serviceable(yard) and clear(yard, event)


def back_in_service(yard: Yard, event: Event) -> bool:
    return not yard.latched and serviceable(yard) and clear(yard, event)


def found_inside(yard: Yard, _event: Event) -> bool:
    """A lane that would serve if it were empty: switched on, or reached again, with a vehicle in it."""
    seen = yard.seen
    return (
        not yard.latched
        and serviceable(yard)
        and seen.vehicles >= 1
        and not seen.emergency
        and DoorPosition.FAULT not in _barriers(yard)
    )


def fault_of(source: str) -> Guard:
    def failed(_yard: Yard, event: Event) -> bool:
        return isinstance(event, v.Fault) and event.source == source

    failed.__name__ = f"{source}_fault"
    return failed


def needed_fault(_yard: Yard, event: Event) -> bool:
    return isinstance(event, v.Fault) and event.source in NEEDED


def stops_release_before_it_opened(yard: Yard, _event: Event) -> bool:
    return bool(yard.faults & STOPS_RELEASE) and yard.seen.release is CLOSED


# ---------------------------------------------------------------- decisions


def may_release(yard: Yard) -> bool:
    """Rule 2, apart from the committed release: the one truck, inspected, at the hold line, all closed."""
    seen = yard.seen
    return (
        all_closed(yard)
        and seen.vehicles == 1
        and seen.at_hold
        and yard.confirmed
        and not yard.alarmed
        and not yard.hub_hold
        and not seen.sensors_disagree
        and not yard.faults & STOPS_RELEASE
    )


def committed(verdict: Verdict) -> Guard:
    def decided(_yard: Yard, event: Event) -> bool:
        return isinstance(event, v.DecisionCommitted) and event.verdict is verdict

    decided.__name__ = f"committed_{verdict.value}"
    return decided


def committed_release_and_may(yard: Yard, event: Event) -> bool:
    return committed(Verdict.RELEASE)(yard, event) and may_release(yard)


def committed_release_of_a_held_truck(yard: Yard, event: Event) -> bool:
    return committed(Verdict.RELEASE)(yard, event) and yard.hub_hold


def released_and_may(yard: Yard, _event: Event) -> bool:
    return yard.released and may_release(yard)


def released(yard: Yard, _event: Event) -> bool:
    return yard.released


def alarmed(yard: Yard, _event: Event) -> bool:
    return yard.alarmed


def not_alarmed(yard: Yard, _event: Event) -> bool:
    return not yard.alarmed


def order(*orders: OfficerOrder) -> Guard:
    def ordered(_yard: Yard, event: Event) -> bool:
        return isinstance(event, v.OfficerRequest) and event.order in orders

    ordered.__name__ = "order_" + "_or_".join(orders)
    return ordered


def officer_may_release(yard: Yard, _event: Event) -> bool:
    """The inspected truck is still there, alone, and nothing that no officer's word outweighs was found."""
    return not yard.alarmed and yard.seen.vehicles == 1 and not yard.faults & STOPS_RELEASE


def unsettled(yard: Yard, _event: Event) -> bool:
    return not yard.settled
