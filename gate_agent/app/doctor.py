"""Examines a station's devices: opens each, takes a reading of those that speak, says what is to be done.

What may be expected of a device is its capability's (:mod:`gate_agent.devices.capabilities`), the same that
its supervisor goes by. The answer is data; printing it is for whoever asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate_agent.app.config import StationConfig
from gate_agent.devices import Device, DeviceError, DriverConfig, GarbledReading, LineNoise
from gate_agent.devices.capabilities import Capability, capability
from gate_agent.devices.registry import load_driver
from gate_agent.errors import GateError

CLOSING_S = 5.0
"""How long a driver may take to close, beyond what its capability allows it to open and to speak."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one device answered. `seconds` until it was found to work, or to fail."""

    device: str
    driver: str
    works: bool
    says: str
    advice: str
    seconds: float


def findings(config: StationConfig) -> Iterator[Finding]:
    """Examine every device of the station, one after the other, in the order of the configuration."""
    for name, binding in config.devices.items():
        yield examine_device(name, binding.driver, binding.config)


def examine_device(name: str, driver: str, settings: DriverConfig) -> Finding:
    """Open one device, take a first reading where one may be expected, and close it again.

    Bounded, whatever the driver does: one that hangs is left behind in its thread.
    """
    started = time.monotonic()

    def finding(works: bool, says: str, advice: str) -> Finding:
        return Finding(name, driver, works, says, advice, time.monotonic() - started)

    try:
        kind: Any = load_driver(driver)
        expected = capability(kind.capability)
    except GateError as error:
        return finding(False, error.what, error.advice)
    answers: list[tuple[bool, str, str]] = []
    thread = threading.Thread(
        target=lambda: answers.append(_look(kind, settings, expected)), name=f"doctor-{name}", daemon=True
    )
    thread.start()
    patience = expected.patience
    limit_s = patience.open_s + (patience.silent_s or 0.0) + CLOSING_S
    thread.join(limit_s)
    hangs = (False, f"the driver does not come back in {limit_s:g} s", "check the device and its line")
    return finding(*(answers[0] if answers else hangs))


def _look(kind: Any, settings: DriverConfig, expected: Capability) -> tuple[bool, str, str]:
    """Whether the device works, what it says, and what to do about it."""
    try:
        device: Device = kind(settings)
        try:
            device.open()
            if not expected.speaks:
                return True, f"open, waits for {expected.waits_for}", ""
            return _first_reading(device, expected.patience.silent_s or 0.0)
        finally:
            device.close()
    except GateError as error:
        return False, error.what, error.advice
    except BaseException as error:  # a driver's own defect is a finding like any other
        return False, f"the driver crashed: {type(error).__name__}", "report it"


def _first_reading(device: Device, limit_s: float) -> tuple[bool, str, str]:
    """A reading of a device that speaks by itself; what is damaged or noise is none, as in service."""
    damaged: DeviceError | None = None
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            if (reading := device.read()) is not None:
                return True, f"open, gives readings ({type(reading).__name__})", ""
        except (GarbledReading, LineNoise) as error:
            damaged = error
    if damaged is not None:
        return False, f"open, but only damaged readings in {limit_s:g} s: {damaged.what}", damaged.advice
    return False, f"open, but no reading in {limit_s:g} s", "check the device and its line"
