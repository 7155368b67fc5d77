"""Draws the scanner station's process from its table: ``docs/nii-process.md``, kept fresh by a test."""

from __future__ import annotations

from gate_agent.nii.guards import NEEDED, STOPS_RELEASE
from gate_agent.nii.settings import NiiTiming
from gate_agent.nii.table import SHOWN, TABLE
from gate_agent.nii.vocabulary import Phase
from gate_agent.station.transitions import arrows, listing


def markdown() -> str:
    """The process as Markdown: the way of an ordinary truck, every row, what each phase shows."""
    return "\n".join(
        [
            "# The scanner station's process",
            "",
            "Made from `gate_agent/nii/table.py` by `gate-agent process nii`; do not edit.",
            "",
            "The passage and its ways out (faults and officers at any time are in the table):",
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
            "| phase | entry signal | hold line signal | instruction | bound |",
            "|---|---|---|---|---|",
            *(_phase_row(phase) for phase in Phase),
            "",
            "## Faults",
            "",
            f"With a fault of {_names(NEEDED)} the lane takes no more trucks; with a fault of",
            f"{_names(STOPS_RELEASE)} the release road does not open. Any other fault only leaves its",
            "evidence missing, and a truck that is in the lane already keeps its course.",
            "",
        ]
    )


def _phase_row(phase: Phase) -> str:
    entry, hold, instruction = SHOWN[phase]
    seconds = NiiTiming.model_validate({}).bound(phase.value)
    bound = f"{seconds:g} s" if seconds is not None else "none"
    return f"| {phase.value} | {entry.value} | {hold.value} | {instruction} | {bound} |"


def _names(sources: frozenset[str]) -> str:
    return ", ".join(f"`{source}`" for source in sorted(sources))
