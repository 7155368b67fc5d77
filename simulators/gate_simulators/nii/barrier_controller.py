"""The program of the simulated barrier controller: what it senses in a cargo lane, and reports.

The rules of safety are :mod:`gate_simulators.device.safety_program`; the way out is the inspection barrier,
because trucks do not turn round and the release road is the border. A boom that was broken off leaves its
road open: it counts as pushed open until it is mended, so that no other barrier opens beside it. ``step(dt)``
is one scan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gate_simulators.device.interlock import CALM, Disturbance, Position
from gate_simulators.device.safety_program import SafetyProgram
from gate_simulators.nii.plant import Place, YardPlant


@dataclass(frozen=True, slots=True)
class YardInputs:
    """What the controller reports after a scan."""

    entry: Position
    release: Position
    inspection: Position
    approach: bool
    at_hold: bool
    emergency: bool
    forced: bool
    held: bool
    sensors_disagree: bool
    interlock_ok: bool
    vehicles: int


class BarrierController(SafetyProgram[YardInputs]):
    """Moves the plant's booms."""

    def __init__(
        self,
        plant: YardPlant,
        *,
        boom_seconds: float = 3.0,
        held_after_s: float = 20.0,
        watchdog_seconds: float = 2.0,
    ) -> None:
        """`held_after_s` must let the longest truck pass at walking pace."""
        self._plant = plant
        super().__init__(
            plant.booms,
            way_out="inspection",
            lock=plant.lock,
            travel_s=boom_seconds,
            held_after_s=held_after_s,
            watchdog_seconds=watchdog_seconds,
        )

    def step(self, dt: float, disturbance: Disturbance = CALM) -> YardInputs:
        plant = self._plant
        with plant.lock:
            approach = bool(plant.at(Place.APPROACH))
            vehicles = min(len(plant.between_barriers()), 2)
            at_hold = bool(plant.at(Place.HOLD))
            if self.flickering(disturbance):
                approach, vehicles, at_hold = not approach, int(not vehicles), not at_hold
            broken = frozenset(name for name, boom in plant.booms.items() if boom.broken)
            self.supervise(
                dt,
                replace(disturbance, forced=disturbance.forced | broken),
                pressed=plant.emergency or disturbance.emergency,
                occupied=vehicles > 0,
                obstructed={name for name in plant.booms if plant.under_boom(name)},
            )
            plant.ever_two_open = plant.ever_two_open or not self.interlock_ok
            return YardInputs(
                entry=self.position("entry"),
                release=self.position("release"),
                inspection=self.position("inspection"),
                approach=approach,
                at_hold=at_hold,
                emergency=self.emergency,
                forced=self.forced or bool(broken),
                held=self.held,
                sensors_disagree=disturbance.sensors_disagree,
                interlock_ok=self.interlock_ok,
                vehicles=vehicles,
            )
