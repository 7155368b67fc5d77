"""What triage found as a DICOS Threat Detection Report, for viewers and systems that read those.

Only places go into a report: construction anomalies, high-Z areas and areas that could not be seen through.
How full a container is has no place in a TDR and travels in the inspection record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.dicos_tdr import ThreatObject, ThreatReport
from gate_agent.scans.errors import ScanMalformed
from gate_agent.scans.triage.container import Box
from gate_agent.scans.triage.inspectable import Band
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import VERSION, TriageReport

MAX_AREAS: Final = 32
_LEAST_AREA: Final = 0.0005  # of the image


def threat_report(report: TriageReport, *, processing_ms: float = 0.0) -> ThreatReport:
    """The machine's report. Raises ScanMalformed for a scan that did not come as DICOS: there is nothing to
    refer to."""
    image = report.image
    if not image.provenance.instance_uids:
        raise ScanMalformed(
            "no DICOS instance to refer to", field="provenance", advice="keep the JSON report"
        )
    objects = [
        ThreatObject(
            number,
            box.left * image.binning,
            box.top * image.binning,
            max(box.width, 1) * image.binning,
            max(box.height, 1) * image.binning,
            "ANOMALY",
            flag,
            description,
            ability=ability,
        )
        for number, (box, flag, ability, description) in enumerate(_places(report), start=1)
    ]
    scale = image.geometry.column_mm / image.binning if image.geometry.known else 1.0
    return ThreatReport(
        container=image.container,
        study_uid=image.provenance.study_uid,
        references=image.provenance.instance_uids,
        objects=tuple(objects),
        algorithm=("gate-agent", VERSION),
        processing_ms=processing_ms,
        scale=scale,
    )


def _places(report: TriageReport) -> Iterator[tuple[Box, str, str, str]]:
    """Box, assessment flag, ability and words of each finding."""
    for anomaly in report.anomalies:
        yield anomaly.box, "THREAT", "NO_INTERFERENCE", f"construction: {anomaly.side.value}"
    if report.materials is not None:
        high_z = report.materials.classes == MaterialClass.HIGH_Z
        for box in _areas(high_z):
            yield box, "THREAT", "NO_INTERFERENCE", "high atomic number"
    if report.inspectable is not None and report.container is not None:
        hidden = np.zeros(report.image.shape, np.bool_)
        inner = report.container.inner.slices
        hidden[inner] = report.inspectable.bands[inner] == Band.NOT_INSPECTABLE
        for box in _areas(hidden):
            yield box, "NO_THREAT", "SHIELD", "not inspectable"


def _areas(mask: NDArray[np.bool_]) -> list[Box]:
    """Bounding boxes of the largest connected areas."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    least = max(9, int(_LEAST_AREA * mask.size))
    rows = [[int(v) for v in row] for row in stats[1:] if int(row[cv2.CC_STAT_AREA]) >= least]
    rows.sort(key=lambda row: -row[4])
    return [Box(x, x + w, y, y + h) for x, y, w, h, _ in rows[:MAX_AREAS]]
