"""What a station may ask of a device, and what a device may answer.

A **driver** is one plain, blocking class for one device family. The conductor runs each driver
in a thread of its own (:mod:`gate_agent.supervision`): ``open()``, then ``read()`` again and
again, ``close()`` at the end or after a fault, and then again from the start after a back-off.
A driver therefore needs no threads, no asyncio and no retry of its own: it talks on the wire,
gives typed readings, and raises :class:`DeviceError` when the device lies or is gone.

The capability Protocols below are all that the stations know of devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gate_agent.errors import GateError
from gate_agent.settings import Settings


class DeviceError(GateError):
    """The device cannot be used: absent, silent, broken or contradicting itself."""


class DeviceTimeout(DeviceError):
    """The device did not answer in time."""


class DeviceDisconnected(DeviceError):
    """The device was unplugged, or its connection ended."""


class GarbledReading(DeviceError):
    """Bytes arrived that are not the device's protocol. `field` names the offending part."""


class CommandRefused(DeviceError):
    """The device is well but will not do what was asked (an interlock, a busy controller)."""


class CardLost(DeviceError):
    """The chip left the reader's field in the middle of an exchange."""


class DriverConfig(Settings):
    """Base of every driver's configuration; its field descriptions ARE the driver's manual."""


class Device(Protocol):
    """What every driver has.

    ``Config`` is its configuration model, ``capability`` the name of the Protocol it fulfils
    (``document_scanner``, ``chip_reader``, ``camera``, ``lane_gate``, ``scanner``, …). The constructor takes
    one ``Config``, must not touch the device, and must not block.
    """

    Config: ClassVar[type[DriverConfig]]
    capability: ClassVar[str]

    def open(self) -> None:
        """Connect and prove that the device answers. Raises DeviceError with advice."""
        ...

    def close(self) -> None:
        """Release the device. Safe to call twice, and from another thread to end a blocked call."""
        ...

    def read(self) -> Any:
        """Wait a bounded time (well under a second) for the next reading; None if there is none.

        Raises DeviceError; the supervisor then closes and reopens the driver.
        """
        ...


# ---------------------------------------------------------------- documents


@dataclass(frozen=True, slots=True)
class MrzReading:
    """Lines of a machine readable zone as the scanner sent them, unchecked (Doc 9303-3 §4)."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document left the scanner."""


@runtime_checkable
class DocumentScanner(Device, Protocol):
    """Reads the printed machine readable zone (capability ``document_scanner``)."""

    def read(self) -> MrzReading | DocumentRemoved | None: ...


@dataclass(frozen=True, slots=True)
class ChipPresence:
    """A contactless chip entered (`present`) or left the reader's field. `atr` as received."""

    present: bool
    atr: bytes = b""


@runtime_checkable
class ChipReader(Device, Protocol):
    """Exchanges APDUs with a chip (capability ``chip_reader``), ISO/IEC 7816-4 command/response.

    ``read()`` reports changes of presence. ``transmit()`` is called from the same thread between
    reads; it raises CardLost when the chip is gone and DeviceTimeout after `timeout_s`.
    """

    def read(self) -> ChipPresence | None: ...

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """Send one command APDU, return the response with its status word (>= 2 bytes)."""
        ...


