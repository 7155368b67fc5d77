"""Whole scenes from a seed: a container, loaded, perhaps on a truck, in a frame; and what scanners make of
them.

The variety is in the pictures that reach the agent: beam, pixel size, frame, tractor or none, air in front
and behind, and for display pictures gain, gamma, contrast stretch, 8 bits and JPEG.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import ScanImage
from gate_simulators.scanner.goods import Kind, Thing
from gate_simulators.scanner.loading import Fill, load
from gate_simulators.scanner.scan import Frame, Scene
from gate_simulators.scanner.truck import CONTAINERS, Interior, chassis, container, tractor

_LETTERS = "ABCDEFGHJKLMNPRSTVWXYZ"


def random_scene(
    fill: Fill,
    seed: int,
    *,
    column_mm: float = 10.0,
    row_mm: float = 10.0,
    kind: str = "",
    on_truck: bool | None = None,
    goods: list[Thing] | None = None,
) -> Scene:
    """One container of random type and load in a random frame. `goods` replaces the random load."""
    random = np.random.Generator(np.random.SFC64(seed))
    chosen = CONTAINERS[kind or str(random.choice(list(CONTAINERS)))]
    truck = bool(random.random() < 0.7) if on_truck is None else on_truck
    things: list[Thing] = []
    x, deck = float(random.uniform(500, 1600)), float(random.uniform(1150, 1450))
    if truck:
        front, cab_end = tractor(x, deck, random)
        things += front
        x = cab_end + float(random.uniform(500, 1100))
        things += chassis(x - 200, chosen.length_mm + 300, deck, random)
    else:
        deck = float(random.uniform(300, 1300))
        things.append(_bed(x, chosen.length_mm, deck))
    steel, space = container(chosen, x, deck)
    placed = load(space, fill, random) if goods is None else [_into(thing, space) for thing in goods]
    frame = Frame(
        width_mm=x + chosen.length_mm + float(random.uniform(400, 1800)),
        height_mm=deck + chosen.height_mm + float(random.uniform(250, 900)),
        column_mm=column_mm,
        row_mm=row_mm,
    )
    number = "".join(random.choice(list(_LETTERS), 3)) + "U" + f"{int(random.integers(10**6, 10**7)):07d}"
    return Scene(
        tuple(things + steel + placed),
        frame,
        number,
        (x, x + chosen.length_mm, deck, deck + chosen.height_mm),
        (space.x0, space.x1, space.y0, space.y1),
    )


def with_object(scene: Scene, material: str, size_mm: float, depth_mm: float, seed: int) -> Scene:
    """Hide a box somewhere in the interior's lower two thirds."""
    random = np.random.Generator(np.random.SFC64(seed))
    x0, x1, y0, y1 = scene.interior
    x = float(random.uniform(x0 + 200, x1 - size_mm - 200))
    y = float(random.uniform(y0 + 50, y0 + 0.6 * (y1 - y0)))
    hidden = Thing(material, x, x + size_mm, y, y + size_mm, depth_mm, Kind.OBJECT, label="hidden object")
    return replace(scene, things=(*scene.things, hidden))


def display_picture(image: ScanImage, seed: int, *, jpeg: bool = True) -> NDArray[np.uint8]:
    """What an operator's screen shows and many scanners export: one channel, 8 bits, stretched and bent."""
    random = np.random.Generator(np.random.SFC64(seed))
    bright = image.high * float(random.uniform(0.85, 1.25))
    stretched = np.clip((bright - float(random.uniform(0, 0.01))) / float(random.uniform(0.85, 1.05)), 0, 1)
    grey = np.rint(255 * stretched ** float(random.uniform(0.45, 1.1))).astype(np.uint8)
    if not jpeg:
        return grey
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(70, 96))]
    _, encoded = cv2.imencode(".jpg", grey, quality)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), np.uint8)


def _bed(x: float, length_mm: float, deck: float) -> Thing:
    """Without a truck the container stands on a conveyor or a bare platform."""
    return Thing(
        "steel", x - 300, x + length_mm + 300, deck - 180, deck, 30, Kind.STRUCTURE, label="platform"
    )


def _into(thing: Thing, space: Interior) -> Thing:
    """Goods given relative to the interior's lower front corner."""
    return replace(
        thing, x0=space.x0 + thing.x0, x1=space.x0 + thing.x1, y0=space.y0 + thing.y0, y1=space.y0 + thing.y1
    )
