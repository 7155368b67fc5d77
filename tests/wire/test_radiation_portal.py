"""Portal monitors on their wires, TCP, serial and Modbus: whole trucks, the quirks of real lines, faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gate_agent.devices import DeviceError, DeviceTimeout, GarbledReading, MonitorSetup, Tamper
from gate_agent.radiation.alarm import judge
from gate_agent.radiation.occupancy import Occupancies
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings
from gate_drivers.radiation.modbus_portal import ModbusPortal, ModbusPortalConfig, decode_block
from gate_drivers.radiation.portal import PortalConfig, PortalMonitor
from gate_simulators.device.faults import FaultKind
from gate_simulators.radiation.modbus_monitor import ModbusMonitor
from gate_simulators.radiation.passage import Passage, Truck, drive
from gate_simulators.radiation.portal import PortalSimulator, Quirk
from gate_simulators.radiation.sources import Source

PACE = 40.0
PATIENCE_S = 30.0  # only what tells "slow machine" from "never"
SETTINGS = RadiationSettings()
CALM = drive(np.random.default_rng(3), Truck())
HOT = drive(np.random.default_rng(3), Truck(sources=(Source("Co-60", 2e6), Source("Cf-252", 4e5))))


@pytest.fixture
def portal() -> Iterator[PortalSimulator]:
    simulator = PortalSimulator("portal", tcp=("127.0.0.1", 0), pace=PACE)
    simulator.start()
    yield simulator
    simulator.stop()


def driver_of(portal: PortalSimulator, **settings: Any) -> PortalMonitor:
    host, port = portal.address
    line = {"kind": "tcp", "host": host, "port": port}
    return PortalMonitor(PortalConfig.model_validate({"line": line, **settings}))


def one_truck(driver: Any, *, until: float = PATIENCE_S) -> OccupancyProfile:
    """Read until a vehicle is finished, as a station does: garbled lines are noted, not fatal."""
    occupancies = Occupancies(SETTINGS)
    ends = time.monotonic() + until
    while time.monotonic() < ends:
        try:
            reading = driver.read()
        except GarbledReading:
            occupancies.lost()
            continue
        profile = occupancies.feed(reading) if reading is not None else None
        if profile is not None:
            return profile
    raise AssertionError("no truck came to its end")


@pytest.mark.parametrize("wire", ["tcp", "serial"])
def test_a_truck_arrives_as_it_was_counted(wire: str, tmp_path: Path) -> None:
    place: dict[str, Any] = {"tcp": ("127.0.0.1", 0)} if wire == "tcp" else {"pty": tmp_path / "portal.tty"}
    simulator = PortalSimulator("portal", pace=PACE, **place)
    simulator.start()
    if wire == "tcp":
        line = {"kind": "tcp", "host": simulator.address[0], "port": simulator.address[1]}
    else:
        line = {"kind": "serial", "device": str(tmp_path / "portal.tty")}
    driver = PortalMonitor(PortalConfig.model_validate({"line": line}))
    try:
        driver.open()
        simulator.pass_vehicle(CALM)
        profile = one_truck(driver)
    finally:
        driver.close()
        simulator.stop()
    assert np.array_equal(profile.gamma, CALM.gamma)
    assert np.array_equal(profile.neutron, CALM.neutron)
    assert profile.complete
    assert profile.number == 1
    assert profile.speed_km_h == pytest.approx(CALM.speed_m_s * 3.6, abs=0.01)
    assert profile.background is not None
    assert sum(profile.background.neutron) == pytest.approx(CALM.neutron_background.sum(), abs=1e-3)
    assert not judge(profile, SETTINGS).gamma_alarm


def test_a_source_alarms_at_the_monitor_and_at_the_agent(portal: PortalSimulator) -> None:
    driver = driver_of(portal)
    driver.open()
    portal.pass_vehicle(HOT)
    profile = one_truck(driver)
    driver.close()
    finding = judge(profile, SETTINGS)
    assert profile.device_gamma_alarm and finding.gamma_alarm
    assert profile.device_neutron_alarm and finding.neutron_alarm


def test_setup_and_tamper_are_told(portal: PortalSimulator) -> None:
    driver = driver_of(portal)
    driver.open()
    portal.tamper(True)
    portal.tamper(False)
    seen = [driver.read() for _ in range(60)]
    driver.close()
    setups = [reading for reading in seen if isinstance(reading, MonitorSetup)]
    assert dict(setups[0].values)["gamma_n_sigma"] == "05.0"
    assert [reading.open for reading in seen if isinstance(reading, Tamper)] == [True, False]


@pytest.mark.parametrize(
    ("quirk", "complete"),
    [
        (Quirk.STARS, True),
        (Quirk.NO_NEUTRON_LIST, True),
        (Quirk.DAILY_FILE_TIME, True),
        (Quirk.NO_END, False),
    ],
)
def test_what_real_monitors_do_is_read(portal: PortalSimulator, quirk: Quirk, complete: bool) -> None:
    driver = driver_of(portal)
    driver.open()
    portal.quirks.add(quirk)
    portal.pass_vehicle(HOT)
    profile = one_truck(driver)
    driver.close()
    assert profile.complete is complete
    assert len(profile.gamma) == len(HOT.gamma)
    assert np.isnan(profile.gamma[:, 1]).all() == (quirk is Quirk.STARS)
    assert np.isnan(profile.neutron).all() == (quirk is Quirk.NO_NEUTRON_LIST)
    assert judge(profile, SETTINGS).gamma_alarm


def test_half_lines_are_lost_one_by_one_and_the_profile_says_so(portal: PortalSimulator) -> None:
    driver = driver_of(portal)
    driver.open()
    portal.quirks.add(Quirk.HALF_LINES)
    portal.pass_vehicle(CALM)
    profile = one_truck(driver)
    driver.close()
    assert not profile.complete
    assert profile.lost_lines
    assert len(profile.gamma) > len(CALM.gamma) / 2


def test_two_trucks_one_behind_the_other_are_two(portal: PortalSimulator) -> None:
    driver = driver_of(portal)
    driver.open()
    portal.pass_vehicle(CALM)
    portal.pass_vehicle(HOT)
    first, second = one_truck(driver), one_truck(driver)
    driver.close()
    assert (first.number, second.number) == (1, 2)
    assert len(second.gamma) == len(HOT.gamma)


def test_silence_is_an_error_after_the_configured_time(portal: PortalSimulator) -> None:
    driver = driver_of(portal, silent_after_s=1.0)
    driver.open()
    portal.faults.inject(FaultKind.SILENT)
    with pytest.raises(DeviceTimeout, match="no line"):
        for _ in range(1000):
            driver.read()
    driver.close()


def test_something_else_on_the_port_is_not_a_portal(portal: PortalSimulator) -> None:
    portal.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.9})
    driver = driver_of(portal, open_timeout_s=0.6)
    with pytest.raises(DeviceTimeout) as caught:
        driver.open()
    assert caught.value.advice


# ---------------------------------------------------------------- Modbus


@pytest.fixture
def monitor() -> Iterator[ModbusMonitor]:
    simulator = ModbusMonitor("monitor", ("127.0.0.1", 0), pace=10.0)
    simulator.start()
    yield simulator
    simulator.stop()


def modbus_driver(monitor: ModbusMonitor, **settings: Any) -> ModbusPortal:
    host, port = monitor.address
    values = {"host": host, "port": port, "poll_interval_s": 0.01, **settings}
    return ModbusPortal(ModbusPortalConfig.model_validate(values))


def sums(passage: Passage) -> float:
    return float(passage.gamma.sum())


def test_a_truck_through_the_modbus_monitor(monitor: ModbusMonitor) -> None:
    driver = modbus_driver(monitor)
    driver.open()
    monitor.pass_vehicle(HOT)
    profile = one_truck(driver)
    driver.close()
    assert profile.complete
    assert profile.gamma_interval_s == 0.5
    assert profile.device_gamma_alarm
    assert profile.speed_km_h == round(HOT.speed_m_s * 3.6)
    assert profile.background is not None
    assert profile.background.gamma[0] == pytest.approx(1635, rel=0.01)
    # Polled ten times faster than life on a busy machine, a measurement may be missed, not doubled.
    assert 0.5 * sums(HOT) < profile.gamma.sum() * 0.4 / 0.5 < 1.1 * sums(HOT)


def test_a_frozen_monitor_is_an_error(monitor: ModbusMonitor) -> None:
    driver = modbus_driver(monitor, frozen_after_s=0.5)
    driver.open()
    monitor.faults.inject(FaultKind.FREEZE)
    with pytest.raises(DeviceError, match="frozen"):
        for _ in range(1000):
            driver.read()
    driver.close()


@pytest.mark.parametrize("code", [0x05, 0x06, 0x0A, 0x0B])
def test_d7_a_monitor_that_is_busy_for_a_moment_is_no_fault(monitor: ModbusMonitor, code: int) -> None:
    monitor.faults.inject(FaultKind.BUSY, seconds=0.1, parameters={"code": code})
    driver = modbus_driver(monitor)
    driver.open()
    monitor.faults.inject(FaultKind.BUSY, parameters={"code": code})
    assert driver.read() is None
    monitor.faults.clear()
    monitor.pass_vehicle(CALM)
    assert one_truck(driver).complete
    driver.close()


def test_d7_a_monitor_that_stays_busy_is_one(monitor: ModbusMonitor) -> None:
    driver = modbus_driver(monitor, frozen_after_s=0.5)
    driver.open()
    monitor.faults.inject(FaultKind.BUSY)
    with pytest.raises(DeviceError, match="exception 6"):
        for _ in range(1000):
            driver.read()
    driver.close()


def test_thirty_two_bit_values_come_low_word_first() -> None:
    registers = [0x0001, 0x0002, 0x0041, 0x81, 0x86A0, 0x0001, 0x0000, 0x42C8, 0, 0x3F80]
    registers += [0x80, 3, 0, 0x0000, 0x3F00, 0, 0, 7, 5, 9, 0]
    block = decode_block(registers)
    assert block.elapsed_ms == 0x0002_0001
    assert (block.gamma.count, block.gamma.background, block.gamma.variance) == (100_000, 100.0, 1.0)
    assert block.gamma.alarm and not block.neutron.alarm
    assert (block.neutron.count, block.neutron.background) == (3, 0.5)
    assert (block.objects, block.wheel_pairs, block.speed) == (7, 5, 9)


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [(5, 0xFFFF, "GAMMA_COUNT"), (7, 0x7FC0, "GAMMA_BACKGROUND"), (16, 0xC000, "NEUTRON_VARIANCE")],
)
def test_values_that_cannot_be_name_their_register(place: int, value: int, field: str) -> None:
    registers = [0] * 21
    registers[place] = value
    with pytest.raises(GarbledReading) as caught:
        decode_block(registers)
    assert caught.value.field == field
