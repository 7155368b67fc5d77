"""A cargo lane's barriers, vehicle loops and signals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gate_agent.devices.device import Device
from gate_agent.devices.lane import DoorPosition


class Signal(StrEnum):
    """What a cargo lane's signals show a driver, at the entry and at the hold line."""

    STOP = "stop"
    ENTER = "enter"  # drive in, slowly, through portal and scanner
    WAIT = "wait"  # stand still, engine off
    RELEASE = "release"  # arrow to the release road
    INSPECTION = "inspection"  # arrow to the inspection area
    OFFICER = "officer"  # an officer is coming


@dataclass(frozen=True, slots=True)
class YardReading:
    """One consistent snapshot of the barrier controller's inputs.

    `entry`, `release` and `inspection` are the barriers, ``CLOSED`` across the road; `approach`: a vehicle
    stands before the entry; `vehicles` counts those between the three barriers (0, 1, 2 = two or more);
    `at_hold`: one stands at the hold line before both ways out. `forced` means a barrier moved without a
    command, or was broken off; `held` that something keeps it from closing. `interlock_ok` is the
    controller's own word that never two barriers were open together. `heartbeat` increments at the
    controller, so that a frozen one is noticed.
    """

    entry: DoorPosition
    release: DoorPosition
    inspection: DoorPosition
    approach: bool
    vehicles: int
    at_hold: bool
    emergency: bool
    forced: bool
    held: bool
    sensors_disagree: bool
    interlock_ok: bool
    heartbeat: int


@runtime_checkable
class YardGate(Device, Protocol):
    """Barriers, vehicle loops, signals and emergency input behind one controller (``yard_gate``).

    As with a :class:`LaneGate`, the controller owns interlock and life safety, and commands are requests.
    """

    def read(self) -> YardReading | None: ...

    def command_barriers(self, *, entry_open: bool, release_open: bool, inspection_open: bool) -> None:
        """Request all three barriers' targets at once. Raises DeviceError when refused."""
        ...

    def show(self, entry: Signal, hold: Signal) -> None:
        """Set the signals at the entry and at the hold line."""
        ...
