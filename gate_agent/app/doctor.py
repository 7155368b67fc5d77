"""``gate-agent doctor``: open each device, wait for a first reading, and say what to do about the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gate_agent.app.config import StationConfig
from gate_agent.devices import DriverConfig
from gate_agent.devices.registry import load_driver
from gate_agent.errors import GateError

SPEAKS = {"camera", "lane_gate"}
"""Capabilities that give readings without anybody at the device."""

PATIENCE_S = 3.0
"""How long a device that speaks by itself may take for its first reading, once it is open."""

HUNG_S = 15.0
"""How long a driver may take for everything; longer than any driver's own time-outs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one device answered. `seconds` until it was open, or until it failed."""

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
    answers: list[tuple[bool, str, str]] = []
    thread = threading.Thread(
        target=lambda: answers.append(_look(driver, settings)), name=f"doctor-{name}", daemon=True
    )
    thread.start()
    thread.join(HUNG_S)
    hangs = (False, f"the driver does not come back in {HUNG_S:g} s", "check the device and its line")
    works, says, advice = answers[0] if answers else hangs
    return Finding(name, driver, works, says, advice, time.monotonic() - started)


def _look(driver: str, settings: DriverConfig) -> tuple[bool, str, str]:
    """Whether the device works, what it says, and what to do about it."""
    try:
        kind: Any = load_driver(driver)
        device = kind(settings)
        try:
            return _first_reading(device)
        finally:
            device.close()
    except GateError as error:
        return False, error.what, error.advice
    except Exception as error:  # a driver's own defect is a finding like any other
        return False, f"the driver crashed: {type(error).__name__}", "report it"


def _first_reading(device: Any) -> tuple[bool, str, str]:
    device.open()
    if device.capability not in SPEAKS:
        return True, "open, waiting for a document", ""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if device.read() is not None:
            return True, "open, gives readings", ""
    return False, f"open, but no reading in {PATIENCE_S:g} s", "check the device and its line"
