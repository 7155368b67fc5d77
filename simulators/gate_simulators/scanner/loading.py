"""Loads containers at random from one seed: how full, with what, stacked how.

The fill class is by the share of the interior's side view that goods of at least 1 g/cm² cover; loads are
drawn away from the borders between the classes, as is stated with every rate in docs/scans.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gate_simulators.scanner.goods import Kind, Shape, Thing
from gate_simulators.scanner.truck import INNER_WIDTH_MM, Interior


class Fill(StrEnum):
    """How full a container is."""

    EMPTY = "empty"
    NEAR_EMPTY = "near_empty"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Commodity:
    """Goods as they are stacked: material, share of the volume filled, unevenness."""

    name: str
    material: str
    packing: tuple[float, float]
    texture: float
    drums: bool = False


COMMODITIES = (
    Commodity("clothing", "textile", (0.4, 0.9), 0.10),
    Commodity("paper", "cellulose", (0.6, 1.0), 0.04),
    Commodity("cartons of food", "sugar", (0.3, 0.8), 0.08),
    Commodity("sacks of sugar", "sugar", (0.8, 1.0), 0.05),
    Commodity("plastic granulate", "polyethylene", (0.5, 0.7), 0.03),
    Commodity("frozen meat", "meat", (0.6, 0.9), 0.06),
    Commodity("drinks", "water", (0.5, 0.8), 0.07),
    Commodity("drums of liquid", "water", (0.85, 0.95), 0.0, drums=True),
    Commodity("tiles", "ceramic", (0.5, 0.8), 0.05),
    Commodity("glassware", "glass", (0.1, 0.3), 0.15),
    Commodity("machine parts", "steel", (0.03, 0.10), 0.35),
    Commodity("aluminium profiles", "aluminium", (0.15, 0.4), 0.12),
)
_COVER = {Fill.NEAR_EMPTY: (0.015, 0.08), Fill.PARTIAL: (0.18, 0.62), Fill.FULL: (0.82, 0.97)}


def load(space: Interior, fill: Fill, random: np.random.Generator) -> list[Thing]:
    """Goods for one container."""
    if fill is Fill.EMPTY:
        return []
    low, high = _COVER[fill]
    cover = float(random.uniform(low, high))
    commodity = COMMODITIES[int(random.integers(len(COMMODITIES)))]
    if fill is Fill.NEAR_EMPTY:
        return _floor_load(space, cover, commodity, random)
    second = COMMODITIES[int(random.integers(len(COMMODITIES)))]
    return _stacks(space, cover, (commodity, second if random.random() < 0.35 else commodity), random)


def _floor_load(
    space: Interior, cover: float, commodity: Commodity, random: np.random.Generator
) -> list[Thing]:
    """A low layer on the floor, or a few pieces: what is easily missed."""
    height = float(random.uniform(120, 420))
    length = min(space.length * 0.98, cover * space.length * space.height / height)
    start = space.x0 + float(random.uniform(0, max(space.length - length, 1.0)))
    return [_stack(commodity, start, start + length, space.y0, space.y0 + height, random, 0.9)]


def _stacks(
    space: Interior, cover: float, commodities: tuple[Commodity, Commodity], random: np.random.Generator
) -> list[Thing]:
    """Pallet after pallet from the front, to heights that cover the wanted share."""
    heights = cover / min(1.0, cover + 0.25 * float(random.random()))
    loaded = space.length * cover / heights
    things: list[Thing] = []
    x = space.x0 + 20.0
    while x < space.x0 + loaded - 200:
        width = float(random.choice([800.0, 1000.0, 1200.0]))
        end = min(x + width, space.x0 + loaded, space.x1)
        share = float(np.clip(heights * random.normal(1.0, 0.04), 0.05, 0.99))
        commodity = commodities[0] if (x - space.x0) < 0.6 * loaded else commodities[1]
        things.append(_stack(commodity, x, end, space.y0, space.y0 + share * space.height, random, 0.97))
        x = end + float(random.choice([0.0, 15.0, 40.0]))
    return things


def _stack(
    commodity: Commodity,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    random: np.random.Generator,
    across: float,
) -> Thing:
    packing = float(random.uniform(*commodity.packing))
    return Thing(
        commodity.material,
        x0,
        x1,
        y0,
        y1,
        across * INNER_WIDTH_MM,
        Kind.GOODS,
        Shape.DRUM if commodity.drums and x1 - x0 < 700 else Shape.BOX,
        packing,
        commodity.texture,
        commodity.name,
    )
