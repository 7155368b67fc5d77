"""``gate-agent doctor``: open each device, wait for a first reading, and say what to do about the rest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from gate_agent.config import StationConfig
from gate_agent.devices import DeviceError, DriverConfig
from gate_agent.errors import GateError
from gate_agent.registry import load_driver

SPEAKS = {"camera", "lane_gate"}
"""Capabilities that give readings without anybody at the device."""

PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one device answered. `seconds` until it was open, or until it failed."""

    device: str
    driver: str
    works: bool
    says: str
    advice: str
    seconds: float


def examine(config: StationConfig, console: Console) -> bool:
    """Examine every device of the station and print a table; True when all work."""
    table = Table("device", "driver", "", "what it says", "what to do", title=f"station {config.station.id}")
    works = True
    for name, binding in config.devices.items():
        with console.status(f"opening {name} ({binding.driver}) ..."):
            finding = examine_device(name, binding.driver, binding.config)
        works &= finding.works
        mark = "[green]works[/]" if finding.works else "[red]fails[/]"
        table.add_row(name, finding.driver, mark, f"{finding.says} ({finding.seconds:.1f} s)", finding.advice)
    console.print(table)
    return works


def examine_device(name: str, driver: str, settings: DriverConfig) -> Finding:
    """Open one device, take a first reading where one may be expected, and close it again."""
    started = time.monotonic()

    def finding(works: bool, says: str, advice: str = "") -> Finding:
        return Finding(name, driver, works, says, advice, time.monotonic() - started)

    try:
        kind: Any = load_driver(driver)
        device = kind(settings)
    except GateError as error:
        return finding(False, error.what, error.advice)
    try:
        device.open()
        if kind.capability not in SPEAKS:
            return finding(True, "open, waiting for a document")
        while time.monotonic() - started < PATIENCE_S:
            if device.read() is not None:
                return finding(True, "open, gives readings")
        return finding(False, f"open, but no reading in {PATIENCE_S:g} s", "check the device and its line")
    except DeviceError as error:
        return finding(False, str(error.what), error.advice)
    finally:
        device.close()
