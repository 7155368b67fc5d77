"""Runs the whole triage of one scan and says what was found, with which figures, and what could not be done.

    triage(image, curves, detector) -> TriageReport

Reasons are upper-case codes; each is in REASONS with words for the officer. The report decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import Final

from gate_agent.scans.errors import ScanUnusable
from gate_agent.scans.image import Calibration, ScanImage
from gate_agent.scans.triage.anomalies import Anomaly, find_anomalies
from gate_agent.scans.triage.artefacts import Artefacts, clean
from gate_agent.scans.triage.container import Container, Outside, find_container, outside_of
from gate_agent.scans.triage.curves import MaterialCurves, nominal_curves
from gate_agent.scans.triage.detector import Detector
from gate_agent.scans.triage.fill import FillProfile, fill_profile
from gate_agent.scans.triage.inspectable import InspectableMap, inspectable_map
from gate_agent.scans.triage.materials import MaterialClass, MaterialMap, material_map, noise_floor
from gate_agent.scans.triage.threats import ThreatFindings, look_for_threats

VERSION: Final = "triage-1"

_NOT_INSPECTABLE_SHARE: Final = 0.02
_OUTSIDE_SHARE: Final = 0.02
_ANOTHER_BOX: Final = 0.55  # of the box's width; a cab beside a 20-foot container is 0.3 to 0.45
_JOINT: Final = 1.2  # of 79 real boxes: 75 single ones up to 0.47, 4 pairs from 1.76 (docs/scans.md)
_HIGH_Z_SHARE: Final = 0.005
_WALL_STEEL: Final = 4.5  # g/cm²: both walls with their folds; more is goods
_WALL_UNKNOWN: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class TriageReport:
    """Everything triage knows of one scan. Parts that were not possible are None; `reasons` say why.

    `threats` is None where no detector looked, which is not the same as nothing found. Only the container is
    examined; `outside` is what else there was in the frame.
    """

    image: ScanImage
    artefacts: Artefacts
    container: Container | None
    fill: FillProfile | None
    materials: MaterialMap | None
    anomalies: tuple[Anomaly, ...]
    inspectable: InspectableMap | None
    reasons: tuple[str, ...]
    threats: ThreatFindings | None = None
    outside: Outside | None = None

    def to_json(self) -> dict[str, object]:
        """Figures without the maps."""
        found: dict[str, object] = {
            "version": VERSION,
            "container": self.image.container,
            "format": self.image.provenance.format,
            "digest": self.image.provenance.digest,
            "calibration": self.image.calibration.value,
            "energies_kev": [channel.peak_kev for channel in self.image.channels],
            "size": {"columns": self.image.shape[1], "rows": self.image.shape[0]},
            "reasons": list(self.reasons),
            "artefacts": {
                "rows": len(self.artefacts.rows),
                "columns": len(self.artefacts.columns),
                "saturated": round(self.artefacts.saturated, 4),
                "dead": round(self.artefacts.dead, 4),
            },
            "anomalies": [anomaly.to_json() for anomaly in self.anomalies],
        }
        if self.container is not None:
            found["box"] = self.container.outer.to_json()
        if self.outside is not None:
            found["outside"] = self.outside.to_json()
        if self.fill is not None:
            found["fill"] = _fill_json(self.fill)
        if self.inspectable is not None:
            found["penetration"] = {b.name.lower(): share for b, share in self.inspectable.shares.items()}
        if self.materials is not None:
            found["materials"] = _materials_json(self.materials)
        if self.threats is not None:
            found["threats"] = self.threats.to_json()
        return found


def _fill_json(fill: FillProfile) -> dict[str, object]:
    return {
        "class": fill.fill.value,
        "cover": round(fill.cover, 4),
        "floor_cover": round(fill.floor_cover, 4),
        "refrigerated": fill.refrigerated,
        "heights": list(fill.heights),
    }


def _materials_json(materials: MaterialMap) -> dict[str, object]:
    return {
        "shares": {each.name.lower(): share for each, share in materials.shares.items() if share},
        "mass_kg": None if materials.mass_kg is None else round(materials.mass_kg),
        "mass_at_least": materials.mass_at_least,
        "curves": materials.curves,
    }


def triage(
    image: ScanImage, curves: MaterialCurves | None = None, detector: Detector | None = None
) -> TriageReport:
    """Look at one scan; without `detector` the report says that none looked.

    Raises ScanUnusable only when there is nothing to look at, NetworkError when the detector fails.
    """
    cleaned, artefacts = clean(image)
    if artefacts.dead >= 0.95:
        raise ScanUnusable("nearly all of the picture is dead", field="pixels", advice="check the scanner")
    reasons = _quality(cleaned, artefacts)
    known = cleaned.calibration is Calibration.KNOWN
    container = find_container(cleaned)
    if container is None or container.inner.width < 8 or container.inner.height < 8:
        reasons += ["SCAN_CONTAINER_NOT_FOUND", "SCAN_NO_DETECTOR"]
        return TriageReport(cleaned, artefacts, None, None, None, (), None, tuple(reasons))
    used = (curves or _nominal(cleaned)) if known else None
    limit = used.high_of("steel", _WALL_STEEL) if used is not None else _WALL_UNKNOWN
    fill = fill_profile(cleaned, container, limit)
    anomalies = tuple(find_anomalies(cleaned, container, fill))
    seen = inspectable_map(cleaned, container.inner, noise_floor(cleaned))
    materials = material_map(cleaned, container.inner, fill, used) if used is not None else None
    threats = look_for_threats(cleaned, container, seen, detector) if detector is not None else None
    outside = outside_of(cleaned, container)
    reasons += _beside(outside) + _findings(anomalies, seen, materials) + suspicions(threats)
    return TriageReport(
        cleaned, artefacts, container, fill, materials, anomalies, seen, tuple(reasons), threats, outside
    )


def _nominal(image: ScanImage) -> MaterialCurves | None:
    low, high = image.channels[0].peak_kev, image.channels[-1].peak_kev
    return (
        nominal_curves(low, high) if low >= 50 and high <= 20_000 and (not image.dual or low < high) else None
    )


def _quality(image: ScanImage, artefacts: Artefacts) -> list[str]:
    reasons: list[str] = []
    if image.calibration is Calibration.UNKNOWN:
        reasons.append("SCAN_CALIBRATION_UNKNOWN")
    elif not image.dual:
        reasons.append("SCAN_SINGLE_ENERGY")
    if not image.geometry.known:
        reasons.append("SCAN_SCALE_UNKNOWN")
    if artefacts.rows or artefacts.columns or artefacts.saturated > 0.01:
        reasons.append("SCAN_ARTEFACTS")
    if artefacts.excessive:
        reasons.append("SCAN_REPEAT")
    return reasons


def _beside(outside: Outside) -> list[str]:
    reasons = ["SCAN_PART_NOT_EXAMINED"] if outside.matter > _OUTSIDE_SHARE else []
    several = outside.as_high > _ANOTHER_BOX or outside.joint > _JOINT
    return reasons + (["SCAN_SEVERAL_BOXES"] if several else [])


def _findings(
    anomalies: tuple[Anomaly, ...], seen: InspectableMap, materials: MaterialMap | None
) -> list[str]:
    reasons: list[str] = []
    if seen.not_inspectable > _NOT_INSPECTABLE_SHARE:
        reasons.append("SCAN_NOT_INSPECTABLE")
    if anomalies:
        reasons.append("SCAN_CONSTRUCTION")
    if materials is not None:
        if isinf(materials.noise):
            reasons.append("SCAN_MATERIALS_HIDDEN")
        if materials.curves == "nominal":
            reasons.append("SCAN_MATERIALS_NOMINAL")
        if materials.shares[MaterialClass.HIGH_Z] > _HIGH_Z_SHARE:
            reasons.append("SCAN_DENSE_MATERIAL")
    return reasons


def suspicions(threats: ThreatFindings | None) -> list[str]:
    """The reasons that a detector's findings, or that none looked, give."""
    if threats is None:
        return ["SCAN_NO_DETECTOR"]
    reasons = ["SCAN_THREAT_SUSPECTED"] if threats.areas else []
    reasons += [] if threats.proven else ["SCAN_DETECTOR_UNPROVEN"]
    return reasons + (["SCAN_DETECTOR_BLIND"] if threats.not_judged > _NOT_INSPECTABLE_SHARE else [])
