"""``gate-agent journal``: verify a journal, or read its last records.

Exit codes of ``verify``: 0 sound, 1 not sound, 2 cannot be judged (no such file, not a journal).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gate_agent.errors import GateError
from gate_agent.journal.errors import JournalError
from gate_agent.journal.outbox import read_recent
from gate_agent.journal.records import StoredRecord
from gate_agent.journal.verify import Verification, WitnessedHead, verify

app = typer.Typer(name="journal", help="Verify a journal, or read it.", no_args_is_help=True)

Database = Annotated[Path, typer.Argument(help="the journal's database", metavar="DB")]


@app.command("verify")
def verify_command(
    database: Database,
    head: Annotated[
        str, typer.Option(help="SEQ:ROOT as the hub saw it (root in hexadecimal)", metavar="SEQ:ROOT")
    ] = "",
) -> None:
    """Recompute every leaf, link and root. Exit 0: sound, 1: not sound, 2: cannot be judged."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("verifying", total=None)
            result = verify(
                database,
                expected=_witnessed(head) if head else None,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
    except GateError as error:
        console.print(f"[bold red]cannot verify[/] {error}")
        raise typer.Exit(2) from error
    _print(result)
    raise typer.Exit(0 if result.sound else 1)


@app.command("show")
def show_command(
    database: Database,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="how many records")] = 20,
) -> None:
    """Print the last records, newest first."""
    try:
        records = read_recent(database, last)
    except GateError as error:
        Console(stderr=True).print(f"[bold red]cannot read[/] {error}")
        raise typer.Exit(2) from error
    table = Table("seq", "at", "kind", "transaction", "what", "hub", box=None, pad_edge=False)
    for record in records:
        entry = record.entry or {}
        table.add_row(
            str(record.seq),
            str(entry.get("at", "")),
            str(entry.get("kind", "(removed by retention)")),
            str(entry.get("transaction", "")),
            _gist(record),
            "acknowledged" if record.acknowledged else "pending",
        )
    Console().print(table)


def _gist(record: StoredRecord) -> str:
    """The verdict and its reasons where there are any, else the body's plain members."""
    body = (record.entry or {}).get("body")
    if not isinstance(body, dict):
        return ""
    fields = cast(dict[str, object], body)
    decision = fields.get("decision")
    if isinstance(decision, dict):
        told = cast(dict[str, object], decision)
        reasons = cast(list[object], told.get("reasons") or [])
        return f"{told.get('verdict', '')} {' '.join(map(str, reasons))}".strip()
    return " ".join(f"{k}={v}" for k, v in fields.items() if isinstance(v, str | int | float))


def _witnessed(text: str) -> WitnessedHead:
    seq, _, root = text.partition(":")
    try:
        head = WitnessedHead(int(seq), bytes.fromhex(root))
    except ValueError:
        head = None
    if head is None or len(head.root) != 32 or head.seq < 1:
        raise JournalError("not a head", field="--head", advice="SEQ:ROOT, root with 64 hexadecimal digits")
    return head


def _print(result: Verification) -> None:
    console = Console()
    word = "[bold green]sound[/]" if result.sound else "[bold red]NOT SOUND[/]"
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("journal", word)
    table.add_row("station", f"{result.station}, epoch {result.epoch}")
    table.add_row("records", f"{result.records} ({result.pruned} without body, by retention)")
    table.add_row("outbox", f"{result.outbox} not acknowledged by the hub")
    table.add_row("root", result.root.hex())
    if result.first_bad is not None:
        table.add_row("first bad record", f"[bold red]{result.first_bad}[/]")
    console.print(table)
    for problem in result.problems:
        where = f"record {problem.seq}" if problem.seq else "journal"
        console.print(f"  [red]{where}[/]: {problem.what}")
