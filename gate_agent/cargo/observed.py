"""What a scan says of a load, in the few figures that a declaration can be held against.

    observe(TriageReport) -> Observed

Maps are dropped: an Observed is small and can be kept for the lot's next container. Figures that a picture
does not give (display pictures: mass and areal density; one energy: classes) are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isinf
from typing import Final

import numpy as np

from gate_agent.cargo.evenness import Evenness, cells_of, evenness_of
from gate_agent.cargo.signature import LoadSignature, load_signature
from gate_agent.scans.image import Calibration
from gate_agent.scans.triage.container import Container
from gate_agent.scans.triage.fill import Fill
from gate_agent.scans.triage.materials import MaterialClass, MaterialMap
from gate_agent.scans.triage.report import TriageReport

CLASSED: Final = (MaterialClass.ORGANIC, MaterialClass.MIXED, MaterialClass.METAL, MaterialClass.HIGH_Z)

_ERRORS: Final = {
    "wedge": (0.05, 0.12),
    "nominal": (0.06, 0.14),
    "single": (0.10, 0.16),
    "hidden": (0.4, 0.5),
}
"""By how much the true mass may be below and above the image's: 95 % of simulated loads (docs/cargo.md)."""


@dataclass(frozen=True, slots=True)
class Mass:
    """A mass with the range in which the true one lies, kg; `most_kg` is infinite for a lower bound."""

    kg: float
    least_kg: float
    most_kg: float

    @property
    def bounded(self) -> bool:
        return not isinf(self.most_kg)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """One scanned load. `shares` are of the goods' area that has a class, `classed` is how much that is;
    `areal` is the typical, `most_areal` the 95th percentile areal density, g/cm²; `beyond` is the share of
    the goods' area that no beam came through. `penetrating`: a beam of the MV range."""

    fill: Fill | None
    calibrated: bool
    penetrating: bool
    construction: bool
    repeat: bool
    mass: Mass | None
    shares: Mapping[MaterialClass, float]
    classed: float
    beyond: float
    areal: float | None
    most_areal: float | None
    evenness: Evenness | None
    signature: LoadSignature | None
    curves: str = ""


def observe(report: TriageReport) -> Observed:
    """The figures of one report. Never raises: what could not be seen is None."""
    image, materials = report.image, report.materials
    shares, classed = _class_shares(materials)
    cells = cells_of(report)
    typical = most = None
    if materials is not None and cells is not None and cells.levels.size:
        typical = float(np.median(cells.levels))
        most = float(np.percentile(cells.levels, 95))
    return Observed(
        fill=None if report.fill is None else report.fill.fill,
        calibrated=image.calibration is Calibration.KNOWN,
        penetrating=image.channels[-1].peak_kev >= 1000,
        construction="SCAN_CONSTRUCTION" in report.reasons,
        repeat="SCAN_REPEAT" in report.reasons,
        mass=_mass(report),
        shares=shares,
        classed=classed,
        beyond=0.0 if materials is None else materials.shares[MaterialClass.BEYOND],
        areal=typical,
        most_areal=most,
        evenness=None if cells is None else evenness_of(cells),
        signature=load_signature(report),
        curves="" if materials is None else materials.curves,
    )


def _class_shares(materials: MaterialMap | None) -> tuple[dict[MaterialClass, float], float]:
    if materials is None:
        return {}, 0.0
    classed = sum(materials.shares[each] for each in CLASSED)
    if classed <= 0:
        return {}, 0.0
    return {each: materials.shares[each] / classed for each in CLASSED}, classed


def _mass(report: TriageReport) -> Mass | None:
    materials, container = report.materials, report.container
    if materials is None or materials.mass_kg is None or container is None:
        return None
    measured = materials.curves if report.image.dual else "single"
    source = "hidden" if isinf(materials.noise) else measured
    below, above = _ERRORS.get(source, _ERRORS["nominal"])
    most = (
        inf
        if materials.mass_at_least
        else materials.mass_kg * (1 + above) + _under(report, container, materials)
    )
    return Mass(materials.mass_kg, materials.mass_kg * (1 - below), most)


def _under(report: TriageReport, container: Container, materials: MaterialMap) -> float:
    """Goods between the floor's boards and the lowest row that triage counts: as dense as those above, kg."""
    inner = container.inner
    rows = container.outer.bottom - inner.bottom
    lowest = materials.areal[max(inner.bottom - 3, inner.top) : inner.bottom, inner.left : inner.right]
    return float(lowest.mean(axis=0).sum()) * rows * report.image.geometry.pixel_cm2 / 1000
