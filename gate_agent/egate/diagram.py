"""Draws the e-gate process from its table: ``docs/egate-process.md`` is this output, kept fresh by a test."""

from __future__ import annotations

from gate_agent.egate.settings import EgateTiming
from gate_agent.egate.table import SHOWN, TABLE
from gate_agent.egate.vocabulary import Phase
from gate_agent.station.transitions import arrows, listing


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
            *arrows(TABLE, widest=2),
            "```",
            "",
            "## Every transition, in order of priority",
            "",
            "The first row that fits wins. `rest` is `idle` when the lane can serve, else `out_of_service`.",
            "",
            *listing(TABLE, Phase),
            "",
            "## What each phase shows, and how long it may last",
            "",
            "| phase | outside | inside | instruction | bound |",
            "|---|---|---|---|---|",
            *(_phase_row(phase) for phase in Phase),
            "",
        ]
    )


def _phase_row(phase: Phase) -> str:
    outside, inside, instruction = SHOWN[phase]
    seconds = EgateTiming.model_validate({}).bound(phase.value)
    bound = f"{seconds:g} s" if seconds is not None else "none"
    return f"| {phase.value} | {outside.value} | {inside.value} | {instruction} | {bound} |"
