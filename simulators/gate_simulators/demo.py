"""``gate-sim demo``: travellers go through the lane, one after another, while you watch.

Headless, a scripted dozen is played and judged; otherwise it goes on until Ctrl-C with the console open.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from rich.console import Console
from rich.live import Live

from gate_simulators import report
from gate_simulators.demo_view import View
from gate_simulators.officer import Officer
from gate_simulators.stage import Stage
from gate_simulators.travellers import EXPECTED, Lost, Walk

QUICK: dict[str, object] = {
    "egate.apdu_timeout_s": 2.0,
    "egate.capture_budget_s": 6.0,
    "egate.timing.entry_occupied_s": 0.4,
    "egate.timing.turned_away_s": 1.0,
    "devices.camera.frozen_after_s": 1.0,
}
"""A headless run hurries where only waiting is to be seen."""

SETTLE_S = 12.0


@dataclass(frozen=True, slots=True)
class Show:
    """What to play. `travellers` None: for ever."""

    config: Path
    state: Path
    travellers: int | None
    seed: int
    pace: float
    headless: bool
    report: Path


def scenarios(travellers: int | None, seed: int) -> Iterator[str]:
    """Every scenario once in each dozen, the first dozen in a seeded order that begins with a genuine one."""
    names = [name for name in EXPECTED if name != "genuine"]
    random.Random(seed).shuffle(names)
    order = cycle(["genuine", *names])
    for _ in range(travellers) if travellers is not None else count():
        yield next(order)


def run(show: Show) -> bool:
    """Play the show; True when everything came out as expected (always, when it has no end)."""
    console = Console()
    stage = Stage(
        show.config,
        show.state,
        pace=show.pace,
        seed=show.seed,
        private_ports=show.headless,
        settings=QUICK if show.headless else {},
        say=lambda text: console.print(f"[dim]{text} ...[/]"),
    )
    ending = threading.Event()
    with stage:
        view = View(stage, show)
        officer = Officer(stage, reaction_s=0.4 if show.headless else 8.0)
        officer.start()
        try:
            with Live(view, console=console, refresh_per_second=4, transient=show.headless):
                results = _play_all(show, stage, view, ending)
        except KeyboardInterrupt:
            results = view.results
        finally:
            ending.set()
            officer.stop()
        console.print(view.summary())
        if show.travellers is None:
            return True
        return report.write(
            show.report, results, seed=show.seed, pace=show.pace, broker=stage.broker.kind, hub=stage.hub
        )


def _play_all(show: Show, stage: Stage, view: View, ending: threading.Event) -> list[report.Result]:
    results: list[report.Result] = []
    for number, scenario in enumerate(scenarios(show.travellers, show.seed), 1):
        view.next_traveller(number, scenario)
        result = _play(number, scenario, show, stage, view, ending)
        results.append(result)
        view.finished(result)
        if not show.headless:
            time.sleep(1.5)
    return results


def _play(
    number: int, scenario: str, show: Show, stage: Stage, view: View, ending: threading.Event
) -> report.Result:
    """One traveller from the first step to the hub's receipt."""
    seen = len(stage.hub.received(STATION))
    walk = Walk(stage.site, stage.cast, pace=show.pace, say=view.say, stop=ending)
    trouble = ""
    try:
        walk.run(scenario)
    except Lost as lost:
        trouble = f"waited in vain for {lost}"
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        records = stage.hub.received(STATION)[seen:]
        done = any(r.kind == "lifecycle" and r.transaction for r in records)
        if done and stage.snapshot().get("phase") == "idle":
            break
        time.sleep(0.1)
    stage.site.clear_faults()
    return report.judge(number, scenario, stage.hub.received(STATION)[seen:], trouble)


STATION = "egate-1"
