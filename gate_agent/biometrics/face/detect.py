"""Finds faces with dlib's MMOD network: a pyramid tiled on one canvas, one pass, one sliding window.

Tiling, resizing, decoding and non-maximum suppression follow `dlib/image_transforms/image_pyramid.h` and
`loss_mmod_`, so that rectangles agree with the reference library to the pixel. The window is 80 pixels:
a face smaller than that on the canvas is not found, and so `smallest_face` decides the working scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.pixels import Box, Floats, Pixels, resize_corners, shrink
from gate_agent.networks import NetworkSession

STRIDE = 8  # three convolutions of stride 2
OFFSET = 14  # centre of the first output cell's receptive field
PYRAMID_RATE = 5 / 6  # dlib's pyramid_down<6>
LEVEL_SHIFT = 0.3
MIN_ROWS = 5
MAX_LEVELS = 64
MAX_CANDIDATES = 4096
MAX_SEARCHED = 4_000_000  # pixels; the canvas and the first activations take about 80 bytes for each


@dataclass(frozen=True, slots=True)
class Detection:
    """A face's rectangle and the network's score (> 0)."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each pyramid level lies on the canvas."""

    rows: int
    columns: int
    levels: tuple[Box, ...]


@lru_cache(maxsize=16)
def tile(rows: int, columns: int, padding: int, outer: int, most: int = MAX_LEVELS) -> Layout:
    """Levels go down the left side, then up the right side beside them while they fit; `most` at most."""
    sizes = [(rows, columns)]
    while len(sizes) < most:
        rows, columns = math.floor(PYRAMID_RATE * rows), math.floor(PYRAMID_RATE * columns)
        if rows * columns == 0 or rows < MIN_ROWS:
            break
        sizes.append((rows, columns))
    (first_rows, width), count = sizes[0], len(sizes)
    total = sum(h + padding for h, _ in sizes) - 2 * padding
    height = previous = 0
    for h, w in sizes:
        if w <= width - previous - padding and (height - first_rows) * 2 >= total - first_rows:
            break
        height, previous = height + h + padding, w
    height -= padding
    levels: list[Box] = []
    y = outer
    while y < height + outer and len(levels) < count:
        h, w = sizes[len(levels)]
        levels.append(Box(outer, y, outer + w - 1, y + h - 1))
        y += h + padding
    y -= padding
    while len(levels) < count:
        h, w = sizes[len(levels)]
        right, bottom = outer + width - 1, y - 1
        level = Box(right - w + 1, bottom - h + 1, right, bottom)
        if levels[0].intersect(level).area:
            break
        levels.append(level)
        y -= h + padding
    return Layout(height + 2 * outer, width + 2 * outer, tuple(levels))


