"""How far declared and observed may lie apart."""

from __future__ import annotations

from pydantic import Field, model_validator

from gate_agent.cargo.lot import LotSettings
from gate_agent.settings import Settings


class MassSettings(Settings):
    """Tolerances of masses, and what an unknown truck or container may weigh."""

    share: float = Field(default=0.05, ge=0, le=1, description="share of the declared mass that is tolerated")
    least_kg: float = Field(default=300.0, ge=0, le=10_000, description="and so much in any case")
    scale_kg: float = Field(default=60.0, ge=0, le=5_000, description="the scale's own uncertainty")
    imprecise_share: float = Field(
        default=0.25, gt=0, le=1, description="a range wider than this share of the mass confirms nothing"
    )
    vehicle_kg: tuple[float, float] = Field(
        default=(9_500.0, 18_000.0), description="an unladen truck with chassis, where none was declared"
    )
    container_kg: tuple[float, float] = Field(
        default=(1_900.0, 5_000.0), description="an empty container, where none was declared"
    )

    @model_validator(mode="after")
    def _ordered(self) -> MassSettings:
        for name in ("vehicle_kg", "container_kg"):
            low, high = getattr(self, name)
            if not 0 < low <= high <= 100_000:
                raise ValueError(f"{name} must be two rising masses")
        return self


class PlausibilitySettings(Settings):
    """How much of a load may be of materials that the declared goods do not explain."""

    least_classed: float = Field(
        default=0.3, gt=0, le=1, description="share of the goods' area that must have a material class"
    )
    organic: float = Field(
        default=0.60, gt=0, le=1, description="unexplained share of organic goods that is implausible"
    )
    mixed: float = Field(
        default=0.50,
        gt=0,
        le=1,
        description="unexplained share of inorganic and light metal goods that is implausible",
    )
    metal: float = Field(
        default=0.12, gt=0, le=1, description="unexplained share of metal goods that is implausible"
    )
    high_z: float = Field(
        default=0.02, gt=0, le=1, description="unexplained share of high-Z goods that is implausible"
    )
    missing: float = Field(
        default=0.10, ge=0, lt=1, description="a load with less than this share of what goods are made of"
    )
    denser: float = Field(default=1.3, ge=1, le=10, description="times the densest that goods are stowed")
    lighter: float = Field(default=0.25, gt=0, le=1, description="times the lightest, at full depth")
    spread: float = Field(default=0.20, gt=0, le=2, description="of goods declared to be of one kind")
    inclusion: float = Field(
        default=0.002, gt=0, le=1, description="share of the load that is far denser than what surrounds it"
    )


class CargoSettings(Settings):
    """Everything that the cargo checks may be set to."""

    mass: MassSettings = Field(default_factory=MassSettings)
    plausibility: PlausibilitySettings = Field(default_factory=PlausibilitySettings)
    lot: LotSettings = Field(default_factory=LotSettings)
    max_age_days: float = Field(default=60.0, gt=0, le=3650, description="of a consignment's manifest")
