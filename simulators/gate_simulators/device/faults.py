"""Faults that every simulated device takes by command, through one board per device.

A simulator asks its board at the place in its wire code where the fault would happen
(``board.active(FaultKind.FREEZE)``). The control interface (:mod:`gate_simulators.device.control`) and the
scripted travellers put faults on the boards and take them off again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class FaultKind(StrEnum):
    """What can go wrong. Parameters in brackets."""

    DROP = "drop"  # lose messages/bytes [ratio 0..1]
    DELAY = "delay"  # answer late [seconds]
    GARBLE = "garble"  # flip bytes on the wire [ratio 0..1]
    FREEZE = "freeze"  # keep talking but repeat the last content
    SILENT = "silent"  # stay connected, say nothing
    BUSY = "busy"  # answer every request with a Modbus exception [code, as 6 server device busy]
    UNPLUG = "unplug"  # the connection or line is gone
    STUCK_DOOR = "stuck_door"  # it does not move [door: entry|exit, or entry|release|inspection]
    FORCED_DOOR = "forced_door"  # it is pushed open by hand [door]
    HELD_DOOR = "held_door"  # somebody keeps it from closing [door]
    SENSOR_FLICKER = "sensor_flicker"  # presence sensors toggle [hertz]
    SENSORS_DISAGREE = "sensors_disagree"
    EMERGENCY = "emergency"  # fire alarm or emergency stop pressed
    CARD_LOST = "card_lost"  # the chip leaves the field [after: number of APDUs]
    DEAD_CHIP = "dead_chip"  # the chip never answers


@dataclass(frozen=True, slots=True)
class Fault:
    """One active fault; `until` is time.monotonic() seconds, None for "until cleared"."""

    kind: FaultKind
    parameters: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    until: float | None = None


class FaultBoard:
    """The faults active on one device. Thread-safe."""

    def __init__(self, supported: frozenset[FaultKind]) -> None:
        self.supported = supported
        self._active: dict[FaultKind, Fault] = {}
        self._lock = threading.Lock()

    def inject(
        self,
        kind: FaultKind,
        *,
        seconds: float | None = None,
        parameters: Mapping[str, float | str] | None = None,
    ) -> None:
        """Switch a fault on. Raises ValueError when this device cannot have it."""
        if kind not in self.supported:
            known = ", ".join(sorted(self.supported))
            raise ValueError(f"fault {kind.value!r} is not one of this device's: {known}")
        until = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            self._active[kind] = Fault(kind, dict(parameters or {}), until)

    def clear(self, kind: FaultKind | None = None) -> None:
        """Switch one fault off, or all of them."""
        with self._lock:
            if kind is None:
                self._active.clear()
            else:
                self._active.pop(kind, None)

    def active(self, kind: FaultKind) -> Fault | None:
        with self._lock:
            fault = self._active.get(kind)
            if fault is not None and fault.until is not None and fault.until <= time.monotonic():
                del self._active[kind]
                return None
            return fault

    def all_active(self) -> tuple[Fault, ...]:
        with self._lock:
            kinds = tuple(self._active)
        return tuple(f for kind in kinds if (f := self.active(kind)) is not None)


class SimulatedDevice(Protocol):
    """One simulated device. ``start()`` returns once its wire can be opened; ``stop()`` leaves no
    thread, socket or pseudo-terminal behind. Both may be called from any thread."""

    name: str
    faults: FaultBoard

    def start(self) -> None: ...

    def stop(self) -> None: ...
