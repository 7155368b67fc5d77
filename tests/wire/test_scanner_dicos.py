"""The storage provider that scanners send DICOS to: taken when durable, refused with the right status."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID, RLELossless, generate_uid
from pynetdicom import AE
from pynetdicom import acse as pynetdicom_acse

from gate_agent.devices import DeviceError, ScanReading, ScanRejected
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import read_scan, write_scan
from gate_agent.scans.image import Calibration, transmission_image
from gate_drivers.scanners.dicos_scp import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    SOP_CLASSES,
    SUCCESS,
    WRONG_CLASS,
    DicosScp,
    DicosScpConfig,
)
from gate_simulators.device.ports import free_port

AT = datetime(2026, 1, 2, tzinfo=UTC)
PATIENCE_S = 15.0
Open = Callable[..., DicosScp]


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    picture = np.ones((160, 200), np.float32)
    picture[40:150, 30:170] = 0.3
    image = transmission_image((picture,), calibration=Calibration.KNOWN, peaks_kev=(6000,))
    folder = tmp_path / "sent"
    folder.mkdir()
    scan = Scan("MSKU9070323", generate_uid(), "1")
    equipment = Equipment("Maker", "Model", "1", "LANE1", AT)
    return write_scan(image, folder, scan=scan, equipment=equipment, at=AT)[0]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    spool = tmp_path / "spool"
    spool.mkdir()
    drivers: list[DicosScp] = []
    port = free_port()

    def build(**settings: Any) -> DicosScp:
        values = {"port": port, "spool": spool, "min_free_bytes": 0, "timeout_s": 5} | settings
        driver = DicosScp(DicosScpConfig.model_validate(values))
        drivers.append(driver)
        driver.open()
        driver.port = port  # type: ignore[attr-defined]
        return driver

    yield build
    for driver in drivers:
        driver.close()


def associate(driver: Any, *, syntax: str = "1.2.840.10008.1.2.1", title: str = "SCANNER") -> Any:
    entity = AE(ae_title=title)
    for uid in SOP_CLASSES:
        entity.add_requested_context(uid, syntax)
    entity.add_requested_context("1.2.840.10008.1.1")
    return entity.associate("127.0.0.1", driver.port, ae_title="GATEAGENT")


def store(driver: Any, dataset: pydicom.Dataset, **how: Any) -> int | None:
    association = associate(driver, **how)
    assert association.is_established
    try:
        answer = association.send_c_store(dataset)
    except RuntimeError:
        return None
    finally:
        if association.is_established:
            association.release()
        association.join(PATIENCE_S)
    return int(answer.Status) if "Status" in answer else None


def next_reading(driver: DicosScp) -> ScanReading | ScanRejected:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if (reading := driver.read()) is not None:
            return reading
    raise AssertionError("nothing arrived")


# ---------------------------------------------------------------- taking


def test_an_object_is_in_the_spool_when_it_is_answered_with_success(opened: Open, scan_file: Path) -> None:
    driver = opened()
    sent = pydicom.dcmread(scan_file)
    assert store(driver, sent) == SUCCESS
    reading = next_reading(driver)
    assert isinstance(reading, ScanReading)
    assert reading.path.is_file()
    assert (reading.scan, reading.container) == (sent.StudyInstanceUID, "MSKU9070323")
    assert reading.source == "SCANNER@127.0.0.1"
    assert np.array_equal(read_scan([reading.path]).low, read_scan([scan_file]).low)


def test_what_nobody_took_over_is_delivered_again(opened: Open, scan_file: Path) -> None:
    driver = opened()
    store(driver, pydicom.dcmread(scan_file))
    first = next_reading(driver)
    driver.close()
    driver.open()
    again = next_reading(driver)
    assert isinstance(first, ScanReading)
    assert isinstance(again, ScanReading)
    assert again.path == first.path
    driver.done(again)
    driver.close()
    driver.open()
    assert driver.read() is None
    assert not first.path.exists()


def test_the_scanner_s_echo_is_answered(opened: Open) -> None:
    association = associate(opened())
    assert association.send_c_echo().Status == SUCCESS
    association.release()


def test_compressed_objects_are_taken_as_they_are(opened: Open, scan_file: Path) -> None:
    dataset = pydicom.dcmread(scan_file)
    dataset.compress(RLELossless)
    driver = opened()
    assert store(driver, dataset, syntax=RLELossless) == SUCCESS
    reading = next_reading(driver)
    assert isinstance(reading, ScanReading)
    assert np.array_equal(read_scan([reading.path]).low, read_scan([scan_file]).low)


def test_the_application_context_of_dicos_v03_is_accepted(
    opened: Open, scan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pynetdicom_acse, "APPLICATION_CONTEXT_NAME", "1.2.840.10008.3.1.1.1.3")
    assert store(opened(), pydicom.dcmread(scan_file)) == SUCCESS


# ---------------------------------------------------------------- refusing


def test_an_object_of_another_class_than_announced_is_a900(opened: Open, scan_file: Path) -> None:
    driver = opened()
    association = associate(driver)
    dataset = pydicom.dcmread(scan_file)
    stored = dataset.SOPClassUID
    original = pydicom.Dataset.__getattr__

    class Lying(pydicom.Dataset):
        """Says one class to the network layer and holds another."""

        def __getattr__(self, name: str) -> Any:
            return "1.2.840.10008.5.1.4.1.1.501.1" if name == "SOPClassUID" else original(self, name)

    lying = Lying(dataset)
    lying.file_meta = dataset.file_meta
    lying.set_original_encoding(False, True)
    assert association.send_c_store(lying).Status == WRONG_CLASS
    association.release()
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert rejected.field == "(0008,0016)"
    assert rejected.path is not None
    assert pydicom.dcmread(rejected.path).SOPClassUID == stored


def test_bytes_that_are_no_data_set_are_c000(opened: Open, tmp_path: Path, scan_file: Path) -> None:
    driver = opened()
    (driver._config.spool / "broken.dcs").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    driver.close()
    driver.open()
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert "cannot be parsed" in rejected.what
    assert CANNOT_UNDERSTAND == 0xC000


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"min_free_bytes": 1024**4}, "min_free_bytes"), ({"max_waiting": 1}, "max_waiting")],
)
def test_without_room_the_scanner_is_told_to_keep_it(
    opened: Open, scan_file: Path, settings: dict[str, Any], field: str
) -> None:
    driver = opened(**settings)
    dataset = pydicom.dcmread(scan_file)
    if field == "max_waiting":
        assert store(driver, dataset) == SUCCESS
        next_reading(driver)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    assert store(driver, dataset) == OUT_OF_RESOURCES
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert rejected.field == field


def test_an_object_beyond_the_bound_is_cut_off_before_it_is_whole(opened: Open, scan_file: Path) -> None:
    driver = opened(max_object_bytes=20_000)
    assert store(driver, pydicom.dcmread(scan_file)) is None
    rejected = next_reading(driver)
    assert isinstance(rejected, ScanRejected)
    assert rejected.field == "max_object_bytes"


def test_a_scanner_that_is_not_listed_is_not_answered(opened: Open) -> None:
    driver = opened(calling_ae_titles=["SCANNER2"])
    assert not associate(driver).is_established
    association = associate(driver, title="SCANNER2")
    assert association.is_established
    association.release()


def test_an_instance_uid_cannot_steer_a_path(opened: Open, scan_file: Path) -> None:
    driver = opened()
    dataset = pydicom.dcmread(scan_file)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID("../../../etc/1.2")
    store(driver, dataset)
    reading = next_reading(driver)
    if isinstance(reading, ScanReading):
        assert reading.path.parent == driver._config.spool


def test_noise_on_the_port_hurts_nobody(opened: Open, scan_file: Path) -> None:
    driver = opened()
    with socket.create_connection(("127.0.0.1", driver.port), timeout=5) as wire:  # type: ignore[attr-defined]
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
    assert store(driver, pydicom.dcmread(scan_file)) == SUCCESS


def test_a_taken_port_is_named(opened: Open) -> None:
    opened()
    with pytest.raises(DeviceError, match="cannot listen") as caught:
        opened()
    assert caught.value.field == "port"


def test_rejected_objects_are_kept_within_their_bound(opened: Open, scan_file: Path) -> None:
    driver = opened(min_free_bytes=1024**4, keep_rejected=2)
    for _ in range(4):
        store(driver, pydicom.dcmread(scan_file))
        next_reading(driver)
    assert len(list((driver._config.spool / "rejected").iterdir())) == 2
