"""Suspicious objects in the loading space, by a trained detector, where its card states rates for what it
says.

    look_for_threats(image, container, inspectable, detector) -> ThreatFindings
    look_for_threats(the same) -> ThreatFindings: the areas, and how much could not be judged

How well a detector sees depends on how much of the beam is left, so that each band of penetration has its own
threshold and rates (:mod:`gate_agent.scans.triage.detector`). The band of a place is that of what surrounds
it: a dense object must not move itself into a darker one. Where the card states nothing for a band, and where
the beam did not come through, nothing is judged: ``not_judged`` says how much that is, and it counts as not
inspectable. An area is a place to look at, never a verdict; no area is not a clearance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import FloatImage, ScanImage
from gate_agent.scans.triage.container import Box, Container
from gate_agent.scans.triage.detector import Detector, Prepared, prepared
from gate_agent.scans.triage.inspectable import Band, InspectableMap, band_of

MAX_THREATS: Final = 32
_SURROUNDINGS_MM: Final = 400.0
_NEVER: Final = 2.0  # no score reaches it


@dataclass(frozen=True, slots=True)
class ThreatArea:
    """One place to look at. `score`: the detector's highest there, 0..1; `band`: of its surroundings."""

    box: Box
    score: float
    band: Band

    def to_json(self) -> dict[str, object]:
        return {"box": self.box.to_json(), "score": round(self.score, 4), "band": self.band.name.lower()}


@dataclass(frozen=True, slots=True)
class ThreatFindings:
    """What one detector said of one scan. `not_judged`: share of the loading space about which it said
    nothing; that no area is marked means nothing there. Unless `proven`, its card has no figures for this
    kind of scan: areas are advice, and none of them is no finding."""

    detector: str
    areas: tuple[ThreatArea, ...]
    not_judged: float
    proven: bool

    def to_json(self) -> dict[str, object]:
        return {
            "detector": self.detector,
            "areas": [area.to_json() for area in self.areas],
            "not_inspectable": round(self.not_judged, 4),
            "proven": self.proven,
        }


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMap:
    """What a detector says of a loading space, on its own grid: scores, the band of each cell's surroundings
    (NOT_INSPECTABLE where the beam did not come through), and the picture's pixels per cell."""

    scores: FloatImage
    bands: NDArray[np.uint8]
    inner: Box
    cell: tuple[float, float]

    def box(self, left: int, top: int, width: int, height: int) -> Box:
        """Cells as pixels of the full image."""
        across, down = self.cell
        return Box(
            self.inner.left + int(left * across),
            min(self.inner.right, self.inner.left + round((left + width) * across)),
            self.inner.top + int(top * down),
            min(self.inner.bottom, self.inner.top + round((top + height) * down)),
        )


def score_map(
    image: ScanImage, container: Container, inspectable: InspectableMap, detector: Detector
) -> ScoreMap:
    """Run the detector over the loading space. Raises NetworkError when it cannot be run."""
    inner = container.inner
    seen = inspectable.bands != Band.NOT_INSPECTABLE
    given = prepared(image, inner, seen, detector.card)
    scores = detector.scores(given)
    stride = detector.card.stride
    bands = _surroundings(image, seen, given, scores.shape, detector.card.pixel_mm * stride)
    return ScoreMap(scores, bands, inner, (stride / given.scale_x, stride / given.scale_y))


def look_for_threats(
    image: ScanImage, container: Container, inspectable: InspectableMap, detector: Detector
) -> ThreatFindings:
    """The areas, with what the detector could not judge. Raises NetworkError when it cannot be run."""
    found = score_map(image, container, inspectable, detector)
    thresholds = detector.thresholds(image.calibration)
    areas, dark = threat_areas(found, thresholds), not_judged(found, thresholds)
    return ThreatFindings(detector.name, areas, dark, detector.proven(image.calibration))


def threat_areas(found: ScoreMap, thresholds: Mapping[Band, float]) -> tuple[ThreatArea, ...]:
    """Connected cells that reach the threshold of their band."""
    marked = (found.scores >= _limits(found.bands, thresholds)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    areas: list[ThreatArea] = []
    for number in range(1, count):
        left, top, width, height, _ = (int(v) for v in stats[number])
        part = np.s_[top : top + height, left : left + width]
        scores = np.where(labels[part] == number, found.scores[part], 0)
        peak = np.unravel_index(int(scores.argmax()), scores.shape)
        band = Band(int(found.bands[part][peak]))
        areas.append(ThreatArea(found.box(left, top, width, height), float(scores.max()), band))
    return tuple(sorted(areas, key=lambda area: -area.score)[:MAX_THREATS])


def not_judged(found: ScoreMap, thresholds: Mapping[Band, float]) -> float:
    """Share of the loading space about which the detector says nothing."""
    return float((_limits(found.bands, thresholds) >= _NEVER).mean())


def _limits(bands: NDArray[np.uint8], thresholds: Mapping[Band, float]) -> FloatImage:
    table = np.array([thresholds.get(band, _NEVER) for band in Band], np.float32)
    table[Band.NOT_INSPECTABLE] = _NEVER
    return table[bands]


def _surroundings(
    image: ScanImage, seen: NDArray[np.bool_], given: Prepared, shape: tuple[int, ...], cell_mm: float
) -> NDArray[np.uint8]:
    """The band around each cell, after a grey closing, which fills in what is small and dark: a block that
    lets nothing through is judged like the place where it lies."""
    rows, columns = shape
    side = max(3, round(_SURROUNDINGS_MM / cell_mm)) | 1
    kernel = np.ones((side, side), np.uint8)

    def closed(part: FloatImage) -> FloatImage:
        small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), np.float32)

    bands = band_of(closed(image.high[given.inner.slices]))
    bands[closed(seen[given.inner.slices].astype(np.float32)) < 0.5] = Band.NOT_INSPECTABLE
    return bands
