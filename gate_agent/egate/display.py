"""What the officer may see of an e-gate lane, put on the board: never a name or a document number."""

from __future__ import annotations

from dataclasses import replace

from gate_agent.devices import LaneReading, Light
from gate_agent.egate.transaction import Transaction
from gate_agent.readmodel import LaneView, Picture
from gate_agent.station.display import Display


class LaneDisplay(Display):
    """The lane's hand on the board."""

    def lane(self, reading: LaneReading) -> None:
        view = self._board.snapshot.lane
        self._board.update(
            lane=LaneView(
                entry=reading.entry.value,
                exit=reading.exit.value,
                approach=reading.approach,
                persons_inside=reading.persons_inside,
                exit_zone=reading.exit_zone,
                object_inside=reading.object_inside,
                emergency=reading.emergency,
                light_outside=view.light_outside,
                light_inside=view.light_inside,
            )
        )

    def lights(self, outside: Light, inside: Light, instruction: str) -> None:
        lane = replace(self._board.snapshot.lane, light_outside=outside.value, light_inside=inside.value)
        self._board.update(instruction=instruction, lane=lane)

    def advise(self, instruction: str) -> None:
        """Tell the traveller something else while the phase, and so the lights, stay as they are."""
        self._board.update(instruction=instruction)

    def picture(self, which: Picture, jpeg: bytes, tx: Transaction) -> None:
        self._board.set_picture(which, jpeg)
        if which == "portrait":
            tx.has_portrait = True
        else:
            tx.has_live = True
        self._board.update(transaction=tx.view())

    def drop_pictures(self) -> None:
        self._board.drop_pictures()
