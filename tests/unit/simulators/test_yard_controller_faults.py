"""How faults on the board become disturbances of the yard, and how its controller is built."""

from __future__ import annotations

import pytest

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.interlock import CALM
from gate_simulators.device.plc import FAULTS, disturbance
from gate_simulators.nii.plant import YardPlant
from gate_simulators.nii.yard_controller import YardController


@pytest.mark.parametrize(
    ("kind", "field"),
    [(FaultKind.STUCK_DOOR, "stuck"), (FaultKind.HELD_DOOR, "held"), (FaultKind.FORCED_DOOR, "forced")],
)
def test_a_fault_names_its_barrier_and_means_the_release_otherwise(kind: FaultKind, field: str) -> None:
    board = FaultBoard(FAULTS)
    board.inject(kind)
    assert getattr(disturbance(board, YardController.fault_leaf), field) == {"release"}
    for boom in YardController.leaves:
        board.inject(kind, parameters={"door": boom})
        assert getattr(disturbance(board, YardController.fault_leaf), field) == {boom}
    board.clear()
    assert disturbance(board, YardController.fault_leaf) == CALM


@pytest.mark.parametrize("where", [{}, {"tcp": ("127.0.0.1", 0), "rtu": "/tmp/never-made.tty"}])
def test_a_controller_is_on_one_wire(where: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either"):
        YardController("yard", YardPlant(), **where)  # pyright: ignore[reportArgumentType]


def test_pace_makes_booms_faster_but_not_the_watchdog() -> None:
    assert YardController("yard", YardPlant(), tcp=("127.0.0.1", 0), pace=4.0).travel == {
        "boom_seconds": 0.75,
        "held_after_s": 5.0,
        "watchdog_seconds": 2.0,
    }
