"""What could be seen and what could not: the part of every finding that an honest "nothing found" needs.

Detection depends on how much of the beam comes through. The bands are those in which detection rates are
stated (docs/scans.md); in the last one, and where pixels are dead or saturated, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import Calibration, FloatImage, ScanImage
from gate_agent.scans.triage.container import Box


class Band(IntEnum):
    """Penetration, by transmission at the most penetrating energy."""

    NOT_INSPECTABLE = 0
    DARK = 1  # 0.05 and less, down to the noise
    DENSE = 2  # 0.05 to 0.2
    MEDIUM = 3  # 0.2 to 0.6
    CLEAR = 4  # more than 0.6


_EDGES: Final = (0.05, 0.2, 0.6)
_NOISES: Final = 4.0
_GLARE: Final = 1e-3
"""Scatter lights up what no beam came through: below this (300 mm of steel at 6 MV) is nothing to see."""
_DISPLAY_BLACK: Final = 0.03
"""On a display picture black is the end of the scale, whatever came through."""


@dataclass(frozen=True, slots=True, eq=False)
class InspectableMap:
    """`bands`: uint8 of :class:`Band` over the full image (0 outside the container).

    `shares`: of the loading space; `limit`: the transmission below which nothing can be said.
    """

    bands: NDArray[np.uint8]
    shares: Mapping[Band, float]
    limit: float

    @property
    def not_inspectable(self) -> float:
        return self.shares[Band.NOT_INSPECTABLE]


def penetration_limit(noise_floor: float) -> float:
    """The transmission that must be exceeded to say that the beam came through."""
    return max(_NOISES * noise_floor, _GLARE)


def band_of(transmission: FloatImage) -> NDArray[np.uint8]:
    """The band of each transmission, taken as penetrated: DARK at least."""
    return (1 + np.digitize(transmission, _EDGES)).astype(np.uint8)


def inspectable_map(image: ScanImage, inner: Box, noise_floor: float) -> InspectableMap:
    """Bands over the loading space. Without calibration the bands are of grey values, which is said by the
    report."""
    limit = penetration_limit(noise_floor) if image.calibration is Calibration.KNOWN else _DISPLAY_BLACK
    high = image.high[inner.slices]
    found = band_of(high)
    found[(high <= limit) | ~image.usable[inner.slices]] = Band.NOT_INSPECTABLE
    bands = np.zeros(image.shape, np.uint8)
    bands[inner.slices] = found
    shares = {band: round(float((found == band).mean()), 4) for band in Band}
    return InspectableMap(bands, shares, limit)
