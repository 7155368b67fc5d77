"""Which numbers of a scan are transmissions, and finding the air level where the file does not give it.

A scanner that writes counts proportional to dose leaves open how many counts are air. Where the beam sees
nothing but air, in front of, behind or above the truck, the picture says so itself: the brightest level that
a connected part of its border holds steadily.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gate_agent.scans.image import FloatImage

_STRIP: Final = 0.01
_STEADY: Final = 0.04
_MIN_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class AirLevel:
    """`level` in the image's own unit; `share` of the columns whose roof end shows it; `spread` relative."""

    level: float
    share: float
    spread: float

    @property
    def found(self) -> bool:
        return self.level > 0 and self.share >= _MIN_SHARE and self.spread <= _STEADY


def air_level(image: FloatImage) -> AirLevel:
    """Estimate what air reads from the strips along the image's four borders."""
    rows, columns = image.shape
    thick_rows, thick_columns = max(2, int(rows * _STRIP)), max(2, int(columns * _STRIP))
    top = _medians(image[:thick_rows], axis=0)
    left = _medians(image[: max(2, rows // 2), :thick_columns], axis=1)
    right = _medians(image[: max(2, rows // 2), -thick_columns:], axis=1)
    border = np.concatenate([top, left, right])
    border = border[np.isfinite(border)]
    if border.size < 16:
        return AirLevel(0.0, 0.0, 1.0)
    bright = float(np.percentile(border, 95))
    if bright <= 0:
        return AirLevel(0.0, 0.0, 1.0)
    air = border[border > 0.9 * bright]
    level = float(np.median(air))
    spread = float(np.median(np.abs(air - level)) * 1.4826 / level) if level > 0 else 1.0
    return AirLevel(level, air.size / border.size, spread)


def _medians(strip: FloatImage, axis: int) -> FloatImage:
    with np.errstate(all="ignore"):
        return np.median(strip, axis=axis).astype(np.float32)
