"""Draws the scanner station's process from its table: ``docs/nii-process.md``, kept fresh by a test."""

from __future__ import annotations

from gate_agent.nii.guards import NEEDED, STOPS_RELEASE
from gate_agent.nii.process import PROCESS
from gate_agent.nii.settings import NiiTiming
from gate_agent.station import diagram


def markdown() -> str:
    """The process as Markdown, and which faults keep what from happening."""
    drawn = diagram.markdown(
        PROCESS, "nii", "The scanner station's process", NiiTiming.model_validate({}).bound
    )
    return f"""{drawn}
## Faults

With a fault of {_names(NEEDED)} the lane takes no more trucks; with a fault of
{_names(STOPS_RELEASE)} the release road does not open. Any other fault only leaves its
evidence missing, and a truck that is in the lane already keeps its course.
"""


def _names(sources: frozenset[str]) -> str:
    return ", ".join(f"`{source}`" for source in sorted(sources))
