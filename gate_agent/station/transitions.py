"""Tables of transitions: what the pure processes of all stations are written in.

A process is a tuple of :class:`Row` in order of priority; the first row that fits an event wins. A second
table, of :class:`Lasts`, says while what each alarm is active. Both are data, so they can be indexed, drawn
(:mod:`gate_agent.station.diagram`) and explored exhaustively.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S")
"""What the process remembers."""
E = TypeVar("E")
"""What can happen."""
F = TypeVar("F")
"""What can be asked for."""
P = TypeVar("P", bound=StrEnum)
"""Where the process is."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The target ``idle`` when the station can serve, ``out_of_service`` otherwise."""


REST = Rest()


@dataclass(frozen=True, slots=True)
class Row(Generic[S, E, F, P]):
    """In one of `phases`, `on` this kind of event and `when` the guard holds: `do`, go `to`.

    `to` None stays in the phase (its timer keeps running). `alarm` is the reason told to officers and hub. A
    row on an officer's order carries it out if it has `accepts`, a code for what the order does here; a row
    without it declines, as does an order that no row fits.
    """

    phases: tuple[P, ...]
    on: type[E]
    when: Callable[[S, E], bool]
    to: P | Rest | None
    do: tuple[Callable[[S, E], tuple[S, tuple[F, ...]]], ...] = ()
    alarm: str = ""
    accepts: str = ""


@dataclass(frozen=True, slots=True)
class Lasts(Generic[S, P]):
    """In one of `phases`, and `when` the guard holds (of no event), alarms of these `reasons` are active.

    An alarm is over when none of its rows fits any more.
    """

    reasons: tuple[str, ...]
    phases: tuple[P, ...]
    when: Callable[[S, None], bool]


def rows_by_event(
    table: Iterable[Row[S, E, F, P]],
) -> dict[type[E], Mapping[StrEnum, tuple[Row[S, E, F, P], ...]]]:
    """The rows for each kind of event and each phase, in the table's order."""
    found: dict[type[E], dict[StrEnum, tuple[Row[S, E, F, P], ...]]] = {}
    for row in table:
        rows = found.setdefault(row.on, {})
        for phase in row.phases:
            rows[phase] = (*rows.get(phase, ()), row)
    return {**found}
