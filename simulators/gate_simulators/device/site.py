"""Simulated devices where a station's configuration expects them: what every site is, and an e-gate lane."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gate_agent.app.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.control import ControlServer
from gate_simulators.device.faults import SimulatedDevice
from gate_simulators.device.mrz_scanner import MrzScanner
from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Plant


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


class LaneSite(Site):
    """All simulated devices of one lane, on the wires that `config` names.

    `pace` makes doors faster than life, for tests and demonstrations.
    """

    def __init__(self, config: StationConfig, *, pace: float = 1.0, seed: int = 0) -> None:
        self.plant = Plant()
        self.scanner = MrzScanner("mrz", _serial_line(config), seed=seed)
        chip = settings_of(config, "chip", "vpcd")
        self.slot = ChipSlot("chip", chip.host, chip.port, seed=seed)
        host, port = _stream_address(config)
        self.camera = CameraServer("camera", self.plant, host, port, seed=seed)
        lane = settings_of(config, "lane", "modbus-lane")
        self.controller = LaneController(
            "lane", self.plant, **modbus_line(lane), unit=lane.unit, pace=pace, seed=seed
        )
        super().__init__((self.scanner, self.slot, self.camera, self.controller))


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
            advice="use a configuration made for simulation: config/egate.toml, config/nii.toml",
        )
    return binding.config


def modbus_line(settings: Any) -> dict[str, Any]:
    """Where a driver looks for its controller, as the simulated ones take it."""
    if settings.transport == "tcp":
        return {"tcp": (settings.host, settings.port)}
    return {"rtu": Path(settings.device)}


def _serial_line(config: StationConfig) -> Path:
    return Path(settings_of(config, "mrz", "mrz-serial").device)


def _stream_address(config: StationConfig) -> tuple[str, int]:
    source = settings_of(config, "camera", "opencv").source
    if source.kind != "mjpeg":
        raise SiteError(f"a {source.kind} camera cannot be simulated", field="devices.camera.source.kind")
    parts = urlsplit(str(source.url))
    return parts.hostname or "127.0.0.1", parts.port or 80
