"""The scanner station's own checks: what became of the scan, and what triage's figures mean as evidence.

Radiation, weight, seal, code and declaration have their checks in their own rooms. No I/O, no clock; none of
these decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.nii.inspection import Material
from gate_agent.scans.image import Calibration, ScanImage
from gate_agent.scans.triage.report import VERSION, TriageReport

LANE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "TAILGATING": "single_vehicle",
        "INTRUSION": "single_vehicle",
        "HUB_HOLD": "hub_verdict",
        "RADIATION_ALARM": "radiation",
    }
)
"""Which check a diversion by the lane process fails; every other reason fails ``lane_integrity``."""


def lane_in_order(vehicles: int) -> tuple[CheckResult, ...]:
    """What the process established by coming so far as to decide."""
    alone = vehicles == 1
    outcome, reasons = (Outcome.PASSED, ()) if alone else (Outcome.FAILED, ("TAILGATING",))
    return (
        CheckResult("lane_integrity", Outcome.PASSED),
        CheckResult("single_vehicle", outcome, reasons, {"vehicles": vehicles}),
    )


def lane_diversion(reason: str) -> CheckResult | None:
    """The check that a diversion by the lane fails; None for radiation, which has its own evidence."""
    check = LANE_REASONS.get(reason, "lane_integrity")
    return None if check == "radiation" else CheckResult(check, Outcome.FAILED, (reason,))


def scan_received(
    material: Material, image: ScanImage | None, error: GateError | None, container: str
) -> CheckResult:
    """``scan_received``: a readable scan came, and of this container as far as the scanner was told."""
    files = material.newest_scan
    measured: dict[str, Scalar] = {"files": len(files), "rejected": len(material.rejected)}
    if image is None:
        if error is not None:
            return CheckResult(
                "scan_received", Outcome.FAILED, ("SCAN_UNREADABLE",), measured | {"field": error.field}
            )
        if material.rejected:
            return CheckResult("scan_received", Outcome.FAILED, ("SCAN_REJECTED",), measured)
        return CheckResult("scan_received", Outcome.NOT_DONE, ("SCAN_NOT_RECEIVED",), measured)
    measured |= {"energies": len(image.channels), "scans": len(material.scans)}
    versions = {"digest": image.provenance.digest} if image.provenance.digest else {}
    told = image.container or files[-1].container
    if container and told and told != container:
        reasons = ("SCAN_OF_ANOTHER_CONTAINER",)
        return CheckResult("scan_received", Outcome.INCONCLUSIVE, reasons, measured, versions)
    return CheckResult("scan_received", Outcome.PASSED, (), measured, versions)


def triage_checks(report: TriageReport | None) -> tuple[CheckResult, ...]:
    """``scan_quality``, ``inspectable``, ``construction``, ``materials`` and ``threats``."""
    if report is None:
        names = ("scan_quality", "inspectable", "construction", "materials", "threats")
        return tuple(CheckResult(name, Outcome.NOT_DONE) for name in names)
    return (
        _quality(report),
        _inspectable(report),
        _construction(report),
        _materials(report),
        _threats(report),
    )


def _result(
    check: str, report: TriageReport, outcome: Outcome, codes: tuple[str, ...], measured: dict[str, Scalar]
) -> CheckResult:
    """With those of the report's reasons that concern this check."""
    reasons = tuple(code for code in report.reasons if code in codes)
    return CheckResult(check, outcome, reasons, measured, {"triage": VERSION})


def _quality(report: TriageReport) -> CheckResult:
    bad = ("SCAN_CONTAINER_NOT_FOUND", "SCAN_SEVERAL_BOXES", "SCAN_REPEAT")
    codes = (*bad, "SCAN_PART_NOT_EXAMINED", "SCAN_ARTEFACTS")
    measured: dict[str, Scalar] = {
        "calibrated": report.image.calibration is Calibration.KNOWN,
        "dead": round(report.artefacts.dead, 4),
        "saturated": round(report.artefacts.saturated, 4),
    }
    if report.outside is not None:
        measured["outside"] = round(report.outside.matter, 4)
    doubtful = any(code in report.reasons for code in bad)
    outcome = Outcome.INCONCLUSIVE if doubtful else Outcome.PASSED
    return _result("scan_quality", report, outcome, codes, measured)


def _inspectable(report: TriageReport) -> CheckResult:
    if report.inspectable is None:
        return CheckResult("inspectable", Outcome.NOT_DONE, ("SCAN_CONTAINER_NOT_FOUND",))
    measured: dict[str, Scalar] = {"not_inspectable": round(report.inspectable.not_inspectable, 4)}
    dark = "SCAN_NOT_INSPECTABLE" in report.reasons
    codes = ("SCAN_NOT_INSPECTABLE",)
    return _result("inspectable", report, Outcome.FAILED if dark else Outcome.PASSED, codes, measured)


def _construction(report: TriageReport) -> CheckResult:
    if report.container is None:
        return CheckResult("construction", Outcome.NOT_DONE, ("SCAN_CONTAINER_NOT_FOUND",))
    found = len(report.anomalies)
    outcome = Outcome.FAILED if found else Outcome.PASSED
    return _result("construction", report, outcome, ("SCAN_CONSTRUCTION",), {"places": found})


def _materials(report: TriageReport) -> CheckResult:
    why = ("SCAN_CONTAINER_NOT_FOUND", "SCAN_CALIBRATION_UNKNOWN", "SCAN_SINGLE_ENERGY", "SCAN_SCALE_UNKNOWN")
    materials = report.materials
    if materials is None:
        return _result("materials", report, Outcome.NOT_DONE, why, {})
    measured: dict[str, Scalar] = {
        each.name.lower(): round(share, 4) for each, share in materials.shares.items()
    }
    if materials.mass_kg is not None:
        measured["mass_kg"] = round(materials.mass_kg)
        measured["mass_at_least"] = materials.mass_at_least
    codes = ("SCAN_DENSE_MATERIAL", "SCAN_MATERIALS_HIDDEN", "SCAN_MATERIALS_NOMINAL", *why)
    if "SCAN_DENSE_MATERIAL" in report.reasons:
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.INCONCLUSIVE if "SCAN_MATERIALS_HIDDEN" in report.reasons else Outcome.PASSED
    return _result("materials", report, outcome, codes, measured)


def _threats(report: TriageReport) -> CheckResult:
    """What a network says is a reason to look, or none; it never clears what it could not judge, and where
    nobody measured it on this kind of scan it neither clears nor accuses."""
    threats = report.threats
    if threats is None:
        return CheckResult("threats", Outcome.NOT_DONE, ("SCAN_NO_DETECTOR",))
    measured: dict[str, Scalar] = {
        "places": len(threats.areas),
        "score": round(max((area.score for area in threats.areas), default=0.0), 4),
        "not_judged": round(threats.not_judged, 4),
    }
    if not threats.proven:
        outcome = Outcome.INCONCLUSIVE
    else:
        outcome = Outcome.FAILED if threats.areas else Outcome.PASSED
    codes = ("SCAN_THREAT_SUSPECTED", "SCAN_DETECTOR_BLIND", "SCAN_DETECTOR_UNPROVEN")
    result = _result("threats", report, outcome, codes, measured)
    versions = {**result.versions, "detector": threats.detector}
    return CheckResult("threats", outcome, result.reasons, measured, versions)
