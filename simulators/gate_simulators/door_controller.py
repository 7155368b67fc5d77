"""The program of the simulated door controller: interlock, travel, alarms, emergency, agent watchdog.

It is the part that owns life safety, so it is plain arithmetic on the plant: no wire, no thread, no
clock; ``step(dt)`` is one scan. The rules, in order of rank:

1. A leaf moves toward open only while the other is closed. No input of any kind lifts this.
2. A leaf never closes on somebody or something in its doorway (EN 16005).
3. Emergency: the exit closes if it can, the entry opens. It stays latched until the input is released
   and the lane stands so; releasing it restarts nothing (ISO 13850).
4. No sign of the agent: the exit closes and, if somebody is inside, the entry opens:
   fail-secure toward the border, fail-safe toward life.
5. Otherwise the agent's last accepted request holds.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import IntEnum

from gate_simulators.plant import Door, Plant, Zone

LONGEST_STEP_S = 0.1
"""A scan that comes late moves the leaves no further than this, as a stalled motor would."""


class Position(IntEnum):
    """A leaf as its limit switches tell."""

    CLOSED = 1
    MOVING = 2
    OPEN = 3
    FAULT = 4


class Refusal(IntEnum):
    """Why the last request for the doors was not taken."""

    NONE = 0
    INTERLOCK = 1
    EMERGENCY = 2
    MALFORMED = 3


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What hands, wear and alarms do to the lane during one scan. Doors are ``entry``, ``exit``."""

    stuck: Set[str] = frozenset()
    held: Set[str] = frozenset()
    forced: Set[str] = frozenset()
    emergency: bool = False
    sensors_disagree: bool = False
    flicker_hertz: float = 0.0


