"""The simulated barrier controller of a cargo lane, on Modbus TCP or RTU (docs/wire/yard-registers.md).

The numbers here are this simulator's own copy of that page; how it runs is :mod:`gate_simulators.device.plc`.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from gate_simulators.device.plc import Plc
from gate_simulators.nii.barrier_controller import BarrierController, YardInputs
from gate_simulators.nii.plant import YardPlant


class YardController(Plc[YardInputs]):
    """Booms, loops and signals of one plant.

    `pace` > 1 makes the booms that much faster; the watchdog keeps real time.
    """

    version = 0x5931
    leaves = ("entry", "release", "inspection")
    fault_leaf = "release"
    displays = MappingProxyType(
        {1: "stop", 2: "enter", 3: "wait", 4: "release", 5: "inspection", 6: "officer"}
    )
    display_without_agent = 1 << 8 | 6  # stop at the entry, an officer is coming to the hold line

    def __init__(
        self,
        name: str,
        plant: YardPlant,
        *,
        tcp: tuple[str, int] | None = None,
        rtu: str | Path | None = None,
        unit: int = 1,
        boom_seconds: float = 3.0,
        pace: float = 1.0,
        held_after_s: float = 20.0,
        watchdog_seconds: float = 2.0,
        seed: int = 0,
    ) -> None:
        self._plant = plant
        travel = {
            "boom_seconds": boom_seconds / pace,
            "held_after_s": held_after_s / pace,
            "watchdog_seconds": watchdog_seconds,
        }
        super().__init__(name, tcp=tcp, rtu=rtu, unit=unit, travel=travel, seed=seed)

    def new_program(self) -> BarrierController:
        return BarrierController(self._plant, **self.travel)

    def sensed(self, inputs: YardInputs) -> tuple[int, ...]:
        flags = (
            inputs.approach,
            inputs.at_hold,
            inputs.emergency,
            inputs.forced,
            inputs.held,
            inputs.sensors_disagree,
            inputs.interlock_ok,
        )
        word = sum(flag << bit for bit, flag in enumerate(flags))
        return inputs.entry, inputs.release, inputs.inspection, word, inputs.vehicles

    def shine(self, first: str, second: str) -> None:
        with self._plant.lock:
            self._plant.signals.entry, self._plant.signals.hold = first, second
