"""Draws the e-gate process from its table: ``docs/egate-process.md`` is this output, kept fresh by a test."""

from __future__ import annotations

from gate_agent.egate.process import PROCESS
from gate_agent.egate.settings import EgateTiming
from gate_agent.station import diagram


def markdown() -> str:
    return diagram.markdown(PROCESS, "egate", "The e-gate process", EgateTiming.model_validate({}).bound)
