"""Threat image projection (TIP): synthetic threats multiplied into a copy of a clean scan, by Beer-Lambert.

    I' = I x exp(- sum over materials of mu(E) x areal density)

at each channel's effective energy, with coefficients from :mod:`gate_agent.scans.attenuation`. Threats are
outlines in millimetres with a depth along the beam, drawn by ourselves. What is left out makes them a little
easier or harder than real ones: beam hardening, scatter, and the added noise of fewer photons.

A :class:`TrainingScan` is no scan: it has planes of pixels and no `ScanImage`, no provenance, no instance
that a report could refer to, and an id that no case can have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.review.planes import AIR, Pixels
from gate_agent.review.record import PictureLayout, PlaneName, Region
from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.triage.materials import MaterialClass

_SUBPIXELS: Final = 4
_VISIBLE: Final = 0.02
_GOODS: Final = 0.75
"""Nothing hangs in the air: among goods, which are darker than this, or on the floor."""
_PLACES: Final = 60
_CLASS_OF: Final = {
    "steel": MaterialClass.METAL,
    "copper": MaterialClass.METAL,
    "aluminium": MaterialClass.MIXED,
    "lead": MaterialClass.HIGH_Z,
}
"""What is not named here is organic."""

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A prism of one material: `outline` in mm (x, y), `depth_mm` along the beam, `packing` of its volume."""

    material: str
    depth_mm: float
    outline: Outline
    packing: float = 1.0

    @property
    def areal(self) -> float:
        """g/cm²"""
        return MATERIALS[self.material].density * self.packing * self.depth_mm / 10


@dataclass(frozen=True, slots=True)
class Threat:
    """One object of the library, in words of the field."""

    name: str
    parts: tuple[Part, ...]


def _box(x: float, y: float, width: float, height: float) -> Outline:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def _disc(x: float, y: float, radius: float) -> Outline:
    turns = [2 * math.pi * step / 24 for step in range(24)]
    return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)


def _pistol(x: float, y: float) -> tuple[Part, ...]:
    grip = ((x + 8, y + 30), (x + 52, y + 30), (x + 36, y + 130), (x - 6, y + 130))
    guard = ((x + 52, y + 30), (x + 96, y + 30), (x + 88, y + 62), (x + 58, y + 62))
    return (
        Part("steel", 22, _box(x, y, 190, 32)),
        Part("steel", 14, grip, 0.6),
        Part("steel", 6, guard, 0.5),
    )


def _rifle(x: float, y: float) -> tuple[Part, ...]:
    magazine = ((x + 380, y + 60), (x + 450, y + 60), (x + 500, y + 230), (x + 430, y + 245))
    stock = ((x, y + 20), (x + 250, y + 15), (x + 250, y + 65), (x, y + 130))
    return (
        Part("steel", 35, _box(x + 250, y, 330, 65), 0.6),
        Part("steel", 18, _box(x + 580, y + 15, 300, 20)),
        Part("steel", 25, magazine, 0.7),
        Part("cellulose", 40, stock),
    )


def _rounds(x: float, y: float) -> tuple[Part, ...]:
    cases = tuple(
        part
        for column in range(8)
        for part in (
            Part("copper", 70, _box(x + 26 * column, y + 40, 18, 70), 0.35),
            Part("lead", 70, _box(x + 26 * column + 4, y + 8, 10, 32), 0.5),
        )
    )
    return (Part("steel", 4, _box(x - 10, y - 10, 230, 140)), *cases)