class MmodDetector:
    """`find` may be called from several threads."""

    def __init__(self, session: NetworkSession) -> None:
        self._session = session
        notes = session.metadata
        try:
            mean = [float(m) for m in notes["mean"].split(",")]
            self._padding, self._outer = int(notes["padding"]), int(notes["outer_padding"])
            self._window = int(notes["window"].split(",")[0])
            self._iou, self._covered = float(notes["nms_iou"]), float(notes["nms_covered"])
        except (KeyError, ValueError) as error:
            raise ModelError(f"the detector lacks its geometry: {error}", field=session.name) from error
        self._mean = np.array(mean, dtype=np.float32)

    def find(
        self, pixels: Pixels, smallest_face: float = 0.0, largest_face: float = math.inf
    ) -> tuple[Detection, ...]:
        """Faces, best score first; those outside the two sizes in pixels may be left out."""
        rows, columns = pixels.shape[:2]
        wanted = self._window / smallest_face if smallest_face > 0 else 1.0
        scale = min(wanted, math.sqrt(MAX_SEARCHED / (rows * columns)), 1.0)
        small = pixels if scale == 1.0 else shrink(pixels, scale)
        # A level shows faces of 1.2 times the size of the one before it at the window's size.
        ratio = max(largest_face * scale / self._window, 1.0)
        levels = math.ceil(min(math.log(ratio) / -math.log(PYRAMID_RATE), MAX_LEVELS - 1)) + 1
        found = self._find(small, levels)
        if small is pixels:
            return found
        x, y = columns / small.shape[1], rows / small.shape[0]
        return tuple(Detection(_scaled(d.box, x, y), d.score) for d in found)

    def _find(self, pixels: Pixels, levels: int) -> tuple[Detection, ...]:
        rows, columns = pixels.shape[:2]
        layout = tile(rows, columns, self._padding, self._outer, levels)
        scores = self._session.run(self._canvas(pixels, layout)[None])
        if scores.ndim != 4 or scores.shape[:2] != (1, 1):
            raise ModelError(f"scores of shape {scores.shape}", field=self._session.name)
        return self._suppress(self._decode(scores[0, 0], layout))

    def _canvas(self, pixels: Pixels, layout: Layout) -> Floats:
        # The mean colour is what the network's first layer turns into dlib's zero background.
        canvas = np.empty((3, layout.rows, layout.columns), dtype=np.float32)
        canvas[:] = self._mean[:, None, None]
        level: Floats = pixels.astype(np.float32)
        for number, box in enumerate(layout.levels):
            if number:
                level = resize_corners(level, box.height, box.width)
            canvas[:, box.top : box.bottom + 1, box.left : box.right + 1] = level.transpose(2, 0, 1)
        return canvas

    def _decode(self, scores: Floats, layout: Layout) -> list[Detection]:
        rows, columns = np.nonzero(scores > 0)
        if rows.size > MAX_CANDIDATES:
            raise ModelError(f"{rows.size} candidate faces", field=self._session.name)
        found: list[Detection] = []
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            x, y = STRIDE * column + OFFSET, STRIDE * row + OFFSET
            number = _nearest(layout.levels, x, y)
            level, half = layout.levels[number], (self._window - 1) / 2
            edges = (x - half - level.left, y - half - level.top, x + half - level.left, y + half - level.top)
            left, top, right, bottom = (_round(_up(edge, number)) for edge in edges)
            found.append(Detection(Box(left, top, right, bottom), float(scores[row, column])))
        return sorted(found, key=lambda d: -d.score)

    def _suppress(self, candidates: list[Detection]) -> tuple[Detection, ...]:
        kept: list[Detection] = []
        for candidate in candidates:
            if not any(self._same(k.box, candidate.box) for k in kept):
                kept.append(candidate)
        return tuple(kept)

    def _same(self, a: Box, b: Box) -> bool:
        shared = a.intersect(b).area
        if shared == 0:
            return False
        # dlib measures against the rectangle around both boxes here, not against their union.
        around = Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))
        return (
            shared / around.area > self._iou
            or shared / a.area > self._covered
            or shared / b.area > self._covered
        )


def _up(value: float, levels: int) -> float:
    """A coordinate of pyramid level `levels` in the full picture (pyramid_down<6>::point_up)."""
    for _ in range(levels):
        value = value / PYRAMID_RATE + LEVEL_SHIFT
    return value


def _nearest(levels: tuple[Box, ...], x: float, y: float) -> int:
    def distance(box: Box) -> float:
        dx = max(box.left - x, 0, x - box.right)
        dy = max(box.top - y, 0, y - box.bottom)
        return dx * dx + dy * dy

    return min(range(len(levels)), key=lambda number: distance(levels[number]))


def _round(value: float) -> int:
    """C's lround: halves away from zero."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def _scaled(box: Box, x: float, y: float) -> Box:
    """The box in a picture `x` times as wide and `y` times as high, with pixel centres at halves."""
    left, right = (_round((edge + 0.5) * x - 0.5) for edge in (box.left, box.right))
    top, bottom = (_round((edge + 0.5) * y - 0.5) for edge in (box.top, box.bottom))
    return Box(left, top, right, bottom)
