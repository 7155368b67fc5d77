"""Draws the e-gate process from its table: ``docs/egate-process.md`` is this output, kept fresh by a test."""

from __future__ import annotations

from gate_agent.egate.settings import EgateTiming
from gate_agent.egate.table import SHOWN, TABLE, Rest, Row
from gate_agent.egate.vocabulary import Phase


def markdown() -> str:
    """The process as Markdown: the way of an ordinary traveller, every row, what each phase shows."""
    return "\n".join(
        [
            "# The e-gate process",
            "",
            "Made from `gate_agent/egate/table.py` by `gate-agent process egate`; do not edit.",
            "",
            "The passage and its ways out (referrals, faults and officers are in the table):",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *_arrows(),
            "```",
            "",
            "## Every transition, in order of priority",
            "",
            "The first row that fits wins. `rest` is `idle` when the lane can serve, else `out_of_service`.",
            "",
            "| in | on | when | do | go to |",
            "|---|---|---|---|---|",
            *(_table_row(row) for row in TABLE),
            "",
            "## What each phase shows, and how long it may last",
            "",
            "| phase | outside | inside | instruction | bound |",
            "|---|---|---|---|---|",
            *(_phase_row(phase) for phase in Phase),
            "",
        ]
    )


def _arrows() -> list[str]:
    seen: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        if row.to is None or len(row.phases) > 2:
            continue
        for phase in row.phases:
            events = seen.setdefault((phase.value, _target(row)), [])
            if row.on.__name__ not in events:
                events.append(row.on.__name__)
    return [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in seen.items()]


def _target(row: Row) -> str:
    if isinstance(row.to, Rest):
        return "rest"
    return row.to.value if row.to is not None else ""


def _table_row(row: Row) -> str:
    phases = "any" if len(row.phases) == len(Phase) else ", ".join(p.value for p in row.phases)
    actions = ", ".join(a.__name__.replace("_", " ") for a in row.do)
    guard = row.when.__name__.replace("_", " ")
    return f"| {phases} | {row.on.__name__} | {guard} | {actions} | {_target(row) or '(stays)'} |"


def _phase_row(phase: Phase) -> str:
    outside, inside, instruction = SHOWN[phase]
    seconds = EgateTiming.model_validate({}).bound(phase.value)
    bound = f"{seconds:g} s" if seconds is not None else "none"
    return f"| {phase.value} | {outside.value} | {inside.value} | {instruction} | {bound} |"
