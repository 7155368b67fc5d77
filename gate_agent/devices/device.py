"""What every device has in common: its errors, its configuration, its life, its health."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

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
