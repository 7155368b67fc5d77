"""Dual-energy material classes, areal density and mass.

For each pixel inside the container the walls are taken off at both energies; then its two attenuations are
held against the curves of polyethylene, aluminium, steel and lead. The borders between classes lie half way
between neighbouring curves, or a little beyond. Where the beam does not come through, or noise is wider than
the gap between the curves, no class is given: ``BEYOND`` and ``UNRESOLVED`` are answers, not failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import FloatImage, ScanImage
from gate_agent.scans.triage.container import Box, attenuation
from gate_agent.scans.triage.curves import REFERENCES, MaterialCurves
from gate_agent.scans.triage.fill import FillProfile
from gate_agent.scans.triage.inspectable import penetration_limit

_WALL_STEEL: Final = 3.2  # g/cm²: two corrugated side walls, where bare wall is not seen
_HARDENED: Final = 0.4
_WALL_SPREAD: Final = 0.2
_ORGANIC_MASS: Final = 1.056
"""Polyethylene attenuates more per gram (Z/A 0.570) than organic goods do (cellulose 0.530, water 0.555)."""
_BARE: Final = 0.04
_THIN: Final = 0.06
_DARKEST: Final = 0.01
_LEAST_NOISE: Final = 3e-5
_EDGE: Final = 0.12
_BORDERS: Final = (0.6, 0.5, 0.5)
"""Where a border lies between one reference's curve and the next. Organic goods reach from polyethylene (Z
5.5) past water (7.5); inorganic ones begin above Z 10, nearer to aluminium."""
_RESOLVED: Final = 1.0


class MaterialClass(IntEnum):
    """Values of the class map. Colours are in :mod:`gate_agent.scans.render`."""

    NONE = 0  # nothing, or too thin to tell
    ORGANIC = 1
    MIXED = 2
    METAL = 3
    HIGH_Z = 4
    BEYOND = 5  # beyond penetration
    UNRESOLVED = 6  # matter, but noise hides of which class


@dataclass(frozen=True, slots=True, eq=False)
class MaterialMap:
    """`classes` and `areal` (g/cm²) cover the full image and are 0 outside the loading space.

    `shares`: of the goods' area, by class. `mass_kg`: None without pixel size; a lower bound when part of the
    goods is beyond penetration (`mass_at_least`).
    """

    classes: NDArray[np.uint8]
    areal: FloatImage
    shares: Mapping[MaterialClass, float]
    mass_kg: float | None
    mass_at_least: bool
    noise: float
    curves: str


def material_map(image: ScanImage, inner: Box, fill: FillProfile, curves: MaterialCurves) -> MaterialMap:
    """Classes, areal density and mass of what is in the loading space."""
    floor = noise_floor(image)
    low, high = (
        _smooth(image, channel.transmission[inner.slices])
        for channel in (image.channels[0], image.channels[-1])
    )
    dark = np.minimum(low, high) < penetration_limit(floor)
    goods = fill.goods[inner.slices]
    tau_low, tau_high, noise = _without_walls(attenuation(low), attenuation(high), fill, curves)
    found = _classes(tau_low, tau_high, noise, curves) if image.dual else _undecided(tau_high)
    found[dark & goods] = MaterialClass.BEYOND
    found[~goods] = MaterialClass.NONE
    found[(image.dead | image.saturated)[inner.slices]] = MaterialClass.NONE
    areal = _areal(found, tau_high, curves) * goods
    full_classes, full_areal = np.zeros(image.shape, np.uint8), np.zeros(image.shape, np.float32)
    full_classes[inner.slices], full_areal[inner.slices] = found, areal
    beyond = float((found == MaterialClass.BEYOND)[goods].mean()) if goods.any() else 0.0
    mass = float(areal.sum()) * image.geometry.pixel_cm2 / 1000 if image.geometry.known else None
    return MaterialMap(
        full_classes, full_areal, _shares(found, goods), mass, beyond > 0.01, noise, curves.source
    )


def noise_floor(image: ScanImage) -> float:
    """Spread of the darkest readings from pixel to pixel: transmissions below a few of these are nothing."""
    steps = np.diff(image.low, axis=1)
    dark = image.low[:, 1:] < _DARKEST
    if int(dark.sum()) < 200:
        return _LEAST_NOISE
    spread = 1.4826 * float(np.median(np.abs(steps[dark]))) / np.sqrt(2)
    return float(np.clip(spread, _LEAST_NOISE, 0.005))


def _smooth(image: ScanImage, part: FloatImage) -> FloatImage:
    """Average about 30 mm, where pixels are that small: classes are of goods, not of pixels."""
    pitch = max(image.geometry.row_mm, image.geometry.column_mm) if image.geometry.known else 6.0
    size = int(np.clip(round(40 / max(pitch, 1.0)), 3, 9)) | 1
    return np.asarray(cv2.blur(part, (size, size)), np.float32)


def _without_walls(
    low: FloatImage, high: FloatImage, fill: FillProfile, curves: MaterialCurves
) -> tuple[FloatImage, FloatImage, float]:
    """Attenuation of the goods alone at both energies, and how well the difference of the two is known there.

    The bare walls' own spread counts as noise: behind their folds and behind goods they vary alike. Walls
    that harden the beam (kV through steel) cannot be taken off like that: then nothing is known, and noise
    is infinite.
    """
    bare = np.abs(high - np.float32(fill.wall)) < _BARE
    if fill.wall_seen and bare.mean() > 0.01:
        wall_low, wall_high = float(np.median(low[bare])), float(np.median(high[bare]))
        difference = (low - high)[bare]
        noise = 1.4826 * float(np.median(np.abs(difference - np.median(difference))))
    else:
        steel = curves.curves["steel"]
        wall_low = float(np.interp(_WALL_STEEL, steel.areal, steel.low))
        wall_high = float(np.interp(_WALL_STEEL, steel.areal, steel.high))
        noise = _WALL_SPREAD * abs(wall_low - wall_high)
    if wall_low > _HARDENED:
        noise = float("inf")
    goods_low, goods_high = (
        np.maximum(part, 0) for part in (low - np.float32(wall_low), high - np.float32(wall_high))
    )
    steps = np.abs(np.diff(goods_low - goods_high, axis=1))
    return goods_low, goods_high, max(noise, float(np.median(steps)) if steps.size else 0.0)


def _classes(low: FloatImage, high: FloatImage, noise: float, curves: MaterialCurves) -> NDArray[np.uint8]:
    """Between which neighbouring curves a pixel lies; class numbers follow the order of REFERENCES."""
    expected = [curves.low_at(name, high) for name in REFERENCES]
    found = np.full(high.shape, MaterialClass.ORGANIC, np.uint8)
    gap = np.full(high.shape, np.inf, np.float32)
    rising = (
        expected[-1][high > _THIN].mean() > expected[0][high > _THIN].mean() if (high > _THIN).any() else True
    )
    for number, (lighter, heavier) in enumerate(pairwise(expected), start=2):
        border = lighter + np.float32(_BORDERS[number - 2]) * (heavier - lighter)
        beyond = low > border if rising else low < border
        found[beyond] = number
        if number <= MaterialClass.METAL:
            gap = np.minimum(gap, np.abs(heavier - lighter) / 2)
    found[gap < _RESOLVED * noise] = MaterialClass.UNRESOLVED
    found[_edges(high) | _specks(found == MaterialClass.HIGH_Z)] = MaterialClass.UNRESOLVED
    found[high < _THIN] = MaterialClass.NONE
    return found


def _edges(high: FloatImage) -> NDArray[np.bool_]:
    """Where thickness changes within a few pixels: the two energies do not see quite the same there."""
    kernel = np.ones((3, 3), np.uint8)
    step = cv2.morphologyEx(high, cv2.MORPH_GRADIENT, kernel)
    return np.greater(step, np.maximum(_EDGE, _EDGE * high))


def _specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Parts of a mask that are too small to be a thing."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    return mask & (opened == 0)


def _undecided(high: FloatImage) -> NDArray[np.uint8]:
    """One energy tells how much, not what."""
    return np.where(high < _THIN, MaterialClass.NONE, MaterialClass.UNRESOLVED).astype(np.uint8)


def _areal(found: NDArray[np.uint8], high: FloatImage, curves: MaterialCurves) -> FloatImage:
    """By the curve of the class; where no class is known, by aluminium, which lies between."""
    areal = curves.areal("aluminium", high)
    for number, name in enumerate(REFERENCES, start=1):
        members = found == number
        if members.any():
            areal[members] = curves.areal(name, high[members])
    areal[found == MaterialClass.ORGANIC] *= np.float32(_ORGANIC_MASS)
    return areal


def _shares(found: NDArray[np.uint8], goods: NDArray[np.bool_]) -> dict[MaterialClass, float]:
    count = max(int(goods.sum()), 1)
    return {each: round(float((found[goods] == each).sum()) / count, 4) for each in MaterialClass}
