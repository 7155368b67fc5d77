"""The physical truth of one e-gate lane: where people, things and door leaves really are.

Simulated devices look at the plant (camera, sensors) or move it (door controller); scripted
travellers (:mod:`gate_simulators.egate.travellers`) walk in it. None of them knows the agent.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gate_simulators.egate.presentation import Presentation


class Zone(StrEnum):
    """Where a person is, in the order in which a traveller passes."""

    AWAY = "away"
    APPROACH = "approach"  # before the entry door, at the document reader
    INSIDE = "inside"  # between the doors, before the camera
    EXIT_ZONE = "exit_zone"  # just behind the exit door
    GONE = "gone"


@dataclass(slots=True)
class Person:
    """A body in the lane.

    `portrait` is the RGB photograph (uint8, HxWx3) from which the camera renders this person;
    `facing` whether they look at the camera; `nearness` 0..1 how close they stand to it; `presents` what
    they show it: their own face, or that photograph on paper or on a screen.
    """

    name: str
    portrait: NDArray[np.uint8]
    zone: Zone = Zone.AWAY
    facing: bool = False
    nearness: float = 0.0
    presents: Presentation = Presentation.FACE


@dataclass(slots=True)
class Door:
    """One door leaf: `opening` 0.0 closed .. 1.0 open. `blocked` keeps it from closing."""

    opening: float = 0.0
    blocked: bool = False

    @property
    def closed(self) -> bool:
        return self.opening <= 0.0

    @property
    def passable(self) -> bool:
        return self.opening >= 0.8


@dataclass(slots=True)
class Lights:
    """What the lane shows (values of gate_agent.devices.Light), for travellers to obey."""

    outside: str = "stop"
    inside: str = "wait"


@dataclass
class Plant:
    """One lane. Hold `lock` while reading several fields or writing any."""

    persons: list[Person] = field(default_factory=list[Person])
    entry: Door = field(default_factory=Door)
    exit: Door = field(default_factory=Door)
    lights: Lights = field(default_factory=Lights)
    object_inside: bool = False
    emergency: bool = False
    ever_both_open: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def count(self, zone: Zone) -> int:
        with self.lock:
            return sum(1 for p in self.persons if p.zone is zone)

    def before_camera(self) -> tuple[Person, ...]:
        """Who the camera can see, nearest first."""
        with self.lock:
            seen = [p for p in self.persons if p.zone is Zone.INSIDE]
        return tuple(sorted(seen, key=lambda p: -p.nearness))