LIBRARY: Final = (
    Threat("pistols", (*_pistol(0, 0), *_pistol(230, 20))),
    Threat("rifles", (*_rifle(0, 0), *_rifle(40, 180), *_rifle(10, 380))),
    Threat("ammunition", _rounds(0, 0)),
    Threat(
        "hand grenades",
        tuple(
            part
            for n in range(4)
            for part in (
                Part("steel", 16, _disc(90 * n, 0, 32)),
                Part("sugar", 45, _disc(90 * n, 0, 24)),
                Part("aluminium", 14, _box(90 * n - 8, -58, 16, 28)),
            )
        ),
    ),
    Threat(
        "narcotics in bricks",
        tuple(
            Part("sugar", 420, _box(210 * column, 75 * row, 200, 68))
            for column in range(5)
            for row in range(5)
        ),
    ),
    Threat(
        "explosive charge with detonators",
        (
            Part("sugar", 380, _box(0, 0, 520, 300), 1.9),
            *(Part("copper", 8, _box(90 + 110 * n, -40, 12, 90)) for n in range(4)),
            Part("lead", 20, _box(420, 60, 60, 110), 0.5),
        ),
    ),
    Threat(
        "cigarettes",
        tuple(
            Part("cellulose", 1100, _box(260 * column, 190 * row, 250, 182), 0.45)
            for column in range(6)
            for row in range(4)
        ),
    ),
    Threat("banknotes", tuple(Part("cellulose", 320, _box(170 * n, 0, 160, 220), 0.95) for n in range(6))),
    Threat(
        "shielded source",
        (Part("lead", 160, _disc(0, 0, 110)), Part("steel", 220, _box(-150, 110, 300, 30))),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingScan:
    """Pixels for training and the truth about them. `threat` is empty and `region` None for a clean one.

    `background` is the mean transmission, at the most penetrating energy, of what the threat lies before.
    """

    id: str
    layout: PictureLayout
    pixels: dict[PlaneName, Pixels]
    threat: str
    region: Region | None
    background: float


def project(
    layout: PictureLayout,
    pixels: dict[PlaneName, Pixels],
    energies_kev: Sequence[float],
    space: Region,
    threat: Threat,
    random: np.random.Generator,
) -> tuple[dict[PlaneName, Pixels], Region, float] | None:
    """A copy of the planes with the threat at a random place of the loading space, as its region and
    background say; None when it fits nowhere that one can see through.

    `energies_kev`: effective energy of each transmission plane, in their order.
    """
    areal = _turned(_areal(threat, layout.row_mm, layout.column_mm), random)
    rows, columns = (int(side) for side in next(iter(areal.values())).shape)
    if columns >= space.width or rows >= space.height:
        return None
    for attempt in range(_PLACES):
        left = space.column + int(random.integers(space.width - columns))
        free = space.height - rows
        among_goods = attempt < _PLACES // 2
        top = space.row + (int(random.integers(free)) if among_goods else free)
        place = slice(top, top + rows), slice(left, left + columns)
        behind: NDArray[np.float64] = pixels["high"][place].astype(np.float64)
        background, lightest = float(behind.mean()) / AIR, float(np.quantile(behind, 0.95)) / AIR
        if background > _VISIBLE and not (among_goods and lightest > _GOODS):
            made = _multiplied(pixels, energies_kev, areal, place)
            return made, Region(left, top, columns, rows), background
    return None


def _areal(threat: Threat, row_mm: float, column_mm: float) -> dict[str, NDArray[np.float32]]:
    """Areal density per material, g/cm², in the scan's pixels, with soft edges."""
    points = np.array([point for part in threat.parts for point in part.outline])
    low, high = points.min(axis=0) - 1, points.max(axis=0) + 1
    columns = max(2, math.ceil((high[0] - low[0]) / column_mm))
    rows = max(2, math.ceil((high[1] - low[1]) / row_mm))
    scale = np.array([_SUBPIXELS / column_mm, _SUBPIXELS / row_mm])
    fine: dict[str, NDArray[np.float32]] = {}
    for part in threat.parts:
        shape = np.zeros((rows * _SUBPIXELS, columns * _SUBPIXELS), np.float32)
        outline = np.rint((np.array(part.outline) - low) * scale).astype(np.int32)
        cv2.fillPoly(shape, [outline], part.areal)
        fine[part.material] = fine.get(part.material, np.zeros_like(shape)) + shape
    return {
        name: np.asarray(cv2.resize(each, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
        for name, each in fine.items()
    }


def _turned(
    areal: dict[str, NDArray[np.float32]], random: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Mirrored at random, as things are laid down."""
    if random.random() < 0.5:
        return {name: each[:, ::-1] for name, each in areal.items()}
    return areal


def _multiplied(
    pixels: dict[PlaneName, Pixels],
    energies_kev: Sequence[float],
    areal: dict[str, NDArray[np.float32]],
    place: tuple[slice, slice],
) -> dict[PlaneName, Pixels]:
    made: dict[PlaneName, Pixels] = {name: plane.copy() for name, plane in pixels.items()}
    names: tuple[PlaneName, ...] = ("low", "high") if "low" in made else ("high",)
    for name, energy in zip(names, energies_kev, strict=True):
        tau = _tau(areal, energy)
        made[name][place] = np.rint(made[name][place] * np.exp(-tau)).astype(np.uint16)
    if "material" in made:
        _classify(made, areal, energies_kev[-1], place)
    return made


def _tau(areal: dict[str, NDArray[np.float32]], energy_kev: float) -> NDArray[np.float32]:
    """-ln of the threat's own transmission."""
    energy = np.array([energy_kev])
    weights = {name: float(MATERIALS[name].coefficient(energy)[0]) for name in areal}
    parts = np.stack([np.float32(weights[name]) * each for name, each in areal.items()])
    return np.asarray(parts.sum(axis=0), np.float32)


def _classify(
    made: dict[PlaneName, Pixels],
    areal: dict[str, NDArray[np.float32]],
    energy_kev: float,
    place: tuple[slice, slice],
) -> None:
    """Where the threat is most of what the beam meets, its own class; elsewhere the goods' class stays."""
    taus = {name: _tau({name: each}, energy_kev) for name, each in areal.items()}
    whole = -np.log(np.maximum(made["high"][place], 1) / np.float32(AIR))
    own = np.stack(list(taus.values())).sum(axis=0)
    strongest = np.argmax(np.stack(list(taus.values())), axis=0)
    classes = np.array([_CLASS_OF.get(name, MaterialClass.ORGANIC) for name in taus], np.uint8)
    material = made["material"][place]
    made["material"][place] = np.where((own > 0.05) & (own > 0.5 * whole), classes[strongest], material)
