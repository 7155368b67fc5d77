"""Draws what a camera sees of a passing container: corrugated steel, markings, dirt, perspective, noise.

Nothing here is shared with the drawings that the recogniser was trained on: other lettering (Pillow's
built-in typeface and OpenCV's strokes), other steel, other optics. One seed, one picture; `number` moves
the truck on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
Layout = Literal["horizontal", "stacked", "vertical"]
Lettering = Literal["sans", "strokes"]

COLOURS = ((150, 60, 45), (40, 85, 130), (60, 110, 70), (185, 185, 180), (205, 120, 40), (70, 75, 85))


@dataclass(frozen=True, slots=True)
class Side:
    """A container's side with its markings. `wear` 0 (new) to 1 (hardly legible), `tilt` 0 to 1."""

    code: str
    size_type: str = "22G1"
    layout: Layout = "horizontal"
    lettering: Lettering = "sans"
    letter_height: int = 34
    colour: tuple[int, int, int] = COLOURS[1]
    wear: float = 0.15
    tilt: float = 0.3
    night: bool = False
    seed: int = 0


def drawn_side(rng: np.random.Generator, code: str, layout: Layout) -> Side:
    """A side of the usual variety."""
    return Side(
        code=code,
        size_type=str(rng.choice(["22G1", "45G1", "42U1", "22R1", "L5G1", "25T6"])),
        layout=layout,
        lettering="sans" if rng.random() < 0.7 else "strokes",
        letter_height=int(rng.integers(22, 46)) if layout != "vertical" else int(rng.integers(20, 36)),
        colour=COLOURS[rng.integers(len(COLOURS))],
        wear=float(rng.uniform(0, 0.5)),
        tilt=float(rng.uniform(0, 1)),
        night=bool(rng.random() < 0.25),
        seed=int(rng.integers(1 << 31)),
    )


def render(side: Side, width: int = 960, height: int = 720, number: int = 0) -> Picture:
    """The picture, RGB. Reproducible from the side and the number."""
    rng = np.random.default_rng((side.seed, number))
    steel = _steel(side, width, height, np.random.default_rng(side.seed))
    cover = np.zeros((height, width), np.float32)
    for mask, left, top in _markings(side, width, height, np.random.default_rng((side.seed, 1))):
        rows, columns = min(mask.shape[0], height - top), min(mask.shape[1], width - left)
        if rows > 0 and columns > 0:
            part = cover[top : top + rows, left : left + columns]
            np.maximum(part, mask[:rows, :columns], out=part)
    cover *= _worn(side, width, height)
    dark = float(steel.mean()) > 140
    ink = np.array((28, 28, 30) if dark else (228, 226, 220), np.float32)
    shade = steel.mean(axis=2, keepdims=True) / max(1.0, float(steel.mean()))
    picture = steel * (1 - cover[..., None]) + ink * (0.6 + 0.4 * shade) * cover[..., None]
    return _photographed(side, picture, rng)


