"""What triage found as a DICOS Threat Detection Report, for viewers and systems that read those.

Only places go into a report: construction anomalies, high-Z areas, what a detector marked (its score is the
assessment's probability) and areas that could not be seen through.
How full a container is has no place in a TDR and travels in the inspection record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Place:
    """One finding as a TDR assesses it (NEMA IIC 1 v03, ATD Assessment)."""

    box: Box
    description: str
    flag: str = "THREAT"
    ability: str = "NO_INTERFERENCE"
    probability: float | None = None


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
            place.box.left * image.binning,
            place.box.top * image.binning,
            max(place.box.width, 1) * image.binning,
            max(place.box.height, 1) * image.binning,
            "ANOMALY",
            place.flag,
            place.description,
            probability=place.probability,
            ability=place.ability,
        )
        for number, place in enumerate(_places(report), start=1)
    ]
    scale = image.geometry.column_mm / image.binning if image.geometry.known else 1.0
    return ThreatReport(
        container=image.container,
        study_uid=image.provenance.study_uid,
        references=image.provenance.instance_uids,
        objects=tuple(objects),
        algorithm=("gate-agent", VERSION, *([report.threats.detector[:64]] if report.threats else [])),
        processing_ms=processing_ms,
        scale=scale,
    )


def _places(report: TriageReport) -> Iterator[_Place]:
    for anomaly in report.anomalies:
        yield _Place(anomaly.box, f"construction: {anomaly.side.value}")
    for area in report.threats.areas if report.threats is not None else ():
        yield _Place(area.box, f"detector, band {area.band.name.lower()}", probability=area.score)
    if report.materials is not None:
        high_z = report.materials.classes == MaterialClass.HIGH_Z
        for box in _areas(high_z):
            yield _Place(box, "high atomic number")
    if report.inspectable is not None and report.container is not None:
        hidden = np.zeros(report.image.shape, np.bool_)
        inner = report.container.inner.slices
        hidden[inner] = report.inspectable.bands[inner] == Band.NOT_INSPECTABLE
        for box in _areas(hidden):
            yield _Place(box, "not inspectable", flag="NO_THREAT", ability="SHIELD")


def _areas(mask: NDArray[np.bool_]) -> list[Box]:
    """Bounding boxes of the largest connected areas."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    least = max(9, int(_LEAST_AREA * mask.size))
    large = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= least]
    largest = large[np.argsort(-large[:, cv2.CC_STAT_AREA], kind="stable")][:MAX_AREAS]
    return [Box(x, x + w, y, y + h) for x, y, w, h, _ in largest.tolist()]
