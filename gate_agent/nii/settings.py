"""How long a scanner station waits: bounds of its phases, time for what its devices owe.

No truck waits without a bound. The defaults follow drive-through lanes, which pass a truck at 5-15 km/h;
what an officer's look may take is the operator's to choose.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from gate_agent.settings import Settings


class NiiTiming(Settings):
    """Bounds of the lane's phases, in seconds; each field is named after its phase."""

    entry_opening_s: float = Field(60.0, gt=0, le=600, description="entry opens and the truck drives in")
    scanning_s: float = Field(
        180.0, gt=0, le=900, description="entry closes behind the truck, and it drives to the hold line"
    )
    gathering_s: float = Field(
        60.0, gt=0, le=600, description="scan, portal, scale, cameras and seals answer"
    )
    deciding_s: float = Field(15.0, gt=0, le=120, description="evaluate the policy and commit the decision")
    releasing_s: float = Field(90.0, gt=0, le=600, description="release barrier opens and the truck leaves")
    review_s: float = Field(
        900.0, gt=0, le=7200, description="an officer decides; afterwards the truck goes to inspection"
    )
    directing_s: float = Field(
        180.0, gt=0, le=1800, description="inspection barrier opens and the truck drives there"
    )
    clearing_s: float = Field(60.0, gt=0, le=600, description="the barriers close behind the truck")

    def bound(self, phase: str) -> float | None:
        """The bound of a phase; None where nobody waits for the lane."""
        seconds: float | None = getattr(self, f"{phase}_s", None)
        return seconds


class NiiSettings(Settings):
    """Rules of one scanner lane that are not policy."""

    timing: NiiTiming = Field(NiiTiming.model_construct(), description="bounds of the lane's phases")
    gather_budget_s: float = Field(
        45.0, gt=0, le=600, description="time for the devices' answers and their examination"
    )
    second_energy_s: float = Field(
        10.0, ge=0, le=120, description="wait for the second energy after a scan of one came"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """What is waited for inside a phase must end before the phase's own bound cuts it off."""
        timing = self.timing
        if self.gather_budget_s >= timing.gathering_s:
            raise ValueError("gather_budget_s must be less than timing.gathering_s")
        if self.second_energy_s >= self.gather_budget_s:
            raise ValueError("second_energy_s must be less than gather_budget_s")
        return self
