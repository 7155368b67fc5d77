"""The demonstration in a terminal: the lane, the transaction's checks, devices, hub, and past visitors."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gate_simulators.demo.report import Result

if TYPE_CHECKING:
    from gate_simulators.demo.runner import Play, Show

MARKS = {
    "passed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "inconclusive": "[yellow]?[/]",
    "not_done": "[dim]·[/]",
}
BARRIERS = {"closed": "▐", "open": " ", "moving": "░", "fault": "!"}
"""How a door leaf or a boom is drawn."""
COLOURS = {"admit": "green", "release": "green", "refer": "yellow", "review": "yellow"}


class View:
    """A rich renderable that asks the agent's own console for what it shows."""

    def __init__(self, play: Play, show: Show) -> None:
        self._play = play
        self._show = show
        self._lock = threading.Lock()
        self._visitor = ""
        self._doing = ""
        self._started = time.monotonic()
        self.results: list[Result] = []

    def next_visitor(self, number: int, scenario: str) -> None:
        total = f" of {self._show.visitors}" if self._show.visitors else ""
        with self._lock:
            self._visitor = f"{self._play.who} {number}{total}: {scenario.replace('_', ' ')}"
            self._doing = ""

    def say(self, text: str) -> None:
        with self._lock:
            self._doing = text

    def finished(self, result: Result) -> None:
        with self._lock:
            self.results.append(result)

    def __rich__(self) -> RenderableType:
        stage = self._play.stage
        snapshot = stage.snapshot()
        with self._lock:
            visitor, doing, results = self._visitor, self._doing, list(self.results)
        parts: list[RenderableType] = [
            Text.from_markup(f"[bold]{visitor}[/]  [italic]{doing}[/]"),
            self._play.draw(snapshot),
            _checks(snapshot),
            _links(snapshot),
        ]
        if results:
            parts.append(_past(results[-6:]))
        if not self._show.headless:
            url = f"{stage.console_url}/#token={stage.console_token}"
            parts.append(Text.from_markup(f"console: [link={url}]{url}[/]   Ctrl-C ends"))
        return Panel(
            Group(*parts), title=f"gate-agent: {self._play.title} on simulators", border_style="blue"
        )

    def summary(self) -> RenderableType:
        with self._lock:
            results = list(self.results)
        good = sum(r.as_expected for r in results)
        seconds = time.monotonic() - self._started
        line = Text(f"{good}/{len(results)} {self._play.who} as expected in {seconds:.0f} s", style="bold")
        return Group(_past(results), line)


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


def _past(results: list[Result]) -> Table:
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
