"""An e-gate lane's doors, presence sensors and lights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gate_agent.devices.device import Device


class DoorPosition(StrEnum):
    """Where a door is, as its limit switches say. ``FAULT``: the controller cannot tell."""

    CLOSED = "closed"
    MOVING = "moving"
    OPEN = "open"
    FAULT = "fault"


class Light(StrEnum):
    """What the lane shows the traveller outside and inside."""

    READY = "ready"  # green arrow: come
    WAIT = "wait"
    STOP = "stop"  # red cross: lane closed
    PROCEED = "proceed"
    OFFICER = "officer"  # an officer is coming


@dataclass(frozen=True, slots=True)
class LaneReading:
    """One consistent snapshot of the door controller's inputs.

    `persons_inside` is the controller's count in the passage between the doors (0, 1, 2 = two or
    more); `approach` and `exit_zone` are presence before the entry and behind the exit; `object_inside`
    a thing on the floor that is not a person. `forced` means a door moved without a command, `held`
    that it is kept from closing. `interlock_ok` is the controller's own word that both doors were
    never open together. `heartbeat` increments at the controller, so that a frozen one is noticed.
    """

    entry: DoorPosition
    exit: DoorPosition
    approach: bool
    persons_inside: int
    exit_zone: bool
    object_inside: bool
    emergency: bool
    forced: bool
    held: bool
    sensors_disagree: bool
    interlock_ok: bool
    heartbeat: int


@runtime_checkable
class LaneGate(Device, Protocol):
    """Doors, presence sensors, lights and emergency input behind one controller (``lane_gate``).

    The controller owns the interlock and life safety. Commands are *requests*: each is written,
    read back and returns when the controller has accepted it; whether the door moved is what the
    next readings say. Called from the driver's own thread between reads.
    """

    def read(self) -> LaneReading | None: ...

    def command_doors(self, *, entry_open: bool, exit_open: bool) -> None:
        """Request both doors' target positions at once. Raises DeviceError when refused."""
        ...

    def show(self, outside: Light, inside: Light) -> None:
        """Set the lane lights."""
        ...
