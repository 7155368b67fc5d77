"""A stretch of a container's loading space as maps of areal density, one for each material, and the few
strokes that loads and objects are drawn with.

Rows run from the roof down, columns along the container; a pixel is PITCH_MM wide and high; values are g/cm²
along the beam. Nothing here knows a beam: :mod:`.beam` turns the maps into a scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS

PITCH_MM: Final = 8.0
DEPTH_MM: Final = 2350.0
"""Inner width of a container: what the beam crosses."""
FINE: Final = 4
"""Shapes are drawn this much finer and averaged, so that a pistol is more than a few square pixels."""
Map: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """`rows` x `columns` pixels; `heaviest`: g/cm² that loads may reach, which differs between those that are
    sent through an accelerator's beam and a tube's; `areal` holds a map for every material met so far."""

    rows: int
    columns: int
    heaviest: float = 160.0
    areal: dict[str, Map] = field(default_factory=dict)

    def layer(self, material: str) -> Map:
        if material not in self.areal:
            self.areal[material] = np.zeros((self.rows, self.columns), np.float32)
        return self.areal[material]

    def add(self, material: str, top: int, left: int, patch: Map) -> None:
        """Add areal density with its upper left corner at (top, left); what sticks out is cut off."""
        r0, c0 = max(top, 0), max(left, 0)
        r1, c1 = min(top + patch.shape[0], self.rows), min(left + patch.shape[1], self.columns)
        if r0 < r1 and c0 < c1:
            self.layer(material)[r0:r1, c0:c1] += patch[r0 - top : r1 - top, c0 - left : c1 - left]

    def box(self, material: str, top: int, left: int, height: int, width: int, depth_mm: float) -> None:
        self.add(material, top, left, np.full((height, width), areal(material, depth_mm), np.float32))


def areal(material: str, depth_mm: float) -> float:
    """g/cm² of so many millimetres."""
    return MATERIALS[material].density * depth_mm / 10


def pixels(millimetres: float) -> int:
    return max(1, round(millimetres / PITCH_MM))


def clouds(random: np.random.Generator, rows: int, columns: int, grain: float) -> Map:
    """Smooth noise of deviation about 1; `grain` is the size of its features in pixels."""
    coarse = max(2, round(rows / grain) + 1), max(2, round(columns / grain) + 1)
    noise = random.standard_normal(coarse, np.float32)
    return np.asarray(cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32)


def ellipse(rows: int, columns: int, solid: bool) -> Map:
    """An ellipse that fills the patch: relative depth, even, or that of an ellipsoid if `solid`."""
    y = (np.arange(rows, dtype=np.float32) + 0.5) * 2 / rows - 1
    x = (np.arange(columns, dtype=np.float32) + 0.5) * 2 / columns - 1
    rest = 1 - (y[:, None] ** 2 + x[None, :] ** 2)
    return np.sqrt(np.maximum(rest, 0)) if solid else (rest > 0).astype(np.float32)


def chord(rows: int, columns: int, upright: bool) -> Map:
    """A cylinder on end (`upright`) or lying across: relative depth varies along one side only."""
    side = columns if upright else rows
    across = (np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1
    profile = np.sqrt(np.maximum(1 - across**2, 0))
    shaped = profile[None, :] if upright else profile[:, None]
    return np.broadcast_to(shaped, (rows, columns)).astype(np.float32)


def polygons(shapes: list[NDArray[np.float64]], depths: list[float], size_mm: float) -> Map:
    """Depth in millimetres on a square of `size_mm` about the origin: polygons (x, y in mm) add up."""
    side = pixels(size_mm) * FINE
    scale = FINE / PITCH_MM
    total = np.zeros((side, side), np.float32)
    for shape, depth in zip(shapes, depths, strict=True):
        mask = np.zeros((side, side), np.uint8)
        corners = np.round((shape * scale + side / 2) * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1, shift=4)
        total += depth * mask.astype(np.float32)
    return np.asarray(
        cv2.resize(total, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA), np.float32
    )


def rectangle(x0: float, x1: float, y0: float, y1: float) -> NDArray[np.float64]:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def turned(shape: NDArray[np.float64], angle: float, squeeze: float = 1.0) -> NDArray[np.float64]:
    """Rotated in the picture's plane by `angle`, radians, after being foreshortened along x by `squeeze`."""
    cos, sin = np.cos(angle), np.sin(angle)
    return (shape * np.array([squeeze, 1.0])) @ np.array([[cos, sin], [-sin, cos]])
