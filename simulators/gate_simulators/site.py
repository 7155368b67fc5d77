"""One simulated e-gate lane: the plant and all its devices, where a configuration expects them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gate_agent.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.camera import CameraServer
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.control import ControlServer
from gate_simulators.faults import SimulatedDevice
from gate_simulators.lane_controller import LaneController
from gate_simulators.mrz_scanner import MrzScanner
from gate_simulators.plant import Plant


class SiteError(GateError):
    """The configuration names a device that cannot be simulated here."""


class LaneSite:
    """All simulated devices of one lane, on the wires that `config` names.

    `pace` makes doors faster than life, for tests and demonstrations. ``start`` leaves every wire ready;
    ``stop`` leaves nothing behind.
    """

    def __init__(self, config: StationConfig, *, pace: float = 1.0, seed: int = 0) -> None:
        self.plant = Plant()
        self.scanner = MrzScanner("mrz", _serial_line(config), seed=seed)
        chip = _settings(config, "chip", "vpcd")
        self.slot = ChipSlot("chip", chip.host, chip.port, seed=seed)
        host, port = _stream_address(config)
        self.camera = CameraServer("camera", self.plant, host, port, seed=seed)
        self.controller = _controller(config, self.plant, pace, seed)
        self.devices: tuple[SimulatedDevice, ...] = (self.scanner, self.slot, self.camera, self.controller)

    def start(self) -> None:
        """Raises SiteError when a device's wire is in use already."""
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


def _settings(config: StationConfig, device: str, driver: str) -> Any:
    binding = config.devices[device]
    if binding.driver != driver:
        raise SiteError(
            f"a {binding.driver} cannot be simulated, only {driver}",
            field=f"devices.{device}.driver",
            advice="use the configuration of a simulated lane, such as config/egate.toml",
        )
    return binding.config


def _serial_line(config: StationConfig) -> Path:
    return Path(_settings(config, "mrz", "mrz-serial").device)


def _stream_address(config: StationConfig) -> tuple[str, int]:
    source = _settings(config, "camera", "opencv").source
    if source.kind != "mjpeg":
        raise SiteError(f"a {source.kind} camera cannot be simulated", field="devices.camera.source.kind")
    parts = urlsplit(str(source.url))
    return parts.hostname or "127.0.0.1", parts.port or 80


def _controller(config: StationConfig, plant: Plant, pace: float, seed: int) -> LaneController:
    lane = _settings(config, "lane", "modbus-lane")
    if lane.transport == "tcp":
        return LaneController("lane", plant, tcp=(lane.host, lane.port), unit=lane.unit, pace=pace, seed=seed)
    return LaneController("lane", plant, rtu=Path(lane.device), unit=lane.unit, pace=pace, seed=seed)
