"""Benches of the scanner drivers: a small scan to send, and somewhere to receive it."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.uid import generate_uid

from gate_agent.devices import ScanReading, ScanRejected
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import write_scan
from gate_agent.scans.image import Calibration, transmission_image
from gate_simulators.device.benches import Bench
from gate_simulators.device.ports import free_port
from gate_simulators.scanner.modality import DicosModality, FolderExporter

CONTAINER = "MSKU9070323"
_PATIENCE_S = 10.0


def specimen(folder: Path) -> Path:
    """A small single-energy scan as a DICOS file."""
    picture = np.ones((160, 240), np.float32)
    picture[50:140, 40:200] = 0.4
    image = transmission_image((picture,), calibration=Calibration.KNOWN, peaks_kev=(6000,))
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    equipment = Equipment("gate-agent", "simulated scanner", "0", "SIM", at)
    return write_scan(image, folder, scan=Scan(CONTAINER, generate_uid(), "1"), equipment=equipment, at=at)[0]


class _ScanBench(Bench):
    """Keeps its files in one temporary folder."""

    def __init__(self, name: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        self._sent = 0

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def settings_of_nothing(self) -> dict[str, Any]:
        raise NotImplementedError

    def is_loss(self, reading: object) -> bool:
        return isinstance(reading, ScanRejected)

    def command(self, driver: Any) -> bool:
        self.provoke()
        ends = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends:
            if isinstance(reading := driver.read(), ScanReading):
                driver.done(reading)
                return True
        raise AssertionError("no scan to take over")


class DicosBench(_ScanBench):
    """A scanner that sends DICOS over the network. Here the driver listens and the scanner connects."""

    def __init__(self) -> None:
        super().__init__("dicos")
        self._port = free_port()
        self._scanner = DicosModality("bench-dicos", ("127.0.0.1", self._port))
        self.device = self._scanner
        (self._folder / "spool").mkdir()

    def settings(self) -> dict[str, Any]:
        return {"port": self._port, "spool": str(self._folder / "spool"), "min_free_bytes": 0, "timeout_s": 5}

    def settings_of_nothing(self) -> dict[str, Any]:
        return self.settings() | {"spool": str(self._folder / "absent")}

    def provoke(self) -> None:
        self._scanner.send(specimen(self._folder))


class FolderBench(_ScanBench):
    """A scanner that exports files."""

    def __init__(self) -> None:
        super().__init__("folder")
        self._scanner = FolderExporter("bench-folder", self._folder / "export")
        self.device = self._scanner

    def settings(self) -> dict[str, Any]:
        return {"folder": str(self._folder / "export"), "quiet_ms": 50, "after": "delete"}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"folder": str(self._folder / "absent")}

    def provoke(self) -> None:
        self._sent += 1
        self._scanner.export(specimen(self._folder), f"scan-{self._sent}.dcs")
