"""One inspection as the station hands it to review.

Only a ReviewCase can be kept, marked, adjudicated or reported. Training scans are of another type and carry
ids that no ReviewCase can have, so that a projected threat can never be taken for evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gate_agent.evidence import CheckResult, Scalar
from gate_agent.review.record import SUSPICIOUS, Finding, FindingFlag, Region, check_case_id
from gate_agent.scans.dicos_tdr import ThreatObject
from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport


@dataclass(frozen=True, slots=True, eq=False)
class ReviewCase:
    """What the station knows of one truck when its checks are done.

    `id` is the transaction's; `at` RFC 3339; `image` and `report` are None when there was no usable scan;
    `verdict` is the policy's.
    """

    id: str
    container: str
    at: str
    image: ScanImage | None
    report: TriageReport | None
    checks: tuple[CheckResult, ...]
    verdict: str
    reasons: tuple[str, ...]
    needs_review: bool

    def __post_init__(self) -> None:
        check_case_id(self.id)

    def findings(self) -> tuple[Finding, ...]:
        """The places that triage names, in the pixels of the image."""
        if self.report is None:
            return ()
        image = self.report.image
        # A TDR must refer to DICOS instances; here only its places are wanted, whatever the scan came as.
        named = replace(image.provenance, instance_uids=image.provenance.instance_uids or ("0",))
        places = threat_report(replace(self.report, image=replace(image, provenance=named))).objects
        return tuple(
            Finding(
                Region(
                    place.column // image.binning,
                    place.row // image.binning,
                    max(1, place.width // image.binning),
                    max(1, place.height // image.binning),
                ),
                place.description,
                _flag(place),
                "machine",
            )
            for place in places
        )

    def figures(self) -> dict[str, Scalar]:
        """What triage measured, for the officer's eye."""
        report = self.report
        if report is None:
            return {}
        found: dict[str, Scalar] = {"calibration": report.image.calibration.value}
        if report.image.provenance.format:
            found["format"] = report.image.provenance.format
        if report.fill is not None:
            found["fill"] = report.fill.fill.value
            found["cover_percent"] = round(100 * report.fill.cover, 1)
        if report.inspectable is not None:
            found["not_inspectable_percent"] = round(100 * report.inspectable.not_inspectable, 1)
        if report.materials is not None and report.materials.mass_kg is not None:
            bound = "mass_at_least_kg" if report.materials.mass_at_least else "mass_kg"
            found[bound] = round(report.materials.mass_kg)
        return found


def _flag(place: ThreatObject) -> FindingFlag:
    """What is shown of a place that a report names. A shielded one is no threat to a report, and unknown to
    whoever decides."""
    if place.ability == "SHIELD":
        return "NOT_SEEN"
    return "THREAT" if place.flag in SUSPICIOUS else "NO_THREAT"
