"""The physical truth of one cargo lane: where trucks and booms really are, and how trucks drive.

A truck passes entry boom, radiation portal and the beam of the scanner, and stops at the hold line, where it
stands wholly on the scale. From there one way leads past the release boom to the road, another past the
inspection boom to the inspection area. A position is that of the front bumper, in millimetres along the lane
from the entry boom, and on along either way out.

Simulated devices look at the plant (loops, portal, scale, scanner) or move it (barrier controller); scripted
drivers move trucks in it by :meth:`YardPlant.drive`. None of them knows the agent.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Way(StrEnum):
    """The ways out, named as their booms and as the signals that point to them."""

    RELEASE = "release"
    INSPECTION = "inspection"


class Place(StrEnum):
    """What lies along the lane, in the order in which a truck comes to it."""

    APPROACH = "approach"  # the loop before the entry boom
    ENTRY = "entry"  # under the entry boom: its safety loop
    PORTAL = "portal"  # between the radiation portal's panels
    SCANNER = "scanner"  # in the beam
    SCALE = "scale"  # on the platform
    HOLD = "hold"  # the loop at the hold line
    RELEASE = "release"  # under the release boom
    INSPECTION = "inspection"  # under the inspection boom
    RELEASE_ROAD = "release_road"
    INSPECTION_AREA = "inspection_area"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of lane, mm; `way` None where all trucks pass."""

    begin: float
    end: float
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, mm from the entry boom."""

    boom_at: Mapping[str, float]
    stop_before_boom: float
    """Drivers stop so far before a boom, clear of its safety loop."""
    hold_line: float
    end: float
    """Whoever has come so far on a way out is gone."""
    places: Mapping[Place, Span]


_LOOP = 1_500.0  # half a boom's safety loop: longer than the gap that a boom could find between two axles

LAYOUT = Layout(
    boom_at=MappingProxyType({"entry": 0.0, "release": 45_000.0, "inspection": 45_000.0}),
    stop_before_boom=2_000.0,
    hold_line=41_000.0,
    end=80_000.0,
    places=MappingProxyType(
        {
            Place.APPROACH: Span(-8_000.0, -_LOOP),
            Place.ENTRY: Span(-_LOOP, _LOOP),
            Place.PORTAL: Span(7_000.0, 9_000.0),
            Place.SCANNER: Span(15_900.0, 16_100.0),
            Place.SCALE: Span(20_000.0, 42_000.0),
            Place.HOLD: Span(37_000.0, 41_500.0),
            Place.RELEASE: Span(45_000.0 - _LOOP, 45_000.0 + _LOOP, Way.RELEASE),
            Place.INSPECTION: Span(45_000.0 - _LOOP, 45_000.0 + _LOOP, Way.INSPECTION),
            Place.RELEASE_ROAD: Span(46_500.0, 80_000.0, Way.RELEASE),
            Place.INSPECTION_AREA: Span(46_500.0, 80_000.0, Way.INSPECTION),
        }
    ),
)
"""Room for one road train of 18.75 m at the hold line, clear of the beam, and for a second behind it."""


@dataclass(slots=True, eq=False)
class Truck:
    """A vehicle in the lane; `front_mm` is where its front bumper is.

    `cargo` is whatever the simulated devices need to know of it. `heeds_signals` False: the driver goes
    wherever no boom is in the way, as one who follows the truck ahead. `way` is where it turned, or will.
    """

    name: str
    length_mm: float = 16_500.0
    front_mm: float = -30_000.0
    speed_mm_s: float = 2_000.0
    cargo: object = None
    heeds_signals: bool = True
    way: Way | None = None

    @property
    def rear_mm(self) -> float:
        return self.front_mm - self.length_mm


@dataclass(slots=True)
class Boom:
    """One barrier: `opening` 0.0 across the road .. 1.0 upright. A `broken` one no longer bars the road."""

    opening: float = 0.0
    broken: bool = False

    @property
    def closed(self) -> bool:
        return self.opening <= 0.0

    @property
    def passable(self) -> bool:
        return self.opening >= 0.8


@dataclass(slots=True)
class Signals:
    """What the lane shows (values of gate_agent.devices.Signal), for drivers to obey."""

    entry: str = "stop"
    hold: str = "officer"


def _three_booms() -> dict[str, Boom]:
    return {"entry": Boom(), "release": Boom(), "inspection": Boom()}


_GAP_MM = 1_000.0
"""Drivers leave so much room to the truck ahead."""


@dataclass
class YardPlant:
    """One lane. Hold `lock` while reading several fields or writing any."""

    layout: Layout = LAYOUT
    trucks: list[Truck] = field(default_factory=list[Truck])
    booms: dict[str, Boom] = field(default_factory=_three_booms)
    signals: Signals = field(default_factory=Signals)
    emergency: bool = False
    ever_two_open: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    # ------------------------------------------------------------ what sensors see

    def at(self, place: Place) -> tuple[Truck, ...]:
        """The trucks of which any part is there."""
        span = self.layout.places[place]
        with self.lock:
            return tuple(truck for truck in self.trucks if _overlap(truck, span) > 0)

    def share_on(self, truck: Truck, place: Place) -> float:
        """How much of the truck's length is there, 0 .. 1: what a scale carries of its weight."""
        with self.lock:
            return _overlap(truck, self.layout.places[place]) / truck.length_mm

    def between_barriers(self) -> tuple[Truck, ...]:
        """Those that are past the entry boom, if only with their bumper, and not yet wholly past another."""
        entry = self.layout.boom_at["entry"]
        with self.lock:
            return tuple(t for t in self.trucks if t.front_mm > entry and not self.left(t))

    def left(self, truck: Truck) -> bool:
        """Whether the whole truck is past a boom at a way out."""
        return truck.way is not None and truck.rear_mm >= self.layout.boom_at[truck.way]

    def gone(self, truck: Truck) -> bool:
        """Whether it is out of everybody's sight and way."""
        return self.left(truck) and truck.front_mm >= self.layout.end

    def under_boom(self, boom: str) -> bool:
        """Whether a vehicle is on this boom's safety loop."""
        return bool(self.at(Place(boom)))

    # ------------------------------------------------------------ how trucks drive

    def put(self, truck: Truck) -> None:
        """From now on this truck is on the scene."""
        with self.lock:
            self.trucks.append(truck)

    def take(self, truck: Truck) -> None:
        """It is no longer; harmless when it was not."""
        with self.lock:
            self.trucks = [other for other in self.trucks if other is not truck]

    def drive(self, truck: Truck, dt: float) -> float:
        """Drive on for `dt` seconds by the rules of the road; the millimetres driven, 0.0 while it stands.

        A driver stops behind the truck ahead, before a boom that is not up, and, if they heed signals, before
        a boom whose signal does not point past it. Nobody stops under a boom for its sake.
        """
        with self.lock:
            self._choose_way(truck)
            reach = truck.front_mm + truck.speed_mm_s * dt
            front = max(truck.front_mm, min(reach, self._room(truck), self._stop_line(truck)))
            driven = front - truck.front_mm
            truck.front_mm = front
            return driven

    def ram(self, truck: Truck, dt: float) -> float:
        """Drive on for `dt` seconds whatever is in the way, and break every boom that the front meets."""
        with self.lock:
            before = truck.front_mm
            truck.front_mm += truck.speed_mm_s * dt
            if truck.way is None and truck.front_mm > self.layout.hold_line:
                truck.way = Way.RELEASE
            for name, at in self.layout.boom_at.items():
                boom = self.booms[name]
                if name in ("entry", truck.way) and before <= at < truck.front_mm and not boom.passable:
                    boom.broken, boom.opening = True, 1.0
            return truck.front_mm - before

    def mend(self, boom: str) -> None:
        """Put a new boom on; the controller then drives it to where it shall be."""
        with self.lock:
            self.booms[boom].broken = False

    def _room(self, truck: Truck) -> float:
        """Up to where the truck ahead leaves the road free."""
        ahead = (
            other.rear_mm - _GAP_MM
            for other in self.trucks
            if other.front_mm > truck.front_mm
            and (truck.way is None or other.way in (None, truck.way) or not self.left(other))
            and not self.gone(other)
        )
        return min(ahead, default=math.inf)

    def _choose_way(self, truck: Truck) -> None:
        """At the hold line, and on until the boom's loop begins, a driver turns where they are let."""
        layout = self.layout
        if not layout.hold_line <= truck.front_mm <= self._loop_of(Way.RELEASE).begin:
            return
        ways = [way for way in Way if self.booms[way].passable and self._points_to(way, truck)]
        if ways:
            truck.way = ways[0]

    def _points_to(self, way: Way, truck: Truck) -> bool:
        """An officer who has come waves a truck on to the inspection area, never to the road."""
        shown = self.signals.hold
        return not truck.heeds_signals or shown == way or (shown == "officer" and way is Way.INSPECTION)

    def _stop_line(self, truck: Truck) -> float:
        """The next line that this truck may not pass now."""
        layout, front = self.layout, truck.front_mm
        entry_line = layout.boom_at["entry"] - layout.stop_before_boom
        let_in = self.booms["entry"].passable and (not truck.heeds_signals or self.signals.entry == "enter")
        if front <= layout.places[Place.ENTRY].begin and not let_in:
            return entry_line
        if truck.way is None:
            return layout.hold_line
        let_out = self.booms[truck.way].passable and self._points_to(truck.way, truck)
        if front <= self._loop_of(truck.way).begin and not let_out:
            return layout.boom_at[truck.way] - layout.stop_before_boom
        return math.inf

    def _loop_of(self, way: Way) -> Span:
        return self.layout.places[Place(way)]


def _overlap(truck: Truck, span: Span) -> float:
    """Millimetres of the truck in the span. On the ways out only trucks of that way count."""
    if span.way is not None and truck.way is not span.way:
        return 0.0
    return max(0.0, min(truck.front_mm, span.end) - max(truck.rear_mm, span.begin))
