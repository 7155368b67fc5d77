"""Simulated devices where a station's configuration expects them: what the site of every kind is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gate_agent.app.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.device.control import ControlServer
from gate_simulators.device.faults import SimulatedDevice


class SiteError(GateError):
    """The configuration names a device that cannot be simulated here."""


class Site:
    """The simulated devices of one station.

    ``start`` leaves every wire ready; ``stop`` leaves nothing behind.
    """

    def __init__(self, devices: Iterable[SimulatedDevice]) -> None:
        self.devices = tuple(devices)

    def start(self) -> None:
        """Raises SiteError when a device's wire is in use already; then none is left running."""
        started: list[SimulatedDevice] = []
        try:
            for device in self.devices:
                _start(device)
                started.append(device)
        except BaseException:
            for device in reversed(started):
                device.stop()
            raise

    def stop(self) -> None:
        for device in reversed(self.devices):
            device.stop()

    def clear_faults(self) -> None:
        for device in self.devices:
            device.faults.clear()


def start_control(control: ControlServer) -> None:
    """Raises SiteError when its port is in use already."""
    try:
        control.start()
    except OSError as error:
        raise SiteError(
            f"the control interface cannot listen on {control.url}: {error.strerror or error}",
            advice="is another simulation running?",
        ) from error


def _start(device: SimulatedDevice) -> None:
    try:
        device.start()
    except OSError as error:
        raise SiteError(
            f"the simulated device cannot be set up: {error.strerror or error}",
            field=f"devices.{device.name}",
            advice="is another simulation running?",
        ) from error


def settings_of(config: StationConfig, device: str, *drivers: str) -> Any:
    """The settings of a device that is bound to one of these drivers. Raises SiteError when to another."""
    binding = config.devices[device]
    if binding.driver not in drivers:
        raise SiteError(
            f"a {binding.driver} cannot be simulated, only {' or '.join(drivers)}",
            field=f"devices.{device}.driver",
            advice="use a configuration made for simulation, as those in config/ are",
        )
    return binding.config


def modbus_line(settings: Any) -> dict[str, Any]:
    """Where a driver looks for its controller, as the simulated ones take it."""
    if settings.transport == "tcp":
        return {"tcp": (settings.host, settings.port)}
    return {"rtu": Path(settings.device)}


def stream_address(config: StationConfig, device: str, driver: str) -> tuple[str, int]:
    """Host and port of the MJPEG stream that a camera is to serve. Raises SiteError for any other source."""
    source = settings_of(config, device, driver).source
    if source.kind != "mjpeg":
        raise SiteError(f"a {source.kind} camera cannot be simulated", field=f"devices.{device}.source.kind")
    parts = urlsplit(str(source.url))
    return parts.hostname or "127.0.0.1", parts.port or 80
