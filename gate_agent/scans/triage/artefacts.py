"""Dead detectors, missed pulses and other stripes: found, marked, and filled in for the steps that follow.

A dead detector element is a row that does not follow its neighbours, a missed pulse a column. What was
filled in stays marked: it counts as not inspected.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import Channel, FloatImage, Mask, ScanImage

_DARK: Final = 0.02  # of what the neighbours see
_CLOSE: Final = 3
_MAX_SHARE: Final = 0.2
_FLAT: Final = 1e-9
_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Artefacts:
    """`rows` and `columns` are without information; `saturated` and `dead` are shares of the image."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    saturated: float
    dead: float

    @property
    def excessive(self) -> bool:
        """So much is missing that the scan should be repeated."""
        return self.dead > _MAX_SHARE or self.saturated > _MAX_SHARE


def clean(image: ScanImage) -> tuple[ScanImage, Artefacts]:
    """The image with its stripes marked dead and filled from both sides, and what was found."""
    rows = _stripes(image, axis=1)
    columns = _stripes(image, axis=0)
    dead = image.dead.copy()
    dead[rows] = True
    dead[:, columns] = True
    filled = tuple(
        Channel(_filled(channel.transmission, dead, rows, columns), channel.peak_kev, channel.effective_kev)
        for channel in image.channels
    )
    found = Artefacts(
        tuple(int(r) for r in rows),
        tuple(int(c) for c in columns),
        float(image.saturated.mean()),
        float(dead.mean()),
    )
    return replace(image, channels=filled, dead=dead), found


def _stripes(image: ScanImage, axis: int) -> NDArray[np.intp]:
    """Rows (axis 1) or columns (axis 0) that are dark or constant where their neighbours are not."""
    found: set[int] = set()
    for channel in image.channels:
        level = np.median(channel.transmission, axis=axis)
        around = _neighbours(level.astype(np.float32))
        spread = channel.transmission.std(axis=axis)
        busy = _neighbours(spread.astype(np.float32))
        dark = (level < _DARK * around) & (channel.transmission.max(axis=axis) < 0.5 * around)
        flat = (spread < _FLAT) & (busy > 1e-4)
        found.update(int(i) for i in np.flatnonzero(dark | flat))
    found.update(int(i) for i in np.flatnonzero(image.dead.mean(axis=axis) > 0.9))
    return np.array(sorted(found), np.intp)


def _neighbours(level: FloatImage) -> FloatImage:
    """Median of the surrounding values, wide enough to see past a few dead ones."""
    wide = 2 * _CLOSE + 1
    padded = np.pad(level, wide, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * wide + 1)
    return np.percentile(windows, 70, axis=1).astype(np.float32)


def _bridge(lines: FloatImage, gone: NDArray[np.intp]) -> None:
    """Overwrite the lines `gone` by what lies between the nearest ones that are left, a few at a time: in a
    hostile picture nearly all are gone, and copies of them all would double its memory."""
    left = np.ones(lines.shape[0], np.bool_)
    left[gone] = False
    alive = np.flatnonzero(left)
    place = np.searchsorted(alive, gone)
    low, high = alive[np.maximum(place - 1, 0)], alive[np.minimum(place, alive.size - 1)]
    share = np.where(high == low, 0.5, (gone - low) / np.maximum(high - low, 1)).astype(np.float32)
    for start in range(0, gone.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        weight = share[part, None]
        lines[gone[part]] = (1 - weight) * lines[low[part]] + weight * lines[high[part]]


def _filled(image: FloatImage, dead: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> FloatImage:
    """Whole stripes by interpolation across them, single pixels by their neighbourhood's median."""
    result = image.copy()
    for indices, along in ((rows, result), (columns, result.T)):
        if indices.size and indices.size < along.shape[0]:
            _bridge(along, indices)
    single = dead.copy()
    single[rows] = False
    single[:, columns] = False
    if single.any() and not single.all():
        smooth = cv2.medianBlur(result, 5)
        result[single] = smooth[single]
    return result.astype(np.float32)
