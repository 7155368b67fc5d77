"""Finds the container in the frame: straight roof, two ends, floor. Works on trucks, platforms and bare
containers.

The roof is the longest stretch of columns whose topmost matter lies at one height; air between cab and
container separates them. The floor is where the attenuation that nearly every column shares first drops on
the way down: timber and cargo end there, and below are rails and chassis. No scanner's numbers are assumed,
only that thicker is darker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import FloatImage, ScanImage

_WORK_COLUMNS: Final = 1200
_WORK_ROWS: Final = 600
_MIN_LENGTH: Final = 0.2  # of the frame
_HEIGHTS_MM: Final = (2000.0, 3300.0)
_ASPECTS: Final = (0.13, 0.62)  # height by length, pixels perhaps not square
_QUANTILE: Final = 10
_DROP: Final = 0.15
_MATTER: Final = 0.2  # a floor attenuates more than this, even on a display with gamma
_WALL_LIMIT: Final = 0.8  # more than this are not the walls alone
_BLACK: Final = 5.0  # attenuations beyond this are all the same: black
_ROOF_SHARE: Final = 0.15  # of the height: what reaches so near to the roof is as high as the container
_RIM: Final = 3  # columns beside the box that its own edge may darken
_LEAST_ROWS: Final = 4  # between roof and floor: fewer show no bare wall, and no room for the floor's step


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the full image: columns [left, right), rows [top, bottom)."""

    left: int
    right: int
    top: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def to_json(self) -> dict[str, int]:
        return {"left": self.left, "top": self.top, "width": self.width, "height": self.height}


@dataclass(frozen=True, slots=True)
class Container:
    """`outer`: roof to the floor's lower edge, front to doors. `inner`: the loading space without roof rails,
    posts and floor."""

    outer: Box
    inner: Box


@dataclass(frozen=True, slots=True)
class Outside:
    """What of the frame is not the container's. `matter`: share of all that the beam met that lies outside
    the box; `as_high`: the longest stretch of columns beside the box that reach up to its roof, in widths of
    the box: a tractor's cab is short, a second container is not; `joint`: by how much the darkest line down
    from the roof, in the middle of the box, is darker than both its sides, -ln T: two containers that touch
    show their end frames there."""

    matter: float
    as_high: float
    joint: float

    def to_json(self) -> dict[str, float]:
        figures = {"matter": self.matter, "as_high": self.as_high, "joint": self.joint}
        return {name: round(value, 4) for name, value in figures.items()}


def attenuation(image: FloatImage) -> FloatImage:
    """-ln T, with T kept off zero."""
    return -np.log(np.maximum(image, np.float32(1e-5)))


def find_container(image: ScanImage) -> Container | None:
    """None when nothing in the frame has the shape of a container."""
    columns, rows = image.shape[1], image.shape[0]
    small, fx, fy = _shrunk(image)
    matter = _matter(small)
    run = _roof(matter)
    if run is None:
        return None
    left, right, top = run
    scale = image.geometry.row_mm * fy
    aspect = image.geometry.row_mm * fy / (image.geometry.column_mm * fx) if image.geometry.known else 0.0
    floor = _floor(small[:, left:right], top, _plausible(right - left, scale, aspect))
    if floor is None:
        return None
    outer = Box(left * fx, min(right * fx, columns), top * fy, min((floor + 1) * fy, rows))
    return Container(outer, _inside(outer, image))


