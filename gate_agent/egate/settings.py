"""How long an e-gate waits, and how often a traveller may try again.

Every waiting phase of the lane has its bound here: nobody waits without one (EN 17352 leaves the
values to the operator; the defaults follow common ABC practice of 15-30 s a traveller).
"""

from __future__ import annotations

from pydantic import Field

from gate_agent.settings import Settings


class EgateTiming(Settings):
    """Bounds of the lane's phases, in seconds; each field is named after its phase."""

    document_presented_s: float = Field(
        10.0, gt=0, le=120, description="wait for the chip after the MRZ was read"
    )
    reading_s: float = Field(25.0, gt=0, le=120, description="read and check the chip")
    entry_opening_s: float = Field(20.0, gt=0, le=120, description="entry opens and the traveller walks in")
    entry_occupied_s: float = Field(0.8, gt=0, le=10, description="watch for a second person before closing")
    entry_closing_s: float = Field(12.0, gt=0, le=120, description="entry closes behind the traveller")
    capturing_s: float = Field(20.0, gt=0, le=120, description="take usable pictures of the face")
    deciding_s: float = Field(10.0, gt=0, le=60, description="evaluate the policy and commit the decision")
    exit_opening_s: float = Field(12.0, gt=0, le=60, description="exit opens")
    leaving_s: float = Field(20.0, gt=0, le=120, description="the traveller walks out")
    exit_closing_s: float = Field(12.0, gt=0, le=60, description="exit closes behind the traveller")
    turned_away_s: float = Field(
        6.0, gt=0, le=60, description="show the way to the officer, then serve the next"
    )
    referred_s: float = Field(60.0, gt=0, le=900, description="an officer takes over, or the lane escalates")

    def bound(self, phase: str) -> float | None:
        """The bound of a phase; None where nobody waits for the lane."""
        seconds: float | None = getattr(self, f"{phase}_s", None)
        return seconds


class EgateSettings(Settings):
    """Rules of one lane that are not policy."""

    timing: EgateTiming = Field(EgateTiming.model_construct(), description="bounds of the lane's phases")
    chip_budget_s: float = Field(20.0, gt=0, le=60, description="time for one chip inspection")
    apdu_timeout_s: float = Field(5.0, gt=0, le=30, description="time for one answer of the chip")
    capture_budget_s: float = Field(12.0, gt=0, le=60, description="time to find a matching face")
    capture_frames: int = Field(
        3,
        ge=1,
        le=3,
        description="pictures fused before a comparison; cards are calibrated to 3",
    )
    face_attempts: int = Field(
        2,
        ge=1,
        le=4,
        description="comparisons of one traveller at most; each is judged so strictly that all of them "
        "together keep the operating point's false match rate",
    )
    smallest_eyes_px: float = Field(
        24.0, ge=10, le=500, description="least distance of the eyes in the picture that is compared"
    )
    adult_age_years: int = Field(18, ge=0, le=30, description="younger travellers need an officer")
