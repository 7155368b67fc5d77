"""Lots of containers: one plan of loading each, and sisters that follow it more or less closely.

Used by the benchmarks of this folder; the agent knows nothing of plans.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Kind, Shape, Thing
from gate_simulators.scanner.loading import COMMODITIES, Commodity, Fill
from gate_simulators.scanner.scan import SimulatedScan, simulate
from gate_simulators.scanner.scenario import random_scene
from gate_simulators.scanner.truck import CONTAINERS, INNER_WIDTH_MM, Interior, container

SETUP = SETUPS["mv-6-9"]


@dataclass(frozen=True)
class Plan:
    """How a lot is loaded. `share`: of the length; `height`: of the loading space; lengths in millimetres."""

    kind: str
    commodity: Commodity
    packing: float
    height: float
    width: float
    gap: float
    share: float
    depth: float
    pixel: float


@dataclass(frozen=True)
class Habit:
    """How unlike sisters are: relative deviations of packing and height, of filled length, of places."""

    packing: float
    height: float
    length: float
    place: float


HABITS = {"tidy": Habit(0.015, 0.012, 0.03, 0.0), "untidy": Habit(0.04, 0.05, 0.15, 150.0)}


def plan(random: np.random.Generator) -> Plan:
    commodity = COMMODITIES[int(random.integers(len(COMMODITIES)))]
    return Plan(
        str(random.choice(["20GP", "40GP", "40HC"])),
        commodity,
        float(random.uniform(*commodity.packing)),
        float(random.uniform(0.3, 0.95)),
        float(random.choice([800.0, 1000.0, 1200.0])),
        float(random.choice([0.0, 15.0, 40.0, 100.0])),
        float(random.uniform(0.5, 1.0)),
        float(random.uniform(0.8, 0.97)) * INNER_WIDTH_MM,
        float(random.choice([12.0, 15.0, 18.0])),
    )


def loaded(made: Plan, habit: Habit, random: np.random.Generator) -> tuple[list[Thing], Interior]:
    """One container of the lot."""
    _, space = container(CONTAINERS[made.kind], 0, 0)
    end = space.length * made.share * float(random.uniform(1 - habit.length, 1))
    packing = made.packing * float(random.normal(1, habit.packing))
    things: list[Thing] = []
    x = 20.0 + float(random.uniform(0, habit.place))
    while x + 200 < end:
        right = min(x + made.width, space.length - 5)
        height = float(np.clip(made.height * random.normal(1, habit.height), 0.05, 0.99)) * space.height
        filled = float(np.clip(packing * random.normal(1, habit.packing), 0.01, 1.0))
        drum = made.commodity.drums and right - x < 700
        shape = Shape.DRUM if drum else Shape.BOX
        things.append(
            Thing(
                made.commodity.material,
                *(x, right, 0, height, made.depth, Kind.GOODS, shape, filled, made.commodity.texture),
            )
        )
        x = right + made.gap * float(random.uniform(0.7, 1.3)) + float(random.uniform(0, 0.2 * habit.place))
    return things, space


def hidden(made: Plan, space: Interior, random: np.random.Generator) -> Thing:
    """A box of other goods among the load."""
    material, packing = (("steel", 0.2), ("water", 0.8), ("cellulose", 0.8), ("lead", 0.1))[
        int(random.integers(4))
    ]
    width, height = float(random.uniform(300, 1200)), float(random.uniform(300, 900))
    x = float(random.uniform(50, max(100.0, 0.8 * made.share * space.length - width)))
    y = float(random.uniform(0, max(1.0, made.height * space.height - height)))
    depth = float(random.uniform(300, 1200))
    return Thing(material, x, x + width, y, y + height, depth, Kind.OBJECT, packing=packing)


def scanned(
    made: Plan, things: list[Thing], space: Interior, seed: int, turned: bool = False
) -> SimulatedScan:
    if turned:
        things = [replace(each, x0=space.length - each.x1, x1=space.length - each.x0) for each in things]
    scene = random_scene(
        Fill.PARTIAL, seed, kind=made.kind, goods=things, column_mm=made.pixel, row_mm=made.pixel
    )
    return simulate(scene, SETUP, seed)
