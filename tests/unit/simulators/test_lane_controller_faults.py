"""How faults on the board become disturbances of the lane, and how a controller is built."""

from __future__ import annotations

import pytest

from gate_simulators.device.control import PARAMETERS
from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.interlock import CALM
from gate_simulators.device.plc import FAULTS, disturbance
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Plant


@pytest.fixture
def board() -> FaultBoard:
    return FaultBoard(FAULTS)


def test_no_fault_is_calm(board: FaultBoard) -> None:
    assert disturbance(board, "exit") == CALM


@pytest.mark.parametrize(
    ("kind", "field"),
    [(FaultKind.STUCK_DOOR, "stuck"), (FaultKind.HELD_DOOR, "held"), (FaultKind.FORCED_DOOR, "forced")],
)
def test_a_door_fault_names_its_door_and_means_the_exit_otherwise(
    board: FaultBoard, kind: FaultKind, field: str
) -> None:
    board.inject(kind)
    assert getattr(disturbance(board, "exit"), field) == {"exit"}
    board.inject(kind, parameters={"door": "entry"})
    assert getattr(disturbance(board, "exit"), field) == {"entry"}
    board.clear(kind)
    assert disturbance(board, "exit") == CALM


def test_sensor_and_alarm_faults(board: FaultBoard) -> None:
    board.inject(FaultKind.EMERGENCY)
    board.inject(FaultKind.SENSORS_DISAGREE)
    board.inject(FaultKind.SENSOR_FLICKER, parameters={"hertz": 3.0})
    seen = disturbance(board, "exit")
    assert seen.emergency
    assert seen.sensors_disagree
    assert seen.flicker_hertz == 3.0


def test_a_chip_fault_is_not_a_lane_fault(board: FaultBoard) -> None:
    with pytest.raises(ValueError, match="card_lost"):
        board.inject(FaultKind.CARD_LOST)


def test_the_control_interface_knows_every_parameter_by_a_kind_that_exists() -> None:
    assert set(PARAMETERS) <= set(FaultKind)


@pytest.mark.parametrize("where", [{}, {"tcp": ("127.0.0.1", 0), "rtu": "/tmp/never-made.tty"}])
def test_a_controller_is_on_one_wire(where: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either"):
        LaneController("lane", Plant(), **where)  # pyright: ignore[reportArgumentType]


def test_pace_makes_doors_faster_but_not_the_watchdog() -> None:
    assert LaneController("lane", Plant(), tcp=("127.0.0.1", 0), pace=3.0, door_seconds=1.5).travel == {
        "door_seconds": 0.5,
        "held_after_s": pytest.approx(1 / 3),
        "watchdog_seconds": 2.0,
    }
