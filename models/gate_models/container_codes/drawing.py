"""Draws pieces of container sides with lettering on them: corrugation, dirt, perspective, blur, compression.

Everything random comes from the generator that is passed in. Pictures are grey; readers of codes need no
colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.vehicle.iso6346 import HEIGHTS_WIDTHS_MM, LENGTHS_MM, OWNERS, complete
from gate_models.container_codes.lettering import Glyph, Lettering, horizontal, varied, vertical

Grey = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""Four corners; the first to the second is the direction of reading."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLUTTER = (
    "MAX GROSS",
    "TARE",
    "NET",
    "CU CAP",
    "30480 KG",
    "67200 LB",
    "2200 KG",
    "CAUTION 9'6 HIGH",
    "33.2 CUM",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of lettering in a picture."""

    text: str
    quad: Quad
    vertical: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    pixels: Grey
    lines: tuple[Line, ...]


def random_code(rng: np.random.Generator) -> str:
    """A valid code; half of them with an owner that exists."""
    owners = tuple(OWNERS)
    owner = owners[rng.integers(len(owners))] if rng.random() < 0.5 else "".join(rng.choice(list(LETTERS), 3))
    category = "U" if rng.random() < 0.9 else str(rng.choice(["J", "Z"]))
    return str(complete(owner + category, f"{rng.integers(1_000_000):06d}"))


def random_size_type(rng: np.random.Generator) -> str:
    length = str(rng.choice(["2", "4", "4", "L", *LENGTHS_MM]))
    height = str(rng.choice(["2", "5", *HEIGHTS_WIDTHS_MM]))
    return f"{length}{height}{rng.choice(list('GVBSRHUPTA'))}{rng.integers(10)}"


def line_groups(rng: np.random.Generator) -> tuple[str, ...]:
    """What one line of a marking may say."""
    code = random_code(rng)
    whole = (code[:4], code[4:10], code[10])
    choices: tuple[tuple[str, ...], ...] = (
        *(whole, whole, whole, (code[:4] + code[4:10], code[10]), (code[:4], code[4:])),
        *((code[:4],), (code[4:10], code[10]), (code[4:],), (random_size_type(rng),)),
        ("".join(rng.choice(list(LETTERS + "0123456789"), rng.integers(4, 12))),),
    )
    return choices[rng.integers(len(choices))]


# ---------------------------------------------------------------- surfaces


def clouds(rng: np.random.Generator, height: int, width: int, grain: int) -> NDArray[np.float32]:
    """Smooth noise of mean 0 and deviation about 1, with spots about `grain` pixels wide."""
    coarse = rng.standard_normal((height // grain + 2, width // grain + 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def panel(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """A painted steel side, 0 to 255."""
    level = rng.uniform(30, 225)
    surface = level + rng.uniform(2, 14) * clouds(rng, height, width, 24)
    if rng.random() < 0.75:  # corrugation, its edges lit from one side
        period = rng.uniform(14, 90)
        phase = (np.arange(width, dtype=np.float32) / period + rng.random()) % 1.0
        slope = rng.uniform(0.06, 0.2)
        rises, falls = np.abs(phase - 0.25) < slope / 2, np.abs(phase - 0.75) < slope / 2
        strength = rng.uniform(6, 40)
        profile = strength * (rises.astype(np.float32) * rng.uniform(0.3, 1) - falls.astype(np.float32))
        surface += cv2.GaussianBlur(profile[None, :], (0, 0), rng.uniform(0.6, 2.5))
    if rng.random() < 0.5:  # rust and dirt
        spots = clouds(rng, height, width, int(rng.integers(4, 20)))
        surface -= rng.uniform(10, 60) * np.clip(spots - rng.uniform(0.8, 2.0), 0, 1.5)
    ramp = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * rng.uniform(-20, 20)
    return np.asarray(surface + ramp, np.float32)


def scratch(rng: np.random.Generator, surface: NDArray[np.float32]) -> None:
    """A few straight scratches, ropes, bars."""
    height, width = surface.shape
    for _ in range(rng.integers(0, 4)):
        begin, end = ((int(rng.integers(width)), int(rng.integers(height))) for _ in range(2))
        colour = (float(rng.uniform(0, 255)),)
        cv2.line(surface, begin, end, colour, int(rng.integers(1, 3)), cv2.LINE_AA)


def paint(
    rng: np.random.Generator,
    surface: NDArray[np.float32],
    drawn: Lettering,
    left: int,
    top: int,
    colour: float,
) -> Quad:
    """Paint the line with worn paint; gives the line's corners in reading order."""
    height, width = drawn.mask.shape
    alpha = drawn.mask.astype(np.float32) / 255
    if rng.random() < 0.6:
        wear = clouds(rng, height, width, int(rng.integers(3, 9)))
        alpha *= np.clip(1 - rng.uniform(0, 0.9) * np.clip(wear - rng.uniform(0.2, 1.2), 0, 1), 0, 1)
    alpha *= rng.uniform(0.75, 1.0)
    under = surface[top : top + height, left : left + width]
    # The paint follows the steel's shading.
    under += alpha * (colour - under + 0.6 * (under - under.mean()))
    right, bottom = left + width, top + height
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if drawn.vertical:
        corners = [(right, top), (right, bottom), (left, bottom), (left, top)]
    return np.array(corners, np.float32)


def contrasting(rng: np.random.Generator, surface: NDArray[np.float32]) -> float:
    level = float(surface.mean())
    away = rng.uniform(55, 170)
    return level + away if (level < 128) != (rng.random() < 0.08) else level - away


# ---------------------------------------------------------------- the camera


def tilted(rng: np.random.Generator, height: int, width: int, strength: float) -> NDArray[np.float32]:
    """A perspective view from a little to the side, above or below."""
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + rng.uniform(-strength, strength, (4, 2)).astype(np.float32) * (width, height)
    moved += rng.uniform(-0.03, 0.03) * np.array([(0, 0), (0, width), (0, width), (0, 0)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), np.float32)


def seen(rng: np.random.Generator, surface: NDArray[np.float32]) -> Grey:
    """Blur, exposure, noise and compression of a camera."""
    picture = surface
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.25:  # the truck moves
        length = int(rng.integers(2, 6))
        picture = cv2.blur(picture, (length, 1))
    picture = picture * rng.uniform(0.6, 1.2) + rng.uniform(-15, 20)
    picture = picture + rng.uniform(0.5, 9) * rng.standard_normal(picture.shape).astype(np.float32)
    out = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, jpeg = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))])
        out = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)
    return out


