"""The program that a simulated controller of doors or barriers runs: interlock, emergency, absent agent.

It is the part that owns life safety, so it is plain arithmetic on the plant: no wire, no thread, no
clock; one scan follows the other. One leaf is the *way out*: the way back of an e-gate lane, the way to the
inspection area of a cargo lane. The rules, in order of rank:

1. A leaf moves toward open only while all others are closed. No input of any kind lifts this.
2. A leaf never closes on somebody or something in its way (EN 16005 for doors, EN 12453 for barriers).
3. Emergency: all leaves but the way out close if they can, then the way out opens. It stays latched until the
   input is released and the leaves stand so; releasing it restarts nothing (ISO 13850).
4. No sign of the agent: all leaves but the way out close, and that opens while somebody is inside:
   fail-secure toward the border, fail-safe toward life.
5. Otherwise the agent's last accepted request holds.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from typing import Generic, TypeVar

from gate_simulators.device.interlock import CALM, Disturbance, Interlock, Panel, Position, Refusal

InputsT = TypeVar("InputsT")


class SafetyProgram(ABC, Generic[InputsT]):
    """A subclass senses its plant, supervises, and says what it reports. One thread calls it.

    `lock` guards the plant and the program; requests may come between two scans.
    """

    def __init__(
        self,
        panels: Mapping[str, Panel],
        *,
        way_out: str,
        lock: threading.RLock,
        travel_s: float,
        held_after_s: float,
        watchdog_seconds: float,
    ) -> None:
        """`travel_s`: from closed to open; `held_after_s`: how long an obstruction may last before it
        is an alarm; `watchdog_seconds`: how long the agent may be silent."""
        self._panels = panels
        self._way_out = frozenset({way_out})
        self._lock = lock
        self._interlock = Interlock(panels, travel_s=travel_s, held_after_s=held_after_s)
        self._watchdog_seconds = watchdog_seconds
        # Nobody has spoken yet: power-up counts as an absent agent (rule 4).
        self._agent_silent_s = watchdog_seconds
        self._watchdog = 0
        self._request: frozenset[str] = frozenset()
        self._emergency = False
        self._scanned_s = 0.0

    # ------------------------------------------------------------ what the agent may ask

    def request(self, wanted_open: frozenset[str]) -> Refusal:
        """Take these leaves as the ones to be open, all or none, and say why not. A request that is taken
        during an emergency waits for its end."""
        with self._lock:
            if self._emergency:
                if not wanted_open <= self._way_out:
                    return Refusal.EMERGENCY
            elif not self._interlock.allows(wanted_open):
                return Refusal.INTERLOCK
            self._request = wanted_open
            return Refusal.NONE

    def agent_lives(self, watchdog: int) -> None:
        """The agent wrote its watchdog register; only a new value is a sign of life."""
        if watchdog != self._watchdog:
            self._watchdog = watchdog
            self._agent_silent_s = 0.0

    @property
    def agent_present(self) -> bool:
        return self._agent_silent_s < self._watchdog_seconds

    @property
    def held_request(self) -> frozenset[str]:
        """The leaves to be open as last taken; the program's own after it had to override."""
        return self._request

    # ------------------------------------------------------------ one scan

    @abstractmethod
    def step(self, dt: float, disturbance: Disturbance = CALM) -> InputsT:
        """Sense, supervise, move and judge once; `dt` seconds after the last scan."""

    def supervise(
        self, dt: float, disturbance: Disturbance, *, pressed: bool, occupied: bool, obstructed: Set[str]
    ) -> None:
        """The part of a scan that follows sensing: decide, move, judge. `pressed`: the emergency input;
        `occupied`: somebody is inside; `obstructed`: leaves that have something in their way."""
        self._scanned_s += dt
        self._agent_silent_s += dt
        if pressed and not self._emergency:
            self._emergency = True
            self._request = self._way_out
        elif not pressed and self._only_the_way_out_is_open():
            self._emergency = False
        self._interlock.aim(self._targets(occupied))
        self._interlock.step(dt, disturbance, obstructed)

    def _only_the_way_out_is_open(self) -> bool:
        return all(
            panel.opening >= 1.0 if name in self._way_out else panel.closed
            for name, panel in self._panels.items()
        )

    def _targets(self, occupied: bool) -> frozenset[str]:
        """What shall be open now, by rank. An override also replaces the request it overrode, so that its
        end moves nothing by itself."""
        if self._emergency:
            return self._way_out
        if not self.agent_present:
            self._request = self._way_out if occupied else frozenset()
        elif self._interlock.forced:
            self._request = self._interlock.without_forced(self._request)
        return self._request

    # ------------------------------------------------------------ what is told

    def flickering(self, disturbance: Disturbance) -> bool:
        """Whether flickering sensors show the opposite in this scan."""
        return bool(int(self._scanned_s * 2 * disturbance.flicker_hertz) % 2)

    @property
    def emergency(self) -> bool:
        return self._emergency

    @property
    def forced(self) -> bool:
        return self._interlock.forced

    @property
    def held(self) -> bool:
        return self._interlock.held

    @property
    def interlock_ok(self) -> bool:
        return not self._interlock.breached

    def position(self, leaf: str) -> Position:
        return self._interlock.position(leaf)
