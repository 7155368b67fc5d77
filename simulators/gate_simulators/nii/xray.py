"""The simulated accelerator: scans the truck that drives through, and sends the scan on the scanner's wire.

The scan is physics (:mod:`gate_simulators.scanner.scan`). It is computed as soon as the truck comes into
sight, since a simulated beam is slower than a real one, and sent when the truck has left the beam.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import pydicom
from pydicom.uid import generate_uid

from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import write_scan
from gate_agent.scans.image import ScanImage
from gate_simulators.nii.consignments import Consignment
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.modality import DicosModality, FolderExporter
from gate_simulators.scanner.scan import simulate

SETUP: Final = SETUPS["mv-6-9"]
_KEPT: Final = 4  # scans whose files stay for the wire to send
_DEAD_ROWS: Final = tuple(range(60, 180, 9))
_MISSED_COLUMNS: Final = (400, 401, 720, 721, 722)
_SHARE_BEFORE_CUT: Final = 0.62


class Condition(StrEnum):
    """How the scanner is today."""

    SOUND = "sound"
    DEAD_DETECTORS = "dead_detectors"  # elements of the detector array say nothing, pulses are missed
    CUT_OFF = "cut_off"  # the beam stops while the truck is in it
    DAMAGED = "damaged"  # pixels are missing from the object that it sends


class XrayScanner:
    """``approach()`` when a truck comes into sight, ``leave()`` when it is through. `wire` is who sends."""

    def __init__(self, wire: DicosModality | FolderExporter, *, seed: int = 0) -> None:
        self.wire = wire
        self.condition = Condition.SOUND
        self._seed = seed
        self._scans = 0
        self._kept: deque[Path] = deque()
        self._folder: Path | None = None
        self._beam: ThreadPoolExecutor | None = None

    def start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="gate-sim-scans-"))
        self._beam = ThreadPoolExecutor(1, thread_name_prefix="sim-beam")

    def stop(self) -> None:
        beam, self._beam = self._beam, None
        if beam is not None:
            beam.shutdown(cancel_futures=True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def approach(self, consignment: Consignment) -> Future[list[Path]]:
        """Begin to scan; the answer goes to :meth:`leave`."""
        if self._beam is None or self._folder is None:
            raise RuntimeError("the scanner is not started")
        self._scans += 1
        room = self._room(self._folder / str(self._scans))
        seed = 1000 * self._seed + self._scans
        return self._beam.submit(scan_files, consignment, self.condition, room, seed)

    def leave(self, scan: Future[list[Path]]) -> None:
        """Send it, when it is ready."""
        scan.add_done_callback(self._send)

    def _send(self, scan: Future[list[Path]]) -> None:
        if scan.cancelled():
            return
        paths = scan.result()
        if isinstance(self.wire, DicosModality):
            self.wire.send(*paths)
            return
        for path in paths:
            self.wire.export(path, path.name)

    def _room(self, folder: Path) -> Path:
        """A folder for one scan; the oldest makes room."""
        folder.mkdir()
        self._kept.append(folder)
        if len(self._kept) > _KEPT:
            shutil.rmtree(self._kept.popleft(), ignore_errors=True)
        return folder


def scan_files(consignment: Consignment, condition: Condition, folder: Path, seed: int) -> list[Path]:
    """Scan one truck; the DICOS files of both energies. The same seed gives the same picture."""
    broken = condition is Condition.DEAD_DETECTORS
    image = simulate(
        consignment.scene(seed),
        SETUP,
        seed,
        dead_rows=_DEAD_ROWS if broken else (),
        missed_columns=_MISSED_COLUMNS if broken else (),
    ).image
    if condition is Condition.CUT_OFF:
        image = _cut_off(image)
    scan = Scan(consignment.code, generate_uid(), str(seed), speed_mm_s=2000.0)
    paths = write_scan(image, folder, scan=scan, equipment=_equipment(), at=_now())
    if condition is Condition.DAMAGED:
        _damage(paths)
    return paths


def _cut_off(image: ScanImage) -> ScanImage:
    last = int(_SHARE_BEFORE_CUT * image.shape[1])
    return replace(
        image,
        channels=tuple(replace(c, transmission=c.transmission[:, :last].copy()) for c in image.channels),
        dead=image.dead[:, :last].copy(),
        saturated=image.saturated[:, :last].copy(),
    )


def _damage(paths: Sequence[Path]) -> None:
    """Half of the pixels are gone; the header still promises all."""
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 2 & ~1]
        dataset.save_as(path)


def _equipment() -> Equipment:
    return Equipment("gate-agent", "simulated 6/9 MV", "0001", "SIM-XRAY", calibrated_at=_now())


def _now() -> datetime:
    return datetime.now(UTC)
