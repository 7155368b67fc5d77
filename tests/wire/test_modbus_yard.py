"""The Modbus yard driver against the simulated barrier controller, on TCP and on a serial line.

What it shares with the lane's driver (time-outs, damaged answers, life cycle) is specified there.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gate_agent.devices import (
    CommandRefused,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DoorPosition,
    GarbledReading,
    Signal,
    YardGate,
    YardReading,
)
from gate_drivers.gates.modbus_lane import ModbusLane, ModbusLaneConfig
from gate_drivers.gates.modbus_yard import ModbusYard, ModbusYardConfig
from gate_simulators.device.faults import FaultKind
from gate_simulators.nii.plant import Truck, Way, YardPlant
from gate_simulators.nii.yard_controller import YardController

PATIENCE_S = 30.0
BARRIERS = ("entry", "release", "inspection")


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= threads


class Bench:
    """A plant, its controller and a driver for it."""

    def __init__(self, transport: str, folder: Path, *, watchdog_seconds: float = 60.0) -> None:
        self.plant = YardPlant()
        line = folder / "yard.tty"
        self.controller = YardController(
            "yard",
            self.plant,
            tcp=("127.0.0.1", 0) if transport == "tcp" else None,
            rtu=line if transport == "rtu" else None,
            boom_seconds=0.1,
            held_after_s=0.2,
            watchdog_seconds=watchdog_seconds,
        )
        self.controller.start()
        target: dict[str, object] = {"transport": "rtu", "device": str(line)}
        if transport == "tcp":
            host, port = self.controller.address
            target = {"transport": "tcp", "host": host, "port": port}
        pace: dict[str, object] = {"poll_interval_s": 0.01, "timeout_s": 0.2, "heartbeat_timeout_s": 1.0}
        self.driver = ModbusYard(ModbusYardConfig.model_validate({**target, **pace}))

    def open(self) -> None:
        """As the supervisor does: again and again, on a busy computer too."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.driver.open()
            except DeviceError:
                assert time.monotonic() < deadline, "the driver does not come up"

    def until(self, true: Callable[[YardReading], bool]) -> YardReading:
        """Read until a reading is as wanted; open anew after a fault of the line."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                reading = self.driver.read()
            except DeviceError:
                self.open()
                continue
            if reading is not None and true(reading):
                return reading
        raise AssertionError("no such reading came")

    def ask(self, *barriers: str) -> None:
        """Request these to be open; again while the line, not the controller, says no."""
        targets = {f"{barrier}_open": barrier in barriers for barrier in BARRIERS}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.driver.command_barriers(**targets)
            except CommandRefused:
                raise
            except DeviceError:
                assert time.monotonic() < deadline, "the request does not get through"
                self.open()

    def until_error(self) -> DeviceError:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.driver.read()
            except DeviceError as error:
                return error
        raise AssertionError("the driver noticed nothing")

    def close(self) -> None:
        self.driver.close()
        self.controller.stop()


@pytest.fixture(params=["tcp", "rtu"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with closing(Bench(request.param, tmp_path)) as made:
        made.open()
        yield made


@pytest.fixture
def tcp(tmp_path: Path) -> Iterator[Bench]:
    with closing(Bench("tcp", tmp_path)) as made:
        made.open()
        yield made


# ---------------------------------------------------------------- ordinary life


def test_it_is_a_yard_gate(tcp: Bench) -> None:
    assert isinstance(tcp.driver, YardGate)
    assert tcp.driver.capability == "yard_gate"


def test_the_first_reading_is_the_lane_at_rest(bench: Bench) -> None:
    reading = bench.until(lambda r: True)
    assert {reading.entry, reading.release, reading.inspection} == {DoorPosition.CLOSED}
    assert reading.interlock_ok
    assert not (reading.vehicles or reading.approach or reading.at_hold or reading.emergency)


@pytest.mark.parametrize("barrier", BARRIERS)
def test_a_requested_barrier_opens_and_closes_again(bench: Bench, barrier: str) -> None:
    bench.ask(barrier)
    bench.until(lambda r: getattr(r, barrier) is DoorPosition.OPEN)
    bench.ask()
    bench.until(lambda r: getattr(r, barrier) is DoorPosition.CLOSED)
    assert not bench.plant.ever_two_open


def test_a_truck_is_seen_all_along_the_lane(tcp: Bench) -> None:
    truck = Truck("truck", front_mm=-2_000.0)
    tcp.plant.put(truck)
    tcp.until(lambda r: r.approach and r.vehicles == 0)
    truck.front_mm = 20_000.0
    tcp.until(lambda r: not r.approach and r.vehicles == 1 and not r.at_hold)
    truck.front_mm = 41_000.0
    tcp.until(lambda r: r.vehicles == 1 and r.at_hold)
    tcp.plant.put(Truck("second", front_mm=20_000.0))
    tcp.until(lambda r: r.vehicles == 2)
    tcp.plant.trucks.pop()
    truck.way, truck.front_mm = Way.RELEASE, 70_000.0
    tcp.until(lambda r: r.vehicles == 0 and not r.at_hold)


@pytest.mark.parametrize("signal", Signal)
def test_signals_are_shown(tcp: Bench, signal: Signal) -> None:
    tcp.driver.show(signal, Signal.WAIT)
    assert (tcp.plant.signals.entry, tcp.plant.signals.hold) == (signal.value, "wait")
    tcp.driver.show(Signal.STOP, signal)
    assert (tcp.plant.signals.entry, tcp.plant.signals.hold) == ("stop", signal.value)


def test_the_interlock_refuses_and_says_so_and_the_line_stays_usable(bench: Bench) -> None:
    with pytest.raises(CommandRefused, match="interlock") as caught:
        bench.ask("release", "inspection")
    assert caught.value.field == "BARRIERS"
    bench.ask("entry")
    bench.until(lambda r: r.entry is DoorPosition.OPEN)
    with pytest.raises(CommandRefused, match="interlock"):
        bench.ask("release")
    assert bench.until(lambda r: True).entry is DoorPosition.OPEN


def test_a_truck_drives_through_by_the_rules_of_the_road(tcp: Bench) -> None:
    """Entry, hold line, release: everything a driver needs comes over the wire."""
    truck = Truck("truck", speed_mm_s=20_000.0)
    tcp.plant.put(truck)
    ending = threading.Event()

    def at_the_wheel() -> None:
        while not ending.wait(0.02):
            tcp.plant.drive(truck, 0.02)

    driver = threading.Thread(target=at_the_wheel)
    driver.start()
    try:
        tcp.until(lambda r: r.approach)
        tcp.ask("entry")
        tcp.driver.show(Signal.ENTER, Signal.WAIT)
        tcp.until(lambda r: r.vehicles == 1 and not r.approach)
        tcp.driver.show(Signal.STOP, Signal.WAIT)
        tcp.ask()
        tcp.until(lambda r: r.at_hold and r.entry is DoorPosition.CLOSED)
        tcp.ask("release")
        tcp.driver.show(Signal.STOP, Signal.RELEASE)
        tcp.until(lambda r: r.vehicles == 0)
        tcp.ask()
        tcp.until(lambda r: r.release is DoorPosition.CLOSED)
    finally:
        ending.set()
        driver.join()
    assert truck.way is Way.RELEASE
    assert not tcp.plant.ever_two_open


# ---------------------------------------------------------------- faults of the lane


def test_an_emergency_is_reported_and_only_the_inspection_opens(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.EMERGENCY)
    bench.until(lambda r: r.emergency and r.inspection is DoorPosition.OPEN)
    for barrier in ("entry", "release"):
        with pytest.raises(CommandRefused, match="emergency"):
            bench.ask(barrier)
    bench.controller.faults.clear()
    bench.until(lambda r: not r.emergency)


@pytest.mark.parametrize(
    ("kind", "parameters", "seen"),
    [
        *(
            (
                FaultKind.FORCED_DOOR,
                {"door": barrier},
                lambda r, b=barrier: r.forced and getattr(r, b) is not DoorPosition.CLOSED,
            )
            for barrier in BARRIERS
        ),
        (FaultKind.SENSORS_DISAGREE, {}, lambda r: r.sensors_disagree),
        (FaultKind.SENSOR_FLICKER, {"hertz": 5.0}, lambda r: r.vehicles == 1 and r.at_hold),
    ],
)
def test_faults_of_the_lane_reach_the_reading(
    tcp: Bench, kind: FaultKind, parameters: dict[str, float | str], seen: Callable[[YardReading], bool]
) -> None:
    tcp.controller.faults.inject(kind, parameters=parameters)
    tcp.until(seen)
    tcp.controller.faults.clear()
    tcp.until(lambda r: not (r.forced or r.sensors_disagree or r.vehicles))


def test_a_stuck_barrier_is_a_fault_of_the_barrier_not_of_the_driver(tcp: Bench) -> None:
    tcp.controller.faults.inject(FaultKind.STUCK_DOOR, parameters={"door": "inspection"})
    tcp.ask("inspection")
    tcp.until(lambda r: r.inspection is DoorPosition.FAULT)


def test_a_vehicle_under_a_boom_holds_it_and_a_rammed_one_is_forced(tcp: Bench) -> None:
    tcp.ask("release")
    tcp.until(lambda r: r.release is DoorPosition.OPEN)
    truck = Truck("truck", front_mm=46_000.0, way=Way.RELEASE)
    tcp.plant.put(truck)
    tcp.ask()
    assert tcp.until(lambda r: r.held).release is DoorPosition.OPEN
    tcp.plant.take(truck)
    tcp.until(lambda r: r.release is DoorPosition.CLOSED)
    tcp.plant.ram(Truck("reckless", front_mm=44_000.0, way=Way.RELEASE), 1.0)
    tcp.until(lambda r: r.forced and r.release is not DoorPosition.CLOSED)
    tcp.plant.mend("release")
    tcp.until(lambda r: not r.forced and r.interlock_ok)


# ---------------------------------------------------------------- the agent dies


def test_silence_closes_the_release_and_lets_the_truck_out_to_the_inspection(tmp_path: Path) -> None:
    with closing(Bench("tcp", tmp_path, watchdog_seconds=1.5)) as bench:
        bench.open()
        bench.driver.show(Signal.STOP, Signal.RELEASE)
        bench.ask("release")
        bench.until(lambda r: r.release is DoorPosition.OPEN)
        bench.plant.put(Truck("truck", front_mm=41_000.0))
        deadline = time.monotonic() + PATIENCE_S
        while not bench.plant.booms["inspection"].passable and time.monotonic() < deadline:
            time.sleep(0.02)
        assert bench.plant.booms["inspection"].passable
        assert bench.plant.booms["release"].closed
        assert not bench.plant.ever_two_open
        assert (bench.plant.signals.entry, bench.plant.signals.hold) == ("stop", "officer")


# ---------------------------------------------------------------- the line fails


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.UNPLUG, DeviceDisconnected),
        (FaultKind.SILENT, DeviceTimeout),
        (FaultKind.FREEZE, DeviceError),
    ],
)
def test_a_lost_controller_is_noticed_confirms_nothing_and_comes_back(
    bench: Bench, kind: FaultKind, error: type[DeviceError]
) -> None:
    bench.controller.faults.inject(kind)
    assert isinstance(bench.until_error(), error)
    with pytest.raises(DeviceError):
        bench.driver.command_barriers(entry_open=True, release_open=False, inspection_open=False)
    assert bench.plant.booms["entry"].closed
    bench.controller.faults.clear()
    bench.open()
    bench.ask("inspection")
    bench.until(lambda r: r.inspection is DoorPosition.OPEN)


@pytest.mark.parametrize(("kind", "ratio"), [(FaultKind.DROP, 0.3), (FaultKind.GARBLE, 0.01)])
def test_on_a_bad_line_a_reading_is_true_or_there_is_none(
    bench: Bench, kind: FaultKind, ratio: float
) -> None:
    bench.plant.put(Truck("truck", front_mm=41_000.0))
    bench.until(lambda r: r.at_hold)
    bench.controller.faults.inject(kind, parameters={"ratio": ratio})
    for _ in range(15):
        try:
            reading = bench.driver.read()
        except DeviceError:
            with suppress(DeviceError):
                bench.driver.open()
            continue
        assert reading is None or (reading.vehicles == 1 and reading.at_hold and reading.interlock_ok)
    assert all(boom.closed for boom in bench.plant.booms.values())


def test_no_single_damaged_byte_of_a_request_opens_a_barrier() -> None:
    """Every bit of every byte of "close all" flipped in turn, on a wire without a checksum."""
    close_all = struct.pack(">HHHBBHHHHBHH", 1, 0, 15, 1, 23, 0, 12, 0x0101, 2, 4, 0x0042, 0xFF00)
    plant = YardPlant()
    controller = YardController("yard", plant, tcp=("127.0.0.1", 0), boom_seconds=0.1)
    controller.start()
    try:
        for position in range(len(close_all)):
            for bit in range(8):
                damaged = bytearray(close_all)
                damaged[position] ^= 1 << bit
                with socket.create_connection(controller.address) as line:
                    line.sendall(damaged)
        config = ModbusYardConfig(transport="tcp", port=controller.address[1], heartbeat_timeout_s=10.0)
        with closing(ModbusYard(config)) as driver:
            driver.open()
            for _ in range(5):
                driver.read()
    finally:
        controller.stop()
    assert all(boom.closed for boom in plant.booms.values())


@pytest.mark.parametrize("code", [0x05, 0x06, 0x0A, 0x0B])
def test_d7_a_controller_that_is_busy_for_a_moment_is_no_fault(bench: Bench, code: int) -> None:
    bench.until(lambda r: True)
    bench.controller.faults.inject(FaultKind.BUSY, parameters={"code": code})
    assert bench.driver.read() is None
    bench.controller.faults.inject(FaultKind.BUSY, seconds=0.1, parameters={"code": code})
    bench.driver.command_barriers(entry_open=True, release_open=False, inspection_open=False)
    bench.until(lambda r: r.entry is DoorPosition.OPEN)


def test_d7_one_that_stays_busy_is_a_fault(tcp: Bench) -> None:
    tcp.controller.faults.inject(FaultKind.BUSY)
    assert "exception 6" in tcp.until_error().what


def test_a_lane_s_driver_does_not_take_a_yard_for_a_lane(tcp: Bench) -> None:
    host, port = tcp.controller.address
    lane = ModbusLane(ModbusLaneConfig(transport="tcp", host=host, port=port))
    with closing(lane), pytest.raises(GarbledReading):
        lane.open()
