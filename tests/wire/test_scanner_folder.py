"""The scanner's export folder: a file counts when it is complete, once, and stays until it is taken over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gate_agent.devices import DeviceDisconnected, DeviceError, ScanReading, ScanRejected
from gate_drivers.scanners.scan_folder import ScanFolder, ScanFolderConfig
from gate_simulators.device.faults import FaultKind
from gate_simulators.scanner.modality import FolderExporter

PATIENCE_S = 15.0


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "original.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (200, 300), np.uint8))
    return path


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[FolderExporter]:
    exporter = FolderExporter("exporter", tmp_path / "export", piece=4096)
    exporter.start()
    yield exporter
    exporter.stop()


def opened(exporter: FolderExporter, **settings: Any) -> ScanFolder:
    values = {"folder": exporter.folder, "quiet_ms": 60} | settings
    driver = ScanFolder(ScanFolderConfig.model_validate(values))
    driver.open()
    return driver


def next_reading(driver: ScanFolder) -> ScanReading | ScanRejected:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if (reading := driver.read()) is not None:
            return reading
    raise AssertionError("nothing was delivered")


def nothing_for(driver: ScanFolder, looks: int) -> bool:
    return all(driver.read() is None for _ in range(looks))


def test_a_complete_file_is_delivered_once(exporter: FolderExporter, png: Path) -> None:
    driver = opened(exporter)
    exporter.export(png, "scan.png")
    reading = next_reading(driver)
    assert isinstance(reading, ScanReading)
    assert (reading.media_type, reading.scan, reading.size_bytes) == ("image/png", "scan", png.stat().st_size)
    assert nothing_for(driver, 4)


def test_a_file_that_is_still_being_written_waits(exporter: FolderExporter, png: Path) -> None:
    exporter.faults.inject(FaultKind.DELAY, parameters={"seconds": 0.3})  # longer than quiet_ms, per piece
    driver = opened(exporter)
    exporter.export(png, "scan.png")
    reading = next_reading(driver)
    assert isinstance(reading, ScanReading)
    assert reading.path.read_bytes() == png.read_bytes()


def test_a_file_that_is_never_completed_is_reported_and_left(exporter: FolderExporter, png: Path) -> None:
    exporter.faults.inject(FaultKind.DROP)
    driver = opened(exporter, abandon_s=0.4)
    exporter.export(png, "half.png")
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert "never completed" in rejected.what
    assert rejected.path is not None
    assert rejected.path.exists()


def test_with_a_marker_the_file_waits_for_it(exporter: FolderExporter, png: Path) -> None:
    driver = opened(exporter, marker=".done")
    exporter.export(png, "scan.png")
    assert nothing_for(driver, 5)
    (exporter.folder / "scan.png.done").touch()
    assert isinstance(next_reading(driver), ScanReading)


@pytest.mark.parametrize("after", ["keep", "move", "delete"])
def test_a_file_taken_over_is_kept_moved_or_deleted(exporter: FolderExporter, png: Path, after: str) -> None:
    driver = opened(exporter, after=after)
    exporter.export(png, "scan.png")
    reading = next_reading(driver)
    assert isinstance(reading, ScanReading)
    driver.done(reading)
    assert reading.path.exists() == (after == "keep")
    assert (exporter.folder / "taken" / "scan.png").exists() == (after == "move")
    assert nothing_for(driver, 3)


def test_a_rescan_under_the_same_name_is_delivered_again(exporter: FolderExporter, png: Path) -> None:
    driver = opened(exporter)
    exporter.export(png, "scan.png")
    next_reading(driver)
    cv2.imwrite(str(png), np.zeros((50, 60), np.uint8))
    exporter.export(png, "scan.png")
    again = next_reading(driver)
    assert isinstance(again, ScanReading)
    assert again.size_bytes == png.stat().st_size


def test_what_is_not_a_scan_is_left_alone(exporter: FolderExporter, png: Path, tmp_path: Path) -> None:
    driver = opened(exporter)
    for name in ("notes.txt", ".hidden.png", "scan.png.part"):
        exporter.export(png, name)
    (exporter.folder / "link.png").symlink_to(tmp_path / "original.png")
    (exporter.folder / "folder.png").mkdir()
    assert nothing_for(driver, 5)


def test_a_file_beyond_the_bound_is_reported(exporter: FolderExporter, png: Path) -> None:
    driver = opened(exporter, max_file_bytes=1024)
    exporter.export(png, "scan.png")
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert rejected.field == "max_file_bytes"


def test_a_lost_share_is_a_device_error(exporter: FolderExporter) -> None:
    driver = opened(exporter)
    exporter.faults.inject(FaultKind.UNPLUG)
    with pytest.raises(DeviceDisconnected):
        next_reading(driver)


def test_a_folder_that_is_a_file_is_no_folder(tmp_path: Path, png: Path) -> None:
    driver = ScanFolder(ScanFolderConfig(folder=png))
    with pytest.raises(DeviceError, match="not there"):
        driver.open()
