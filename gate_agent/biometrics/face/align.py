"""Cuts an upright face chip from a picture, exactly as dlib's `extract_image_chips` does.

The chip is a similarity transform of the picture that brings five landmarks to fixed places. A large
face is first halved (5x5 binomial) until bilinear sampling is safe. Two details matter for parity: chip
pixels 0 and side - 1 map to the edges of a rectangle whose corners are (side * scale - 1) / 2 from its
centre, and interpolated values are truncated, not rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gate_agent.biometrics.face.cards import View
from gate_agent.biometrics.face.errors import PictureError
from gate_agent.biometrics.face.pixels import Doubles, Pixels

# The mean face of dlib's 5-point model in the unit square, in the order of landmarks.py.
MEAN_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_EYES_AND_NOSE = np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 0.5, 0.5, 0], [0, 0, 0, 0, 1]])
# ArcFace's template for 112 x 112 chips has eye centres, nose tip and mouth corners. Of these the 5-point
# model sees the eyes only; its base of the nose takes the place that its mean face gives it below them.
_ARCFACE = np.array([[73.5318, 51.5014], [38.2946, 51.6963], [56.0252, 78.9]]) / 112


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """`places` of points in the unit square; `mixture` makes those points of the five landmarks."""

    places: Doubles
    mixture: Doubles


DLIB_5_POINT = Alignment(MEAN_FACE, np.eye(5))
ALIGNMENTS = {
    "dlib-5-point": DLIB_5_POINT,
    "arcface-112": Alignment(_ARCFACE, _EYES_AND_NOSE),
}
_COMPLEX = np.array([1, 1j])  # points as complex numbers: a similarity is a product and a sum
_WHOLE = 0.01  # a shift this near to whole pixels is one
_MIN_LEVEL = 9  # dlib's pyramid_down<2> gives nothing for smaller pictures
_SHIFT = np.array([1.25, 0.75])  # where it puts a halved point


@dataclass(frozen=True, slots=True)
class ChipFrame:
    """A square in the picture, turned by `angle` (radians) around its centre."""

    centre: Doubles
    side: float
    angle: float


def chip_frame(landmarks: Doubles, side: int, view: View, alignment: Alignment = DLIB_5_POINT) -> ChipFrame:
    """The square that the chip of `side` pixels shows. Raises PictureError for degenerate landmarks."""
    if landmarks.shape != MEAN_FACE.shape or not bool(np.isfinite(landmarks).all()):
        raise PictureError("five finite landmarks are needed", field="landmarks")
    model = (view.padding + alignment.places) / (2 * view.padding + 1) * side
    source, target = model @ _COMPLEX, (alignment.mixture @ landmarks) @ _COMPLEX
    centred = source - source.mean()
    turn = complex(np.sum(centred.conj() * (target - target.mean()))) / float(np.sum(np.abs(centred) ** 2))
    if abs(turn) * side < 2:
        raise PictureError("the landmarks lie on one point", field="landmarks")
    # Moving the square to the left moves the face to the right in the chip.
    centre = side * (0.5 - view.right + (0.5 - view.down) * 1j)
    middle = complex(target.mean()) + turn * (centre - complex(source.mean()))
    return ChipFrame(np.array([middle.real, middle.imag]), side * abs(turn), float(np.angle(turn)))


def extract_chip(
    pixels: Pixels, landmarks: Doubles, *, side: int, view: View, alignment: Alignment = DLIB_5_POINT
) -> Pixels:
    """The aligned chip, (side, side, 3); black where it reaches beyond the picture."""
    return _cut(pixels, chip_frame(landmarks, side, view, alignment), side)


def extract_views(
    pixels: Pixels,
    landmarks: Doubles,
    *,
    side: int,
    views: Sequence[View],
    alignment: Alignment = DLIB_5_POINT,
) -> Pixels:
    """The chips of several views, (n, side, side, 3), in their order.

    Views of one padding that are whole pixels apart are cut from one larger chip.
    """
    chips = np.empty((len(views), side, side, 3), np.uint8)
    for padding in dict.fromkeys(view.padding for view in views):
        members = [number for number, view in enumerate(views) if view.padding == padding]
        shifts = np.array([[views[m].right, views[m].down] for m in members]) * side
        whole = np.rint(shifts).astype(int)
        if len(members) == 1 or np.abs(shifts - whole).max() > _WHOLE:
            for m in members:
                chip = extract_chip(pixels, landmarks, side=side, view=views[m], alignment=alignment)
                chips[m] = chip
                chip.fill(0)
            continue
        reach = int(np.abs(whole).max())
        frame = chip_frame(landmarks, side, View(padding=padding), alignment)
        larger = side + 2 * reach
        frame = replace(frame, side=(frame.side - 1) / (side - 1) * (larger - 1) + 1)
        field = _cut(pixels, frame, larger)
        for m, (right, down) in zip(members, whole.tolist(), strict=True):
            chips[m] = field[reach - down : reach - down + side, reach - right : reach - right + side]
        field.fill(0)
    return chips


def _cut(pixels: Pixels, frame: ChipFrame, side: int) -> Pixels:
    """`side` x `side` samples of the frame."""
    picture, centre, half = _level(pixels, frame, side)
    turn = np.array([[np.cos(frame.angle), -np.sin(frame.angle)], [np.sin(frame.angle), np.cos(frame.angle)]])
    steps = np.arange(side) * (2 * half / (side - 1)) - half
    x = centre[0] + turn[0, 0] * steps[None, :] + turn[0, 1] * steps[:, None]
    y = centre[1] + turn[1, 0] * steps[None, :] + turn[1, 1] * steps[:, None]
    return _sample(picture, x, y)


def _level(pixels: Pixels, frame: ChipFrame, side: int) -> tuple[Pixels, Doubles, float]:
    """The picture to sample from, and the chip's centre and half side in it."""
    half = (frame.side - 1) / 2
    centre, depth = frame.centre, 0
    while (half * 2 / 2 ** (depth + 1) + 1) ** 2 > side * side:
        depth += 1
    if depth == 0:
        return pixels, centre, half
    # dlib halves only the neighbourhood of the chip, and where that begins decides which rows are kept.
    reach = half * (abs(np.cos(frame.angle)) + abs(np.sin(frame.angle)))
    grow = 2 ** (depth + 2) - 2
    rows, columns = pixels.shape[:2]
    last = np.array([columns - 1, rows - 1])
    begin = np.floor(np.clip(centre - reach - grow, 0, last) + 0.5).astype(int)
    end = np.floor(np.clip(centre + reach + grow, 0, last) + 0.5).astype(int)
    picture = pixels[begin[1] : end[1] + 1, begin[0] : end[0] + 1]
    centre = centre - begin
    for _ in range(depth):
        picture, centre, half = _halve(picture), centre / 2 - _SHIFT, half / 2
    return picture, centre, half


