"""Coverage-guided fuzzing of the scan import: ``python tests/fuzz/fuzz_dicos.py [corpus]``.

Needs atheris. Any file must be a scan, a report or a ScanError that names its field; a scan must go through
triage, alone and as both energies, and end in JSON and a TDR, or in a ScanError; the linter must raise
nothing. An empty corpus folder is filled with small sound files of each kind first.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.scans", "pydicom"]):
    from gate_agent.scans.dicos_header import Equipment, Scan
    from gate_agent.scans.dicos_image import write_scan
    from gate_agent.scans.dicos_lint import lint
    from gate_agent.scans.dicos_tdr import ThreatObject, ThreatReport, read_tdr, write_tdr
    from gate_agent.scans.errors import ScanError
    from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
    from gate_agent.scans.intake import load_scan
    from gate_agent.scans.pictures import PictureFacts
    from gate_agent.scans.triage.findings import threat_report
    from gate_agent.scans.triage.report import triage

import cv2
import numpy as np

from gate_simulators.scanner.ct_volume import write_ct

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-dicos-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
FILE = FOLDER / "input"
LINEAR = PictureFacts(linear=True, peak_kev=6000, geometry=Geometry(80.0, 60.0))


def one_input(data: bytes) -> None:
    FILE.write_bytes(data)
    lint(FILE)
    _attempt(lambda: read_tdr(FILE))
    for files, facts in (([FILE], None), ([FILE], LINEAR), ([FILE, FILE], None)):
        _attempt(lambda files=files, facts=facts: _look(load_scan(files, facts)))


def _look(image: ScanImage) -> None:
    report = triage(image)
    json.dumps(report.to_json(), allow_nan=False)
    threat_report(report)


def _attempt(read: Callable[[], object]) -> None:
    try:
        read()
    except ScanError as error:
        assert error.field


def seeds(corpus: Path) -> None:
    """Small sound files: one and two energies, a report and a volume as DICOS, and PNG, TIFF, JPEG."""
    picture = np.ones((48, 96), np.float32)
    picture[12:40, 16:80] = 0.4
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    equipment = Equipment("seed", "seed", "0", "SEED", at)
    scan = Scan("MSKU9070323", "1.2.3", "1")
    for peaks in ((6000,), (6000, 9000)):
        image = transmission_image((picture,) * len(peaks), calibration=Calibration.KNOWN, peaks_kev=peaks)
        write_scan(image, corpus, scan=scan, equipment=equipment, at=at)
    found = ThreatObject(1, 20, 16, 9, 7, "ANOMALY", "THREAT", "seed")
    report = ThreatReport("MSKU9070323", "1.2.3", ("1.2.3.4",), (found,), ("seed", "0"))
    write_tdr(report, corpus / "report.dcs", scan=scan, equipment=equipment, at=at)
    voxels = np.full((2, 16, 16), 9, np.uint16)
    write_ct(voxels, corpus / "volume.dcs", scan=scan, equipment=equipment, at=at, peak_kev=160)
    grey = (picture * 65535).astype(np.uint16)
    for name, pixels in (("a.png", grey), ("a.tif", grey), ("a.jpg", (grey >> 8).astype(np.uint8))):
        cv2.imwrite(str(corpus / name), pixels)


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and folders[0].is_dir() and not any(folders[0].iterdir()):
        seeds(folders[0])
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
