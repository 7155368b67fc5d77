"""The program of the simulated door controller: what it senses in an e-gate lane, and reports.

The rules of safety are :mod:`gate_simulators.device.safety_program`; the way out is the entry, back to where
the traveller came from. ``step(dt)`` is one scan.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_simulators.device.interlock import CALM, Disturbance, Position
from gate_simulators.device.safety_program import SafetyProgram
from gate_simulators.egate.plant import Plant, Zone


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the controller reports after a scan."""

    entry: Position
    exit: Position
    approach: bool
    exit_zone: bool
    object_inside: bool
    emergency: bool
    forced: bool
    held: bool
    sensors_disagree: bool
    interlock_ok: bool
    persons_inside: int


class DoorController(SafetyProgram[Inputs]):
    """Moves the plant's doors."""

    def __init__(
        self,
        plant: Plant,
        *,
        door_seconds: float = 1.5,
        held_after_s: float = 1.0,
        watchdog_seconds: float = 2.0,
    ) -> None:
        self._plant = plant
        self._doors = {"entry": plant.entry, "exit": plant.exit}
        super().__init__(
            self._doors,
            way_out="entry",
            lock=plant.lock,
            travel_s=door_seconds,
            held_after_s=held_after_s,
            watchdog_seconds=watchdog_seconds,
        )

    def step(self, dt: float, disturbance: Disturbance = CALM) -> Inputs:
        plant = self._plant
        with plant.lock:
            approach = plant.count(Zone.APPROACH) > 0
            persons = min(plant.count(Zone.INSIDE), 2)
            exit_zone = plant.count(Zone.EXIT_ZONE) > 0
            if self.flickering(disturbance):
                approach, persons, exit_zone = not approach, int(not persons), not exit_zone
            self.supervise(
                dt,
                disturbance,
                pressed=plant.emergency or disturbance.emergency,
                occupied=persons > 0,
                obstructed={name for name, door in self._doors.items() if door.blocked},
            )
            plant.ever_both_open = plant.ever_both_open or not self.interlock_ok
            return Inputs(
                entry=self.position("entry"),
                exit=self.position("exit"),
                approach=approach,
                exit_zone=exit_zone,
                object_inside=plant.object_inside,
                emergency=self.emergency,
                forced=self.forced,
                held=self.held,
                sensors_disagree=disturbance.sensors_disagree,
                interlock_ok=self.interlock_ok,
                persons_inside=persons,
            )
