"""One inspection as the desk gets it (:class:`Case`) and as it is kept (:class:`ShelvedCase`).

Only a Case can be shelved, marked, adjudicated or reported. Training scans are of another type and carry ids
that no Case can have, so that a projected threat can never be taken for evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from gate_agent.errors import BadInput
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.review.views import Finding, Mark, PictureView, Region
from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport

TRAINING_PREFIX: Final = "tip-"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_INDISPENSABLE: Final = "radiation"
"""A check that one officer alone may not do without."""
_FLAGS: Final = {"HIGH_THREAT", "THREAT"}


def check_case_id(case: str) -> str:
    """The id, if it can be an inspection's. Raises BadInput for anything else, a training scan's included."""
    if not _ID.fullmatch(case):
        raise BadInput("is not 1 to 64 letters, digits, - or _", field="id")
    if case.lower().startswith(TRAINING_PREFIX):
        raise BadInput("names a training scan", field="id", advice="training is never evidence")
    return case


@dataclass(frozen=True, slots=True, eq=False)
class Case:
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
                "NO_THREAT" if place.flag not in _FLAGS else "THREAT",
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


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file beside the case's record: `name` within its folder, and what it must hash to."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one officer marked. `report` is the OPERATOR TDR's file name, empty where there is none."""

    officer: str
    at: str
    marks: tuple[Mark, ...]
    report: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """How an officer ended the case, and whose proposal that confirmed."""

    verdict: str
    officer: str
    at: str
    seconds: str = ""


@dataclass(frozen=True, slots=True)
class ShelvedCase:
    """The record of one inspection on disk. `planes` are in the order of ``picture.planes``."""

    id: str
    container: str
    at: str
    verdict: str
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    needs_review: bool
    picture: PictureView | None
    findings: tuple[Finding, ...]
    figures: Mapping[str, Scalar]
    planes: tuple[KeptFile, ...]
    energies_kev: tuple[float, ...] = ()
    loading_space: Region | None = None
    study_uid: str = ""
    instance_uids: tuple[str, ...] = ()
    binning: int = 1
    station: str = ""
    annotations: tuple[Annotation, ...] = ()
    reports: tuple[KeptFile, ...] = ()
    settled: Settled | None = None
    filed_by: str = ""

    @property
    def outcome(self) -> str:
        """The verdict that stands: an officer's, else the policy's."""
        return self.settled.verdict if self.settled is not None else self.verdict

    @property
    def objections(self) -> tuple[str, ...]:
        """What machine or officers found on this case: any of these makes a release a matter for two."""
        failed = [check.check for check in self.checks if _objects(check)]
        seen = [found.what for found in self.findings if found.flag in _FLAGS]
        marked = [
            f"marked by {each.officer}"
            for each in self.annotations
            if any(mark.flag in _FLAGS for mark in each.marks)
        ]
        return tuple(dict.fromkeys([*failed, *seen, *marked]))

    @property
    def clean(self) -> bool:
        """Nothing was ever found on it: a picture that training may use."""
        return self.outcome == "release" and not self.objections


def _objects(check: CheckResult) -> bool:
    """A failed check, and one that nobody may miss unless two agree."""
    missed = check.check == _INDISPENSABLE and check.outcome is not Outcome.PASSED
    return check.outcome is Outcome.FAILED or missed
