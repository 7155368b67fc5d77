"""What officers may see of a cargo lane, put on the board."""

from __future__ import annotations

from dataclasses import replace

from gate_agent.devices import Signal, YardReading
from gate_agent.nii.inspection import Inspection
from gate_agent.station.display import Display


class YardDisplay(Display):
    """The cargo lane's hand on the board."""

    def yard(self, reading: YardReading) -> None:
        self._board.update(
            yard=replace(
                self._board.snapshot.yard,
                entry=reading.entry.value,
                release=reading.release.value,
                inspection=reading.inspection.value,
                approach=reading.approach,
                vehicles=reading.vehicles,
                at_hold=reading.at_hold,
                emergency=reading.emergency,
            )
        )

    def signals(self, entry: Signal, hold: Signal, instruction: str) -> None:
        yard = replace(self._board.snapshot.yard, signal_entry=entry.value, signal_hold=hold.value)
        self._board.update(instruction=instruction, yard=yard)

    def truck(self, inspection: Inspection | None, container: str = "") -> None:
        """What is known of the truck in the lane; nothing when there is none."""
        weight = inspection.material.weight if inspection is not None else None
        yard = replace(
            self._board.snapshot.yard,
            weight_kg=weight.kg if weight is not None and weight.settled else None,
            container=container,
        )
        self._board.update(yard=yard)
