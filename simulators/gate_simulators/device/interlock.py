"""Leaves under one interlock: the mechanism that simulated door and barrier controllers share.

A leaf is a door or a boom. It is plain arithmetic on the plant: no wire, no thread, no clock. Two rules of
rank are kept here, whatever a controller's own program asks for:

* A leaf moves toward open only while all others are closed. No input of any kind lifts this.
* A leaf never closes on somebody or something in its way (EN 16005 for doors, EN 12453 for barriers).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

LONGEST_STEP_S = 0.1
"""A scan that comes late moves the leaves no further than this, as a stalled motor would."""


class Position(IntEnum):
    """A leaf as its limit switches tell."""

    CLOSED = 1
    MOVING = 2
    OPEN = 3
    FAULT = 4


class Refusal(IntEnum):
    """Why the last request was not taken."""

    NONE = 0
    INTERLOCK = 1
    EMERGENCY = 2
    MALFORMED = 3


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What hands, wear and alarms do during one scan; `stuck`, `held` and `forced` name leaves."""

    stuck: Set[str] = frozenset()
    held: Set[str] = frozenset()
    forced: Set[str] = frozenset()
    emergency: bool = False
    sensors_disagree: bool = False
    flicker_hertz: float = 0.0


CALM = Disturbance()


class Panel(Protocol):
    """The physical leaf: `opening` 0.0 closed .. 1.0 open."""

    opening: float

    @property
    def closed(self) -> bool: ...


@dataclass(slots=True)
class _Leaf:
    """Where one leaf shall be, where it was last seen, and for how long it has failed to get there."""

    panel: Panel
    seen_at: float
    target_open: bool = False
    astray_s: float = 0.0
    obstructed_s: float = 0.0
    forced: bool = False

    def aim(self, target_open: bool) -> None:
        if target_open != self.target_open:
            self.target_open = target_open
            self.astray_s = 0.0

    @property
    def arrived(self) -> bool:
        return self.panel.opening >= 1.0 if self.target_open else self.panel.closed


class Interlock:
    """Moves the leaves toward their targets and says how they fare. One thread calls it."""

    def __init__(self, panels: Mapping[str, Panel], *, travel_s: float, held_after_s: float) -> None:
        """`travel_s`: from closed to open; `held_after_s`: how long an obstruction may last before it is
        an alarm."""
        self._leaves = {name: _Leaf(panel, panel.opening) for name, panel in panels.items()}
        self._travel_s = travel_s
        self._held_after_s = held_after_s
        self.breached = False
        """Whether two leaves ever stood open together."""

    # ------------------------------------------------------------ targets

    def allows(self, wanted_open: Set[str]) -> bool:
        """Whether exactly these may be asked to be open now."""
        return not wanted_open or (
            len(wanted_open) == 1 and all(self._others_closed(name) for name in wanted_open)
        )

    def aim(self, wanted_open: Set[str]) -> None:
        for name, leaf in self._leaves.items():
            leaf.aim(name in wanted_open)

    def without_forced(self, wanted_open: frozenset[str]) -> frozenset[str]:
        """The targets that remain while some leaf was pushed open: no other may stand open beside it."""
        forced = {name for name, leaf in self._leaves.items() if leaf.forced}
        return frozenset(name for name in wanted_open if not forced - {name})

    # ------------------------------------------------------------ one scan

    def step(self, dt: float, disturbance: Disturbance, obstructed: Set[str]) -> None:
        """Move and judge once, `dt` seconds after the last time; `obstructed` leaves do not close."""
        obstructed = obstructed | disturbance.held
        self._move(min(dt, LONGEST_STEP_S) / self._travel_s, disturbance, obstructed)
        for name, leaf in self._leaves.items():
            self._judge(name, leaf, dt, obstructed)
        if sum(not leaf.panel.closed for leaf in self._leaves.values()) > 1:
            self.breached = True

    def _move(self, travel: float, disturbance: Disturbance, obstructed: Set[str]) -> None:
        for name in disturbance.forced & self._leaves.keys():
            _open(self._leaves[name].panel, travel)
        # Closing leaves go first, so that in one scan an opening leaf sees where the others really are.
        for name, leaf in self._leaves.items():
            driven = name not in disturbance.stuck | disturbance.forced | obstructed
            if driven and not leaf.target_open:
                leaf.panel.opening = max(0.0, leaf.panel.opening - travel)
        for name, leaf in self._leaves.items():
            if leaf.target_open and self._others_closed(name) and name not in disturbance.stuck:
                _open(leaf.panel, travel)

    def _others_closed(self, name: str) -> bool:
        return all(leaf.panel.closed for other, leaf in self._leaves.items() if other != name)

    def _judge(self, name: str, leaf: _Leaf, dt: float, obstructed: Set[str]) -> None:
        """Forced: moved open unasked. Held: kept from closing. Astray: driven, but not arriving."""
        if leaf.panel.opening > leaf.seen_at and not leaf.target_open:
            leaf.forced = True
        elif leaf.panel.closed:
            leaf.forced = False
        leaf.seen_at = leaf.panel.opening
        kept = not leaf.target_open and not leaf.panel.closed and name in obstructed
        leaf.obstructed_s = leaf.obstructed_s + dt if kept else 0.0
        driven = not kept and not leaf.forced and (self._others_closed(name) or not leaf.target_open)
        leaf.astray_s = leaf.astray_s + dt if driven and not leaf.arrived else 0.0

    # ------------------------------------------------------------ what is told

    def position(self, name: str) -> Position:
        leaf = self._leaves[name]
        if leaf.astray_s > 2 * self._travel_s + 0.5:
            return Position.FAULT
        if leaf.panel.closed:
            return Position.CLOSED
        return Position.OPEN if leaf.panel.opening >= 1.0 else Position.MOVING

    @property
    def forced(self) -> bool:
        return any(leaf.forced for leaf in self._leaves.values())

    @property
    def held(self) -> bool:
        return any(leaf.obstructed_s >= self._held_after_s for leaf in self._leaves.values())


def _open(panel: Panel, travel: float) -> None:
    panel.opening = min(1.0, panel.opening + travel)