CALM = Disturbance()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the controller reports after a scan."""

    entry: Position
    exit: Position
    approach: bool
    exit_zone: bool
    object_inside: bool
    emergency: bool
    forced: bool
    held: bool
    sensors_disagree: bool
    interlock_ok: bool
    persons_inside: int


@dataclass(slots=True)
class _Leaf:
    """One leaf: where it shall be, and for how long it has failed to get there."""

    name: str
    door: Door
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
        return self.door.opening >= 1.0 if self.target_open else self.door.closed


class DoorController:
    """Moves the plant's doors. One thread calls it."""

    def __init__(
        self,
        plant: Plant,
        *,
        door_seconds: float = 1.5,
        held_after_s: float = 1.0,
        watchdog_seconds: float = 2.0,
    ) -> None:
        """`door_seconds`: travel of a leaf; `held_after_s`: how long an obstruction may last before it
        is an alarm; `watchdog_seconds`: how long the agent may be silent."""
        self._plant = plant
        self._door_seconds = door_seconds
        self._held_after_s = held_after_s
        self._watchdog_seconds = watchdog_seconds
        self._entry = _Leaf("entry", plant.entry)
        self._exit = _Leaf("exit", plant.exit)
        self._pairs = ((self._entry, self._exit), (self._exit, self._entry))
        self._scanned_s = 0.0
        # Nobody has spoken yet: power-up counts as an absent agent (rule 4).
        self._agent_silent_s = watchdog_seconds
        self._watchdog = 0
        self._request = (False, False)
        self._emergency = False
        self._interlock_ok = True
        self._sensed = (False, 0, False)
        self._disagree = False

    # ------------------------------------------------------------ what the agent may ask

    def request(self, *, entry_open: bool, exit_open: bool) -> Refusal:
        """Take both targets, or neither and say why. One taken during an emergency waits for its end."""
        with self._plant.lock:
            if self._emergency and exit_open:
                return Refusal.EMERGENCY
            if not self._emergency and not self._interlock_allows(entry_open, exit_open):
                return Refusal.INTERLOCK
            self._request = (entry_open, exit_open)
            return Refusal.NONE

    def _interlock_allows(self, entry_open: bool, exit_open: bool) -> bool:
        if entry_open and exit_open:
            return False
        if entry_open:
            return self._plant.exit.closed
        if exit_open:
            return self._plant.entry.closed
        return True

    def agent_lives(self, watchdog: int) -> None:
        """The agent wrote its watchdog register; only a new value is a sign of life."""
        if watchdog != self._watchdog:
            self._watchdog = watchdog
            self._agent_silent_s = 0.0

    @property
    def agent_present(self) -> bool:
        return self._agent_silent_s < self._watchdog_seconds

    @property
    def held_request(self) -> tuple[bool, bool]:
        """(entry open, exit open) as last taken; the controller's own after it had to override."""
        return self._request

    # ------------------------------------------------------------ one scan

    def step(self, dt: float, disturbance: Disturbance = CALM) -> Inputs:
        """Sense, supervise, move and judge once; `dt` seconds after the last scan."""
        with self._plant.lock:
            self._scanned_s += dt
            self._agent_silent_s += dt
            self._sense(disturbance)
            self._supervise()
            before = {leaf.name: leaf.door.opening for leaf, _ in self._pairs}
            self._move(min(dt, LONGEST_STEP_S), disturbance)
            for leaf, other in self._pairs:
                self._judge(leaf, other, before[leaf.name], dt, disturbance)
            if not self._entry.door.closed and not self._exit.door.closed:
                self._plant.ever_both_open = True
                self._interlock_ok = False
            return self._inputs()

    def _sense(self, disturbance: Disturbance) -> None:
        plant = self._plant
        approach = plant.count(Zone.APPROACH) > 0
        persons = min(plant.count(Zone.INSIDE), 2)
        exit_zone = plant.count(Zone.EXIT_ZONE) > 0
        if int(self._scanned_s * 2 * disturbance.flicker_hertz) % 2:
            approach, persons, exit_zone = not approach, int(not persons), not exit_zone
        self._sensed = (approach, persons, exit_zone)
        self._disagree = disturbance.sensors_disagree
        pressed = plant.emergency or disturbance.emergency
        if pressed and not self._emergency:
            self._emergency = True
            self._request = (True, False)
        elif not pressed and self._exit.door.closed and self._entry.door.opening >= 1.0:
            self._emergency = False

    def _supervise(self) -> None:
        """What the leaves shall do now, by rank. An override also replaces the request it overrode, so
        that its end moves nothing by itself."""
        targets = self._request
        if self._emergency:
            targets = (True, False)
        elif not self.agent_present:
            targets = self._request = (self._sensed[1] > 0, False)
        elif self._entry.forced or self._exit.forced:
            entry_open, exit_open = self._request
            targets = self._request = (
                entry_open and not self._exit.forced,
                exit_open and not self._entry.forced,
            )
        self._entry.aim(targets[0])
        self._exit.aim(targets[1])

    def _move(self, dt: float, disturbance: Disturbance) -> None:
        travel = dt / self._door_seconds
        for leaf, _ in self._pairs:
            if leaf.name in disturbance.forced:
                leaf.door.opening = min(1.0, leaf.door.opening + travel)
        # Closing leaves go first, so that in one scan an opening leaf sees where the other really is.
        for leaf, _ in self._pairs:
            free = leaf.name not in disturbance.stuck | disturbance.forced
            if free and not leaf.target_open and not _obstructed(leaf, disturbance):
                leaf.door.opening = max(0.0, leaf.door.opening - travel)
        for leaf, other in self._pairs:
            if leaf.target_open and other.door.closed and leaf.name not in disturbance.stuck:
                leaf.door.opening = min(1.0, leaf.door.opening + travel)

    def _judge(self, leaf: _Leaf, other: _Leaf, before: float, dt: float, disturbance: Disturbance) -> None:
        """Forced: moved open unasked. Held: kept from closing. Astray: driven, but not arriving."""
        if leaf.door.opening > before and not leaf.target_open:
            leaf.forced = True
        elif leaf.door.closed:
            leaf.forced = False
        obstructed = not leaf.target_open and not leaf.door.closed and _obstructed(leaf, disturbance)
        leaf.obstructed_s = leaf.obstructed_s + dt if obstructed else 0.0
        driven = not obstructed and not leaf.forced and (other.door.closed or not leaf.target_open)
        leaf.astray_s = leaf.astray_s + dt if driven and not leaf.arrived else 0.0

    def _position(self, leaf: _Leaf) -> Position:
        if leaf.astray_s > 2 * self._door_seconds + 0.5:
            return Position.FAULT
        if leaf.door.closed:
            return Position.CLOSED
        return Position.OPEN if leaf.door.opening >= 1.0 else Position.MOVING

    def _inputs(self) -> Inputs:
        approach, persons, exit_zone = self._sensed
        leaves = (self._entry, self._exit)
        return Inputs(
            entry=self._position(self._entry),
            exit=self._position(self._exit),
            approach=approach,
            exit_zone=exit_zone,
            object_inside=self._plant.object_inside,
            emergency=self._emergency,
            forced=any(leaf.forced for leaf in leaves),
            held=any(leaf.obstructed_s >= self._held_after_s for leaf in leaves),
            sensors_disagree=self._disagree,
            interlock_ok=self._interlock_ok,
            persons_inside=persons,
        )


def _obstructed(leaf: _Leaf, disturbance: Disturbance) -> bool:
    return leaf.door.blocked or leaf.name in disturbance.held
