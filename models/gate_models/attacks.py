"""Simulated presentations of one photograph, live and attacks, to measure liveness signs with.

Each gives a sequence of RGB frames, 640 x 480, of a face that turns a little, before an even background.
They stand in for recordings that cannot be shipped: geometry, raster and noise are modelled, while paper,
ink, glare, focus and human movement are not. Rates measured on them say which sign answers to which
species, not how a lane will do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]
Shift = tuple[float, float]
SIZE = (480, 640)
FRAMES = 10
SENSOR_NOISE = 2.0
_TURN = np.radians(14)


def _frame(colour: Doubles, random: np.random.Generator, noise: float = SENSOR_NOISE) -> Pixels:
    return np.clip(colour + random.normal(0, noise, colour.shape), 0, 255).astype(np.uint8)


def _view(
    photograph: Pixels, depth: Doubles, yaw: float, pitch: float, shift: tuple[float, float]
) -> Doubles:
    """The photograph as a surface of `depth` (in its own pixels), turned and seen in perspective."""
    height, width = photograph.shape[:2]
    scale = 1.5 * 250 / height
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float64)
    x = (x - SIZE[1] / 2 - shift[0]) / scale
    y = (y - SIZE[0] / 2 - shift[1]) / scale
    source_x, source_y = x.copy(), y.copy()
    far = 4.0 * width
    for _ in range(4):  # a fixed point: where on the turned surface does this pixel look
        z = cv2.remap(
            depth.astype(np.float32),
            (source_x + width / 2).astype(np.float32),
            (source_y + height / 2).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float64)
        near = far / (far + source_x * np.sin(yaw) + source_y * np.sin(pitch) - z)
        source_x = (x / near - z * np.sin(yaw)) / np.cos(yaw)
        source_y = (y / near - z * np.sin(pitch)) / np.cos(pitch)
    return cv2.remap(
        photograph.astype(np.float32),
        (source_x + width / 2).astype(np.float32),
        (source_y + height / 2).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(120, 120, 120),
    ).astype(np.float64)


def _head(photograph: Pixels) -> Doubles:
    """An ellipsoid with a nose where data sets of faces have theirs: in the middle."""
    height, width = photograph.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = (x - width / 2) / (0.26 * width), (y - height / 2) / (0.36 * height)
    ball = np.sqrt(np.clip(1 - x**2 - y**2, 0, None)) * 0.24 * width
    nose = np.exp(-((x / 0.18) ** 2) - ((y - 0.12) / 0.25) ** 2) * 0.08 * width
    return ball + nose


def _path(
    random: np.random.Generator, frames: int = FRAMES
) -> list[tuple[float, float, tuple[float, float]]]:
    """Yaw, pitch and shift of each frame: one slow turn with some sway."""
    begin, sway = random.uniform(-1, 1), random.normal(0, 1, (frames, 2)).cumsum(axis=0)
    steps = np.sin(begin + np.linspace(0, 2.2, frames))
    return [
        (_TURN * step, 0.3 * _TURN * np.cos(step), (float(s[0]), float(s[1])))
        for step, s in zip(steps, sway, strict=True)
    ]


def _surface(photograph: Pixels, depth: Doubles, random: np.random.Generator) -> list[Doubles]:
    return [_view(photograph, depth, *pose) for pose in _path(random)]


def bona_fide(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    return [_frame(view, random) for view in _surface(photograph, _head(photograph), random)]


def printed_flat(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    """Paper has less contrast than a face, and turns as a plane."""
    paper = (photograph * 0.8 + 30).astype(np.uint8)
    return [_frame(view, random) for view in _surface(paper, np.zeros(paper.shape[:2]), random)]


def printed_bent(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    """The same paper bent around an upright cylinder."""
    paper = (photograph * 0.8 + 30).astype(np.uint8)
    x = (np.arange(paper.shape[1]) - paper.shape[1] / 2) / (0.5 * paper.shape[1])
    bend = np.sqrt(np.clip(1.2 - x**2, 0, None)) * 0.25 * paper.shape[1]
    return [_frame(view, random) for view in _surface(paper, np.repeat(bend[None], len(paper), 0), random)]


def tablet_replay(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    """A recording of a live face on a screen whose raster is 1.6 to 2.6 camera pixels wide."""
    pitch, slant = random.uniform(1.6, 2.6), random.uniform(-0.1, 0.1)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float64)
    frames: list[Pixels] = []
    for view in _surface(photograph, _head(photograph), random):
        across = (x + slant * y + random.uniform(0, pitch)) / pitch
        down = (y - slant * x + random.uniform(0, pitch)) / pitch
        raster = 1 + 0.07 * np.cos(2 * np.pi * across) + 0.05 * np.cos(2 * np.pi * down)
        frames.append(_frame(view * raster[..., None], random))
    return frames


def looped_stream(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    """Live frames, recorded and sent again and again, compressed once more on the way."""
    live = bona_fide(photograph, random)[: FRAMES // 2]
    coded = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1] for frame in live]
    again = [np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8) for code in coded]
    return (again * 2)[:FRAMES]


def injected_file(photograph: Pixels, random: np.random.Generator) -> list[Pixels]:
    """An image file sent in place of the camera's picture, moved about so that it does not stand still."""
    return [
        np.clip(_view(photograph, np.zeros(photograph.shape[:2]), 0, 0, shift), 0, 255).astype(np.uint8)
        for _, _, shift in _path(random)
    ]


ATTACKS: Mapping[str, Callable[[Pixels, np.random.Generator], list[Pixels]]] = {
    "printed photo, flat": printed_flat,
    "printed photo, bent": printed_bent,
    "tablet replay": tablet_replay,
    "looped stream": looped_stream,
    "injected file": injected_file,
}
