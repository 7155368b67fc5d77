"""The Modbus lane driver against the simulated door controller, on TCP and on a serial line."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from gate_agent.devices import (
    CommandRefused,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DoorPosition,
    GarbledReading,
    LaneGate,
    LaneReading,
    Light,
)
from gate_drivers.gates.modbus_lane import ModbusLane, ModbusLaneConfig
from gate_simulators.device.faults import FaultKind
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Person, Plant, Zone

PATIENCE_S = 20.0
FAST: dict[str, object] = {"poll_interval_s": 0.01, "timeout_s": 0.1, "heartbeat_timeout_s": 0.5}


def open_lines() -> set[str]:
    """Sockets and terminals of this process."""
    lines: set[str] = set()
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = str(fd.readlink())
            if target.startswith(("socket:", "/dev/pts", "/dev/ptmx")):
                lines.add(f"{fd.name} {target}")
    return lines


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    threads, lines = set(threading.enumerate()), open_lines()
    yield
    assert set(threading.enumerate()) <= threads
    assert open_lines() <= lines


class Bench:
    """A plant, its controller and a driver for it."""

    def __init__(self, transport: str, folder: Path, *, watchdog_seconds: float = 30.0) -> None:
        self.plant = Plant()
        line = folder / "lane.tty"
        self.controller = LaneController(
            "lane",
            self.plant,
            tcp=("127.0.0.1", 0) if transport == "tcp" else None,
            rtu=line if transport == "rtu" else None,
            door_seconds=0.1,
            watchdog_seconds=watchdog_seconds,
        )
        self.controller.start()
        target: dict[str, object] = {"transport": "rtu", "device": str(line)}
        if transport == "tcp":
            host, port = self.controller.address
            target = {"transport": "tcp", "host": host, "port": port}
        self.driver = ModbusLane(ModbusLaneConfig.model_validate({**target, **FAST}))

    def until(self, true: Callable[[LaneReading], bool]) -> LaneReading:
        """Read until a reading is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            reading = self.driver.read()
            if reading is not None and true(reading):
                return reading
        raise AssertionError("no such reading came")

    def until_error(self) -> DeviceError:
        """Read until the driver gives up."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.driver.read()
            except DeviceError as error:
                return error
        raise AssertionError("the driver noticed nothing")

    def reopen(self) -> None:
        """What the supervisor does after a fault."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.driver.close()
            try:
                self.driver.open()
                return
            except DeviceError:
                assert time.monotonic() < deadline, "the driver does not come back"
                time.sleep(0.02)

    def close(self) -> None:
        self.driver.close()
        self.controller.stop()


