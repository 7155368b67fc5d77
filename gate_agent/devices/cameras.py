"""Cameras, and the frames that they deliver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gate_agent.devices.device import Device


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
