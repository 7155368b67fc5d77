"""What the desk keeps, how long an officer may think, and how often training shows a threat."""

from __future__ import annotations

from pydantic import Field

from gate_agent.settings import Settings


class DeskSettings(Settings):
    """The officers' desk of a scanner station."""

    max_scans: int = Field(default=500, ge=2, le=100_000, description="inspections kept; the oldest go first")
    max_bytes: int = Field(
        default=20_000_000_000, ge=1_000_000, description="disk space for inspections; the oldest go first"
    )
    decision_clock_s: float = Field(
        default=60.0, gt=0, le=3600, description="a case undecided for longer than this is escalated"
    )
    training_threat_share: float = Field(
        default=0.7, ge=0, le=1, description="share of training scans that show a projected threat"
    )
    max_statistics: int = Field(
        default=100_000, ge=100, description="decisions and training answers kept; the oldest go first"
    )
