"""An officer's marks on a scan, kept beside it; for a scan that came as DICOS also as a Threat Detection
Report of type OPERATOR (NEMA IIC 1 v03, TDR IOD: Operator Identification Sequence with the officer id).

A report without marks is a statement too: the officer looked and found nothing (AlarmDecision CLEAR).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from gate_agent.errors import BadInput
from gate_agent.review.errors import NotAllowed
from gate_agent.review.record import Annotation, Mark, Region, StoredCase, check_case_id
from gate_agent.review.shelf import Shelf
from gate_agent.review.views import MOST_MARKS, MarksKept
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_tdr import ThreatObject, ThreatReport, write_tdr
from gate_agent.times import rfc3339

MOST_ANNOTATIONS: Final = 100
NOT_DICOS: Final = "the scan did not come as DICOS, so there is nothing that a report could refer to"


def annotate(shelf: Shelf, case: str, officer: str, marks: Sequence[Mark], at: datetime) -> MarksKept:
    """Keep the marks of one officer. Raises BadInput, NotThere, NotAllowed or ShelfError."""
    kept = shelf.case(check_case_id(case))
    if kept.picture is None:
        raise NotAllowed("there is no picture to mark", field="scan")
    if len(kept.annotations) >= MOST_ANNOTATIONS:
        raise NotAllowed(f"it has {MOST_ANNOTATIONS} annotations already", field="scan")
    _check(marks, kept.picture.columns, kept.picture.rows)
    annotation = Annotation(officer, rfc3339(at), tuple(marks))
    if not kept.instance_uids:
        shelf.annotate(case, annotation, None)
        return MarksKept(len(marks), None, NOT_DICOS)

    def write(path: Path) -> None:
        write_tdr(
            operator_report(kept, officer, marks),
            path,
            scan=Scan(kept.container, kept.study_uid, kept.id[-16:]),
            equipment=Equipment("gate-agent", "console", "", kept.station, at),
            at=at,
        )

    return MarksKept(len(marks), shelf.annotate(case, annotation, write))


def operator_report(case: StoredCase, officer: str, marks: Sequence[Mark]) -> ThreatReport:
    """The marks as DICOS says them, in the pixels of the scanner's own image."""
    picture, binning = case.picture, case.binning
    scale = picture.column_mm / binning if picture is not None and picture.column_mm > 0 else 1.0
    return ThreatReport(
        container=case.container,
        study_uid=case.study_uid,
        references=case.instance_uids,
        objects=tuple(
            ThreatObject(
                number,
                mark.region.column * binning,
                mark.region.row * binning,
                mark.region.width * binning,
                mark.region.height * binning,
                mark.category,
                mark.flag,
                mark.note or mark.category.lower(),
            )
            for number, mark in enumerate(marks, start=1)
        ),
        algorithm=("officer", "1"),
        tdr_type="OPERATOR",
        scale=scale,
        operator=officer,
    )


def _check(marks: Sequence[Mark], columns: int, rows: int) -> None:
    if len(marks) > MOST_MARKS:
        raise BadInput(f"more than {MOST_MARKS} marks", field="marks")
    for index, mark in enumerate(marks):
        check_region(mark.region, columns, rows, f"marks.{index}.region")


def check_region(region: Region, columns: int, rows: int, field: str) -> None:
    """Raises BadInput for a region that is not inside the picture."""
    right, bottom = region.column + region.width, region.row + region.height
    if min(region.column, region.row) < 0 or min(region.width, region.height) < 1:
        raise BadInput("is no region", field=field)
    if right > columns or bottom > rows:
        raise BadInput(f"reaches beyond the {columns} x {rows} pixels of the scan", field=field)
