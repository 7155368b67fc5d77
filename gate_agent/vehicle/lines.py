"""Lines of lettering in a picture: where they run, and each one cut out straight for the reader.

The network `finder` marks the *core* of every line at a quarter of the picture's size, lines of upright
characters side by side and lines of characters one below the other apart. A core is widened again to the
whole line; the first edge of a line's quadrilateral is its direction of reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Quad = NDArray[np.float32]

STRIDE = 4
CORE = 0.5
"""Thickness of a core as a share of its line's."""
LINE_HEIGHT = 32
LINE_WIDTHS = {False: 256, True: 384}
"""Pixels of a cut line's length, by `vertical`: columns of upright characters are longer."""
_LETTERING = 24  # pixels of a cut line's height that lettering fills; the rest is margin
_MIN_CORE_PIXELS = 6
_CORE_SLOPE, _CORE_BORDER, _LEAST_THICKNESS = 1.75, 1.15, 1.5
"""A line's thickness from the mean thickness of its marked core, in marks: fitted on drawings with held-out
typefaces (200 lines, deviation 0.8 marks)."""
_ENDS = 0.6  # of its thickness is added to a line's length: what the core leaves out, and a margin
_MAX_LINES = 48
_MAX_TILT = 0.45  # of thickness per length: about 24 degrees


@dataclass(frozen=True, slots=True, eq=False)
class FoundLine:
    """One line's corners in pixels of the picture. `score` is the mean mark of its core, 0..1."""

    quad: Quad
    vertical: bool
    score: float

    @property
    def thickness(self) -> float:
        return float(np.linalg.norm(self.quad[3] - self.quad[0]))

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.quad[1] - self.quad[0]))

    @property
    def centre(self) -> NDArray[np.float32]:
        return np.asarray(self.quad.mean(axis=0), np.float32)


def normalised(grey: Grey) -> NDArray[np.float32]:
    """Mean 0, deviation 1: exposure means nothing to the networks."""
    values = grey.astype(np.float32)
    return (values - values.mean()) / (values.std() + 4.0)


def straightened(grey: Grey, quad: Quad, vertical: bool) -> NDArray[np.float32]:
    """The line cut out for its reader: 32 x 256 (or 384) pixels, normalised, reading to the right.

    A column's characters lie on their side then. A short line is followed by grey.
    """
    thick = max(1.0, float(np.linalg.norm(quad[3] - quad[0])))
    length = float(np.linalg.norm(quad[1] - quad[0]))
    width = int(np.clip(round(length / thick * LINE_HEIGHT), 16, LINE_WIDTHS[vertical]))
    corners = np.array([(0, 0), (width, 0), (width, LINE_HEIGHT), (0, LINE_HEIGHT)], np.float32)
    view = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), corners)
    cut = cv2.warpPerspective(
        grey, view, (width, LINE_HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    line = np.zeros((LINE_HEIGHT, LINE_WIDTHS[vertical]), np.float32)
    line[:, :width] = normalised(np.asarray(cut, np.uint8))
    return line


def lines_of(marks: NDArray[np.float32], scale: float, threshold: float) -> list[FoundLine]:
    """The lines in the finder's output (2, rows, columns); `scale` brings its pixels to the picture's."""
    found: list[FoundLine] = []
    for vertical in (False, True):
        mask = (marks[int(vertical)] >= threshold).astype(np.uint8)
        labels, areas = _components(mask)
        order = np.argsort(areas[1:])[::-1][:_MAX_LINES] + 1
        for label in order.tolist():
            line = _line(marks[int(vertical)], labels == label, vertical, scale)
            if line is not None:
                found.append(line)
    return found


def _components(mask: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Labels of connected marks, and the area of each; label 0 is what is not marked."""
    parts = cast("tuple[Any, ...]", cv2.connectedComponentsWithStats(mask, connectivity=8))
    return np.asarray(parts[1], np.int32), np.asarray(parts[2][:, cv2.CC_STAT_AREA], np.int32)


def _line(
    marks: NDArray[np.float32], region: NDArray[np.bool_], vertical: bool, scale: float
) -> FoundLine | None:
    rows, columns = np.nonzero(region)
    if len(rows) < _MIN_CORE_PIXELS:
        return None
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    (x, y), (first, second), angle = cv2.minAreaRect(points)
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))], np.float32)
    if second > first:
        first, second = second, first
        direction = np.array([-direction[1], direction[0]], np.float32)
    if abs(direction[int(not vertical)]) > _MAX_TILT:
        return None
    direction *= np.sign(direction[int(vertical)])
    # A drawn core is a border of half a pixel too thick, and the finder's marks follow it.
    thick = max(_LEAST_THICKNESS, _CORE_SLOPE * len(rows) / (first + 1.0) - _CORE_BORDER)
    margin = thick * LINE_HEIGHT / _LETTERING
    length = first + 1.0 + _ENDS * thick
    # Right of the direction of reading (y grows downwards) is where the feet of upright characters are.
    across = np.array([-direction[1], direction[0]], np.float32)
    centre = np.array([x + 0.5, y + 0.5], np.float32)
    along, over = direction * length / 2, across * margin / 2
    quad = np.stack(
        [centre - along - over, centre + along - over, centre + along + over, centre - along + over]
    )
    score = float(marks[region].mean())
    return FoundLine(np.asarray(quad * scale, np.float32), vertical, score)
