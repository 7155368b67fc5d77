"""Real DICOM peers on the network: dcmtk's senders to our provider, our objects to dcmtk's provider."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from gate_agent.devices import ScanReading
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import read_scan, write_scan
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.dicos_tdr import ThreatObject, ThreatReport, read_tdr, write_tdr
from gate_agent.scans.image import Calibration, transmission_image
from gate_drivers.scanners.dicos_scp import DicosScp, DicosScpConfig
from gate_simulators.device.ports import free_port
from gate_simulators.scanner.ct_volume import write_ct
from gate_simulators.scanner.modality import DicosModality

PATIENCE_S = 30.0
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def needs(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"dcmtk's {tool} is not installed")
    return found


@pytest.fixture
def objects(tmp_path: Path) -> dict[str, Path]:
    """One DX, one CT and one TDR."""
    scan = Scan("MSKU9070323", generate_uid(), "1")
    equipment = Equipment("Maker", "Model", "1", "LANE1", AT)
    picture = np.linspace(0.01, 1, 120 * 300, dtype=np.float32).reshape(120, 300)
    image = transmission_image((picture,), calibration=Calibration.KNOWN, peaks_kev=(6000,))
    folder = tmp_path / "sent"
    folder.mkdir()
    (dx,) = write_scan(image, folder, scan=scan, equipment=equipment, at=AT)
    found = ThreatObject(1, 20, 30, 40, 50, "ANOMALY", "THREAT", "dense object", 0.5)
    report = ThreatReport("MSKU9070323", scan.study_uid, ("1.2.3",), (found,), ("gate-agent", "1"))
    write_tdr(report, folder / "report.dcs", scan=scan, equipment=equipment, at=AT)
    voxels = np.arange(6 * 7 * 8, dtype=np.uint16).reshape(6, 7, 8)
    write_ct(voxels, folder / "ct.dcs", scan=scan, equipment=equipment, at=AT, peak_kev=160)
    return {"dx": dx, "tdr": folder / "report.dcs", "ct": folder / "ct.dcs"}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[tuple[DicosScp, int]]:
    spool = tmp_path / "spool"
    spool.mkdir()
    port = free_port()
    driver = DicosScp(DicosScpConfig(port=port, spool=spool, min_free_bytes=0, timeout_s=10))
    driver.open()
    yield driver, port
    driver.close()


def received(driver: DicosScp, count: int) -> list[ScanReading]:
    found: list[ScanReading] = []
    ends = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < ends:
        reading = driver.read()
        if reading is not None:
            assert isinstance(reading, ScanReading), reading
            found.append(reading)
    return found


@pytest.mark.parametrize(
    "command", [["dcmsend", "-aec", "GATEAGENT"], ["storescu", "-R", "-aec", "GATEAGENT"]], ids=lambda c: c[0]
)
def test_dcmtk_sends_to_our_provider(
    command: list[str], objects: dict[str, Path], provider: tuple[DicosScp, int]
) -> None:
    driver, port = provider
    sender = [needs(command[0]), *command[1:], "127.0.0.1", str(port), *map(str, objects.values())]
    subprocess.run(sender, check=True, timeout=60, capture_output=True)
    readings = {reading.path.read_bytes()[132:].find(b"TDR"): reading for reading in received(driver, 3)}
    assert len(readings) >= 2
    paths = sorted(driver._config.spool.glob("*.dcs"))
    assert len(paths) == 3
    for path in paths:
        assert [f for f in lint(path) if "0002,0004" not in f.where] == []  # dcmtk writes its own meta header


def test_what_arrives_from_dcmtk_is_what_was_sent(
    objects: dict[str, Path], provider: tuple[DicosScp, int]
) -> None:
    driver, port = provider
    for kind, read in (("dx", lambda p: read_scan([p]).low), ("ct", lambda p: dcmread(p).pixel_array)):
        sender = [needs("dcmsend"), "-aec", "GATEAGENT", "127.0.0.1", str(port), str(objects[kind])]
        subprocess.run(sender, check=True, timeout=60, capture_output=True)
        (reading,) = received(driver, 1)
        assert np.array_equal(read(reading.path), read(objects[kind]))
        driver.done(reading)


def test_dcmtk_s_provider_accepts_our_objects(objects: dict[str, Path], tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "peer"
    folder.mkdir()
    command = [needs("storescp"), "--output-directory", str(folder), str(port)]
    peer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    modality = DicosModality("ours", ("127.0.0.1", port), called="STORESCP")
    modality.start()
    try:
        ends = time.monotonic() + PATIENCE_S
        while modality.answers.count(0) < len(objects) and time.monotonic() < ends:
            if None in modality.answers or not modality.answers:  # the peer was not ready yet
                modality.answers.clear()
                modality.send(*objects.values())
            time.sleep(0.2)
    finally:
        modality.stop()
        peer.terminate()
        peer.wait(PATIENCE_S)
    assert modality.answers.count(0) >= len(objects)
    files = list(folder.iterdir())
    reports = [p for p in files if b"ThreatDetection" in p.read_bytes() or b"501.3" in p.read_bytes()[:400]]
    assert read_tdr(reports[0]).objects[0].description == "dense object"
