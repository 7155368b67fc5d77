"""How full a container is, with a zone of its own for what lies low on the floor.

Goods are what is darker than the container's own walls. The walls' darkness is taken from the picture (its
brightest part inside the container), so that neither beam, gain nor gamma need be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.container import Box, Container, attenuation

FLOOR_ZONE: Final = 0.18
"""Share of the inner height above the floor that makes the floor zone."""
_FOLD_MM: Final = 278.0
_FOLD_SHARE: Final = 0.024
_EMPTY_COVER: Final = 0.004
_EMPTY_FLOOR: Final = 0.015
NEAR_EMPTY_COVER: Final = 0.12
FULL_COVER: Final = 0.72
_PROFILE: Final = 64
_UNIT_SHARE: Final = 0.09


class Fill(StrEnum):
    """``NEAR_EMPTY``: something is there, but little; the low floor loads that "empty" must not hide."""

    EMPTY = "empty"
    NEAR_EMPTY = "near_empty"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True, eq=False)
class FillProfile:
    """`cover`: share of the loading space's side view with goods; `floor_cover`: share of its length with
    goods in the floor zone; `heights`: height of the goods along the container, 0..1, front to back; `wall`:
    the walls' attenuation, in the picture's own terms; `goods`: where goods are (full image); `wall_seen`:
    whether bare wall was seen at all; `refrigerated`: whether a cooling unit was recognised (it is not
    counted as goods)."""

    fill: Fill
    cover: float
    floor_cover: float
    heights: tuple[float, ...]
    wall: float
    wall_seen: bool
    refrigerated: bool
    goods: NDArray[np.bool_]
    floor_zone: Box


def fill_profile(image: ScanImage, container: Container, wall_limit: float) -> FillProfile:
    """`wall_limit`: more than this attenuation cannot be the walls alone."""
    inner = container.inner
    weakened = attenuation(image.high[inner.slices])
    fold = _FOLD_MM / image.geometry.column_mm if image.geometry.known else _FOLD_SHARE * inner.width
    size = max(1, round(fold)), max(1, round(0.01 * inner.height))
    smooth = np.asarray(cv2.blur(weakened, size), np.float32)
    lightest = float(np.percentile(smooth, 2))
    seen = lightest <= wall_limit
    wall = lightest if seen else 0.5 * wall_limit
    wall = _typical(smooth, wall)
    threshold = float(np.clip(0.9 * wall, 0.04, 0.15 + 0.35 * wall))
    inside = smooth > wall + threshold
    kernel = np.ones((2, 2), np.uint8)
    opened = np.asarray(cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, kernel), np.uint8)
    machine = _cooling_unit(opened)
    inside = opened.astype(np.bool_) & ~machine
    goods = np.zeros(image.shape, np.bool_)
    goods[inner.slices] = inside
    zone_rows = max(3, round(FLOOR_ZONE * inner.height))
    zone = Box(inner.left, inner.right, inner.bottom - zone_rows, inner.bottom)
    cover, floor_cover = float(inside.mean()), float((inside[-zone_rows:].sum(axis=0) >= 2).mean())
    return FillProfile(
        _class(cover, floor_cover),
        cover,
        floor_cover,
        _heights(inside),
        wall,
        seen,
        bool(machine.any()),
        goods,
        zone,
    )


def _cooling_unit(inside: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The machine of a refrigerated container: at one end, up to the roof, narrow, and not down to the
    floor."""
    rows, columns = inside.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    left, top, width, height = (stats[:, part] for part in range(4))
    at_end = (left <= 2) | (left + width >= columns - 2)
    hangs = (top <= 0.06 * rows) & (top + height < 0.9 * rows) & (height > 0.25 * rows)
    machine = at_end & hangs & (width <= _UNIT_SHARE * columns)
    machine[0] = False  # what is not goods
    return machine[labels]


def _typical(smooth: NDArray[np.float32], lightest: float) -> float:
    """The bare walls' level: the median of everything about as light as the lightest part."""
    bare = smooth[smooth < lightest + max(0.03, 0.5 * lightest)]
    return float(np.median(bare)) if bare.size else lightest


def _class(cover: float, floor_cover: float) -> Fill:
    if cover < _EMPTY_COVER and floor_cover < _EMPTY_FLOOR:
        return Fill.EMPTY
    if cover < NEAR_EMPTY_COVER:
        return Fill.NEAR_EMPTY
    return Fill.FULL if cover >= FULL_COVER else Fill.PARTIAL


def _heights(inside: NDArray[np.bool_]) -> tuple[float, ...]:
    """How high goods reach, in _PROFILE steps from the front of the picture."""
    rows, columns = inside.shape
    tall = np.where(inside.any(axis=0), rows - inside.argmax(axis=0), 0) / rows
    steps = np.array_split(tall, min(_PROFILE, columns))
    return tuple(round(float(np.median(step)), 3) for step in steps)
