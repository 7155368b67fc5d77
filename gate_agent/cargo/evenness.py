"""How even a load is: averages over squares of about 15 cm that lie whole in the goods.

Stacks of the same goods differ a little from each other, so something denser is looked for against its
neighbourhood and not against the whole load. Where a load lets the beam through and one place does not, that
place is denser too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import FloatImage, Mask
from gate_agent.scans.triage.container import attenuation
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import TriageReport

_CELLS: Final = 16  # along the height of the loading space
_WHOLE: Final = 0.95
_DARK: Final = 0.1
_LEAST_CELLS: Final = 12
_NEIGHBOURHOOD: Final = 11  # cells: about 1.6 m
_LIGHTER: Final = 0.35
_DENSER: Final = 0.35
_SPREADS: Final = 4.5
_MOSTLY_HIDDEN: Final = 0.25
"""With more than this hidden, the load itself is what the beam does not come through."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """`spread`: robust relative deviation of all cells; `denser`: share of cells far above what surrounds
    them, single ones not counted; `lighter`: far below the typical cell; `hidden`: share that no beam came
    through; `cells`: how many could be judged."""

    spread: float
    denser: float
    lighter: float
    hidden: float
    cells: int


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`level`: matter per cell; `whole`: cells inside the goods; `seen`: of these, those with a level."""

    level: FloatImage
    whole: Mask
    seen: Mask

    @property
    def levels(self) -> FloatImage:
        return self.level[self.seen]

    @property
    def hidden(self) -> float:
        return 1 - int(self.seen.sum()) / max(int(self.whole.sum()), 1) if self.whole.any() else 0.0


def cells_of(report: TriageReport) -> Cells | None:
    """The loading space in cells; None without a container. A display picture gives its darkness beyond the
    walls': not a measure, but the same goods look the same."""
    container, fill = report.container, report.fill
    if container is None or fill is None:
        return None
    inner = container.inner.slices
    dark = ~report.image.usable[inner]
    if report.materials is not None:
        matter = report.materials.areal[inner]
        dark |= report.materials.classes[inner] == MaterialClass.BEYOND
    else:
        matter = np.maximum(attenuation(report.image.high[inner]) - np.float32(fill.wall), 0)
    size = max(2, matter.shape[0] // _CELLS)
    level, goods, hidden = (_averaged(part, size) for part in (matter, fill.goods[inner], dark))
    inside = (goods > _WHOLE).astype(np.uint8)
    whole = cv2.erode(inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    return Cells(level, whole, whole & (hidden < _DARK))


def _averaged(part: NDArray[np.generic], size: int) -> FloatImage:
    rows, columns = part.shape
    grid = max(1, columns // size), max(1, rows // size)
    return np.asarray(cv2.resize(part.astype(np.float32), grid, interpolation=cv2.INTER_AREA), np.float32)


def evenness_of(cells: Cells) -> Evenness | None:
    """None when too little of the load is whole cells."""
    count, levels = int(cells.seen.sum()), cells.levels
    if count < _LEAST_CELLS:
        return Evenness(0.0, 0.0, 0.0, cells.hidden, count) if cells.hidden > 0 else None
    middle = max(float(np.median(levels)), 1e-6)
    spread = _spread(levels) / middle
    lighter = float((levels < middle * (1 - max(_LIGHTER, _SPREADS * spread))).mean())
    return Evenness(spread, _denser(cells, middle), lighter, cells.hidden, count)


def _spread(values: FloatImage) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _denser(cells: Cells, middle: float) -> float:
    """Share of cells that stand out from their neighbourhood, or that nothing comes through."""
    weight = cells.seen.astype(np.float32)
    window = (_NEIGHBOURHOOD, _NEIGHBOURHOOD)
    around = cv2.blur(cells.level * weight, window) / np.maximum(cv2.blur(weight, window), 1e-3)
    apart = np.asarray((cells.level - around) / middle, np.float32)
    limit = max(_DENSER, _SPREADS * _spread(apart[cells.seen]))
    found = cells.seen & (apart > limit)
    if cells.hidden < _MOSTLY_HIDDEN:
        found |= cells.whole & ~cells.seen
    return _clustered(found) / int(cells.whole.sum())


def _clustered(found: Mask) -> int:
    """How many cells lie beside another one."""
    beside = cv2.filter2D(found.astype(np.float32), -1, np.ones((3, 3), np.float32))
    return int((found & (beside > 1.5)).sum())
