"""``gate-agent journal``: verify a journal, or read its last records.

Exit codes of ``verify``: 0 sound, 1 not sound, 2 cannot be judged (no such file, not a journal).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from gate_agent.cli.console import Cell, fail, print_table, progress_bar, room, say
from gate_agent.errors import GateError
from gate_agent.journal.errors import JournalError
from gate_agent.journal.outbox import read_recent
from gate_agent.journal.records import StoredRecord
from gate_agent.journal.verify import Verification, WitnessedHead, verify

app = room()

Database = Annotated[Path, typer.Argument(help="the journal's database", metavar="DB")]


@app.command("verify")
def verify_command(
    database: Database,
    head: Annotated[
        str, typer.Option(help="SEQ:ROOT as the hub saw it (root in hexadecimal)", metavar="SEQ:ROOT")
    ] = "",
) -> None:
    """Recompute every leaf, link and root. Exit 0: sound, 1: not sound, 2: cannot be judged."""
    try:
        with progress_bar(transient=True) as bar:
            task = bar.add_task("verifying", total=None)
            result = verify(
                database,
                expected=_witnessed(head) if head else None,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
    except GateError as error:
        fail(error, 2, what="cannot verify")
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
        fail(error, 2, what="cannot read")
    print_table(("seq", "at", "kind", "hub", "transaction", "what"), map(_row, records))


def _row(record: StoredRecord) -> tuple[str, ...]:
    entry = record.entry or {}
    return (
        str(record.seq),
        str(entry.get("at", "")),
        str(entry.get("kind", "(removed by retention)")),
        "acknowledged" if record.acknowledged else "pending",
        str(entry.get("transaction", "")),
        _gist(record),
    )


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
    rows: list[tuple[Cell, Cell]] = [
        ("journal", ("sound", "bold green") if result.sound else ("NOT SOUND", "bold red")),
        ("station", f"{result.station}, epoch {result.epoch}"),
        ("records", f"{result.records} ({result.pruned} without body, by retention)"),
        ("outbox", f"{result.outbox} not acknowledged by the hub"),
        ("root", result.root.hex()),
    ]
    if result.first_bad is not None:
        rows.append(("first bad record", (str(result.first_bad), "bold red")))
    print_table(("", ""), rows)
    for problem in result.problems:
        where = f"record {problem.seq}" if problem.seq else "journal"
        say(f"  {where}: {problem.what}", style="red")