def _halve(picture: Pixels) -> Pixels:
    """Every second pixel after a 5x5 binomial filter, in integers, without a border."""
    if min(picture.shape[:2]) < _MIN_LEVEL:
        raise PictureError("the face lies outside the picture", field="landmarks")
    rows, columns = (picture.shape[0] - 3) // 2, (picture.shape[1] - 3) // 2
    wide = picture.astype(np.uint16)
    across = sum(weight * wide[:, k : k + 2 * columns - 1 : 2] for k, weight in enumerate((1, 4, 6, 4, 1)))
    down = sum(
        weight * np.asarray(across, dtype=np.uint16)[k : k + 2 * rows - 1 : 2]
        for k, weight in enumerate((1, 4, 6, 4, 1))
    )
    return (np.asarray(down, dtype=np.uint16) >> 8).astype(np.uint8)


def _sample(picture: Pixels, x: Doubles, y: Doubles) -> Pixels:
    """Bilinear, in double precision and dlib's order of operations, because the result is truncated."""
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    rows, columns = picture.shape[:2]
    inside = (left >= 0) & (top >= 0) & (left + 1 < columns) & (top + 1 < rows)
    if not bool(inside.any()):
        raise PictureError("the face lies outside the picture", field="landmarks")
    u, v = x - left, y - top
    begin = max(int(top.min()), 0), max(int(left.min()), 0)
    part = picture[begin[0] : int(top.max()) + 2, begin[1] : int(left.max()) + 2]
    width = part.shape[1]
    upper_left = np.where(inside, (top - begin[0]) * width + (left - begin[1]), 0)
    chip = np.empty((*x.shape, 3), dtype=np.uint8)
    for channel in range(3):
        plane = np.ascontiguousarray(part[..., channel]).ravel()
        mixed = _between(plane, upper_left, u) * (1 - v) + _between(plane, upper_left + width, u) * v
        plane.fill(0)
        mixed *= inside
        chip[..., channel] = mixed  # the assignment truncates, and leaves no copy in bytes
    return chip


def _between(plane: Pixels, at: NDArray[np.intp], u: Doubles) -> Doubles:
    """Each pixel and its right neighbour, mixed."""
    return plane.take(at, mode="clip") * (1 - u) + plane.take(at + 1, mode="clip") * u
