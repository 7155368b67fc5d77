"""One simulated e-gate lane: all its devices, where a configuration expects them."""

from __future__ import annotations

from pathlib import Path

from gate_agent.app.config import StationConfig
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.mrz_scanner import MrzScanner
from gate_simulators.device.site import Site, modbus_line, settings_of, stream_address
from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Plant


class LaneSite(Site):
    """All simulated devices of one lane, on the wires that `config` names.

    `pace` makes doors faster than life, for tests and demonstrations.
    """

    def __init__(self, config: StationConfig, *, pace: float = 1.0, seed: int = 0) -> None:
        self.plant = Plant()
        self.scanner = MrzScanner("mrz", Path(settings_of(config, "mrz", "mrz-serial").device), seed=seed)
        chip = settings_of(config, "chip", "vpcd")
        self.slot = ChipSlot("chip", chip.host, chip.port, seed=seed)
        host, port = stream_address(config, "camera", "opencv")
        self.camera = CameraServer("camera", self.plant, host, port, seed=seed)
        lane = settings_of(config, "lane", "modbus-lane")
        self.controller = LaneController(
            "lane", self.plant, **modbus_line(lane), unit=lane.unit, pace=pace, seed=seed
        )
        super().__init__((self.scanner, self.slot, self.camera, self.controller))
