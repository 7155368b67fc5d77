"""What a row of the scanner station's table may ask of lane and event: named, total, without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gate_agent.devices import DoorPosition
from gate_agent.nii.vocabulary import Yard

NEEDED = frozenset({"yard", "journal", "policy", "scanner", "portal"})
"""Faults with which the lane takes no more trucks: it could not do what it is there for. Scale, cameras and
seal reader are not among them: what they owe will be missing, and the policy has an officer look."""

STOPS_RELEASE = frozenset({"yard", "journal"})
"""Faults with which the release road must not open, whoever decided."""

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

Guard: TypeAlias = Callable[[Yard, Any], bool]


def fact(name: str, holds: Guard) -> Guard:
    """A guard by this name."""
    holds.__name__ = name
    return holds


# ---------------------------------------------------------------- what is seen

emergency = fact("emergency", lambda yard, _: yard.seen.emergency)
emergency_over = fact("emergency over", lambda yard, _: not yard.seen.emergency)
forced = fact("forced", lambda yard, _: yard.seen.forced)
barrier_fault = fact("barrier fault", lambda yard, _: DoorPosition.FAULT in _barriers(yard))
sensors_disagree = fact("sensors disagree", lambda yard, _: yard.seen.sensors_disagree)
unsure = fact("unsure", lambda yard, _: yard.seen.sensors_disagree or not yard.seen.known)
no_vehicle = fact("no vehicle", lambda yard, _: yard.seen.vehicles == 0)
a_vehicle = fact("a vehicle", lambda yard, _: yard.seen.vehicles >= 1)
one_vehicle = fact("one vehicle", lambda yard, _: yard.seen.vehicles == 1)
two_vehicles = fact("two vehicles", lambda yard, _: yard.seen.vehicles >= 2)
entry_open = fact("entry open", lambda yard, _: yard.seen.entry is OPEN)
entry_closed = fact("entry closed", lambda yard, _: yard.seen.entry is CLOSED)
release_closed = fact("release closed", lambda yard, _: yard.seen.release is CLOSED)
inspection_open = fact("inspection open", lambda yard, _: yard.seen.inspection is OPEN)
inspection_closed = fact("inspection closed", lambda yard, _: yard.seen.inspection is CLOSED)
all_closed = fact("all closed", lambda yard, _: _barriers(yard) == (CLOSED, CLOSED, CLOSED))
a_barrier_not_closed = fact("a barrier not closed", lambda yard, _: not all_closed(yard, _))


def contradiction(yard: Yard, _event: object) -> bool:
    """The controller admits a broken interlock, or reports two barriers away from closed."""
    return not yard.seen.interlock_ok or _barriers(yard).count(CLOSED) < 2


def closed_behind_at_hold(yard: Yard, event: object) -> bool:
    """The truck stands at the hold line, alone, and the entry is closed behind it."""
    return all_closed(yard, event) and yard.seen.vehicles == 1 and yard.seen.at_hold


def _barriers(yard: Yard) -> tuple[DoorPosition, ...]:
    return (yard.seen.entry, yard.seen.release, yard.seen.inspection)


# ---------------------------------------------------------------- whether the lane can serve


def serviceable(yard: Yard) -> bool:
    return not yard.faults & NEEDED and not yard.seen.sensors_disagree


def clear(yard: Yard, event: object) -> bool:
    """All barriers closed, no vehicle in the lane, and the controller content."""
    seen = yard.seen
    return (
        seen.known
        and all_closed(yard, event)
        and seen.vehicles == 0
        and not seen.emergency
        and not seen.forced
        and seen.interlock_ok
    )


not_clear = fact("not clear", lambda yard, _: not clear(yard, _))


def truck_waits(yard: Yard, event: object) -> bool:
    """A truck is before the entry of a lane that can take it, and was not asked in vain already."""
    return yard.seen.approach and not yard.balked and serviceable(yard) and clear(yard, event)


def back_in_service(yard: Yard, event: object) -> bool:
    return not yard.latched and serviceable(yard) and clear(yard, event)


def found_inside(yard: Yard, _event: object) -> bool:
    """A lane that would serve if it were empty: switched on, or reached again, with a vehicle in it."""
    seen = yard.seen
    return (
        not yard.latched
        and serviceable(yard)
        and seen.vehicles >= 1
        and not seen.emergency
        and DoorPosition.FAULT not in _barriers(yard)
    )


needed_fault = fact("needed fault", lambda _, event: event.source in NEEDED)


def stops_release_before_it_opened(yard: Yard, _event: object) -> bool:
    return bool(yard.faults & STOPS_RELEASE) and yard.seen.release is CLOSED


# ---------------------------------------------------------------- decisions

released = fact("released", lambda yard, _: yard.released)
alarmed = fact("alarmed", lambda yard, _: yard.alarmed)
not_alarmed = fact("not alarmed", lambda yard, _: not yard.alarmed)
held = fact("held", lambda yard, _: yard.hub_hold)
unsettled = fact("unsettled", lambda yard, _: not yard.settled)


def may_release(yard: Yard, event: object) -> bool:
    """Rule 2, apart from the committed release: the one truck, inspected, at the hold line, all closed."""
    return (
        closed_behind_at_hold(yard, event)
        and yard.confirmed
        and not yard.alarmed
        and not yard.hub_hold
        and not yard.seen.sensors_disagree
        and not yard.faults & STOPS_RELEASE
    )


def officer_may_release(yard: Yard, _event: object) -> bool:
    """The inspected truck is still there, alone, and nothing that no officer's word outweighs was found."""
    return (
        not yard.alarmed
        and yard.seen.vehicles == 1
        and not yard.seen.sensors_disagree
        and not yard.faults & STOPS_RELEASE
    )
