"""Roof, end walls and floor that are thicker than a container's are, where the picture lets one see it.

A hidden space changes the construction: a roof that is lower inside than its rails, a front wall with
something behind it, a floor that lies too high. Each is a band along one side of the loading space; it is
looked at only where there is air on its inner side, because cargo that touches a wall hides it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.container import Box, Container, attenuation
from gate_agent.scans.triage.fill import FillProfile

_MIN_THICKNESS: Final = 0.025  # of the inner height
_MAX_THICKNESS: Final = 0.25
_STRAIGHT: Final = 0.02


class Side(StrEnum):
    """Left and right are the picture's; which of them has the doors depends on the direction of travel."""

    ROOF = "roof"
    FLOOR = "floor"
    LEFT_WALL = "left_wall"
    RIGHT_WALL = "right_wall"


_SHARES: Final = {Side.ROOF: 0.08, Side.FLOOR: 0.9, Side.LEFT_WALL: 0.85, Side.RIGHT_WALL: 0.85}
"""Least share of a side's length. A shorter band on the floor or at a wall is cargo."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A band of matter along a side, beyond the usual construction.

    `thickness` is a share of the inner height; `thickness_mm` is None where the pixel size is unknown;
    `share` is of the side's length.
    """

    side: Side
    box: Box
    thickness: float
    thickness_mm: float | None
    share: float

    def to_json(self) -> dict[str, object]:
        return {
            "side": self.side.value,
            "box": self.box.to_json(),
            "thickness": round(self.thickness, 4),
            "thickness_mm": None if self.thickness_mm is None else round(self.thickness_mm),
            "share": round(self.share, 3),
        }


def find_anomalies(image: ScanImage, container: Container, fill: FillProfile) -> list[Anomaly]:
    """Bands that are straight, thicker than a side's construction and separated from the cargo by air."""
    inner = container.inner
    tau = attenuation(image.high[inner.slices])
    smooth = cv2.blur(tau, (max(1, inner.width // 40), 3))
    matter = smooth > fill.wall + max(0.04, 0.6 * fill.wall)
    found: list[Anomaly] = []
    for side, turned in _sides(matter):
        if side in (Side.LEFT_WALL, Side.RIGHT_WALL) and fill.refrigerated:
            continue  # the cooling unit is such a band
        found += _bands(image, inner, side, turned)
    return found


def _sides(matter: NDArray[np.bool_]) -> Iterator[tuple[Side, NDArray[np.bool_]]]:
    """Each side turned so that it is the top row and its length runs along the columns."""
    yield Side.ROOF, matter
    yield Side.FLOOR, matter[::-1]
    yield Side.LEFT_WALL, matter.T
    yield Side.RIGHT_WALL, matter.T[::-1]


def _bands(image: ScanImage, inner: Box, side: Side, matter: NDArray[np.bool_]) -> list[Anomaly]:
    depth, length = matter.shape
    lying = side in (Side.ROOF, Side.FLOOR)
    scale = depth if lying else length
    shortest = _SHARES[side]
    least, most = max(2, int(_MIN_THICKNESS * scale)), int(_MAX_THICKNESS * scale)
    begins = matter[: max(2, least)].all(axis=0)
    # Thickness is the run of matter from the side; air must follow it.
    reach = np.argmin(matter, axis=0)
    thickness: NDArray[np.intp] = np.where(matter.all(axis=0), np.intp(depth), reach)
    fits = begins & (thickness >= least) & (thickness <= most)
    found: list[Anomaly] = []
    for start, end in _runs(fits, int(shortest * length)):
        part = thickness[start:end]
        middle = float(np.median(part))
        if float(np.median(np.abs(part - middle))) > max(1.0, _STRAIGHT * scale):
            continue  # cargo is uneven, construction is not
        found.append(_anomaly(image, inner, side, start, end, int(middle), (end - start) / length))
    return found


def _runs(flags: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= max(least, 2)]


def _anomaly(
    image: ScanImage, inner: Box, side: Side, start: int, end: int, thick: int, share: float
) -> Anomaly:
    pitch = image.geometry.row_mm if side in (Side.ROOF, Side.FLOOR) else image.geometry.column_mm
    if side is Side.ROOF:
        box = Box(inner.left + start, inner.left + end, inner.top, inner.top + thick)
    elif side is Side.FLOOR:
        box = Box(inner.left + start, inner.left + end, inner.bottom - thick, inner.bottom)
    elif side is Side.LEFT_WALL:
        box = Box(inner.left, inner.left + thick, inner.top + start, inner.top + end)
    else:
        box = Box(inner.right - thick, inner.right, inner.top + start, inner.top + end)
    millimetres = thick * pitch if image.geometry.known else None
    return Anomaly(side, box, thick / max(inner.height, 1), millimetres, share)