def _steel(side: Side, width: int, height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Trapezoid corrugation under light from the upper left, with streaks of rust running down."""
    pitch = rng.uniform(36, 70)
    across = np.arange(width, dtype=np.float32) / pitch % 1.0
    relief = np.interp(across, [0, 0.3, 0.4, 0.7, 0.8, 1.0], [0, 0, -26, -12, 18, 0]).astype(np.float32)
    relief = np.asarray(cv2.GaussianBlur(relief[None], (0, 0), 1.5), np.float32)
    fall = np.linspace(10, -14, height, dtype=np.float32)[:, None]
    light = relief + fall
    streaks = rng.standard_normal((6, width // 6 + 1)).astype(np.float32)
    streaks = cv2.resize(streaks, (width, height), interpolation=cv2.INTER_LINEAR)
    rust = np.clip(streaks - 1.3, 0, 1)[..., None] * np.array((-20, -45, -60), np.float32) * (0.3 + side.wear)
    base = np.array(side.colour, np.float32)
    return np.asarray(np.clip(base + light[..., None] + rust, 5, 250), np.float32)


def _markings(
    side: Side, width: int, height: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.float32], int, int]]:
    """Masks with the place of their upper left corner: the code, the size and type, and other writing."""
    size = side.letter_height
    owner, serial, check = side.code[:4], side.code[4:10], side.code[10:]
    found: list[tuple[NDArray[np.float32], int, int]] = []
    if not side.code:
        return found
    if side.layout == "vertical":
        left = int(rng.integers(width // 2, width - 4 * size))
        top = int(rng.integers(10, max(11, height - round(15.5 * size))))
        found.append((_column([owner, serial, check], side, size), left, top))
        found.append((_column([side.size_type], side, size), left + 2 * size, top))
    else:
        rows = [[owner, serial, check]] if side.layout == "horizontal" else [[owner], [serial, check]]
        masks = [_row(row, side, size) for row in rows] + [_row([side.size_type], side, size)]
        widest = max(mask.shape[1] for mask in masks)
        left = int(rng.integers(10, max(11, width - widest - 10)))
        top = int(rng.integers(10, height // 3))
        for mask in masks:
            found.append((mask, left, top))
            top += round(1.9 * size)
    small = max(12, size // 2)
    for place, words in enumerate(("MAX.GROSS 30480 KG", "TARE 2230 KG", "CU.CAP. 33.2 CU.M")):
        found.append((_row(words.split(" "), side, small), 20, height - (4 - place) * 2 * small))
    return found


def _row(words: Sequence[str], side: Side, size: int) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    for place, word in enumerate(words):
        if place:
            parts.append(np.zeros((size, round(0.7 * size)), np.float32))
        for char in word:
            parts += [_character(char, side, size), np.zeros((size, max(2, size // 7)), np.float32)]
    return np.hstack(parts)


def _column(words: Sequence[str], side: Side, size: int) -> NDArray[np.float32]:
    glyphs = [[_character(char, side, size) for char in word] for word in words if word]
    width = max(glyph.shape[1] for word in glyphs for glyph in word)
    parts: list[NDArray[np.float32]] = []
    for place, word in enumerate(glyphs):
        if place:
            parts.append(np.zeros((size // 2, width), np.float32))
        for glyph in word:
            cell = np.zeros((round(1.25 * size), width), np.float32)
            left = (width - glyph.shape[1]) // 2
            cell[:size, left : left + glyph.shape[1]] = glyph
            parts.append(cell)
    return np.asarray(np.vstack(parts), np.float32)


def _character(char: str, side: Side, size: int) -> NDArray[np.float32]:
    """One character, `size` pixels high, with its own width."""
    if side.lettering == "strokes":
        line = max(2, size // 9)
        mask = np.zeros((size, size), np.uint8)
        scale = (size - line) / 21.0
        cv2.putText(
            mask, char, (line // 2, size - line // 2), cv2.FONT_HERSHEY_DUPLEX, scale, 255, line, cv2.LINE_AA
        )
    else:
        font = ImageFont.load_default(round(size * 1.38))
        image = Image.new("L", (2 * size, 2 * size))
        ImageDraw.Draw(image).text(
            (size // 3, size // 2 + size),
            char,
            fill=255,
            font=font,
            anchor="ls",
            stroke_width=max(1, size // 22),
        )
        mask = np.asarray(image, np.uint8)[size // 2 : size // 2 + size]
    columns = np.flatnonzero(mask.max(axis=0) > 40)
    if not len(columns):
        return np.zeros((size, size // 3), np.float32)
    return np.asarray(mask[:, columns[0] : columns[-1] + 1] / 255, np.float32)


def _worn(side: Side, width: int, height: int) -> NDArray[np.float32]:
    """How much of the paint is still there."""
    rng = np.random.default_rng((side.seed, 2))
    flakes = rng.standard_normal((height // 5 + 1, width // 5 + 1)).astype(np.float32)
    flakes = cv2.resize(flakes, (width, height), interpolation=cv2.INTER_CUBIC)
    left = np.clip(1 - side.wear * 1.2 * np.clip(flakes - 0.6, 0, 1.5), 0.1, 1)
    return np.asarray(left, np.float32)


def _photographed(side: Side, scene: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """From a pole beside the lane: a wedge-shaped view, lens blur, light, sensor noise."""
    height, width = scene.shape[:2]
    look = np.random.default_rng((side.seed, 3)).uniform(-1, 1, 4) * 0.05 * side.tilt
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + np.array(
        [
            (look[0] * width, look[1] * height),
            (-look[2] * width, look[3] * height),
            (look[2] * width, -look[1] * height),
            (-look[0] * width, -look[3] * height),
        ],
        np.float32,
    )
    moved += rng.uniform(-1.5, 1.5, 2).astype(np.float32)  # the truck rolls
    view = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(scene, view, (width, height), borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7 + 0.6 * side.wear)
    if side.night:  # lamps from one side
        lamp = np.linspace(0.65, 0.25, width, dtype=np.float32)[None, :, None]
        seen = seen * lamp + 6
    noise = rng.standard_normal(seen.shape).astype(np.float32) * (5.0 if side.night else 2.5)
    return np.clip(seen + noise, 0, 255).astype(np.uint8)
