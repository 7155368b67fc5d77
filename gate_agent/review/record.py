"""What review keeps on disk: one inspection, with what machine and officers found on it.

These types are the file format of ``case.json`` (:mod:`gate_agent.review.shelf`): a page that wants
another shape has a type of its own in :mod:`gate_agent.review.views`, made from these. Regions and sizes are
in pixels of the scan as it is kept; the first row is the roof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AliasChoices, Field

from gate_agent.errors import BadInput
from gate_agent.evidence import CheckResult, Outcome, Scalar

PlaneName = Literal["low", "high", "material", "mask"]
ThreatCategory = Literal["EXPLOSIVE", "PI", "CONTRABAND", "ANOMALY", "LAPTOP", "OTHER", "PHARMACEUTICAL"]
AssessmentFlag = Literal["HIGH_THREAT", "THREAT", "NO_THREAT"]
"""NEMA IIC 1 v03: (4010,1012) Threat Category and (4010,1015) ATD Assessment Flag."""

FindingFlag = Literal[AssessmentFlag, "NOT_SEEN"]
"""As above, and of a place that the beam did not come through: nothing is known of it."""

TRAINING_PREFIX: Final = "tip-"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_INDISPENSABLE: Final = "radiation"
"""A check that one officer alone may not do without."""
SUSPICIOUS: Final = {"HIGH_THREAT", "THREAT"}

DEAD, SATURATED, NOT_INSPECTABLE = 1, 2, 4
"""Bits of the ``mask`` plane."""


def check_case_id(case: str) -> str:
    """The id, if it can be an inspection's. Raises BadInput for anything else, a training scan's included."""
    if not _ID.fullmatch(case):
        raise BadInput("is not 1 to 64 letters, digits, - or _", field="id")
    if case.lower().startswith(TRAINING_PREFIX):
        raise BadInput("names a training scan", field="id", advice="training is never evidence")
    return case


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of pixels."""

    column: int
    row: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in the picture and what is said about it. `by` is ``machine`` or an officer id."""

    region: Region
    what: str
    flag: FindingFlag
    by: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that an officer marks. `note` is plain words."""

    region: Region
    category: ThreatCategory
    flag: AssessmentFlag
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlaneInfo:
    """One plane of pixels: transmissions of one energy (16 bits, 65535 is air), material classes or the mask
    (8 bits)."""

    name: PlaneName
    bits: Literal[8, 16]
    peak_kev: float = 0.0


@dataclass(frozen=True, slots=True)
class PictureLayout:
    """How to draw the planes. `row_mm` and `column_mm` are 0 where the pixel size is unknown; `box` is the
    container's outside."""

    rows: int
    columns: int
    planes: tuple[PlaneInfo, ...]
    calibration: str
    row_mm: float = 0.0
    column_mm: float = 0.0
    box: Region | None = None
    penetration_limit: float = 0.0


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
    confirms: Annotated[str, Field(validation_alias=AliasChoices("confirms", "seconds"))] = ""
    """The officer whose proposal it was; ``seconds`` in older records."""


@dataclass(frozen=True, slots=True)
class StoredCase:
    """The record of one inspection on disk. `planes` are in the order of ``picture.planes``."""

    id: str
    container: str
    at: str
    verdict: str
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    needs_review: bool
    picture: PictureLayout | None
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
        seen = [found.what for found in self.findings if found.flag in SUSPICIOUS]
        marked = [
            f"marked by {each.officer}"
            for each in self.annotations
            if any(mark.flag in SUSPICIOUS for mark in each.marks)
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
