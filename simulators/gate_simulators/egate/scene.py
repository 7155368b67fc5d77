"""Draws what the lane camera sees: the plant as a picture.

A passage with walls, floor and a light strip, whoever stands in it (their own photograph, on a head that
turns or on what they hold up), and a left suitcase. The sensor's noise differs in every picture, because a
live camera never repeats itself and the driver takes a repeated picture for a frozen stream.

A person who does not face the camera is drawn from behind: head, hair and shoulders in the
photograph's own colours, without a face that a detector could find. Everything follows from the
seed and the frame number, so that a seeded run shows the same pictures again.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_simulators.egate.plant import Person, Plant
from gate_simulators.egate.presentation import Head, Presentation, add_raster, head_pose, sheet, tilted

Picture = NDArray[np.uint8]

_NOISE_MARGIN = 64  # the noise field is larger than the picture; every frame takes another cut of it
_NOISE_SIGMA = 2.2
_NOISE_MEAN = 8  # noise is added unsigned; the background is darkened by its mean in return
_SPRITES_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """One person, copied out of the plant while its lock was held."""

    portrait: Picture
    facing: bool
    nearness: float
    presents: Presentation

    @property
    def holds_up(self) -> bool:
        """Whether the camera sees a flat thing instead of a face."""
        return self.facing and self.presents is not Presentation.FACE


@dataclass(frozen=True, slots=True, eq=False)
class _Sprite:
    """A cut-out: colour and cover (alpha), RGB uint8; `head` turns what is live and looks at the camera.

    Holding `portrait` keeps its id() unique.
    """

    portrait: Picture
    colour: Picture
    cover: Picture
    head: Head | None


class Scene:
    """Renders one lane. Not thread-safe: one camera, one scene."""

    def __init__(self, width: int = 960, height: int = 540, seed: int = 0) -> None:
        if not (160 <= width <= 1920 and 120 <= height <= 1080):
            raise ValueError(f"a lane picture is 160x120 to 1920x1080, not {width}x{height}")
        self.width, self.height, self.seed = width, height, seed
        rng = np.random.default_rng(seed)
        background = _passage(width, height)
        darker = cv2.subtract(background, np.full_like(background, _NOISE_MEAN))
        self._background: Picture = np.asarray(darker, dtype=np.uint8)
        self._noise = _noise_field(width + _NOISE_MARGIN, height + _NOISE_MARGIN, rng)
        self._sprites: OrderedDict[tuple[int, bool, Presentation], _Sprite] = OrderedDict()

    def render(self, plant: Plant, frame: int) -> Picture:
        """The picture number `frame` of `plant`: RGB uint8 (height, width, 3)."""
        bodies, luggage = _look_at(plant)
        picture: Picture = self._background.copy()
        if luggage:
            _draw_suitcase(picture)
        # The farthest first: nearer people hide those behind them.
        for place, body in reversed(list(enumerate(bodies))):
            self._paste(picture, body, place, len(bodies), frame)
        return self._add_noise(picture, frame)

    def _paste(self, picture: Picture, body: _Body, place: int, among: int, frame: int) -> None:
        sprite, phase = self._sprite(body), self._phase(place, frame)
        colour, cover = sprite.colour, sprite.cover
        transform = self._pose(body, colour.shape[:2], place, among, phase)
        if sprite.head is not None:
            colour = sprite.head.turned(colour, *head_pose(phase))
        # INTER_AREA does not exist for warps; the sprite is shrunk by an integral step first, so that a
        # distant person is not a pattern of single source pixels.
        colour, cover, transform = _shrink(colour, cover, transform)
        if body.holds_up:
            transform = transform @ tilted(colour.shape, phase)
        x0, y0, x1, y1 = self._covered(colour.shape, transform)
        if x1 <= x0 or y1 <= y0:
            return
        transform = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]]) @ transform
        size = (x1 - x0, y1 - y0)
        patch = _warped(colour, transform, size)
        alpha = _warped(cover, transform, size)
        behind = picture[y0:y1, x0:x1]
        cv2.multiply(behind, cv2.bitwise_not(alpha), dst=behind, scale=1 / 255)
        cv2.add(behind, cv2.multiply(patch, alpha, scale=1 / 255), dst=behind)
        if body.holds_up and body.presents is Presentation.SCREEN:
            add_raster(behind, alpha, phase)

    def _covered(self, shape: tuple[int, ...], transform: NDArray[np.float64]) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what a sprite covers in the picture."""
        height, width = shape[:2]
        box = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], dtype=np.float64)
        corners = box @ transform.T
        corners = corners[:, :2] / corners[:, 2:]
        x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (self.width, self.height))
        return int(x0), int(y0), int(x1), int(y1)

    def _phase(self, place: int, frame: int) -> float:
        return frame / 9.0 + 2.1 * place + self.seed

    def _pose(
        self, body: _Body, shape: tuple[int, ...], place: int, among: int, phase: float
    ) -> NDArray[np.float64]:
        """Sprite-to-picture transform.

        Nobody stands still: the head sways by a few pixels, leans by a degree and breathes.
        """
        height, width = shape[0], shape[1]
        reach = (0.34 + 0.62 * min(max(body.nearness, 0.0), 1.0)) * (1.0 if among == 1 else 0.8)
        scale = reach * self.height / height * (1.0 + 0.008 * math.sin(phase * 0.7))
        angle = math.radians(1.2 * math.sin(phase * 0.6))
        centre_x = self.width * (place + 1) / (among + 1) if among > 1 else self.width / 2
        centre_x += 0.006 * self.width * math.sin(phase)
        centre_y = self.height - 0.5 * scale * height + 0.004 * self.height * math.sin(phase * 1.7)
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        transform = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        middle = transform[:2, :2] @ np.array([width / 2, height / 2])
        transform[:2, 2] = np.array([centre_x, centre_y]) - middle
        return transform

    def _sprite(self, body: _Body) -> _Sprite:
        """The person as a cut-out at the picture's height; the last few are kept."""
        key = (id(body.portrait), body.facing, body.presents)
        if key not in self._sprites:
            self._sprites[key] = _drawn(body, _fitted(body.portrait, self.height))
            while len(self._sprites) > _SPRITES_KEPT:
                self._sprites.popitem(last=False)
        self._sprites.move_to_end(key)
        return self._sprites[key]

    def _add_noise(self, picture: Picture, frame: int) -> Picture:
        # The cut walks through all positions before it comes back (a step coprime with 64 * 64), mirrored
        # by turns, so that two pictures of five minutes never carry the same noise.
        position = (frame * 1597 + self.seed) % (_NOISE_MARGIN * _NOISE_MARGIN)
        y, x = divmod(position, _NOISE_MARGIN)
        cut = self._noise[y : y + self.height, x : x + self.width]
        if (frame // (_NOISE_MARGIN * _NOISE_MARGIN)) % 2:
            cut = cv2.flip(cut, 1)
        return np.asarray(cv2.add(picture, cut), dtype=np.uint8)


def _look_at(plant: Plant) -> tuple[list[_Body], bool]:
    with plant.lock:
        seen: Sequence[Person] = plant.before_camera()[:3]
        return [_Body(p.portrait, p.facing, p.nearness, p.presents) for p in seen], plant.object_inside


# ---------------------------------------------------------------- people


def _fitted(portrait: Picture, tall: int) -> Picture:
    """The photograph at the height of the picture: nobody is drawn larger than that."""
    height, width = portrait.shape[:2]
    if portrait.dtype != np.uint8 or portrait.ndim != 3 or portrait.shape[2] != 3 or min(height, width) < 32:
        raise ValueError(f"a portrait is RGB uint8 of at least 32x32, not {portrait.dtype} {portrait.shape}")
    scale = tall / height
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (max(1, round(width * scale)), tall)
    return np.asarray(cv2.resize(portrait, size, interpolation=way), dtype=np.uint8)


def _drawn(body: _Body, photograph: Picture) -> _Sprite:
    if not body.facing:
        return _Sprite(body.portrait, *_back(photograph), head=None)
    if body.holds_up:
        shown = sheet(photograph, body.presents)
        return _Sprite(body.portrait, shown, np.full_like(shown, 255), head=None)
    return _Sprite(body.portrait, *_front(photograph), head=Head(*photograph.shape[:2]))


def _front(photograph: Picture) -> tuple[Picture, Picture]:
    """The photograph with soft edges, so that no rectangle floats in the lane."""
    height, width = photograph.shape[:2]
    cover = np.zeros((height, width), np.uint8)
    edge = height // 16
    cv2.rectangle(cover, (edge, edge), (width - edge, height + edge), 255, cv2.FILLED)
    cover = cv2.blur(cover, (edge | 1, edge | 1))
    return photograph, cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB).astype(np.uint8)


