"""How one load looks, small enough to keep: what sister containers of one lot are compared by. No training.

Three views of the same matter, none of which needs to know what the goods are:

* **map**: how much matter stands where, as a coarse grid over the loading space;
* **levels**: how much matter there is at all, as quantiles; blind to where it stands;
* **texture**: how matter varies over 5 to 40 cm, along and upright: cartons, drums and coils differ.

Matter is what the beam lost beyond the container's walls. A display picture bends it by an unknown gamma and
gain; the steel of the container's own lower rail, which is the same in all sisters, serves as a yardstick.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from gate_agent.cargo.errors import SignatureError
from gate_agent.scans.image import Calibration, FloatImage
from gate_agent.scans.triage.container import Box, attenuation
from gate_agent.scans.triage.report import TriageReport
from gate_agent.settings import Settings

ROWS: Final = 24
COLUMNS: Final = 96
_QUANTILES: Final = tuple(range(5, 100, 5))
_SCALES: Final = (0.02, 0.04, 0.08, 0.16)  # of the inner height: 5 cm to 40 cm
_TEXTURES: Final = 2 * len(_SCALES)
_BLACK: Final = 7.0
_WORK_ROWS: Final = 192
_LEAST: Final = 1e-3
_LIGHTEST: Final = 2.0  # percent of a picture: bare wall, if there is any
_RAIL: Final = (0.025, 0.05)  # below the loading space, in shares of its height
_RAIL_PLAUSIBLE: Final = (0.2, 2.0)
_TOLERANCE: Final = 3  # cells: pallets of sisters do not stand at the very same place

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LoadSignature:
    """`grid` is ROWS x COLUMNS, roof first. `calibrated` and `peak_kev` tell which pictures are of one kind.
    `rail`: attenuation of the lower rail beyond the walls', 0 when it could not be made out."""

    calibrated: bool
    peak_kev: float
    rail: float
    grid: Vector
    levels: Vector
    texture: Vector

    def comparable(self, other: LoadSignature) -> bool:
        """Whether both pictures are of one kind: of the same beam, or both made for the eye."""
        return (self.calibrated, self.peak_kev) == (other.calibrated, other.peak_kev)

    @cached_property
    def coarse(self) -> Vector:
        """The grid at half its fineness, which forgives a pallet's place."""
        half = cv2.resize(self.grid, (COLUMNS // 2, ROWS // 2), interpolation=cv2.INTER_AREA)
        return np.asarray(half, np.float32)

    def to_json(self) -> dict[str, object]:
        """For keeping; :func:`signature_from` takes it back."""
        return {
            "format": "load-signature/1",
            "calibrated": self.calibrated,
            "peak_kev": self.peak_kev,
            "rail": round(self.rail, 4),
            "grid": [round(float(value), 3) for value in self.grid.ravel()],
            "levels": [round(float(value), 4) for value in self.levels],
            "texture": [round(float(value), 5) for value in self.texture],
        }


_Value = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class _SignatureFile(Settings):
    format: Literal["load-signature/1"]
    calibrated: bool
    peak_kev: Annotated[float, Field(ge=0, le=50_000)]
    rail: _Value
    grid: tuple[_Value, ...] = Field(min_length=ROWS * COLUMNS, max_length=ROWS * COLUMNS)
    levels: tuple[_Value, ...] = Field(min_length=len(_QUANTILES), max_length=len(_QUANTILES))
    texture: tuple[_Value, ...] = Field(min_length=_TEXTURES, max_length=_TEXTURES)


def signature_from(kept: object) -> LoadSignature:
    """What :meth:`LoadSignature.to_json` gave. Raises SignatureError naming the part."""
    try:
        file = _SignatureFile.model_validate(kept)
    except ValidationError as error:
        raise SignatureError.complaint(error) from error
    grid = np.array(file.grid, np.float32).reshape(ROWS, COLUMNS)
    levels, texture = np.array(file.levels, np.float32), np.array(file.texture, np.float32)
    return LoadSignature(file.calibrated, file.peak_kev, file.rail, grid, levels, texture)


def load_signature(report: TriageReport) -> LoadSignature | None:
    """None when there is no container in the picture."""
    if report.container is None or report.fill is None:
        return None
    inner, wall = report.container.inner, report.fill.wall
    weakened = np.minimum(attenuation(report.image.high), np.float32(_BLACK))
    return _signature(report, weakened[inner.slices], wall, _rail(weakened, inner, wall))


def picture_signature(report: TriageReport) -> LoadSignature:
    """Of the whole picture: where pictures were cut to the container, no air shows it. Not to be mixed with
    signatures of loading spaces."""
    weakened = np.minimum(attenuation(report.image.high), np.float32(_BLACK))
    return _signature(report, weakened, float(np.percentile(weakened, _LIGHTEST)), 0.0)


def _signature(report: TriageReport, weakened: FloatImage, wall: float, rail: float) -> LoadSignature:
    work = _worked(np.maximum(weakened - np.float32(wall), np.float32(0)))
    return LoadSignature(
        calibrated=report.image.calibration is Calibration.KNOWN,
        peak_kev=report.image.channels[-1].peak_kev,
        rail=rail,
        grid=np.asarray(cv2.resize(work, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32),
        levels=np.percentile(work, _QUANTILES).astype(np.float32),
        texture=_texture(work),
    )


def _worked(matter: FloatImage) -> FloatImage:
    """One height for all, so that a step is a length; proportions as far as pixels are square."""
    rows, columns = matter.shape
    width = max(_WORK_ROWS, min(8 * _WORK_ROWS, round(columns * _WORK_ROWS / rows)))
    kind = cv2.INTER_AREA if rows > _WORK_ROWS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(matter, (width, _WORK_ROWS), interpolation=kind), np.float32)


def _rail(weakened: FloatImage, inner: Box, wall: float) -> float:
    """Goods do not hang below the floor: what is dark there is the container's own."""
    first, last = (inner.bottom + max(2 * n, round(_RAIL[n - 1] * inner.height)) for n in (1, 2))
    band = weakened[first:last, inner.left : inner.right]
    found = float(np.median(np.median(band, axis=1))) - wall if band.size else 0.0
    return found if _RAIL_PLAUSIBLE[0] < found < _RAIL_PLAUSIBLE[1] else 0.0


def _texture(work: FloatImage) -> Vector:
    """Relative variation over distances that double, along and upright, where there is matter."""
    where = work > max(0.1, 0.1 * float(work.max()))
    found: list[float] = []
    for share in _SCALES:
        step = max(1, round(share * _WORK_ROWS))
        smooth = np.asarray(cv2.blur(work, (step, step)), np.float32)
        for steps, part in (
            (smooth[:, step:] - smooth[:, :-step], where[:, step:] & where[:, :-step]),
            (smooth[step:] - smooth[:-step], where[step:] & where[:-step]),
        ):
            found.append(float(np.median(np.abs(steps[part]))) if part.any() else 0.0)
    level = float(np.median(work[where])) if where.any() else 1.0
    return (np.array(found) / max(level, _LEAST)).astype(np.float32)


# ---------------------------------------------------------------- comparing


def distance(one: LoadSignature, other: LoadSignature) -> float:
    """How unlike two loads are: 0 alike, 1 nothing in common. Symmetric.

    The mean over map, levels and texture. A container may have been driven doors first, so the mirrored map
    counts as well; pictures may have been displayed differently, so the rails' ratio does.
    """
    texture = _unlike(one.texture, other.texture)
    return min((_matter(one, other, scale) + texture) / 3 for scale in _scales(one, other))


def _matter(one: LoadSignature, other: LoadSignature, scale: float) -> float:
    straight, mirrored = other.coarse * scale, other.coarse[:, ::-1] * scale
    grid = min(_unlike(one.coarse, straight), _unlike(one.coarse, mirrored))
    return grid + _unlike(one.levels, other.levels * scale)


def _scales(one: LoadSignature, other: LoadSignature) -> tuple[float, ...]:
    """By what the other's matter may be multiplied: calibrated matter by nothing."""
    if one.calibrated or not one.rail or not other.rail:
        return (1.0,)
    return 1.0, one.rail / other.rail


def _unlike(one: Vector, other: Vector) -> float:
    """Bray-Curtis dissimilarity."""
    together = float(one.sum() + other.sum())
    return float(np.abs(one - other).sum()) / together if together > _LEAST else 0.0


@dataclass(frozen=True, slots=True)
class Excess:
    """Where one load has more matter than any sister near that place. `share` is of its own typical matter;
    `along` (0 is the picture's left) and `height` (0 is the floor) tell the place, 0..1."""

    share: float
    along: float
    height: float


def local_excess(one: LoadSignature, sisters: list[LoadSignature]) -> Excess:
    """The largest excess, over about 30 cm: something put among goods that the sisters do not have."""
    ratios = [one.rail / each.rail if one.rail and each.rail else 1.0 for each in sisters]
    plain = _excess(one.grid, [each.grid for each in sisters])
    if one.calibrated or all(ratio == 1.0 for ratio in ratios):
        return plain
    scaled = _excess(one.grid, [each.grid * ratio for each, ratio in zip(sisters, ratios, strict=True)])
    return min(plain, scaled, key=lambda excess: excess.share)


def _excess(grid: Vector, others: list[Vector]) -> Excess:
    kernel = np.ones((_TOLERANCE, _TOLERANCE), np.uint8)
    turned = [min((each, each[:, ::-1]), key=lambda way: _unlike(grid, way)) for each in others]
    most = np.max([cv2.dilate(np.ascontiguousarray(each), kernel) for each in turned], axis=0)
    where = grid > max(0.1, 0.1 * float(grid.max()))
    level = max(float(np.median(grid[where])), 0.1) if where.any() else 1.0
    above = np.asarray(cv2.blur(np.maximum(grid - most, 0), (_TOLERANCE, _TOLERANCE)), np.float32)
    row, column = divmod(int(np.argmax(above)), COLUMNS)
    share = float(above[row, column]) / level
    return Excess(share, (column + 0.5) / COLUMNS, 1 - (row + 0.5) / ROWS)