# ---------------------------------------------------------------- cameras


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: `pixels` is RGB uint8 (height, width, 3); `at` is time.monotonic() seconds."""

    pixels: NDArray[np.uint8]
    at: float
    sequence: int


@runtime_checkable
class Camera(Device, Protocol):
    """Delivers frames (capability ``camera``). A frozen or repeated stream raises DeviceError."""

    def read(self) -> Frame | None: ...


# ---------------------------------------------------------------- the lane (doors, sensors, lights)


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


# ---------------------------------------------------------------- scanners


@dataclass(frozen=True, slots=True)
class ScanReading:
    """One complete file of a scan, on this computer's disk and not yet judged.

    `scan` is the same for the files (energies) of one scan; `container` what the scanner was told, unchecked;
    `source` says who sent it; `at` is time.monotonic() seconds. The file stays until ``done()``.
    """

    path: Path
    media_type: str
    size_bytes: int
    source: str
    scan: str
    container: str
    at: float


@dataclass(frozen=True, slots=True)
class ScanRejected:
    """Something arrived that is no usable scan. `path` is where it was kept for the officer, if anywhere."""

    source: str
    what: str
    field: str
    advice: str
    at: float
    path: Path | None = None


@runtime_checkable
class Scanner(Device, Protocol):
    """Delivers transmission images as files (capability ``scanner``).

    A file is delivered at least once: after a restart, whatever was not ``done()`` is delivered again.
    """

    def read(self) -> ScanReading | ScanRejected | None: ...

    def done(self, reading: ScanReading) -> None:
        """The station has taken this file over; the driver may move or delete it."""
        ...


# ---------------------------------------------------------------- the cargo yard


class Radiation(StrEnum):
    GAMMA = "gamma"
    NEUTRON = "neutron"


@dataclass(frozen=True, slots=True)
class BackgroundCounts:
    """An empty portal's counts per second and detector; None: the monitor gave no number for it.

    `fault` is the monitor's own word for a background it takes for broken: ``high`` or ``low``.
    """

    kind: Radiation
    per_second: tuple[float | None, ...]
    at: float
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OccupiedCounts:
    """Counts per detector in one interval of `seconds` while a vehicle is in the portal.

    `alarm` is the monitor's own. Intervals come in order and without gaps: their number is the device's time,
    because a monitor sends what it held back (hold-in) in one burst. `at` is when this one arrived.
    """

    kind: Radiation
    counts: tuple[int | None, ...]
    seconds: float
    alarm: bool
    at: float


@dataclass(frozen=True, slots=True)
class OccupancyEnded:
    """The vehicle has left. `number` is the monitor's count of vehicles, `neutron_background` per second."""

    number: int | None
    neutron_background: float | None
    at: float


@dataclass(frozen=True, slots=True)
class VehicleSpeed:
    km_h: float
    at: float


@dataclass(frozen=True, slots=True)
class Tamper:
    """A cabinet of the monitor was opened, or closed again."""

    open: bool
    at: float


@dataclass(frozen=True, slots=True)
class MonitorSetup:
    """How the monitor is set: names and values as it told them."""

    values: tuple[tuple[str, str], ...]
    at: float


RadiationReading: TypeAlias = (
    BackgroundCounts | OccupiedCounts | OccupancyEnded | VehicleSpeed | Tamper | MonitorSetup
)


@runtime_checkable
class RadiationMonitor(Device, Protocol):
    """Counts gammas and neutrons at a portal (capability ``radiation_monitor``)."""

    def read(self) -> RadiationReading | None: ...


@dataclass(frozen=True, slots=True)
class WeightReading:
    """What a scale shows, in kilograms; `kg` None when it shows none (overload, power-up).

    Only a `stable` weight is one: a truck that rolls on swings for seconds.
    """

    kg: float | None
    stable: bool
    gross: bool
    at: float
    tare_kg: float | None = None
    out_of_range: bool = False


@runtime_checkable
class Scale(Device, Protocol):
    """Weighs a vehicle (capability ``scale``)."""

    def read(self) -> WeightReading | None: ...


class SealState(StrEnum):
    SEALED = "sealed"
    OPENED = "opened"
    UNSEALED = "unsealed"  # was never closed


@dataclass(frozen=True, slots=True)
class SealReading:
    """What an electronic seal says of itself (ISO 18185-1). Times are UTC, RFC 3339; empty: never."""

    manufacturer: int
    serial: int
    state: SealState
    battery_low: bool
    sealed_at: str
    opened_at: str
    at: float


@runtime_checkable
class SealReader(Device, Protocol):
    """Hears electronic seals (capability ``seal_reader``)."""

    def read(self) -> SealReading | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class NumberView:
    """A picture in which a container code may be read; `view` says which side the camera sees."""

    frame: Frame
    view: str


@runtime_checkable
class NumberCamera(Device, Protocol):
    """Sees a side of passing containers (capability ``number_camera``)."""

    def read(self) -> NumberView | None: ...


# ---------------------------------------------------------------- health


class DeviceState(StrEnum):
    """A device as its supervisor sees it."""

    STARTING = "starting"
    UP = "up"
    SILENT = "silent"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """`age_s` is the time since the last reading (frame age for a camera); `restarts` since start."""

    device: str
    driver: str
    state: DeviceState
    age_s: float
    restarts: int
    error: str = ""
    advice: str = ""
