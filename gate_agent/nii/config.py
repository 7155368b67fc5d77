"""A scanner station's configuration: its sections, and what must be right inside its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from gate_agent.cargo.settings import CargoSettings
from gate_agent.cargo.store import ManifestSettings, ManifestStore
from gate_agent.errors import GateError
from gate_agent.nii.facts import NII_CHECKS
from gate_agent.nii.settings import NiiSettings
from gate_agent.policy import load_policy
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.review.settings import DeskSettings
from gate_agent.scans.triage.curves import load_curves
from gate_agent.scans.triage.detector import load_detector
from gate_agent.settings import Settings
from gate_agent.station.settings import StationConfig
from gate_agent.toml_source import ConfigProblem, Problems, TomlSource
from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.weighing import WeighingSettings


class ScanSettings(Settings):
    """How scans are looked at, and what this scanner's pictures mean where they do not say it themselves."""

    curves: Path | None = Field(
        None,
        description="step wedge calibration (JSON) of this scanner; without one: a textbook beam",
    )
    detect_threats: bool = Field(True, description="let the threat detector look at scans")
    detector: Path | None = Field(
        None, description="card of the operator's own threat detector; the built-in one is used without"
    )
    scanner: str = Field(
        "",
        max_length=64,
        description="make and model, or name, of this scanner: the detector is believed only where its card "
        "has figures for it",
    )
    linear: bool = Field(False, description="16-bit pictures are proportional to dose")
    dark_is_air: bool = Field(False, description="in pictures, air is black")
    pixel_mm: float = Field(0.0, ge=0, le=100, description="pixel size of pictures, mm; 0 is unknown")
    peak_kev: float = Field(0.0, ge=0, le=50_000, description="beam energy of pictures, keV; 0 is unknown")


class NiiConfig(StationConfig):
    """Everything that a scanner station's agent needs."""

    manifests: ManifestSettings = Field(description="what was declared of the containers")
    scans: ScanSettings = Field(
        default=ScanSettings.model_validate({}), description="how scans are looked at"
    )
    codes: RecogniserSettings = Field(
        default_factory=RecogniserSettings, description="how container codes are read"
    )
    radiation: RadiationSettings = Field(
        default=RadiationSettings(), description="how the portal's counts are judged"
    )
    weighing: WeighingSettings = Field(default=WeighingSettings(), description="when a weight counts")
    cargo: CargoSettings = Field(
        default_factory=CargoSettings, description="how far declared and observed may lie apart"
    )
    desk: DeskSettings = Field(default=DeskSettings.model_validate({}), description="the officers' desk")
    nii: NiiSettings = Field(default=NiiSettings.model_validate({}), description="the lane's times")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Officers hear of a review that waits too long before the lane itself ends it."""
        if self.desk.decision_clock_s >= self.nii.timing.review_s:
            raise ValueError("desk.decision_clock_s must be less than nii.timing.review_s")
        return self


def contents(config: NiiConfig, source: TomlSource) -> Iterator[ConfigProblem]:
    """What is wrong inside the files that the configuration names."""
    policy, scans = config.policy, config.scans
    try:
        load_policy(policy.file, policy.public_key, allow_unsigned=policy.allow_unsigned, table=NII_CHECKS)
    except Problems as error:
        yield from error.problems
    for problem in ManifestStore(config.manifests.directory).refresh():
        yield source.problem(("manifests", "directory"), f"{problem.field}: {problem.what}", problem.advice)
    for name, path, load in (
        ("curves", scans.curves, load_curves),
        ("detector", scans.detector, load_detector),
    ):
        if path is None:
            continue
        try:
            load(path)
        except GateError as error:
            yield source.problem(("scans", name), f"{error.field}: {error.what}", error.advice)
