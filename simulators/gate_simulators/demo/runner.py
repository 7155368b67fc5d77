"""A demonstration of any station: visitors come one after another, and each is judged by what the hub got.

What a station adds is its :class:`Play`: its stage, its scenarios, and how they are played and drawn
(:mod:`gate_simulators.egate.demo`, :mod:`gate_simulators.nii.demo`).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.live import Live

from gate_simulators.demo import report
from gate_simulators.demo.environment import StageError, Surroundings
from gate_simulators.demo.report import Expectation
from gate_simulators.demo.terminal_view import View

SETTLE_S = 12.0


@dataclass(frozen=True, slots=True)
class Show:
    """What to play: the `scenarios` in their order; none: all, in seeded order.

    `visitors` None: each scenario once when headless, otherwise for ever.
    """

    config: Path
    state: Path
    scenarios: tuple[str, ...]
    visitors: int | None
    seed: int
    pace: float
    headless: bool
    report: Path


class Attendant(Protocol):
    """An officer who is there while the demonstration runs."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Play:
    """How a kind of station is demonstrated.

    `who` names its visitors in the plural; `expected` holds every scenario, the plain one first; `closings`
    what the last decision must be where that is judged too. `perform` plays one scenario and says what the
    visitor waited for in vain, empty when nothing. `draw` shows the station from a snapshot of its console.
    """

    title: str
    who: str
    station: str
    stage: Surroundings[Any]
    officer: Attendant
    expected: Mapping[str, Expectation]
    closings: Mapping[str, str]
    perform: Callable[[str, Callable[[str], None], threading.Event], str]
    draw: Callable[[dict[str, Any]], RenderableType]


def in_order(names: Sequence[str], visitors: int | None, seed: int) -> Iterator[str]:
    """Every scenario once in each round, in a seeded order that begins with the first name."""
    first, *others = names
    random.Random(seed).shuffle(others)
    return islice(cycle((first, *others)), visitors)


def run(show: Show, play: Play, console: Console) -> bool:
    """Play the show; True when everything came out as expected (always, when it has no end)."""
    ending = threading.Event()
    show = _settled(show, play)
    with play.stage:
        view = View(play, show)
        play.officer.start()
        try:
            with Live(view, console=console, refresh_per_second=4, transient=show.headless):
                results = _play_all(show, play, view, ending)
        except KeyboardInterrupt:
            results = view.results
        finally:
            ending.set()
            play.officer.stop()
        console.print(view.summary())
        if show.visitors is None:
            return True
        stage = play.stage
        return report.write(
            show.report,
            results,
            who=play.who,
            seed=show.seed,
            pace=show.pace,
            broker=stage.broker.kind,
            hub=stage.hub,
        )


def _settled(show: Show, play: Play) -> Show:
    """With the number of visitors, where it has an end. Raises StageError for a scenario that is none."""
    if unknown := set(show.scenarios) - play.expected.keys():
        raise StageError(
            f"there is no {', '.join(sorted(unknown))}",
            field="scenario",
            advice=f"one of {', '.join(play.expected)}",
        )
    if show.headless and show.visitors is None:
        return replace(show, visitors=len(show.scenarios or play.expected))
    return show


def _order(show: Show, play: Play) -> Iterator[str]:
    if show.scenarios:
        return islice(cycle(show.scenarios), show.visitors)
    return in_order(tuple(play.expected), show.visitors, show.seed)


def _play_all(show: Show, play: Play, view: View, ending: threading.Event) -> list[report.Result]:
    results: list[report.Result] = []
    for number, scenario in enumerate(_order(show, play), 1):
        view.next_visitor(number, scenario)
        result = _play_one(number, scenario, play, view, ending)
        results.append(result)
        view.finished(result)
        if not show.headless:
            time.sleep(1.5)
    return results


def _play_one(number: int, scenario: str, play: Play, view: View, ending: threading.Event) -> report.Result:
    """One visitor from the first step to the hub's receipt."""
    stage = play.stage
    seen = len(stage.hub.received(play.station))
    trouble = play.perform(scenario, view.say, ending)
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        records = stage.hub.received(play.station)[seen:]
        done = any(r.kind == "lifecycle" and r.transaction for r in records)
        if done and stage.snapshot().get("phase") == "idle":
            break
        time.sleep(0.1)
    stage.site.clear_faults()
    received = stage.hub.received(play.station)[seen:]
    return report.judge(
        number, scenario, play.expected[scenario], received, trouble, play.closings.get(scenario, "")
    )
