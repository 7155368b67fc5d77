"""The demonstration in a terminal: the station, the transaction's checks, devices, hub, and past visitors."""

from __future__ import annotations

import threading
import time
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gate_simulators.demo.console_client import seen
from gate_simulators.demo.environment import Environment
from gate_simulators.demo.report import VisitorResult
from gate_simulators.demo.simulated_station import SimulatedStation

MARKS = {
    "passed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "inconclusive": "[yellow]?[/]",
    "not_done": "[dim]·[/]",
}
COLOURS = {"admit": "green", "release": "green", "refer": "yellow", "review": "yellow"}


class TerminalView:
    """A rich renderable that asks the agent's own console for what it shows."""

    def __init__(
        self, station: SimulatedStation, environment: Environment[Any], visitors: int | None
    ) -> None:
        self._station = station
        self._environment = environment
        self._visitors = visitors
        self._lock = threading.Lock()
        self._visitor = ""
        self._doing = ""
        self._started = time.monotonic()
        self.results: list[VisitorResult] = []

    def next_visitor(self, number: int, scenario: str) -> None:
        total = f" of {self._visitors}" if self._visitors else ""
        with self._lock:
            self._visitor = f"{self._station.visitors} {number}{total}: {scenario.replace('_', ' ')}"
            self._doing = ""

    def say(self, text: str) -> None:
        with self._lock:
            self._doing = text

    def finished(self, result: VisitorResult) -> None:
        with self._lock:
            self.results.append(result)

    def __rich__(self) -> RenderableType:
        snapshot = self._environment.snapshot()
        with self._lock:
            visitor, doing, results = self._visitor, self._doing, list(self.results)
        phase = str(snapshot.get("phase", "no agent")).replace("_", " ")
        drawing = self._station.draw(seen(snapshot))
        url = f"{self._environment.console_url}/#token={self._environment.console_token}"
        parts: list[RenderableType] = [
            Text.from_markup(f"[bold]{visitor}[/]  [italic]{doing}[/]"),
            Text.from_markup(f"{drawing}   [bold cyan]{phase}[/]  {snapshot.get('instruction', '')}"),
            _checks(snapshot),
            _links(snapshot),
        ]
        if results:
            parts.append(_past(results[-6:]))
        parts.append(Text.from_markup(f"console: [link={url}]{url}[/]   Ctrl-C ends"))
        title = f"gate-agent: {self._station.title} on simulators"
        return Panel(Group(*parts), title=title, border_style="blue")

    def summary(self) -> RenderableType:
        with self._lock:
            results = list(self.results)
        good = sum(r.as_expected for r in results)
        seconds = time.monotonic() - self._started
        return Text(f"{good}/{len(results)} {self._station.visitors} as expected in {seconds:.0f} s", "bold")


def line(result: VisitorResult, visitors: int | None) -> str:
    """One past visitor, where nothing is drawn."""
    mark = "[green]✓[/]" if result.as_expected else "[red]✗[/]"
    number = f"{result.number}/{visitors}" if visitors else str(result.number)
    decided = " > ".join(result.verdicts) or "nothing decided"
    wanted = [result.expected, *result.expected_reasons, result.expected_closing]
    missed = "" if result.as_expected else f"  expected: {' '.join(filter(None, wanted))}"
    why = ", ".join(dict.fromkeys(result.reasons + result.events))
    trouble = f"  [red]{result.trouble}[/]" if result.trouble else ""
    return (
        f"{mark} {number:>5}  {result.scenario:<18}{result.total_s:5.1f} s  {decided}: {why}{missed}{trouble}"
    )


def _checks(snapshot: dict[str, Any]) -> RenderableType:
    transaction: dict[str, Any] = snapshot.get("transaction") or {}
    cells = [
        f"{MARKS.get(check['outcome'], ' ')} {check['check'].replace('_', ' ')}"
        + (f" [red]{', '.join(check['reasons'])}[/]" if check["reasons"] else "")
        for check in transaction.get("checks", ())
    ]
    table = Table.grid(padding=(0, 2))
    for start in range(0, len(cells), 3):
        table.add_row(*cells[start : start + 3])
    verdict = transaction.get("verdict", "")
    colour = COLOURS.get(verdict, "red" if verdict else "dim")
    reasons = ", ".join(transaction.get("reasons", ()))
    return Group(table, Text.from_markup(f"[{colour} bold]{verdict or '...'}[/] {reasons}"))


def _links(snapshot: dict[str, Any]) -> RenderableType:
    devices = "  ".join(
        f"[{'green' if d['state'] == 'up' else 'red'}]{d['device']}[/]" for d in snapshot.get("devices", ())
    )
    hub: dict[str, Any] = snapshot.get("hub", {})
    link = "[green]hub[/]" if hub.get("connected") else "[red]hub[/]"
    return Text.from_markup(
        f"{devices}  {link} {hub.get('acknowledged', 0)} acknowledged, {hub.get('outbox', 0)} waiting"
    )


def _past(results: list[VisitorResult]) -> Table:
    table = Table("", "scenario", "expected", "decision", "reasons", "s", "software", "receipt", box=None)
    for r in results:
        table.add_row(
            "[green]✓[/]" if r.as_expected else "[red]✗[/]",
            r.scenario,
            r.expected,
            " > ".join(r.verdicts) or r.actual,
            ", ".join(dict.fromkeys(r.reasons + r.events)) + (f" [red]{r.trouble}[/]" if r.trouble else ""),
            f"{r.total_s:.1f}",
            f"{r.software_share:.0%}",
            r.receipt[:14],
        )
    return table