def moved(quad: Quad, view: NDArray[np.float32]) -> Quad:
    return np.asarray(cv2.perspectiveTransform(quad[None], view)[0], np.float32)


# ---------------------------------------------------------------- pictures to learn from


def one_line(rng: np.random.Generator, typefaces: list[Glyph], upright: bool) -> Drawing:
    """One line, or one column when `upright`, and little else: what the reader of lines learns from."""
    glyph = varied(typefaces[rng.integers(len(typefaces))], rng)
    height = int(rng.integers(14, 44))
    groups = line_groups(rng)
    drawn = (vertical if upright else horizontal)(groups, glyph, height, rng)
    rows, columns = drawn.mask.shape
    margin = round(0.9 * height)
    surface = panel(rng, rows + 2 * margin, columns + 2 * margin)
    quad = paint(rng, surface, drawn, margin, margin, contrasting(rng, surface))
    if rng.random() < 0.3:
        scratch(rng, surface)
    size = (surface.shape[1], surface.shape[0])
    view = tilted(rng, surface.shape[0], surface.shape[1], 0.04)
    surface = np.asarray(
        cv2.warpPerspective(surface, view, size, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    return Drawing(seen(rng, surface), (Line("".join(groups), moved(quad, view), drawn.vertical),))


def side(rng: np.random.Generator, typefaces: list[Glyph], size: int = 320) -> Drawing:
    """A piece of a container's side with several lines: what the finder of lines learns from."""
    surface = panel(rng, size, size)
    glyph = typefaces[rng.integers(len(typefaces))]
    colour = contrasting(rng, surface)
    if rng.random() < 0.35:
        _logo(rng, surface, typefaces, colour)
    scratch(rng, surface)
    taken = np.zeros((size, size), bool)
    lines: list[Line] = []
    for _ in range(rng.integers(1, 7)):
        line = _placed(rng, surface, taken, glyph, colour)
        if line is not None:
            lines.append(line)
    view = tilted(rng, size, size, 0.06)
    surface = np.asarray(
        cv2.warpPerspective(surface, view, (size, size), borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    return Drawing(
        seen(rng, surface), tuple(Line(line.text, moved(line.quad, view), line.vertical) for line in lines)
    )


def _placed(
    rng: np.random.Generator,
    surface: NDArray[np.float32],
    taken: NDArray[np.bool_],
    glyph: Glyph,
    colour: float,
) -> Line | None:
    """Paint a line where nothing is yet; None when it does not fit."""
    height = int(rng.integers(9, 30))
    groups = line_groups(rng)
    draw = vertical if rng.random() < 0.4 else horizontal
    if draw is horizontal and rng.random() < 0.3:
        groups = tuple(str(rng.choice(CLUTTER)).split())
    drawn = draw(groups, glyph, height, rng)
    rows, columns = drawn.mask.shape
    room = (surface.shape[0] - rows - 8, surface.shape[1] - columns - 8)
    if min(room) <= 0:
        return None
    top, left = int(rng.integers(4, room[0] + 4)), int(rng.integers(4, room[1] + 4))
    gap = round(0.35 * height)
    around = np.s_[max(0, top - gap) : top + rows + gap, max(0, left - gap) : left + columns + gap]
    if taken[around].any():
        return None
    taken[around] = True
    return Line("".join(groups), paint(rng, surface, drawn, left, top, colour), drawn.vertical)


def _logo(
    rng: np.random.Generator, surface: NDArray[np.float32], typefaces: list[Glyph], colour: float
) -> None:
    """Letters too large to be a code."""
    glyph = typefaces[rng.integers(len(typefaces))]
    word = "".join(rng.choice(list(LETTERS), rng.integers(1, 4)))
    drawn = horizontal((word,), glyph, int(rng.integers(80, 180)), rng)
    rows, columns = (min(a, b) for a, b in zip(drawn.mask.shape, surface.shape, strict=True))
    top = int(rng.integers(surface.shape[0] - rows + 1))
    left = int(rng.integers(surface.shape[1] - columns + 1))
    paint(rng, surface, Lettering(drawn.mask[:rows, :columns], False), left, top, colour)
