"""One simulated scanner station: the yard and all its devices, where a configuration expects them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from gate_agent.app.config import StationConfig
from gate_simulators.device.site import Site, modbus_line, settings_of, stream_address
from gate_simulators.nii.cameras import SideCamera
from gate_simulators.nii.instruments import Instruments
from gate_simulators.nii.plant import YardPlant
from gate_simulators.nii.xray import XrayScanner
from gate_simulators.nii.yard_controller import YardController
from gate_simulators.radiation.portal import PortalSimulator
from gate_simulators.scanner.modality import DicosModality, FolderExporter
from gate_simulators.vehicle.scale import ScaleSimulator
from gate_simulators.vehicle.seals import SealReaderSimulator

VIEWS: Final = ("left", "right", "rear")


class YardSite(Site):
    """All simulated devices of one scanner station, on the wires that `config` names.

    `pace` makes trucks, barriers and instruments faster than life, for tests and demonstrations.
    """

    def __init__(self, config: StationConfig, *, pace: float = 1.0, seed: int = 0) -> None:
        self.pace = pace
        self.plant = YardPlant()
        yard = settings_of(config, "yard", "modbus-yard")
        self.controller = YardController(
            "yard", self.plant, **modbus_line(yard), unit=yard.unit, pace=pace, seed=seed
        )
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
        super().__init__(
            (
                self.controller,
                self.scanner,
                self.portal,
                self.scale,
                self.seals,
                *self.cameras.values(),
            )
        )

    def start(self) -> None:
        """Raises SiteError when a device's wire is in use already; then none is left running."""
        super().start()
        self._instruments.start()

    def stop(self) -> None:
        self._instruments.stop()
        super().stop()


def _line(config: StationConfig, device: str, driver: str) -> dict[str, Any]:
    """Where an instrument that speaks in lines is: as the simulators take it."""
    line = settings_of(config, device, driver).line
    return {"tcp": (line.host, line.port)} if line.kind == "tcp" else {"pty": Path(line.device)}


def _scanner(config: StationConfig, seed: int) -> DicosModality | FolderExporter:
    """The scanner calls the station: a network scanner by its port, an exporter by its folder."""
    settings = settings_of(config, "scanner", "dicos-scp", "scan-folder")
    if config.devices["scanner"].driver == "scan-folder":
        return FolderExporter("scanner", settings.folder, seed=seed)
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
    return DicosModality("scanner", (host, settings.port), called=settings.ae_title, seed=seed)


def _scale(config: StationConfig, pace: float, seed: int) -> ScaleSimulator:
    settings = settings_of(config, "scale", "scale-serial")
    return ScaleSimulator(
        "scale",
        settings.protocol,
        **({"preset": settings.pattern} if settings.protocol == "pattern" else {}),
        **_line(config, "scale", "scale-serial"),
        checksum=settings.checksum,
        pace=pace,
        seed=seed,
    )


def _camera(config: StationConfig, view: str, seed: int) -> SideCamera:
    name = f"camera_{view}"
    host, port = stream_address(config, name, "number-camera")
    return SideCamera(name, host, port, seed=seed + VIEWS.index(view))
