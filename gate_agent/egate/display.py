"""What the officer may see of an e-gate lane, put on the board: never a name or a document number."""

from __future__ import annotations

from gate_agent.devices import LaneReading
from gate_agent.egate.transaction import Transaction
from gate_agent.readmodel import Picture
from gate_agent.station.display import Display


class LaneDisplay(Display):
    """The lane's hand on the board."""

    def lane(self, reading: LaneReading) -> None:
        self.saw(
            "lane",
            {
                "entry": reading.entry.value,
                "exit": reading.exit.value,
                "approach": reading.approach,
                "persons_inside": reading.persons_inside,
                "exit_zone": reading.exit_zone,
                "object_inside": reading.object_inside,
                "emergency": reading.emergency,
            },
        )

    def picture(self, which: Picture, jpeg: bytes, tx: Transaction) -> None:
        self._board.set_picture(which, jpeg)
        if which == "portrait":
            tx.has_portrait = True
        else:
            tx.has_live = True
        self._board.update(transaction=tx.view())

    def drop_pictures(self) -> None:
        self._board.drop_pictures()
