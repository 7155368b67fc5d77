"""Ordinary loads, drawn: what a detector must not mark.

Each kind is a function (random, space, left, right, height) that fills columns [left, right) of the space up
to `height` pixels above the floor. They repeat, lean, and are full of dense parts of their own; a picture
of cargo is seldom tidy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from gate_models.threats.space import (
    DEPTH_MM,
    PITCH_MM,
    Map,
    Space,
    areal,
    chord,
    clouds,
    ellipse,
    pixels,
    polygons,
    rectangle,
    turned,
)

Random: TypeAlias = np.random.Generator
Load: TypeAlias = Callable[[Random, Space, int, int, int], None]

LIGHT: Final = ("textile", "cellulose", "sugar", "polyethylene", "meat", "water", "rubber", "pvc", "salt")
HEAVY: Final = ("ceramic", "glass", "cement", "aluminium", "steel")
METALS: Final = ("steel", "steel", "aluminium", "copper")


def _density(random: Random, space: Space) -> float:
    """g/cm² through the whole width, as packed: from nearly nothing to all that a truck may carry."""
    return float(np.exp(random.uniform(np.log(0.02 * space.heaviest), np.log(space.heaviest))))


def cartons(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """A wall of equal boxes on pallets: seams between them, and the same contents in each."""
    material = str(random.choice(LIGHT + HEAVY))
    wide, high = pixels(random.uniform(200, 700)), pixels(random.uniform(120, 600))
    depth = _density(random, space)
    content = 1 + float(random.uniform(0, 0.3)) * clouds(random, high, wide, random.uniform(4, 14))
    if random.random() < 0.4:
        content = _bottles(random, high, wide)
    seam = float(random.uniform(0.0, 0.25))
    content[:1] *= 1 - seam
    content[:, :1] *= 1 - seam
    content = np.maximum(content, 0.05)
    base = pixels(144) if random.random() < 0.6 else 0
    for x in range(left, right, wide + int(random.integers(0, 2))):
        top = height - int(random.integers(0, 2)) * high if random.random() < 0.15 else height
        for y in range(base, top - high // 2, high):
            uneven = float(random.normal(1, 0.05))
            cut = min(wide, right - x)
            space.add(
                material, space.rows - y - high, x, (depth * uneven * content[:, :cut]).astype(np.float32)
            )
    if base:
        _pallets(random, space, left, right, base)


def _bottles(random: Random, high: int, wide: int) -> np.ndarray:
    """Round things side by side, as a carton's contents look."""
    across = max(1, round(wide / random.uniform(5, 16)))
    down = max(1, round(high / random.uniform(5, 30)))
    one = ellipse(max(2, high // down), max(2, wide // across), solid=True)
    if random.random() < 0.5:
        one = chord(max(2, high // down), max(2, wide // across), upright=True)
    tiled = np.tile(0.5 + 0.8 * one, (down + 1, across + 1))[:high, :wide]
    return np.pad(tiled, ((0, high - tiled.shape[0]), (0, wide - tiled.shape[1])), mode="edge")


def _pallets(random: Random, space: Space, left: int, right: int, base: int) -> None:
    length = pixels(random.choice([800, 1000, 1200]))
    for x in range(left, right, length):
        wide = min(length, right - x) - 1
        space.box("cellulose", space.rows - base, x, 3, wide, DEPTH_MM * 0.7)
        for foot in (0, (wide - 12) // 2, wide - 12):
            space.box("cellulose", space.rows - base, x + max(0, foot), base, 12, DEPTH_MM * 0.4)


def goods(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """Sacks, bales, loose goods: one material, smoothly uneven, with or without a sloping top."""
    material = str(random.choice(LIGHT + HEAVY))
    width = right - left
    amount = float(0.45 * random.beta(1, 2.5))
    uneven = 1 + amount * clouds(random, height, width, random.uniform(4, 40))
    uneven += float(random.uniform(0, 0.08)) * clouds(random, height, width, random.uniform(2, 5))
    if random.random() < 0.5:
        slope = (
            np.linspace(0, random.uniform(-0.5, 0.5) * height, width) + 3 * clouds(random, 1, width, 20)[0]
        )
        uneven[np.arange(height)[:, None] < np.maximum(slope, 0)[None, :]] = 0
    patch = _density(random, space) * np.maximum(uneven, 0)
    space.add(material, space.rows - height, left, patch.astype(np.float32))


def rows_of_round(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """Drums, cans, reels, coils: cylinders on end or lying, several layers of them."""
    material = str(random.choice(LIGHT + HEAVY))
    diameter = pixels(random.uniform(250, 1300))
    tall = min(height, pixels(random.uniform(300, 1300)))
    lying = random.random() < 0.5
    shape = ellipse(diameter, diameter, solid=False) if lying else chord(tall, diameter, upright=True)
    if lying and random.random() < 0.6:
        core = ellipse(max(2, diameter // 4), max(2, diameter // 4), solid=False)
        at = (diameter - core.shape[0]) // 2
        shape[at : at + core.shape[0], at : at + core.shape[1]] -= core
    depth = _density(random, space)
    for y in range(0, max(1, height - shape.shape[0] // 2), shape.shape[0]):
        for x in range(left, right - diameter // 2, diameter):
            patch = depth * float(random.normal(1, 0.03)) * shape[:, : max(1, right - x)]
            space.add(material, space.rows - y - shape.shape[0], x, patch.astype(np.float32))


def bars(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """Timber, tubes, profiles, plates: long things, all lying or all standing."""
    material = str(random.choice(("cellulose", "aluminium", "steel", "pvc", "polyethylene")))
    width, thick = right - left, pixels(random.uniform(16, 160))
    depth = _density(random, space)
    levels = 1 + float(random.uniform(0.05, 0.5)) * random.standard_normal(max(height, width) // thick + 2)
    profile = np.repeat(np.clip(levels, 0.05, 2.5), thick).astype(np.float32)
    patch = np.broadcast_to(profile[:height, None], (height, width))
    if random.random() < 0.25:
        patch = np.broadcast_to(profile[None, :width], (height, width))
    space.add(material, space.rows - height, left, (depth * patch).astype(np.float32))


def machines(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """Machines, scrap, household goods: many parts of all shapes and postures, metals among plastics."""
    width = right - left
    for _ in range(int(width * height / random.uniform(300, 3000)) + 3):
        material = str(random.choice(METALS if random.random() < 0.5 else LIGHT))
        depth = float(random.lognormal(2.7 if material in METALS else 5.0, 0.8))
        patch = areal(material, min(depth, DEPTH_MM / 2)) * part(random, width, height)
        y, x = (
            int(random.integers(0, max(1, room)))
            for room in (height - patch.shape[0], width - patch.shape[1])
        )
        space.add(material, space.rows - height + y, left + x, np.minimum(patch, space.heaviest))


def part(random: Random, width: int, height: int) -> Map:
    """One piece of a machine: relative depth; often squarely placed, as often not."""
    long, short = (float(random.lognormal(mean, 0.7)) for mean in (5.6, 5.0))
    kind = random.random()
    if kind < 0.45:
        wedge = rectangle(-long / 2, long / 2, -short / 2, short / 2) * random.uniform(0.5, 1.0, (4, 2))
        shape = wedge if random.random() < 0.5 else rectangle(-long / 2, long / 2, -short / 2, short / 2)
        slanted = turned(shape, float(random.uniform(0, 2 * np.pi)))
        return polygons([slanted], [1.0], float(np.hypot(long, short)) + 2 * PITCH_MM)
    rows, columns = min(pixels(short), height), min(pixels(long), width)
    if random.random() < 0.5:
        rows, columns = min(pixels(long), height), min(pixels(short), width)
    if kind < 0.6:
        return ellipse(rows, columns, solid=random.random() < 0.5)
    if kind < 0.75:
        return chord(rows, columns, upright=random.random() < 0.5)
    shape = np.ones((rows, columns), np.float32)
    if kind < 0.9 and min(rows, columns) > 5:
        shape[2:-2, 2:-2] = float(random.uniform(0, 0.4))
    return shape


def vehicles(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """A car or two: body, engine, wheels, seats."""
    tall = min(height, pixels(1450))
    for x in range(left, right - pixels(1500), pixels(4300)):
        long = min(pixels(random.uniform(3700, 4600)), right - x)
        body = np.ones((tall, long), np.float32)
        cut = pixels(1000)
        for row in range(tall // 2):
            share = 1 - row / (tall / 2)
            body[row, : int(cut * share)], body[row, long - int(0.7 * cut * share) :] = 0, 0
        top = space.rows - tall - pixels(150)
        space.add("steel", top, x, areal("steel", random.uniform(5, 12)) * body)
        space.box(
            "steel", top + tall // 2, x + pixels(250), pixels(500), pixels(650), random.uniform(60, 160)
        )
        for wheel in (pixels(450), long - pixels(1000)):
            tyre, rim = (
                ellipse(pixels(620), pixels(620), solid=False),
                ellipse(pixels(380), pixels(380), solid=False),
            )
            space.add("rubber", space.rows - pixels(640), x + wheel, areal("rubber", 200) * tyre)
            space.add("steel", space.rows - pixels(520), x + wheel + pixels(120), areal("steel", 30) * rim)
        for seat in (pixels(1500), pixels(2500)):
            space.box(
                "polyethylene", top + tall // 3, x + seat, pixels(700), pixels(200), random.uniform(60, 250)
            )


def pieces(random: Random, space: Space, left: int, right: int, height: int) -> None:
    """A few things standing about: cartons, crates, pallets, a strap."""
    for _ in range(int(random.integers(1, 6))):
        material = str(random.choice(LIGHT + METALS))
        wide, tall = pixels(random.uniform(200, 1200)), min(height, pixels(random.uniform(100, 1200)))
        x = int(random.integers(left, max(left + 1, right - wide)))
        depth = float(random.uniform(2, 25)) if material in METALS else float(random.uniform(80, 1200))
        uneven = 1 + float(random.uniform(0, 0.2)) * clouds(random, tall, wide, random.uniform(3, 12))
        patch = areal(material, depth) * np.maximum(uneven, 0)
        space.add(material, space.rows - tall, x, patch.astype(np.float32))


LOADS: Final[tuple[tuple[Load, float], ...]] = (
    (cartons, 0.28),
    (goods, 0.2),
    (rows_of_round, 0.13),
    (bars, 0.12),
    (machines, 0.15),
    (vehicles, 0.04),
    (pieces, 0.08),
)


def load(random: Random, space: Space) -> None:
    """Fill the space: nothing, a little, or stretch after stretch of different goods."""
    kinds, weights = [kind for kind, _ in LOADS], np.array([weight for _, weight in LOADS])
    if random.random() < 0.12:
        return
    full = float(random.uniform(0.15, 1.0))
    x = -int(random.integers(0, pixels(800)))
    while x < space.columns:
        end = x + pixels(random.uniform(700, 4000))
        height = int(np.clip(full * random.normal(1, 0.15), 0.04, 0.98) * space.rows)
        chosen = kinds[int(random.choice(len(kinds), p=weights))]
        if random.random() < 0.85:
            chosen(random, space, x, end, max(6, height))
        x = end + pixels(random.choice([8, 24, 60, 400]))


def walls(random: Random, space: Space, refrigerated: bool) -> None:
    """Both side walls with their folds, and what the cut along roof and floor leaves of those."""
    steel = float(random.uniform(2.0, 6.5))
    fold = random.uniform(180, 300) / PITCH_MM
    phase = np.abs(((np.arange(space.columns) / fold + random.random()) % 1.0) - 0.5) * 4
    deep = np.where((phase > 0.6) & (phase < 1.4), random.uniform(1.05, 1.4), 0.9)
    flat = 1.0 if refrigerated else deep
    space.layer("steel")[:] += areal("steel", steel) * np.asarray(flat, np.float32)
    if refrigerated:
        space.box("polyethylene", 0, 0, space.rows, space.columns, 280 * 0.05)
    if random.random() < 0.4:
        space.box("steel", 0, 0, int(random.integers(1, 8)), space.columns, random.uniform(5, 50))
    if random.random() < 0.5:
        rows = int(random.integers(1, 6))
        space.box(
            "cellulose", space.rows - rows, 0, rows, space.columns, DEPTH_MM * random.uniform(0.3, 0.95)
        )
    if random.random() < 0.2:
        side = 0 if random.random() < 0.5 else space.columns - 20
        space.box("steel", 0, side, space.rows, int(random.integers(2, 20)), random.uniform(10, 60))
