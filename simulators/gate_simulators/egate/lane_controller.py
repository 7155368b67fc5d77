"""The simulated door controller of an e-gate lane, on Modbus TCP or RTU (docs/wire/lane-registers.md).

The numbers here are this simulator's own copy of that page; how it runs is :mod:`gate_simulators.device.plc`.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from gate_simulators.device.plc import Plc
from gate_simulators.egate.door_controller import DoorController, Inputs
from gate_simulators.egate.plant import Plant


class LaneController(Plc[Inputs]):
    """Doors, sensors and lights of one plant.

    `pace` > 1 makes the doors that much faster; the watchdog keeps real time.
    """

    version = 0x4C31
    leaves = ("entry", "exit")
    fault_leaf = "exit"
    displays = MappingProxyType({1: "ready", 2: "wait", 3: "stop", 4: "proceed", 5: "officer"})
    display_without_agent = 3 << 8 | 5  # stop outside, an officer is coming inside

    def __init__(
        self,
        name: str,
        plant: Plant,
        *,
        tcp: tuple[str, int] | None = None,
        rtu: str | Path | None = None,
        unit: int = 1,
        door_seconds: float = 1.5,
        pace: float = 1.0,
        held_after_s: float = 1.0,
        watchdog_seconds: float = 2.0,
        seed: int = 0,
    ) -> None:
        self._plant = plant
        travel = {
            "door_seconds": door_seconds / pace,
            "held_after_s": held_after_s / pace,
            "watchdog_seconds": watchdog_seconds,
        }
        super().__init__(name, tcp=tcp, rtu=rtu, unit=unit, travel=travel, seed=seed)

    def new_program(self) -> DoorController:
        return DoorController(self._plant, **self.travel)

    def sensed(self, inputs: Inputs) -> tuple[int, ...]:
        flags = (
            inputs.approach,
            inputs.exit_zone,
            inputs.object_inside,
            inputs.emergency,
            inputs.forced,
            inputs.held,
            inputs.sensors_disagree,
            inputs.interlock_ok,
        )
        word = sum(flag << bit for bit, flag in enumerate(flags))
        return inputs.entry, inputs.exit, word, inputs.persons_inside

    def shine(self, first: str, second: str) -> None:
        with self._plant.lock:
            self._plant.lights.outside, self._plant.lights.inside = first, second
