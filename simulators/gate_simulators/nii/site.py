"""One simulated scanner station: the yard and all its devices, where a configuration expects them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from gate_agent.config import StationConfig
from gate_simulators.faults import SimulatedDevice
from gate_simulators.nii.cameras import SideCamera
from gate_simulators.nii.instruments import Instruments
from gate_simulators.nii.xray import XrayScanner
from gate_simulators.radiation.portal import PortalSimulator
from gate_simulators.scanner.modality import DicosModality, FolderExporter
from gate_simulators.site import SiteError
from gate_simulators.yard.scale import ScaleSimulator
from gate_simulators.yard.seals import SealReaderSimulator
from gate_simulators.yard_controller import YardController
from gate_simulators.yard_plant import YardPlant

VIEWS: Final = ("left", "right", "rear")


class YardSite:
    """All simulated devices of one scanner station, on the wires that `config` names.

    `pace` makes trucks, barriers and instruments faster than life, for tests and demonstrations. ``start``
    leaves every wire ready; ``stop`` leaves nothing behind.
    """

    def __init__(self, config: StationConfig, *, pace: float = 1.0, seed: int = 0) -> None:
        self.pace = pace
        self.plant = YardPlant()
        self.controller = _controller(config, self.plant, pace, seed)
        self.scanner = _scanner(config, seed)
        self.portal = PortalSimulator(
            "portal", **_line(config, "portal", "portal-lines"), pace=pace, seed=seed
        )
        self.scale = _scale(config, pace, seed)
        self.seals = SealReaderSimulator(
            "seals", **_line(config, "seals", "eseal-lines"), pace=pace, seed=seed
        )
        self.cameras = {view: _camera(config, view, seed) for view in VIEWS}
        self.xray = XrayScanner(self.scanner, seed=seed)
        self._instruments = Instruments(
            self.plant, self.portal, self.scale, self.seals, self.cameras, self.xray, seed
        )
        self.devices: tuple[SimulatedDevice, ...] = (
            self.controller,
            self.scanner,
            self.portal,
            self.scale,
            self.seals,
            *self.cameras.values(),
        )

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
            self.xray.stop()
            raise
        self._instruments.start()

    def stop(self) -> None:
        self._instruments.stop()
        for device in reversed(self.devices):
            device.stop()

    def clear_faults(self) -> None:
        for device in self.devices:
            device.faults.clear()


def _start(device: SimulatedDevice) -> None:
    try:
        device.start()
    except OSError as error:
        raise SiteError(
            f"the simulated device cannot be set up: {error.strerror or error}",
            field=f"devices.{device.name}",
            advice="is another simulation running?",
        ) from error


def _settings(config: StationConfig, device: str, *drivers: str) -> Any:
    binding = config.devices[device]
    if binding.driver not in drivers:
        raise SiteError(
            f"a {binding.driver} cannot be simulated, only {' or '.join(drivers)}",
            field=f"devices.{device}.driver",
            advice="use the configuration of a simulated station, such as config/nii.toml",
        )
    return binding.config


def _line(config: StationConfig, device: str, driver: str) -> dict[str, Any]:
    """Where an instrument that speaks in lines is: as the simulators take it."""
    line = _settings(config, device, driver).line
    return {"tcp": (line.host, line.port)} if line.kind == "tcp" else {"pty": Path(line.device)}


def _controller(config: StationConfig, plant: YardPlant, pace: float, seed: int) -> YardController:
    yard = _settings(config, "yard", "modbus-yard")
    where: dict[str, Any] = (
        {"tcp": (yard.host, yard.port)} if yard.transport == "tcp" else {"rtu": Path(yard.device)}
    )
    return YardController("yard", plant, **where, unit=yard.unit, pace=pace, seed=seed)


def _scanner(config: StationConfig, seed: int) -> DicosModality | FolderExporter:
    """The scanner calls the station: a network scanner by its port, an exporter by its folder."""
    settings = _settings(config, "scanner", "dicos-scp", "scan-folder")
    if config.devices["scanner"].driver == "scan-folder":
        return FolderExporter("scanner", settings.folder, seed=seed)
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
    return DicosModality("scanner", (host, settings.port), called=settings.ae_title, seed=seed)


def _scale(config: StationConfig, pace: float, seed: int) -> ScaleSimulator:
    settings = _settings(config, "scale", "scale-serial")
    return ScaleSimulator(
        "scale",
        settings.protocol,
        **_line(config, "scale", "scale-serial"),
        checksum=settings.checksum,
        pace=pace,
        seed=seed,
    )


def _camera(config: StationConfig, view: str, seed: int) -> SideCamera:
    name = f"camera_{view}"
    source = _settings(config, name, "number-camera").source
    if source.kind != "mjpeg":
        raise SiteError(f"a {source.kind} camera cannot be simulated", field=f"devices.{name}.source.kind")
    parts = urlsplit(str(source.url))
    return SideCamera(name, parts.hostname or "127.0.0.1", parts.port or 80, seed=seed + VIEWS.index(view))
