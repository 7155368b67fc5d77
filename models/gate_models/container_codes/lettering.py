"""Lines of lettering as masks: the characters of one line of a container's marking, in some typeface.

Typefaces are TrueType or OpenType files and OpenCV's Hershey strokes. Training and evaluation get disjoint
sets, so that error rates are for lettering that the network has never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]
Glyph = Callable[[str, int], Mask]
"""Draws one character of a given capital height in pixels: a mask, 0 to 255, without margins at the sides."""

FONTS = (
    *("LiberationSans-Bold", "LiberationSans-Regular", "LiberationSansNarrow-Bold", "FreeSansBold"),
    *("FreeSans", "DejaVuSans-Bold", "DejaVuSansCondensed-Bold", "DejaVuSans", "DejaVuSansMono-Bold"),
    *("Roboto-Bold", "Roboto-Medium", "RobotoCondensed-Bold", "OSP-DIN", "Lato-Bold", "Lato-Heavy"),
    *("osifont", "routed-gothic", "JetBrainsMono-Bold", "Play-Bold"),
)
HELD_OUT_FONTS = ("OpenSans-Bold", "OpenSans-CondBold", "Manrope-Bold", "Roboto-Black", "LiberationMono-Bold")
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX)


@dataclass(frozen=True, slots=True)
class Lettering:
    """One line as drawn: `mask` is tight in both directions."""

    mask: Mask
    vertical: bool


def truetype(path: Path) -> Glyph:
    cache: dict[tuple[str, int], Mask] = {}

    def glyph(char: str, height: int) -> Mask:
        key = char, height
        if key not in cache:
            cache[key] = _drawn(path, char, height)
        return cache[key]

    return glyph


def _drawn(path: Path, char: str, height: int) -> Mask:
    # Capitals are about 0.72 of the nominal size; the mask is then set to the exact height.
    font = ImageFont.truetype(str(path), max(8, round(height / 0.72)))
    left, top, right, bottom = font.getbbox(char)
    _, cap_top, _, cap_bottom = font.getbbox("H")
    top, bottom = min(top, cap_top), max(bottom, cap_bottom)
    image = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
    ImageDraw.Draw(image).text((-left, -top), char, fill=255, font=font)
    mask = np.asarray(image, np.uint8)
    width = max(2, round(mask.shape[1] * height / mask.shape[0]))
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def hershey(face: int, thickness: float) -> Glyph:
    def glyph(char: str, height: int) -> Mask:
        scale = height / 21.0  # Hershey capitals are 21 units high
        line = max(1, round(thickness * height))
        (width, _), _ = cv2.getTextSize(char, face, scale, line)
        mask = np.zeros((height + 2 * line, width + 2 * line), np.uint8)
        cv2.putText(mask, char, (line, height + line // 2), face, scale, 255, line, cv2.LINE_AA)
        columns = np.flatnonzero(mask.any(axis=0))
        rows = np.flatnonzero(mask.any(axis=1))
        return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    return glyph


def typefaces(folders: Sequence[Path], names: Sequence[str], *, strokes: bool) -> list[Glyph]:
    """Those of the named fonts that the folders hold, and the Hershey strokes when asked for."""
    files = {path.stem: path for folder in folders for path in sorted(folder.rglob("*.[ot]tf"))}
    missing = [name for name in names if name not in files]
    if missing:
        raise FileNotFoundError(f"no font file for {', '.join(missing)}")
    found = [truetype(files[name]) for name in names]
    if strokes:
        found += [hershey(face, thickness) for face in HERSHEY for thickness in (0.08, 0.14)]
    return found


def varied(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """The typeface bolder or lighter, wider or narrower, slanted or not: more hands than there are fonts."""
    width = rng.uniform(0.72, 1.3) if rng.random() < 0.7 else 1.0
    weight = int(rng.integers(-1, 3)) if rng.random() < 0.6 else 0
    slant = rng.uniform(-0.12, 0.12) if rng.random() < 0.3 else 0.0

    def drawn(char: str, height: int) -> Mask:
        mask = glyph(char, height)
        rows, columns = mask.shape
        if width != 1.0:
            columns = max(2, round(columns * width))
            mask = np.asarray(cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        if weight and height >= 20:
            kernel = np.ones((2, 2) if abs(weight) == 1 else (3, 3), np.uint8)
            mask = np.asarray((cv2.dilate if weight > 0 else cv2.erode)(mask, kernel), np.uint8)
        if slant:
            lean = round(abs(slant) * rows) + 1
            wide = cv2.copyMakeBorder(mask, 0, 0, lean, lean, cv2.BORDER_CONSTANT)
            shear = np.array([[1, -slant, slant * rows / 2], [0, 1, 0]], np.float32)
            mask = np.asarray(cv2.warpAffine(wide, shear, (wide.shape[1], rows)), np.uint8)
        return mask

    return drawn


def horizontal(groups: Sequence[str], glyph: Glyph, height: int, rng: np.random.Generator) -> Lettering:
    """Groups side by side, the last one boxed now and then when it is the check digit."""
    gap = rng.uniform(0.08, 0.26) * height
    space = rng.uniform(0.45, 1.1) * height
    boxed = len(groups) > 1 and len(groups[-1]) == 1 and rng.random() < 0.6
    parts: list[Mask] = []
    for number, group in enumerate(groups):
        if number:
            parts.append(np.zeros((height, round(space)), np.uint8))
        for place, char in enumerate(group):
            if place:
                parts.append(np.zeros((height, max(1, round(gap))), np.uint8))
            mask = glyph(char, height)
            parts.append(_padded(mask, height, mask.shape[1]))
    mask = np.hstack(parts)
    return Lettering(_with_box(mask, parts[-1].shape[1], rng) if boxed else mask, vertical=False)


def vertical(groups: Sequence[str], glyph: Glyph, height: int, rng: np.random.Generator) -> Lettering:
    """Upright characters, one below the other."""
    gap = max(1, round(rng.uniform(0.12, 0.45) * height))
    space = round(rng.uniform(0.3, 0.9) * height)
    glyphs = [[glyph(char, height) for char in group] for group in groups]
    width = max(mask.shape[1] for group in glyphs for mask in group)
    parts: list[Mask] = []
    for number, group in enumerate(glyphs):
        if number:
            parts.append(np.zeros((space, width), np.uint8))
        for place, mask in enumerate(group):
            if place:
                parts.append(np.zeros((gap, width), np.uint8))
            parts.append(_padded(mask, mask.shape[0], width))
    return Lettering(np.vstack(parts), vertical=True)


def _padded(mask: Mask, height: int, width: int) -> Mask:
    """Centred sideways, standing on the base line."""
    mask = mask[:height]
    out = np.zeros((height, width), np.uint8)
    left = (width - mask.shape[1]) // 2
    out[height - mask.shape[0] :, left : left + mask.shape[1]] = mask
    return out


def _with_box(mask: Mask, last_width: int, rng: np.random.Generator) -> Mask:
    height, width = mask.shape
    margin = max(2, round(rng.uniform(0.12, 0.25) * height))
    line = max(1, round(rng.uniform(0.05, 0.1) * height))
    out = np.zeros((height + 2 * (margin + line), width + margin + line), np.uint8)
    out[margin + line : margin + line + height, :width] = mask
    left = max(0, width - last_width - margin)
    cv2.rectangle(
        out, (left, line // 2), (out.shape[1] - 1 - line // 2, out.shape[0] - 1 - line // 2), 255, line
    )
    return out
