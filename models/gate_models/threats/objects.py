"""Objects to be found, drawn: arms, dense blocks, organic bricks, shielded boxes, cylinders.

Each kind is a function of a random generator that gives an :class:`Object`: areal density per material on a
small square, in any posture. Materials stand for what has nearly the same attenuation (sugar for pressed
powders, cellulose for banknotes); nothing here describes a real device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS
from gate_models.threats.space import (
    PITCH_MM,
    Map,
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
Shapes: TypeAlias = list[NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """`layers`: material and areal density, g/cm², all patches of one shape."""

    kind: str
    layers: tuple[tuple[str, Map], ...]

    @property
    def extent(self) -> NDArray[np.bool_]:
        """Where the object is."""
        return np.sum([patch for _, patch in self.layers], axis=0) > 0.3


def _posture(random: Random) -> tuple[float, float]:
    return float(random.uniform(0, 2 * np.pi)), float(random.uniform(0.45, 1.0))


def _made(
    kind: str, parts: list[tuple[str, NDArray[np.float64], float]], random: Random, size_mm: float
) -> Object:
    """Polygons with a material and a depth each, all turned alike."""
    angle, squeeze = _posture(random)
    mirror = np.array([1.0 if random.random() < 0.5 else -1.0, 1.0])
    layers: list[tuple[str, Map]] = []
    for material in sorted({name for name, _, _ in parts}):
        chosen = [(shape, depth) for name, shape, depth in parts if name == material]
        shapes = [turned(shape * mirror, angle, squeeze) for shape, _ in chosen]
        # Seen at an angle, the same part is crossed along a longer way.
        depths = [depth / squeeze for _, depth in chosen]
        layers.append(
            (material, polygons(shapes, depths, size_mm) * np.float32(MATERIALS[material].density / 10))
        )
    return Object(kind, tuple(layers))


def pistol(random: Random) -> Object:
    long, slide = float(random.uniform(150, 230)), float(random.uniform(25, 38))
    thick, grip = float(random.uniform(14, 26)), float(random.uniform(80, 125))
    lean = float(random.uniform(0.05, 0.4))
    hold = np.array([[0, 0], [42, 0], [42 - lean * grip, grip], [-lean * grip, grip]])
    hold[:, 0] -= long / 2
    guard = rectangle(-long / 2 + 42, -long / 2 + 85, 0, 32)
    hole = rectangle(-long / 2 + 48, -long / 2 + 79, 5, 27)
    parts = [
        ("steel", rectangle(-long / 2, long / 2, -slide, 0), thick),
        ("steel" if random.random() < 0.6 else "polyethylene", hold, float(random.uniform(12, 26))),
        ("steel", guard, 6.0),
        ("steel", hole, -6.0),
    ]
    return _made("weapon", parts, random, 420)


def _rifle(long: float, random: Random, at: float) -> list[tuple[str, NDArray[np.float64], float]]:
    barrel, body = 0.5 * long, 0.28 * long
    x = -long / 2
    stock = np.array([[x, at - 15], [x + 0.22 * long, at - 25], [x + 0.22 * long, at + 15], [x, at + 60]])
    return [
        ("cellulose", stock, 40.0),
        (
            "steel",
            rectangle(x + 0.22 * long, x + 0.22 * long + body, at - 30, at + 30),
            float(random.uniform(18, 40)),
        ),
        (
            "steel",
            rectangle(x + 0.5 * long, x + 0.5 * long + barrel, at - 10, at + 10),
            float(random.uniform(14, 22)),
        ),
        ("steel", turned(rectangle(-14, 14, 0, 170), 0.3) + np.array([x + 0.42 * long, at + 25]), 20.0),
    ]


def rifles(random: Random) -> Object:
    """One, or several side by side."""
    long, number = float(random.uniform(650, 1050)), int(random.choice([1, 1, 2, 3]))
    parts = [part for n in range(number) for part in _rifle(long, random, 95.0 * (n - (number - 1) / 2))]
    return _made("weapon", parts, random, 1250)


def block(random: Random) -> Object:
    """A dense block: steel, copper, lead, tungsten."""
    material = str(random.choice(["steel", "steel", "copper", "lead", "lead", "tungsten", "uranium"]))
    wide, high = float(random.uniform(60, 350)), float(random.uniform(60, 350))
    part = (material, rectangle(-wide / 2, wide / 2, -high / 2, high / 2), float(random.lognormal(3.9, 0.6)))
    return _made("block", [part], random, 560)


def bricks(random: Random) -> Object:
    """Pressed organic bricks: one, or a bundle with seams."""
    material, packing = ("sugar", random.uniform(1.0, 1.6)) if random.random() < 0.7 else ("cellulose", 1.15)
    wide, high = float(random.uniform(150, 260)), float(random.uniform(50, 150))
    across, down = int(random.integers(1, 5)), int(random.integers(1, 7))
    depth = float(random.uniform(90, 600)) * float(packing)
    shape = np.ones((pixels(high), pixels(wide)), np.float32)
    seam = float(random.uniform(0, 0.5))
    shape[-1:] *= 1 - seam
    shape[:, -1:] *= 1 - seam
    patch = np.tile(shape, (down, across)) * areal(material, depth)
    for _ in range(int(random.integers(0, 3))):
        row, column = int(random.integers(down)) * pixels(high), int(random.integers(across)) * pixels(wide)
        patch[row : row + pixels(high), column : column + pixels(wide)] *= float(random.uniform(0.4, 1.0))
    return Object("organic", ((material, patch),))


def bag(random: Random) -> Object:
    """A bag or bundle of powder or banknotes: a lump without edges."""
    high, wide = pixels(random.uniform(180, 600)), pixels(random.uniform(180, 700))
    material = str(random.choice(["sugar", "sugar", "cellulose", "polyethylene"]))
    lump = np.maximum(0, ellipse(high, wide, solid=True) * (1 + 0.15 * clouds(random, high, wide, 8)))
    return Object(
        "organic", ((material, (areal(material, random.uniform(150, 600)) * lump).astype(np.float32)),)
    )


def shielded(random: Random) -> Object:
    """A box with metal walls: darker at its edges, with something inside."""
    wall_of = str(random.choice(["lead", "steel", "steel", "tungsten"]))
    wall = float(random.uniform(4, 25)) if wall_of != "steel" else float(random.uniform(8, 40))
    wide, high = float(random.uniform(120, 420)), float(random.uniform(120, 420))
    deep = float(random.uniform(120, 420))
    inside = rectangle(-wide / 2 + wall, wide / 2 - wall, -high / 2 + wall, high / 2 - wall)
    core = float(random.uniform(0.2, 0.6))
    parts = [
        (wall_of, rectangle(-wide / 2, wide / 2, -high / 2, high / 2), deep),
        (wall_of, inside, -max(deep - 2 * wall, 0.0)),
        (str(random.choice(["sugar", "water", "lead", "cellulose"])), inside * core, deep * core),
    ]
    return _made("shielded", parts, random, 720)


def cylinder(random: Random) -> Object:
    """Pipes, bottles of gas, shells, mines, balls: solid or hollow, one or a few."""
    material = str(random.choice(["steel", "steel", "aluminium", "lead", "copper"]))
    long, thick = pixels(random.uniform(100, 700)), pixels(random.uniform(50, 220))
    deep = thick * PITCH_MM * float(random.uniform(0.15, 0.9))
    upright = random.random() < 0.5
    one = chord(long, thick, upright=True) if upright else chord(thick, long, upright=False)
    if random.random() < 0.35:
        one = ellipse(thick, thick, solid=random.random() < 0.6)
    number = int(random.choice([1, 1, 1, 2, 3, 4]))
    patch = np.tile(one, (1, number) if upright else (number, 1)) * areal(material, deep)
    return Object("cylinder", ((material, patch.astype(np.float32)),))


Maker: TypeAlias = Callable[[Random], Object]
OBJECTS: Final[tuple[tuple[Maker, float], ...]] = (
    (pistol, 0.2),
    (rifles, 0.13),
    (block, 0.2),
    (bricks, 0.17),
    (bag, 0.06),
    (shielded, 0.13),
    (cylinder, 0.11),
)


def random_object(random: Random) -> Object:
    weights = np.array([weight for _, weight in OBJECTS])
    return OBJECTS[int(random.choice(len(OBJECTS), p=weights))][0](random)
