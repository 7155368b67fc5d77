"""What the console may see and ask of a scanner station's desk, and nothing else of that station.

:class:`ScanDesk` is implemented by the station (``gate_agent.review``); the views are plain values. Scans
and training scans are different types on different paths: a projected threat (TIP) has no path to evidence.
Regions and sizes are in pixels of the scan as it is kept; the first row is the roof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gate_agent.evidence import CheckResult, Scalar
from gate_agent.readmodel import OfficerAction, OrderResult
from gate_agent.review.record import Finding, Mark, PictureLayout, Region

Want = Literal["decision", "documentation"]
TrainingOutcome = Literal["hit", "miss", "false_alarm", "correct_rejection"]

MOST_MARKS = 64


@dataclass(frozen=True, slots=True)
class Plane:
    """Little-endian pixels, row by row. `binning`: how many pixels of the scan one of these covers."""

    data: bytes
    rows: int
    columns: int
    bits: Literal[8, 16]
    binning: int = 1


@dataclass(frozen=True, slots=True)
class ScanCard:
    """One line in a list of scans."""

    id: str
    container: str
    at: str
    verdict: str
    has_picture: bool


@dataclass(frozen=True, slots=True)
class ScanView:
    """One inspection: picture, findings, checks. `previous`: the last scan of the same container.

    `reports`: how many OPERATOR TDRs (DICOS) were written about it.
    """

    id: str
    container: str
    at: str
    verdict: str
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    picture: PictureLayout | None
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    previous: str = ""
    reports: int = 0


@dataclass(frozen=True, slots=True)
class MarksKept:
    """An officer's marks were kept. `report` numbers the OPERATOR TDR; None: `why_none` says why."""

    marks: int
    report: int | None
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One case that waits for an officer. Times in seconds; `left_s` is None where no clock runs.

    `second_person`: why a release needs two officers; empty where one is enough.
    """

    id: str
    container: str
    at: str
    want: Want
    waited_s: float
    left_s: float | None
    escalated: bool
    claimed_by: str
    proposed_by: str
    proposed_reason: str
    second_person: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorFigures:
    """One officer's work at this station. Medians in seconds, None without a case."""

    officer: str
    released: int
    inspected: int
    proposed: int
    confirmed: int
    overruled: int
    decision_median_s: float | None
    hits: int
    misses: int
    false_alarms: int
    correct_rejections: int
    training_median_s: float | None


@dataclass(frozen=True, slots=True)
class TrainingView:
    """A training scan: a copy of a clean scan, perhaps with a projected threat (TIP)."""

    id: str
    officer: str
    picture: PictureLayout
    tag: Literal["TRAINING"] = "TRAINING"


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What was really there. `region` is None for a scan without threat."""

    outcome: TrainingOutcome
    threat: str
    region: Region | None
    background: float
    seconds: float


class ScanDesk(Protocol):
    """The desk of a scanner station. Methods raise NotThere, NotAllowed or another GateError; the synchronous
    ones may read files and are called in worker threads."""

    def scans(self, container: str, limit: int) -> Sequence[ScanCard]: ...

    def scan(self, scan: str) -> ScanView: ...

    def plane(self, scan: str, number: int, most: int) -> Plane:
        """Binned so that neither side is longer than `most` pixels."""
        ...

    def annotate(self, scan: str, officer: str, marks: Sequence[Mark]) -> MarksKept: ...

    def report(self, scan: str, number: int) -> bytes:
        """An OPERATOR TDR, as a DICOS file."""
        ...

    def queue(self) -> Sequence[QueueEntry]: ...

    def claim(self, case: str, officer: str) -> None: ...

    def hand_back(self, case: str, officer: str) -> None: ...

    def file_away(self, case: str, officer: str) -> None:
        """The documentation of a case is done."""
        ...

    async def order(self, order: OfficerAction) -> OrderResult:
        """Release or inspect the case of the order's transaction, by the rules of adjudication."""
        ...

    def statistics(self) -> Sequence[OperatorFigures]: ...

    def start_training(self, officer: str) -> TrainingView: ...

    def training_plane(self, training: str, number: int, most: int) -> Plane: ...

    def answer_training(self, training: str, officer: str, regions: Sequence[Region]) -> TrainingResult:
        """The officer's answer: where the threat is; no region says that there is none."""
        ...
