"""What a cargo yard's other devices say: radiation portal, scale, electronic seals, number cameras."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from gate_agent.devices.cameras import Frame
from gate_agent.devices.device import Device


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
RADIATION_READINGS = (BackgroundCounts, OccupiedCounts, OccupancyEnded, VehicleSpeed, Tamper, MonitorSetup)


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
