"""What the officer may see of an e-gate lane, put on the board: never a name or a document number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from gate_agent.devices import DeviceHealth, LaneReading, Light
from gate_agent.egate.transaction import Transaction, rfc3339, utc_now
from gate_agent.egate.vocabulary import Phase
from gate_agent.readmodel import Alert, Board, LaneView, Picture

MAX_ALERTS = 20


class Display:
    """The lane's hand on the board: every change that people may see goes through here."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._counters: Counter[tuple[str, str]] = Counter()

    def station(self, phase: Phase, tx: Transaction | None) -> None:
        self._board.update(
            phase=phase.value,
            transaction=tx.view() if tx is not None else None,
            counters=tuple((name, label, n) for (name, label), n in sorted(self._counters.items())),
        )

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

    def health(self, devices: Iterable[DeviceHealth]) -> None:
        self._board.update(devices=tuple(devices))

    def picture(self, which: Picture, jpeg: bytes, tx: Transaction) -> None:
        self._board.set_picture(which, jpeg)
        if which == "portrait":
            tx.has_portrait = True
        else:
            tx.has_live = True
        self._board.update(transaction=tx.view())

    def drop_pictures(self) -> None:
        self._board.drop_pictures()

    def count(self, name: str, label: str) -> None:
        self._counters[name, label] += 1

    def alert(self, code: str, detail: str = "") -> None:
        """Tell officers; a newer alert of the same code replaces the older."""
        alert = Alert(code, rfc3339(utc_now()), detail)
        kept = [a for a in self._board.snapshot.alerts if a.code != code]
        self._board.update(alerts=(alert, *kept)[:MAX_ALERTS])

    def withdraw(self, code: str) -> None:
        """What an alert told of is over."""
        self._board.update(alerts=tuple(a for a in self._board.snapshot.alerts if a.code != code))
