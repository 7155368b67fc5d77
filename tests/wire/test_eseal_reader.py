"""The seal reader on its wire: seals come, are cut and go; an empty reader still lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from gate_agent.devices import DeviceTimeout, GarbledReading, SealReading, SealState
from gate_drivers.sensors.seal_reader import LineSealReader, SealReaderConfig
from gate_simulators.device.faults import FaultKind
from gate_simulators.vehicle.seals import Seal, SealReaderSimulator

PATIENCE_S = 20.0  # only what tells "slow machine" from "never"
SEAL = Seal(0x42, 0xC0FFEE)


@pytest.fixture
def reader() -> Iterator[SealReaderSimulator]:
    simulator = SealReaderSimulator("seals", tcp=("127.0.0.1", 0), pace=20.0)
    simulator.start()
    yield simulator
    simulator.stop()


def driver_of(reader: SealReaderSimulator, **settings: float) -> LineSealReader:
    host, port = reader.address
    line = {"kind": "tcp", "host": host, "port": port}
    return LineSealReader(SealReaderConfig.model_validate({"line": line, **settings}))


def until(driver: LineSealReader, wanted: Callable[[SealReading], bool]) -> SealReading:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            reading = driver.read()
        except GarbledReading:
            continue
        if reading is not None and wanted(reading):
            return reading
    raise AssertionError("the seal was never heard so")


def test_an_empty_reader_opens_and_a_seal_that_comes_is_heard(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader)
    driver.open()
    assert driver.read() is None
    reader.put(SEAL)
    heard = until(driver, lambda r: True)
    driver.close()
    assert (heard.manufacturer, heard.serial, heard.state) == (0x42, 0xC0FFEE, SealState.SEALED)
    assert heard.sealed_at == SEAL.sealed_at


def test_a_seal_that_is_cut_says_so_at_once(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader, repeat_s=60.0)
    reader.put(SEAL)
    driver.open()
    until(driver, lambda r: r.state is SealState.SEALED)
    reader.break_open(SEAL, "2026-03-02T10:00:00Z")
    assert until(driver, lambda r: r.state is SealState.OPENED).opened_at == "2026-03-02T10:00:00Z"
    driver.close()


def test_an_unchanged_seal_is_not_told_again(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader, repeat_s=60.0)
    reader.put(SEAL)
    driver.open()
    until(driver, lambda r: True)
    assert [driver.read() for _ in range(5)] == [None] * 5
    driver.close()


def test_several_seals_are_all_heard(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader)
    for serial in range(5):
        reader.put(Seal(0x42, serial))
    driver.open()
    heard = {until(driver, lambda r, n=n: r.serial == n).serial for n in range(5)}
    driver.close()
    assert heard == set(range(5))


def test_a_garbled_message_is_lost_alone(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader)
    reader.put(SEAL)
    driver.open()
    reader.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.02})
    for _ in range(20):
        try:
            reading = driver.read()
        except GarbledReading as error:
            assert error.field
        else:
            assert reading is None or reading.serial == 0xC0FFEE
    reader.faults.clear()
    until(driver, lambda r: r.serial == 0xC0FFEE)
    driver.close()


def test_a_reader_that_says_nothing_is_an_error(reader: SealReaderSimulator) -> None:
    driver = driver_of(reader, silent_after_s=1.0)
    driver.open()
    reader.faults.inject(FaultKind.SILENT)
    with pytest.raises(DeviceTimeout):
        for _ in range(1000):
            driver.read()
    driver.close()
