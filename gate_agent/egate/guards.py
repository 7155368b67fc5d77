"""What a row of the e-gate's table may ask of the lane and the event: named, total, without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gate_agent.devices import DoorPosition
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Lane

CHIP_ATTEMPTS = 3
"""How often a traveller may present the chip before an officer takes over."""

STOPS_EXIT = frozenset({"lane", "journal"})
"""Faults with which the exit must not open, whoever decided."""

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

Guard: TypeAlias = Callable[[Lane, Any], bool]


def fact(name: str, holds: Guard) -> Guard:
    """A guard by this name."""
    holds.__name__ = name
    return holds


# ---------------------------------------------------------------- what is seen

emergency = fact("emergency", lambda lane, _: lane.seen.emergency)
emergency_over = fact("emergency over", lambda lane, _: not lane.seen.emergency)
forced = fact("forced", lambda lane, _: lane.seen.forced)
door_fault = fact("door fault", lambda lane, _: DoorPosition.FAULT in _doors(lane))
sensors_disagree = fact("sensors disagree", lambda lane, _: lane.seen.sensors_disagree)
unsure = fact("unsure", lambda lane, _: lane.seen.sensors_disagree or not lane.seen.known)
nobody_inside = fact("nobody inside", lambda lane, _: lane.seen.inside == 0)
somebody_inside = fact("somebody inside", lambda lane, _: lane.seen.inside >= 1)
one_inside = fact("one inside", lambda lane, _: lane.seen.inside == 1)
two_inside = fact("two inside", lambda lane, _: lane.seen.inside >= 2)
object_left = fact("object left", lambda lane, _: lane.seen.object_inside)
entry_open = fact("entry open", lambda lane, _: lane.seen.entry is OPEN)
entry_closed = fact("entry closed", lambda lane, _: lane.seen.entry is CLOSED)
entry_not_closed = fact("entry not closed", lambda lane, _: lane.seen.entry is not CLOSED)
exit_open = fact("exit open", lambda lane, _: lane.seen.exit is OPEN)
exit_closed = fact("exit closed", lambda lane, _: lane.seen.exit is CLOSED)
a_door_not_closed = fact("a door not closed", lambda lane, _: _doors(lane) != (CLOSED, CLOSED))


def _doors(lane: Lane) -> tuple[DoorPosition, DoorPosition]:
    return (lane.seen.entry, lane.seen.exit)


def contradiction(lane: Lane, _event: object) -> bool:
    """The controller admits a broken interlock, or reports both doors away from closed."""
    seen = lane.seen
    return not seen.interlock_ok or (seen.entry is not CLOSED and seen.exit is not CLOSED)


def somebody_before(lane: Lane, _event: object) -> bool:
    """Somebody is known to be at the reader: the approach sensor says so, or a chip lies on it.

    Nobody is turned away by a sensor that fails: a zone that reads is proof enough of a document, and
    needs no guard. One that does not read, with nobody there, is noise on the line.
    """
    return lane.seen.approach or lane.chip


# ---------------------------------------------------------------- whether the lane can serve


def serviceable(lane: Lane) -> bool:
    return not lane.faults and not lane.seen.sensors_disagree


def clear(lane: Lane, _event: object) -> bool:
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


not_clear = fact("not clear", lambda lane, _: not clear(lane, _))


def closed_and_clear(lane: Lane, event: object) -> bool:
    """No traveller's case is open any more, and what disturbed the lane is gone."""
    return (lane.settled or not lane.open) and clear(lane, event)


def back_in_service(lane: Lane, event: object) -> bool:
    return not lane.latched and serviceable(lane) and clear(lane, event)


def found_inside(lane: Lane, _event: object) -> bool:
    """A lane that would serve if it were empty: switched on, or reached again, with somebody inside."""
    seen = lane.seen
    return (
        not lane.latched
        and serviceable(lane)
        and seen.inside >= 1
        and not seen.emergency
        and DoorPosition.FAULT not in (seen.entry, seen.exit)
    )


# ---------------------------------------------------------------- the document

with_chip = fact("with chip", lambda lane, _: lane.chip)
misread_before = fact("misread before", lambda lane, _: lane.misread)
tries_used = fact("tries used", lambda lane, _: lane.attempts >= CHIP_ATTEMPTS)
presented_before = fact("presented before", lambda lane, _: lane.attempts > 0)
wavered = fact("wavered", lambda lane, _: lane.wavered)
chip_arrived = fact("chip arrived", lambda _, event: event.present)
chip_left = fact("chip left", lambda _, event: not event.present)
readable = fact("readable", lambda _, event: event.readable)
another_document = fact("another document", lambda _, event: event.readable and not event.same)


def enter(lane: Lane, event: v.DocumentVetted) -> bool:
    return event.enter and not lane.faults and clear(lane, event)


enter_but_fault = fact("enter but fault", lambda _, event: event.enter)

# ---------------------------------------------------------------- decisions


def may_exit(lane: Lane, _event: object) -> bool:
    """Rule 2, apart from the committed admit: the one vetted person, between two closed doors."""
    seen = lane.seen
    return (
        (seen.entry, seen.exit, seen.inside) == (CLOSED, CLOSED, 1)
        and lane.confirmed
        and not lane.vacated
        and not seen.sensors_disagree
        and not lane.faults & STOPS_EXIT
    )


admitted = fact("admitted", lambda lane, _: lane.admitted)


def stops_exit_before_it_opened(lane: Lane, _event: object) -> bool:
    return bool(lane.faults & STOPS_EXIT) and lane.seen.exit is CLOSED


case_unsettled = fact("case unsettled", lambda lane, _: lane.open and not lane.settled)


def case_open_outside(lane: Lane, event: object) -> bool:
    return case_unsettled(lane, event) and (lane.seen.inside == 0 or lane.vacated)


def officer_may_release(lane: Lane, event: object) -> bool:
    """The traveller of this transaction is still inside, alone, and nothing keeps the exit from opening."""
    return (
        case_unsettled(lane, event)
        and not lane.vacated
        and lane.seen.inside == 1
        and not lane.seen.sensors_disagree
        and not lane.faults & STOPS_EXIT
    )
