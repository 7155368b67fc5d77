"""What officers may see of any station, put on the board: never a name or a document number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from gate_agent.devices import DeviceHealth
from gate_agent.evidence import Scalar
from gate_agent.readmodel import Board, OrderView
from gate_agent.station.case import Case


class Display:
    """A conductor's hand on the board: every change that people may see goes through here."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._counters: Counter[tuple[str, str]] = Counter()

    def station(self, phase: StrEnum, case: Case | None, orders: tuple[OrderView, ...]) -> None:
        self._board.update(
            phase=phase.value,
            transaction=case.view() if case is not None else None,
            orders=orders,
            counters=tuple((name, label, n) for (name, label), n in sorted(self._counters.items())),
        )

    def health(self, devices: Iterable[DeviceHealth]) -> None:
        self._board.update(devices=tuple(devices))

    def saw(self, source: str, values: Mapping[str, Scalar]) -> None:
        """A device reported these things of the world."""
        self._board.saw(source, values)

    def lost(self, source: str) -> None:
        """A device fell silent: what it said is not known any more."""
        self._board.lost(source)

    def forgot(self, *names: str) -> None:
        """These things were about a case that is over."""
        self._board.forgot(*names)

    def showed(self, instruction: str, **shown: str) -> None:
        """The lights show this, and whoever is served is told that."""
        self._board.showed(instruction, **shown)

    def tell(self, instruction: str) -> None:
        """Tell whoever is served something else while the lights stay as they are."""
        self._board.update(instruction=instruction)

    def count(self, name: str, label: str) -> None:
        self._counters[name, label] += 1

    def took(self, total_s: float, software_s: float) -> None:
        """A case is over: how long it took, and how much of that was spent computing."""
        self._board.took(total_s, software_s)

    def alert(self, code: str, detail: str = "", transaction: str = "") -> None:
        """Tell officers."""
        self._board.raise_alert(code, detail, transaction)

    def withdraw(self, code: str) -> None:
        """What an alert told of is over."""
        self._board.clear_alert(code)

    def acknowledge(self, code: str, officer: str) -> bool:
        """An officer has seen an alert; False when there is none, or it was acknowledged before."""
        return self._board.acknowledge(code, officer)
