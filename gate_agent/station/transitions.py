"""Tables of transitions: what the pure processes of all stations are written in.

A process is a tuple of :class:`Row` in order of priority; the first row that fits an event wins. A row is
data, so a table can be indexed, drawn (:func:`arrows`, :func:`listing`) and explored exhaustively.
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

    `to` None stays in the phase (its timer keeps running). The first row that fits wins.
    """

    phases: tuple[P, ...]
    on: type[E]
    when: Callable[[S, E], bool]
    to: P | Rest | None
    do: tuple[Callable[[S, E], tuple[S, tuple[F, ...]]], ...] = ()


def index(table: Iterable[Row[S, E, F, P]]) -> Mapping[tuple[P, type[E]], tuple[Row[S, E, F, P], ...]]:
    """The rows for each phase and kind of event, in the table's order."""
    rows: dict[tuple[P, type[E]], list[Row[S, E, F, P]]] = {}
    for row in table:
        for phase in row.phases:
            rows.setdefault((phase, row.on), []).append(row)
    return {key: tuple(found) for key, found in rows.items()}


def perform(row: Row[S, E, F, P], state: S, event: E) -> tuple[S, list[F]]:
    """The row's actions, one after the other, each on what the last one left."""
    effects: list[F] = []
    for action in row.do:
        state, done = action(state, event)
        effects += done
    return state, effects


# ---------------------------------------------------------------- drawing


def arrows(table: Iterable[Row[S, E, F, P]], *, widest: int) -> list[str]:
    """A Mermaid state diagram's lines, one for two phases each, without rows of more than `widest` phases."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in table:
        if row.to is None or len(row.phases) > widest:
            continue
        for phase in row.phases:
            events = found.setdefault((phase.value, _target(row)), [])
            if row.on.__name__ not in events:
                events.append(row.on.__name__)
    return [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in found.items()]


def listing(table: Iterable[Row[S, E, F, P]], phases: type[P]) -> list[str]:
    """Every row as a line of a Markdown table, below its head."""
    return [
        "| in | on | when | do | go to |",
        "|---|---|---|---|---|",
        *(_line(r, len(phases)) for r in table),
    ]


def _line(row: Row[S, E, F, P], phases: int) -> str:
    source = "any" if len(row.phases) == phases else ", ".join(p.value for p in row.phases)
    actions = ", ".join(a.__name__.replace("_", " ") for a in row.do)
    guard = row.when.__name__.replace("_", " ")
    return f"| {source} | {row.on.__name__} | {guard} | {actions} | {_target(row) or '(stays)'} |"


def _target(row: Row[S, E, F, P]) -> str:
    if isinstance(row.to, Rest):
        return "rest"
    return row.to.value if row.to is not None else ""