@pytest.fixture(params=["tcp", "rtu"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with closing(Bench(request.param, tmp_path)) as made:
        made.driver.open()
        yield made


def somebody(zone: Zone) -> Person:
    return Person("somebody", np.zeros((1, 1, 3), np.uint8), zone)


# ---------------------------------------------------------------- ordinary life


def test_it_is_a_lane_gate(bench: Bench) -> None:
    assert isinstance(bench.driver, LaneGate)
    assert bench.driver.capability == "lane_gate"


def test_the_first_reading_is_the_lane_at_rest(bench: Bench) -> None:
    reading = bench.driver.read()
    assert reading is not None
    assert (reading.entry, reading.exit) == (DoorPosition.CLOSED, DoorPosition.CLOSED)
    assert reading.interlock_ok
    assert reading.persons_inside == 0


def test_an_unchanged_lane_is_no_news_and_yet_reported_now_and_then(bench: Bench) -> None:
    first = bench.until(lambda r: True)
    assert bench.driver.read() is None
    assert bench.until(lambda r: True).heartbeat != first.heartbeat


@pytest.mark.parametrize("door", ["entry", "exit"])
def test_a_requested_door_opens_and_closes_again(bench: Bench, door: str) -> None:
    bench.driver.command_doors(entry_open=door == "entry", exit_open=door == "exit")
    bench.until(lambda r: getattr(r, door) is DoorPosition.OPEN)
    bench.driver.command_doors(entry_open=False, exit_open=False)
    bench.until(lambda r: getattr(r, door) is DoorPosition.CLOSED)
    assert not bench.plant.ever_both_open


def test_presence_and_things_are_seen(bench: Bench) -> None:
    bench.plant.persons += [somebody(Zone.INSIDE), somebody(Zone.APPROACH)]
    bench.until(lambda r: r.persons_inside == 1 and r.approach and not r.exit_zone)
    bench.plant.persons += [somebody(Zone.INSIDE), somebody(Zone.INSIDE), somebody(Zone.EXIT_ZONE)]
    bench.plant.object_inside = True
    bench.until(lambda r: r.persons_inside == 2 and r.exit_zone and r.object_inside)


@pytest.mark.parametrize("outside", Light)
def test_lights_are_shown(bench: Bench, outside: Light) -> None:
    bench.driver.show(outside, Light.PROCEED)
    assert (bench.plant.lights.outside, bench.plant.lights.inside) == (outside.value, "proceed")


def test_the_interlock_refuses_and_says_so_and_the_line_stays_usable(bench: Bench) -> None:
    with pytest.raises(CommandRefused, match="interlock") as caught:
        bench.driver.command_doors(entry_open=True, exit_open=True)
    assert caught.value.field == "DOORS"
    bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.until(lambda r: r.entry is DoorPosition.OPEN)
    with pytest.raises(CommandRefused, match="interlock"):
        bench.driver.command_doors(entry_open=False, exit_open=True)
    assert bench.until(lambda r: True).entry is DoorPosition.OPEN


def test_an_emergency_is_reported_and_keeps_the_exit_shut(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.EMERGENCY)
    bench.until(lambda r: r.emergency and r.entry is DoorPosition.OPEN)
    with pytest.raises(CommandRefused, match="emergency"):
        bench.driver.command_doors(entry_open=False, exit_open=True)
    bench.controller.faults.clear()
    bench.until(lambda r: not r.emergency)


@pytest.mark.parametrize(
    ("kind", "parameters", "seen"),
    [
        (FaultKind.FORCED_DOOR, {"door": "exit"}, lambda r: r.forced and r.exit is not DoorPosition.CLOSED),
        (FaultKind.SENSORS_DISAGREE, {}, lambda r: r.sensors_disagree),
        (FaultKind.SENSOR_FLICKER, {"hertz": 5.0}, lambda r: r.persons_inside == 1),
    ],
)
def test_lane_faults_reach_the_reading(
    bench: Bench, kind: FaultKind, parameters: dict[str, float | str], seen: Callable[[LaneReading], bool]
) -> None:
    bench.controller.faults.inject(kind, parameters=parameters)
    bench.until(seen)
    bench.controller.faults.clear()
    bench.until(lambda r: not (r.forced or r.sensors_disagree or r.persons_inside))


def test_a_stuck_door_is_a_fault_of_the_door_not_of_the_driver(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.STUCK_DOOR, parameters={"door": "entry"})
    bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.until(lambda r: r.entry is DoorPosition.FAULT)


def test_a_held_door_is_reported(bench: Bench) -> None:
    bench.driver.command_doors(entry_open=False, exit_open=True)
    bench.until(lambda r: r.exit is DoorPosition.OPEN)
    bench.controller.faults.inject(FaultKind.HELD_DOOR, parameters={"door": "exit"})
    bench.driver.command_doors(entry_open=False, exit_open=False)
    bench.until(lambda r: r.held)


# ---------------------------------------------------------------- the agent dies


@pytest.mark.parametrize("transport", ["tcp", "rtu"])
def test_polling_keeps_the_exit_open_and_silence_makes_the_lane_safe(transport: str, tmp_path: Path) -> None:
    with closing(Bench(transport, tmp_path, watchdog_seconds=1.0)) as bench:
        bench.driver.open()
        bench.driver.show(Light.READY, Light.PROCEED)
        bench.driver.command_doors(entry_open=False, exit_open=True)
        bench.until(lambda r: r.exit is DoorPosition.OPEN)
        bench.plant.persons.append(somebody(Zone.INSIDE))
        start = time.monotonic()
        while time.monotonic() < start + 1.5:  # longer than the watchdog: the polls alone hold it
            bench.driver.read()
        assert bench.plant.exit.passable
        deadline = time.monotonic() + PATIENCE_S
        while not bench.plant.entry.passable and time.monotonic() < deadline:
            time.sleep(0.02)
        assert bench.plant.entry.passable
        assert bench.plant.exit.closed
        assert not bench.plant.ever_both_open
        assert (bench.plant.lights.outside, bench.plant.lights.inside) == ("stop", "officer")
        bench.until(lambda r: r.entry is DoorPosition.OPEN)


# ---------------------------------------------------------------- the line fails


def test_unplugged_and_plugged_in_again(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.UNPLUG)
    assert isinstance(bench.until_error(), DeviceDisconnected)
    with pytest.raises(DeviceDisconnected):
        bench.driver.read()
    bench.driver.close()
    with pytest.raises(DeviceDisconnected) as caught:
        bench.driver.open()
    assert caught.value.advice
    bench.controller.faults.clear()
    bench.reopen()
    bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.until(lambda r: r.entry is DoorPosition.OPEN)


def test_silence_is_a_timeout(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.SILENT)
    assert isinstance(bench.until_error(), DeviceTimeout)
    with pytest.raises(DeviceTimeout):
        bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.controller.faults.clear()
    bench.reopen()


def test_a_frozen_controller_is_noticed_although_it_talks(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.FREEZE)
    error = bench.until_error()
    assert "frozen" in error.what
    assert error.field in {"HEARTBEAT", "WATCHDOG"}
    bench.driver.close()
    with pytest.raises(DeviceError, match="frozen"):
        bench.driver.open()
    bench.controller.faults.clear()
    bench.reopen()


def test_a_frozen_controller_confirms_no_command(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.FREEZE)
    with pytest.raises(DeviceError, match="frozen"):
        bench.driver.command_doors(entry_open=True, exit_open=False)
    assert bench.plant.entry.closed


def test_late_answers_are_a_timeout_and_are_not_taken_for_later_ones(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.DELAY, parameters={"seconds": 0.35})
    with pytest.raises(DeviceTimeout):
        bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.controller.faults.clear()
    bench.reopen()
    bench.driver.command_doors(entry_open=False, exit_open=False)
    bench.until(lambda r: r.entry is DoorPosition.CLOSED)


@pytest.mark.parametrize(("kind", "ratio"), [(FaultKind.DROP, 0.5), (FaultKind.GARBLE, 0.03)])
def test_on_a_bad_line_a_reading_is_true_or_there_is_none(
    bench: Bench, kind: FaultKind, ratio: float
) -> None:
    bench.plant.persons.append(somebody(Zone.INSIDE))
    bench.until(lambda r: r.persons_inside == 1)
    bench.controller.faults.inject(kind, parameters={"ratio": ratio})
    errors = 0
    for _ in range(12):
        try:
            reading = bench.driver.read()
        except DeviceError:
            errors += 1
            bench.driver.close()
            with suppress(DeviceError):
                bench.driver.open()
            continue
        if reading is not None:
            assert reading.persons_inside == 1
            assert (reading.entry, reading.exit) == (DoorPosition.CLOSED, DoorPosition.CLOSED)
    assert errors
    bench.controller.faults.clear()
    bench.reopen()


def test_a_thoroughly_garbled_line_is_called_garbled(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.01})
    deadline = time.monotonic() + PATIENCE_S
    while not isinstance(error := bench.until_error(), GarbledReading) and time.monotonic() < deadline:
        with suppress(DeviceError):
            bench.driver.open()
    assert isinstance(error, GarbledReading)


# ---------------------------------------------------------------- a busy controller

BUSY_CODES = (0x05, 0x06, 0x0A, 0x0B)  # MODBUS Application Protocol V1.1b3 §7
OTHER_CODES = (0x01, 0x02, 0x03, 0x04)


@pytest.mark.parametrize("code", BUSY_CODES)
def test_d7_a_controller_that_is_busy_for_a_moment_is_no_fault(bench: Bench, code: int) -> None:
    bench.until(lambda r: True)
    bench.controller.faults.inject(FaultKind.BUSY, parameters={"code": code})
    assert bench.driver.read() is None
    bench.controller.faults.clear()
    bench.until(lambda r: True)


@pytest.mark.parametrize("code", BUSY_CODES)
def test_d7_a_command_to_a_busy_controller_is_repeated(bench: Bench, code: int) -> None:
    bench.controller.faults.inject(FaultKind.BUSY, seconds=0.1, parameters={"code": code})
    bench.driver.command_doors(entry_open=True, exit_open=False)
    bench.until(lambda r: r.entry is DoorPosition.OPEN)


def test_d7_a_controller_that_is_busy_while_it_is_opened_is_waited_for(bench: Bench) -> None:
    bench.driver.close()
    bench.controller.faults.inject(FaultKind.BUSY, seconds=0.1)
    bench.driver.open()
    bench.until(lambda r: True)


@pytest.mark.parametrize("code", BUSY_CODES)
def test_d7_one_that_stays_busy_for_its_heartbeat_s_time_is_a_fault_with_advice(
    bench: Bench, code: int
) -> None:
    bench.controller.faults.inject(FaultKind.BUSY, parameters={"code": code})
    error = bench.until_error()
    assert f"exception {code}" in error.what
    assert "poll less often" in error.advice
    bench.driver.close()
    with pytest.raises(DeviceError, match=f"exception {code}"):
        bench.driver.open()
    bench.controller.faults.clear()
    bench.reopen()


@pytest.mark.parametrize("code", OTHER_CODES)
def test_d7_any_other_exception_is_a_fault_at_once(bench: Bench, code: int) -> None:
    bench.controller.faults.inject(FaultKind.BUSY, parameters={"code": code})
    with pytest.raises(DeviceError, match=f"exception {code}") as caught:
        bench.driver.read()
    assert "register map" in caught.value.advice


# ---------------------------------------------------------------- life cycle


def test_open_and_close_any_number_of_times(bench: Bench) -> None:
    bench.driver.close()
    bench.driver.close()
    with pytest.raises(DeviceDisconnected):
        bench.driver.read()
    for _ in range(3):
        bench.driver.open()
        bench.driver.open()
        assert bench.driver.read() is not None
        bench.driver.close()


def test_close_from_another_thread_ends_a_blocked_read(bench: Bench) -> None:
    bench.controller.faults.inject(FaultKind.SILENT)
    ended: list[DeviceError] = []
    reading = threading.Event()

    def read() -> None:
        reading.set()
        try:
            while True:
                bench.driver.read()
        except DeviceError as error:
            ended.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait()
    bench.driver.close()
    thread.join(PATIENCE_S)
    assert ended


def test_a_controller_starts_and_stops_any_number_of_times_on_its_port(tmp_path: Path) -> None:
    with closing(Bench("tcp", tmp_path)) as bench:
        address = bench.controller.address
        for _ in range(3):
            bench.controller.start()
            bench.driver.open()
            bench.controller.stop()
            bench.controller.stop()
            assert bench.controller.address == address
        with pytest.raises(DeviceError):
            bench.driver.read()


def test_a_taken_port_is_said_at_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        controller = LaneController("lane", Plant(), tcp=("127.0.0.1", taken.getsockname()[1]))
        with pytest.raises(OSError, match="in use"):
            controller.start()


def test_nothing_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    driver = ModbusLane(ModbusLaneConfig(transport="tcp", port=port))
    with pytest.raises(DeviceDisconnected, match="no connection"):
        driver.open()


def test_no_such_serial_device(tmp_path: Path) -> None:
    driver = ModbusLane(ModbusLaneConfig(transport="rtu", device=str(tmp_path / "none")))
    with pytest.raises(DeviceDisconnected, match="none"):
        driver.open()