def _back(photograph: Picture) -> tuple[Picture, Picture]:
    """The same person from behind: shoulders, neck and the hair of the back of the head."""
    height, width = photograph.shape[:2]
    hair = _colour_of(photograph[height // 16 : height // 6, width // 3 : -width // 3]) * 0.5
    cloth = _colour_of(photograph[-height // 6 :, width // 4 : -width // 4]) * 0.8
    colour = np.zeros((height, width, 3), np.uint8)
    cover = np.zeros((height, width), np.uint8)
    middle = width // 2
    parts = (
        ((middle, height), (int(width * 0.42), int(height * 0.34)), cloth),
        ((middle, int(height * 0.66)), (int(width * 0.09), int(height * 0.14)), hair * 1.3),
        ((middle, int(height * 0.42)), (int(height * 0.17), int(height * 0.24)), hair),
    )
    for centre, axes, tone in parts:
        cv2.ellipse(colour, centre, axes, 0, 0, 360, tuple(float(c) for c in tone), cv2.FILLED, cv2.LINE_AA)
        cv2.ellipse(cover, centre, axes, 0, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
    return colour, cv2.cvtColor(cv2.blur(cover, (5, 5)), cv2.COLOR_GRAY2RGB).astype(np.uint8)


def _colour_of(part: Picture) -> NDArray[np.float64]:
    return np.median(part.reshape(-1, 3), axis=0)


def _shrink(
    colour: Picture, cover: Picture, transform: NDArray[np.float64]
) -> tuple[Picture, Picture, NDArray[np.float64]]:
    step = int(1.0 / math.hypot(transform[0, 0], transform[1, 0]))
    if step < 2:
        return colour, cover, transform
    size = (colour.shape[1] // step, colour.shape[0] // step)
    wider = transform.copy()
    wider[:, 0] *= colour.shape[1] / size[0]
    wider[:, 1] *= colour.shape[0] / size[1]
    small = (cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in (colour, cover))
    shrunk_colour, shrunk_cover = (np.asarray(layer, dtype=np.uint8) for layer in small)
    return shrunk_colour, shrunk_cover, wider


def _warped(layer: Picture, transform: NDArray[np.float64], size: tuple[int, int]) -> Picture:
    if transform[2, 0] or transform[2, 1]:
        return np.asarray(cv2.warpPerspective(layer, transform, size, flags=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.warpAffine(layer, transform[:2], size, flags=cv2.INTER_LINEAR), np.uint8)


# ---------------------------------------------------------------- the lane


def _passage(width: int, height: int) -> Picture:
    """An empty passage in one-point perspective: end wall, side walls, floor, ceiling, light strip."""
    picture = np.zeros((height, width, 3), np.uint8)
    far_left, far_right = int(width * 0.36), int(width * 0.64)
    far_top, far_bottom = int(height * 0.22), int(height * 0.66)
    near = ((0, 0), (width, 0), (width, height), (0, height))
    far = ((far_left, far_top), (far_right, far_top), (far_right, far_bottom), (far_left, far_bottom))
    tones = (
        (206, 208, 210),
        (176, 181, 186),
        (122, 120, 116),
        (182, 187, 191),
    )  # ceiling, right, floor, left
    for side, tone in enumerate(tones):
        following = (side + 1) % 4
        outline = np.array([near[side], near[following], far[following], far[side]], np.int32)
        cv2.fillConvexPoly(picture, outline, tone, cv2.LINE_AA)
    cv2.rectangle(picture, far[0], far[2], (148, 155, 162), cv2.FILLED)
    strip = [(0.46, 0.0), (0.54, 0.0), (0.515, 0.2), (0.485, 0.2)]
    outline = np.array([(int(x * width), int(y * height)) for x, y in strip], np.int32)
    cv2.fillConvexPoly(picture, outline, (250, 251, 248), cv2.LINE_AA)
    picture = cv2.GaussianBlur(picture, (0, 0), sigmaX=width / 320)
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot((columns - width / 2) / width, (rows - height * 0.35) / height)
    shading = (1.04 - 0.38 * distance)[..., None]
    return np.clip(picture * shading, 0, 255).astype(np.uint8)


def _draw_suitcase(picture: Picture) -> None:
    """A thing on the floor that is not a person."""
    height, width = picture.shape[:2]
    left, right = int(width * 0.16), int(width * 0.27)
    top, bottom = int(height * 0.68), int(height * 0.93)
    cv2.rectangle(picture, (left, top), (right, bottom), (58, 44, 40), cv2.FILLED)
    cv2.rectangle(picture, (left, top), (right, bottom), (24, 20, 18), 2, cv2.LINE_AA)
    grip = int((right - left) * 0.3)
    handle_top = top - int(height * 0.05)
    cv2.rectangle(picture, (left + grip, handle_top), (right - grip, top), (24, 20, 18), 3, cv2.LINE_AA)


def _noise_field(width: int, height: int, rng: np.random.Generator) -> Picture:
    noise = rng.normal(_NOISE_MEAN, _NOISE_SIGMA, (height, width, 3))
    return np.clip(np.rint(noise), 0, 2 * _NOISE_MEAN).astype(np.uint8)
