"""Pictures as arrays: the contract (RGB, 8 bits, within bounds), and the few OpenCV calls the chain needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.biometrics.face.errors import PictureError

Pixels: TypeAlias = NDArray[np.uint8]
"""RGB, (rows, columns, 3)."""
Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]

MIN_SIDE = 16
MAX_SIDE = 8192
MAX_PIXELS = 16_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; all four edges belong to it, and it may reach beyond the picture."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return max(self.right - self.left + 1, 0)

    @property
    def height(self) -> int:
        return max(self.bottom - self.top + 1, 0)

    @property
    def area(self) -> int:
        return self.width * self.height

    def moved(self, right: int, down: int) -> Box:
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.intersect(other).area
        return shared / (self.area + other.area - shared) if shared else 0.0

    def intersect(self, other: Box) -> Box:
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )


def require_pixels(pixels: object, field: str = "pixels") -> Pixels:
    """`pixels` itself, once it is known to be a picture the chain accepts. Raises PictureError."""
    if not isinstance(pixels, np.ndarray):
        raise PictureError("not an array", field=field)
    array = cast("NDArray[Any]", pixels)
    if array.dtype != np.uint8:
        raise PictureError(f"{array.dtype} values where 8 bits a channel are needed", field=field)
    if array.ndim != 3 or array.shape[2] != 3:
        raise PictureError(f"shape {array.shape} where (rows, columns, 3) is needed", field=field)
    require_size(array.shape[1], array.shape[0], field)
    return array


def require_size(width: int, height: int, field: str) -> None:
    """Raises PictureError unless a picture of this size may be held in memory and looked at."""
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"{width} x {height} pixels are too few", field=field)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureError(f"{width} x {height} pixels are too many", field=field)


def shrink(pixels: Pixels, scale: float) -> Pixels:
    """The picture at `scale` < 1, averaged over areas."""
    size = max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def resize_corners(picture: Floats, rows: int, columns: int) -> Floats:
    """Bilinear resize that maps corner pixels to corner pixels (cv2.resize aligns edges instead)."""
    y = (picture.shape[0] - 1) / max(rows - 1, 1)
    x = (picture.shape[1] - 1) / max(columns - 1, 1)
    to_source = np.array([[x, 0, 0], [0, y, 0]], dtype=np.float64)
    resized = cv2.warpAffine(
        picture,
        to_source,
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resized.astype(np.float32, copy=False)


def grey(pixels: Pixels) -> Pixels:
    """ITU-R BT.601 luminance."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
