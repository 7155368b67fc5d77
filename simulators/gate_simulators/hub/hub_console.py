"""``gate-sim hub``: the simulated hub alone in a terminal, with a live table of its stations."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from gate_simulators.device.stopping import until_signal
from gate_simulators.hub.hub import Hub


def run_hub(
    database: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 1883,
    hub_id: str = "hub-1",
    version5: bool = True,
    show: bool = True,
) -> None:
    """Run until SIGINT or SIGTERM. Call on the main thread. `show` draws the live table."""
    ending = until_signal()
    hub = Hub(database, host=host, port=port, hub_id=hub_id, version5=version5)
    hub.start()
    try:
        if show:
            with Live(_table(hub), console=Console(), refresh_per_second=4, transient=False) as live:
                while not ending.wait(0.5):
                    live.update(_table(hub))
        else:
            ending.wait()
    finally:
        hub.stop()


def _table(hub: Hub) -> Table:
    state = "[green]connected[/]" if hub.connected else "[red]no broker[/]"
    table = Table(title=f"{hub.hub_id} {state}", title_justify="left", expand=False)
    for column in ("station", "epoch", "stored", "newest there", "repeated", "witness", "presence", "seen"):
        table.add_column(
            column, justify="right" if column in {"stored", "newest there", "repeated"} else "left"
        )
    for head in hub.heads():
        status = hub.stations.get(head.station)
        current = status is not None and status.epoch == head.epoch
        witness = head.refusal or ("agrees" if head.frontier is not None else "agrees since a gap")
        table.add_row(
            head.station,
            str(head.epoch),
            str(head.upto),
            str(status.newest) if status and current else "",
            str(head.repeated),
            witness,
            ("online" if status.online else "[red]offline[/]") if status and current else "past",
            f"{time.monotonic() - status.seen_at:.0f} s ago" if status and current else "",
        )
    problems = hub.problems()
    if problems:
        table.caption = f"[red]{len(problems)} problems; last: {problems[-1].what}[/]"
    return table
