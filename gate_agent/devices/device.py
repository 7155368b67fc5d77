"""What every device has in common: its errors, its configuration, its life, its health."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from gate_agent.errors import GateError
from gate_agent.settings import Settings


class DeviceError(GateError):
    """The device cannot be used: absent, silent, broken or contradicting itself."""


class DeviceTimeout(DeviceError):
    """The device did not answer in time."""


class DeviceDisconnected(DeviceError):
    """The device was unplugged, or its connection ended."""


class GarbledReading(DeviceError):
    """A message began and is damaged. `field` names the offending part.

    The driver is in step again and may be read on. At a document reader it means that somebody presented
    something, so bytes outside any message are :class:`LineNoise` instead.
    """


class LineNoise(DeviceError):
    """Bytes outside any message: a fault of the line, and nothing that anybody did at the device.

    The supervisor counts and logs it; the station never sees it. The driver may be read on.
    """


class CommandRefused(DeviceError):
    """The device is well but will not do what was asked (an interlock, a busy controller)."""


class CardLost(DeviceError):
    """The chip left the reader's field in the middle of an exchange."""


@dataclass(frozen=True, slots=True)
class TimeOut:
    """How long a driver waits by itself before it gives its own word of what is wrong.

    `setting` is the path within the driver's table that most decides it; `during` what it bounds: ``open``
    an open(), ``call`` one read() or command, ``silence`` the time without a reading.
    """

    setting: str
    seconds: float
    during: Literal["open", "call", "silence"]


class DriverConfig(Settings):
    """Base of every driver's configuration; its field descriptions ARE the driver's manual."""

    def time_outs(self) -> tuple[TimeOut, ...]:
        """The driver's own time-outs as configured, worst case.

        A supervisor less patient than these would cut them and say "does not come back" in place of the
        driver's better words; :func:`gate_agent.devices.patience.time_outs_cut` compares.
        """
        return ()


class Device(Protocol):
    """What every driver has.

    ``Config`` is its configuration model, ``capability`` the name of the Protocol it fulfils
    (:mod:`gate_agent.devices.capabilities`). The constructor takes
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

    def read(self) -> object:
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
    """`age_s` is the time since the last reading (frame age for a camera); `restarts` and `noise` (bursts of
    :class:`LineNoise`) since start."""

    device: str
    driver: str
    state: DeviceState
    age_s: float
    restarts: int
    error: str = ""
    advice: str = ""
    noise: int = 0
