"""What officers may see of any station, put on the board: never a name or a document number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from gate_agent.devices import DeviceHealth
from gate_agent.readmodel import Alert, Board
from gate_agent.station.case import Case
from gate_agent.station.clock import rfc3339, utc_now

MAX_ALERTS = 20


class Display:
    """A conductor's hand on the board: every change that people may see goes through here."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._counters: Counter[tuple[str, str]] = Counter()

    def station(self, phase: StrEnum, case: Case | None) -> None:
        self._board.update(
            phase=phase.value,
            transaction=case.view() if case is not None else None,
            counters=tuple((name, label, n) for (name, label), n in sorted(self._counters.items())),
        )

    def health(self, devices: Iterable[DeviceHealth]) -> None:
        self._board.update(devices=tuple(devices))

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
