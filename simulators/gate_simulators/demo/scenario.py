"""Scripted visitors of any station: what each scenario must come to, and what plays it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a scenario: the verdict of its first decision, reason codes that must be among that
    one's, lane events that must follow, and the verdict of the last decision (empty: as officers like)."""

    verdict: str
    reasons: frozenset[str]
    events: frozenset[str] = frozenset()
    closing: str = ""


class WaitedInVain(Exception):
    """The visitor waited for something that did not happen. The text says for what."""


class ScriptedVisitor(Protocol):
    """Plays one scenario after another in a simulated site.

    `say` hears what the visitor does, for people who watch; `stop` sends them home; `patience_s` is how long
    they wait for one thing.
    """

    patience_s: float
    say: Callable[[str], None]
    stop: threading.Event

    @property
    def site(self) -> Any: ...

    def run(self, scenario: str) -> str:
        """Play it to its end. What went wrong in the world, whatever was decided; empty: nothing.

        Raises WaitedInVain.
        """
        ...


def in_rounds(scenarios: Sequence[str], visitors: int | None, seed: int) -> Iterator[str]:
    """Every scenario once in each round, in a seeded order that begins with the first one."""
    first, *others = scenarios
    random.Random(seed).shuffle(others)
    return islice(cycle((first, *others)), visitors)
