"""A demonstration of any station: visitors come one after another, and each is judged by what the hub got.

Headless, a scripted number is judged, one line each; in a terminal it goes on until Ctrl-C beside a drawing
of the station.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live

from gate_simulators.demo import report
from gate_simulators.demo.environment import Environment, SetUpError
from gate_simulators.demo.officer_watch import OfficerWatch
from gate_simulators.demo.report import VisitorResult
from gate_simulators.demo.scenario import ScriptedVisitor, WaitedInVain, in_rounds
from gate_simulators.demo.simulated_station import SimulatedStation
from gate_simulators.demo.terminal_view import TerminalView, line
from gate_simulators.demo.visit_routes import visit_routes, waiting_line

SETTLE_S: Final = 12.0
_PATIENCE_S: Final = 120.0  # a busy computer is slow
_PATIENCE_WATCHED_S: Final = 600.0  # and people at the console take their time
_BETWEEN_S: Final = 1.5  # for people who watch


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What to play: the `scenarios` in their order; none: all, in seeded order.

    `visitors` None: each scenario once when headless, otherwise for ever. Without `state` it is kept in a
    folder below ``.run`` that no other simulation uses.
    """

    config: Path
    state: Path | None
    scenarios: tuple[str, ...]
    visitors: int | None
    seed: int
    pace: float
    headless: bool
    report: Path


def run(station: SimulatedStation, asked: DemoRun, console: Console, say: Callable[[str], None]) -> bool:
    """Play it; True when everything came out as expected (always, when it has no end).

    `say` hears each step of the set-up as it begins.
    """
    demo = _Demo(station, _settled(asked, station), console, say)
    with demo.environment:
        results = demo.play()
        console.print(demo.view.summary())
        if demo.asked.visitors is None:
            return True
        written = demo.report(results)
    return bool(written["ok"])


def _settled(asked: DemoRun, station: SimulatedStation) -> DemoRun:
    """With the number of visitors, where it has an end. Raises SetUpError for a scenario that is none."""
    if unknown := set(asked.scenarios) - station.scenarios.keys():
        raise SetUpError(
            f"there is no {', '.join(sorted(unknown))}",
            field="scenario",
            advice=f"one of {', '.join(station.scenarios)}",
        )
    if asked.headless and asked.visitors is None:
        return replace(asked, visitors=len(asked.scenarios or station.scenarios))
    return asked


class _Demo:
    """One station, its environment, officers and visitors, for one run."""

    def __init__(
        self, station: SimulatedStation, asked: DemoRun, console: Console, say: Callable[[str], None]
    ) -> None:
        self.station, self.asked, self._console = station, asked, console
        self._sent = waiting_line()
        self._ending = threading.Event()
        self.environment: Environment[Any] = station.environment(
            asked.config,
            asked.state or Path(".run") / (f"demo-{station.kind}" if asked.headless else station.kind),
            pace=asked.pace,
            seed=asked.seed,
            private_ports=asked.headless,
            another_folder=asked.state is None,
            settings=dict(station.headless.settings) if asked.headless else {},
            routers=(visit_routes(station.scenarios, self._sent),),
            say=say,
        )
        self._officers: OfficerWatch[Any] = station.officers(
            self.environment, station.headless.reaction_s if asked.headless else station.reaction_s
        )
        self._visitor: ScriptedVisitor
        self.view: TerminalView

    def play(self) -> list[VisitorResult]:
        """Until the last visitor has gone, or Ctrl-C."""
        environment, asked = self.environment, self.asked
        drawn = self._console.is_terminal and not asked.headless
        if not drawn and not asked.headless:
            self._console.print(f"console: {environment.console_url}", highlight=False, soft_wrap=True)
        self.view = TerminalView(self.station, environment, asked.visitors)
        self._visitor = self.station.visitor(environment.site, environment.state, asked.pace, asked.seed)
        self._visitor.say, self._visitor.stop = self.view.say, self._ending
        self._visitor.patience_s = _PATIENCE_S if asked.headless else _PATIENCE_WATCHED_S
        self._officers.start()
        threading.Thread(target=self._watch_agent, name="agent watch", daemon=True).start()
        try:
            with Live(self.view, console=self._console, refresh_per_second=4) if drawn else nullcontext():
                self._play_all(drawn)
        except KeyboardInterrupt:
            pass
        finally:
            self._ending.set()
            self._officers.stop()
        return self.view.results

    def _watch_agent(self) -> None:
        """Nobody waits in a station whose agent is gone."""
        while not self._ending.wait(0.5):
            if not self.environment.agent_running:
                self._ending.set()

    def report(self, results: list[VisitorResult]) -> dict[str, Any]:
        """Written where it was asked for, and beside the state of this run."""
        written = report.summary(
            results,
            who=self.station.visitors,
            seed=self.asked.seed,
            pace=self.asked.pace,
            broker=self.environment.broker.kind,
            hub=self.environment.hub,
        )
        for path in (self.environment.state / "demo-report.json", self.asked.report):
            report.write(path, written)
        return written

    def _play_all(self, drawn: bool) -> None:
        for number, scenario in enumerate(self._order(), 1):
            self.view.next_visitor(number, scenario)
            result = self._play_one(number, scenario)
            if not self.environment.agent_running:
                raise self.environment.agent_ended("the agent ended while it should serve")
            self.view.finished(result)
            if not drawn:
                self._console.print(line(result, self.asked.visitors), highlight=False, soft_wrap=True)
            if not self.asked.headless:
                self._ending.wait(_BETWEEN_S)

    def _order(self) -> Iterator[str]:
        """The scenarios asked for; before each, whoever was sent from another terminal."""
        asked = self.asked
        if asked.scenarios:
            planned = islice(cycle(asked.scenarios), asked.visitors)
        else:
            planned = in_rounds(tuple(self.station.scenarios), asked.visitors, asked.seed)
        for scenario in planned:
            with suppress(queue.Empty):
                while True:
                    yield self._sent.get_nowait()
            yield scenario

    def _play_one(self, number: int, scenario: str) -> VisitorResult:
        """One visitor from the first step to the hub's receipt."""
        environment = self.environment
        seen = len(environment.hub.received(environment.station))

        def records() -> list[Any]:
            return environment.hub.received(environment.station)[seen:]

        self._officers.scenario = scenario
        try:
            trouble = self._visitor.run(scenario)
        except WaitedInVain as vain:
            trouble = f"waited in vain for {vain}"
        with suppress(SetUpError):  # what is missing then shows in the result
            environment.wait_until(
                lambda snapshot: snapshot["phase"] == "idle" and _over(records()),
                "the end of the visit",
                SETTLE_S,
            )
        environment.site.clear_faults()
        return report.judge(number, scenario, self.station.scenarios[scenario], records(), trouble)


def _over(records: list[Any]) -> bool:
    return any(record.kind == "lifecycle" and record.transaction for record in records)
