"""Training sessions: one scan at a time for each officer, the truth shown after the answer, the score kept.

A session lives in memory only. Its ids, its pixels and its answers have no path to the shelf, the queue, the
journal or a report: this module is given a reader of clean pictures and the statistics, and nothing else.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gate_agent.review.annotations import check_region
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.planes import Pixels
from gate_agent.review.record import TRAINING_PREFIX, PictureLayout, PlaneName, Region
from gate_agent.review.serving import served
from gate_agent.review.statistics import Statistics
from gate_agent.review.tip import LIBRARY, TrainingScan, project
from gate_agent.review.views import Plane, TrainingOutcome, TrainingResult, TrainingView
from gate_agent.scans.image import Calibration

MOST_SESSIONS: Final = 4
MOST_REGIONS: Final = 16
MOST_PIXELS: Final = 16_000_000
"""Of a plane: a session holds some six bytes for each."""
_NEAR: Final = 0.5
"""A region hits when its middle lies within the threat's, widened by this share of its size."""
_TRIES: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class CleanPicture:
    """A copy of a picture on which nothing was found, to project into. It does not say whose it is."""

    layout: PictureLayout
    pixels: dict[PlaneName, Pixels]
    energies_kev: tuple[float, ...]
    space: Region


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    officer: str
    scan: TrainingScan
    started: float


class Training:
    """`pictures` gives a clean picture for a random number, or None when the shelf has none."""

    def __init__(
        self,
        pictures: Callable[[int], CleanPicture | None],
        statistics: Statistics,
        *,
        threat_share: float,
        now: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        seed: int | None = None,
    ) -> None:
        self._pictures = pictures
        self._statistics = statistics
        self._threat_share = threat_share
        self._now = now
        self._clock = clock
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def start(self, officer: str) -> TrainingView:
        """A new scan for this officer; an unanswered one is dropped. Raises NotAllowed without pictures."""
        scan = self._make()
        with self._lock:
            for known, session in list(self._sessions.items()):
                if session.officer == officer or len(self._sessions) >= MOST_SESSIONS:
                    del self._sessions[known]
            self._sessions[scan.id] = _Session(officer, scan, self._clock())
        return TrainingView(scan.id, officer, scan.layout)

    def _make(self) -> TrainingScan:
        name = f"{TRAINING_PREFIX}{secrets.token_hex(8)}"
        clean = self._pictures(int(self._random.integers(2**31)))
        if clean is None:
            raise NotAllowed(
                "there is no clean scan to train on",
                code="NO_TRAINING_SCAN",
                field="training",
                advice="training needs a released, calibrated scan with known pixel size on the shelf",
            )
        if self._random.random() < self._threat_share:
            for _ in range(_TRIES):
                threat = LIBRARY[int(self._random.integers(len(LIBRARY)))]
                made = project(
                    clean.layout, clean.pixels, clean.energies_kev, clean.space, threat, self._random
                )
                if made is not None:
                    pixels, region, background = made
                    return TrainingScan(name, clean.layout, pixels, threat.name, region, background)
        return TrainingScan(name, clean.layout, clean.pixels, "", None, 0.0)

    def plane(self, training: str, number: int, most: int) -> Plane:
        """Raises NotThere."""
        scan = self._session(training).scan
        if not 0 <= number < len(scan.layout.planes):
            raise NotThere("there is no such plane", field="plane")
        info = scan.layout.planes[number]
        return served(scan.pixels[info.name], info, most)

    def answer(self, training: str, officer: str, regions: Sequence[Region]) -> TrainingResult:
        """Judge the answer, tell the truth, and end the session. Raises NotThere, NotAllowed or BadInput."""
        session = self._session(training)
        if session.officer != officer:
            raise NotAllowed("is another officer's training", field="officer")
        scan = session.scan
        if len(regions) > MOST_REGIONS:
            raise NotAllowed(f"more than {MOST_REGIONS} regions", field="regions")
        for index, region in enumerate(regions):
            check_region(region, scan.layout.columns, scan.layout.rows, f"regions.{index}")
        with self._lock:
            if self._sessions.pop(training, None) is None:
                raise NotThere("is answered already", field="training")
        seconds = self._clock() - session.started
        result = TrainingResult(
            outcome_of(scan.region, regions), scan.threat, scan.region, scan.background, seconds
        )
        self._statistics.trained(officer, self._now(), result.outcome, scan.threat, scan.background, seconds)
        return result

    def _session(self, training: str) -> _Session:
        with self._lock:
            session = self._sessions.get(training)
        if session is None:
            raise NotThere("there is no such training scan", field="training", advice="start another one")
        return session


def outcome_of(truth: Region | None, marked: Sequence[Region]) -> TrainingOutcome:
    """A mark on the threat is a hit, whatever else was marked; marks elsewhere are a false alarm on a clean
    scan and a miss on one with a threat."""
    if truth is None:
        return "false_alarm" if marked else "correct_rejection"
    return "hit" if any(_on(truth, region) for region in marked) else "miss"


def _on(truth: Region, marked: Region) -> bool:
    x, y = marked.column + marked.width / 2, marked.row + marked.height / 2
    dx, dy = _NEAR * truth.width / 2, _NEAR * truth.height / 2
    inside = (
        truth.column - dx <= x <= truth.column + truth.width + dx
        and truth.row - dy <= y <= truth.row + truth.height + dy
    )
    # A mark over half the picture would hit everything.
    return inside and marked.width * marked.height <= 16 * truth.width * truth.height


def can_train(layout: PictureLayout) -> bool:
    """Projection needs transmissions that mean something, the size of a pixel, and memory for a copy."""
    known = layout.calibration == Calibration.KNOWN.value and layout.row_mm > 0 and layout.column_mm > 0
    return known and layout.rows * layout.columns <= MOST_PIXELS
