"""Draws a station's process from its tables: ``docs/<kind>-process.md``, kept fresh by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from enum import StrEnum
from typing import Any

from gate_agent.station.skeleton import STAYS_CLOSED, Process
from gate_agent.station.transitions import Rest, Row

WIDEST = 2
"""Rows of more phases than this are left out of the picture, which shows the ordinary passage."""


def markdown(
    process: Process[Any, Any, Any, Any], kind: str, title: str, bound: Callable[[str], float | None]
) -> str:
    """The passage as a picture; every row; how long alarms last; what each phase shows, and for how long.

    `bound` is how many seconds a phase may last (None: for ever).
    """
    phases = tuple(process.shown)
    shown = [field.name for field in fields(process.shown[process.idle])]
    return "\n".join(
        [
            f"# {title}",
            "",
            f"Made from `gate_agent/{kind}/table.py` by `gate-agent process {kind}`; do not edit.",
            "",
            "The passage and its ways out (what may happen at any time is in the table):",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *arrows(process.table),
            "```",
            "",
            "## Every transition, in order of priority",
            "",
            "The first row that fits wins. `rest` is `idle` when the station can serve, else",
            "`out_of_service`. A row that says `accept` takes an order, with the code of what it does; any",
            f"other is declined. One that leads to a `rest` out of service does `{STAYS_CLOSED}`.",
            "",
            "| in | on | when | do | go to |",
            "|---|---|---|---|---|",
            *(_row(row, phases) for row in process.table),
            "",
            "## How long an alarm lasts",
            "",
            "An alarm is active while one of its rows holds, `DEVICE_FAULT` while the device is a fault.",
            *_acknowledged(process.until_acknowledged),
            "",
            "| alarm | in | while |",
            "|---|---|---|",
            *(
                _line(", ".join(row.reasons), _phases(row.phases, phases), _name(row.when))
                for row in process.lasting
            ),
            "",
            "## What each phase shows, and how long it may last",
            "",
            f"| phase | {' | '.join(shown)} | bound |",
            "|---" * (len(shown) + 2) + "|",
            *(
                _line(phase, *(str(getattr(shows, name)) for name in shown), _bound(bound(phase)))
                for phase, shows in process.shown.items()
            ),
            "",
        ]
    )


def arrows(table: Iterable[Row[Any, Any, Any, Any]]) -> list[str]:
    """A Mermaid state diagram's lines, one for two phases each."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in table:
        if row.to is None or len(row.phases) > WIDEST:
            continue
        for phase in row.phases:
            events = found.setdefault((phase.value, _target(row)), [])
            if row.on.__name__ not in events:
                events.append(row.on.__name__)
    return [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in found.items()]


def _row(row: Row[Any, Any, Any, Any], every: tuple[StrEnum, ...]) -> str:
    doing = [_name(action) for action in row.do]
    doing += [f"alarm {row.alarm}"] * bool(row.alarm) + [f"accept {row.accepts}"] * bool(row.accepts)
    target = _target(row) or "(stays)"
    return _line(_phases(row.phases, every), row.on.__name__, _name(row.when), ", ".join(doing), target)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _target(row: Row[Any, Any, Any, Any]) -> str:
    if isinstance(row.to, Rest):
        return "rest"
    return row.to.value if row.to is not None else ""


def _phases(phases: tuple[StrEnum, ...], every: tuple[StrEnum, ...]) -> str:
    return "any" if len(phases) == len(every) else ", ".join(phases)


def _name(function: Callable[..., object]) -> str:
    return function.__name__.strip("_").replace("_", " ")


def _acknowledged(reasons: frozenset[str]) -> list[str]:
    if not reasons:
        return []
    names = ", ".join(f"`{reason}`" for reason in sorted(reasons))
    return [f"What has left cannot be seen to end: {names} last until an officer acknowledges."]


def _bound(seconds: float | None) -> str:
    return f"{seconds:g} s" if seconds is not None else "none"
