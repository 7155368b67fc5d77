"""Containers by ISO 668, the chassis under them and the tractor before them, as things in the beam.

Dimensions are the standard's external and usual internal ones; what the beam crosses is simplified to what an
image shows: two corrugated walls, roof, timber floor on steel cross members, corner posts, doors, rails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gate_simulators.scanner.goods import Kind, Shape, Thing

HEIGHT_MM = 2591.0
WIDTH_MM = 2438.0
INNER_WIDTH_MM = 2352.0
FLOOR_MM = 150.0  # from the lower edge of the bottom rail to the floor's upper face
ROOF_MM = 70.0
END_MM = 90.0


@dataclass(frozen=True, slots=True)
class ContainerType:
    """`wall_mm`: steel that the beam crosses in both side walls together; `insulation_mm` of foam
    (reefers)."""

    name: str
    length_mm: float
    height_mm: float = HEIGHT_MM
    wall_mm: float = 4.0
    insulation_mm: float = 0.0


CONTAINERS: Mapping[str, ContainerType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ContainerType("20GP", 6058),
            ContainerType("40GP", 12192),
            ContainerType("40HC", 12192, 2896),
            ContainerType("45HC", 13716, 2896),
            ContainerType("40RF", 12192, 2896, 2.0, 140),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Interior:
    """The loading space of a placed container, millimetres of the scene."""

    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def length(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0


def container(kind: ContainerType, x: float, y: float) -> tuple[list[Thing], Interior]:
    """The container's steel with its lower front corner at (x, y), and its loading space."""
    x1, y1 = x + kind.length_mm, y + kind.height_mm
    steel = {"material": "steel", "kind": Kind.STRUCTURE}
    things = [
        Thing(
            **steel, x0=x, x1=x1, y0=y, y1=y1, depth_mm=kind.wall_mm, shape=Shape.CORRUGATED, label="walls"
        ),
        Thing(**steel, x0=x, x1=x1, y0=y1 - ROOF_MM, y1=y1, depth_mm=45, label="roof and top rails"),
        Thing(
            **steel, x0=x, x1=x1, y0=y, y1=y + FLOOR_MM - 28, depth_mm=32, label="bottom rails, cross members"
        ),
        Thing(
            "cellulose",
            x,
            x1,
            y + FLOOR_MM - 28,
            y + FLOOR_MM,
            INNER_WIDTH_MM,
            Kind.STRUCTURE,
            packing=0.95,
            label="floor",
        ),
        Thing(**steel, x0=x, x1=x + END_MM, y0=y, y1=y1, depth_mm=40, label="front posts"),
        Thing(**steel, x0=x1 - END_MM, x1=x1, y0=y, y1=y1, depth_mm=60, label="doors and rear posts"),
    ]
    if kind.insulation_mm:
        depth = 2 * kind.insulation_mm
        things.append(
            Thing("polyethylene", x, x1, y, y1, depth, Kind.STRUCTURE, packing=0.05, label="insulation")
        )
        things.append(
            Thing(
                "aluminium", x, x + 350, y + 900, y1, 300, Kind.STRUCTURE, packing=0.35, label="cooling unit"
            )
        )
    space = Interior(x + END_MM, x1 - END_MM, y + FLOOR_MM, y1 - ROOF_MM)
    if kind.insulation_mm:
        space = Interior(x + 420, x1 - END_MM, y + FLOOR_MM, y1 - ROOF_MM)
    return things, space


def chassis(x: float, length_mm: float, deck_mm: float, random: np.random.Generator) -> list[Thing]:
    """A skeleton trailer under a container that begins at x: main beams, bogie, legs."""
    steel = {"material": "steel", "kind": Kind.STRUCTURE}
    beam = float(random.uniform(120, 300))
    things = [
        Thing(**steel, x0=x, x1=x + length_mm, y0=deck_mm - beam, y1=deck_mm, depth_mm=25, label="chassis")
    ]
    axle = x + length_mm - 2600
    for _ in range(int(random.integers(2, 4))):
        radius = 500.0
        things += _wheel(axle, radius)
        axle += 1310 if axle + 1310 < x + length_mm - 300 else -3 * 1310
    leg = x + 0.28 * length_mm
    things.append(Thing(**steel, x0=leg, x1=leg + 140, y0=250, y1=deck_mm, depth_mm=40, label="landing leg"))
    return things


def tractor(x: float, deck_mm: float, random: np.random.Generator) -> tuple[list[Thing], float]:
    """A tractor whose front is at x; returns it and where it ends, before the trailer's gap."""
    steel = {"material": "steel", "kind": Kind.STRUCTURE}
    cab, height = float(random.uniform(2000, 2400)), float(random.uniform(2700, 3700))
    things = [
        Thing(
            **steel, x0=x, x1=x + cab, y0=900, y1=height, depth_mm=8, packing=1.0, texture=0.4, label="cab"
        ),
        Thing(**steel, x0=x + 200, x1=x + 1500, y0=550, y1=1350, depth_mm=320, texture=0.3, label="engine"),
        Thing(
            **steel, x0=x + 300, x1=x + 5300, y0=deck_mm - 450, y1=deck_mm - 180, depth_mm=25, label="frame"
        ),
        Thing("water", x + cab + 150, x + cab + 1300, 500, 1050, 600, Kind.STRUCTURE, label="fuel tank"),
        *_wheel(x + 1000, 500.0),
        *_wheel(x + 4300, 500.0),
    ]
    return things, x + cab


def _wheel(x: float, radius: float) -> list[Thing]:
    rim = radius * 0.55
    return [
        Thing(
            "rubber",
            x - radius,
            x + radius,
            0,
            2 * radius,
            550,
            Kind.STRUCTURE,
            Shape.DISC,
            0.5,
            label="tyre",
        ),
        Thing(
            "steel", x - rim, x + rim, radius - rim, radius + rim, 60, Kind.STRUCTURE, Shape.DISC, label="rim"
        ),
    ]