def outside_of(image: ScanImage, container: Container) -> Outside:
    """What was in the frame beside, above and below the container that was found."""
    small, fx, fy = _shrunk(image)
    matter = _matter(small)
    box = container.outer
    left, right, top, bottom = box.left // fx, -(-box.right // fx), box.top // fy, -(-box.bottom // fy)
    whole, inside = np.count_nonzero(matter), np.count_nonzero(matter[top:bottom, left:right])
    beside = matter[: top + round(_ROOF_SHARE * (bottom - top))].copy()
    beside[:, max(0, left - _RIM) : right + _RIM] = False
    start, end = _longest(np.asarray(beside.any(axis=0)), gap=max(2, matter.shape[1] // 150))
    joint = _joint(image.high[box.slices])
    return Outside(float((whole - inside) / max(1, whole)), (end - start) / max(1, right - left), joint)


def _joint(part: FloatImage) -> float:
    """The strongest line from the roof to mid height in the middle half of a box, against both its sides.

    Goods do not reach the roof, so that both the rows under it and four fifths of all down to mid height have
    to be dark.
    """
    height, width = part.shape
    dark = attenuation(part[: max(4, height // 2)])
    whole = np.percentile(dark[round(0.05 * height) :], 20, axis=0)
    under_roof = np.median(dark[round(0.04 * height) : max(2, round(0.12 * height))], axis=0)
    side = max(3, width // 60)

    def stands_out(levels: NDArray[np.floating], column: int) -> float:
        left = np.median(levels[column - 4 * side : column - side])
        right = np.median(levels[column + side : column + 4 * side])
        return float(levels[column - 1 : column + 2].max() - max(left, right))

    middle = range(max(width // 4, 4 * side), min(width - width // 4, width - 4 * side))
    found = (min(stands_out(whole, column), stands_out(under_roof, column)) for column in middle)
    return max(0.0, max(found, default=0.0))


def _shrunk(image: ScanImage) -> tuple[FloatImage, int, int]:
    """The picture at the size that is worked on, and how many columns and rows became one."""
    rows, columns = image.shape
    fx, fy = max(1, columns // _WORK_COLUMNS), max(1, rows // _WORK_ROWS)
    shrunk = cv2.resize(image.high, (columns // fx, rows // fy), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32), fx, fy


def _matter(small: FloatImage) -> NDArray[np.bool_]:
    """Where the beam met anything but air."""
    smooth = cv2.medianBlur(small, 3)
    border = np.concatenate([smooth[:3].ravel(), smooth[:, :3].ravel(), smooth[:, -3:].ravel()])
    air = float(np.percentile(border, 90))
    near = border[border > 0.9 * air]
    noise = float(1.4826 * np.median(np.abs(near - np.median(near)))) if near.size else 0.0
    threshold = air * (1 - max(0.025, 5 * noise / max(air, 1e-6)))
    found = (smooth < threshold).astype(np.uint8)
    return cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.bool_)


def _roof(matter: NDArray[np.bool_]) -> tuple[int, int, int] | None:
    """Left, right and top of the longest stretch of columns with one topmost row."""
    rows, columns = matter.shape
    first = matter.argmax(axis=0)
    tops: NDArray[np.intp] = np.where(matter.any(axis=0), first, np.intp(rows))
    tolerance = max(2, rows // 100)
    best: tuple[int, int, int] | None = None
    for level in np.unique(tops[tops < rows]):
        near = np.abs(tops - level) <= tolerance
        left, right = _longest(near, gap=max(2, columns // 150))
        if best is None or right - left > best[1] - best[0]:
            best = left, right, int(np.median(tops[left:right][near[left:right]]))
    if best is None or best[1] - best[0] < _MIN_LENGTH * columns:
        return None
    return best


def _longest(flags: NDArray[np.bool_], gap: int) -> tuple[int, int]:
    """The longest run of true values, bridging gaps of at most `gap`."""
    where = np.flatnonzero(flags)
    if not where.size:
        return 0, 0
    breaks = np.flatnonzero(np.diff(where) > gap)
    starts = where[np.concatenate([[0], breaks + 1])]
    ends = where[np.concatenate([breaks, [where.size - 1]])] + 1
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])


def _plausible(width: int, row_mm: float, aspect: float) -> tuple[int, int]:
    """How many rows high a container of this many columns may be."""
    if aspect > 0:
        return int(_HEIGHTS_MM[0] / row_mm), int(_HEIGHTS_MM[1] / row_mm)
    return int(width * _ASPECTS[0]), int(width * _ASPECTS[1])


def _floor(strip: FloatImage, top: int, heights: tuple[int, int]) -> int | None:
    """The row of the floor's lower edge: the first marked drop of what nearly every column shares.

    Timber adds to whatever stands on it, and rails and chassis below attenuate less; a load that covers the
    whole floor makes a rise, never a drop. Later drops are the chassis' own.
    """
    first, last = top + heights[0], min(top + heights[1], strip.shape[0] - 4)
    if heights[0] < _LEAST_ROWS or first + 4 >= last:
        return None
    inner = strip[:, int(0.03 * strip.shape[1]) : max(1, int(0.97 * strip.shape[1]))]
    shared = np.percentile(np.minimum(attenuation(inner), _BLACK), _QUANTILE, axis=1)
    bare = min(float(shared[top + 3 : first].min()), _WALL_LIMIT)
    for row in range(first, last):
        before, after = float(shared[row - 3 : row + 1].max()), float(shared[row + 1 : row + 4].min())
        below = float(shared[row + 3 :].max())  # nothing under the floor is as thick as what stands on it
        if before > max(_MATTER, 1.3 * bare) and max(after, below) < (1 - _DROP) * before:
            steps = shared[row - 3 : row + 3] - shared[row - 2 : row + 4]
            return row - 3 + int(np.argmax(steps))
    return None


def _inside(outer: Box, image: ScanImage) -> Box:
    """Without roof rail (70 mm), posts (about 90 mm) and floor boards (28 mm); by proportion where mm are
    unknown."""
    if image.geometry.known:
        roof, boards = 110 / image.geometry.row_mm, 45 / image.geometry.row_mm
        post = 130 / image.geometry.column_mm
    else:
        roof, boards, post = 0.04 * outer.height, 0.014 * outer.height, 0.02 * outer.width
    return Box(
        outer.left + round(post) + 1,
        outer.right - round(post) - 1,
        outer.top + round(roof) + 1,
        outer.bottom - max(2, round(boards)),
    )
