"""``gate-agent trust import`` and ``trust show``: whose passports this gate believes.

Exit codes: 0 done, 1 a file was refused as a whole or an alarm is raised, 2 the command was used wrongly.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.emrtd.trust.trust_import import ImportReport, TrustImport, write_store
from gate_agent.errors import GateError
from gate_agent.words import english

app = typer.Typer(help="The issuing authorities that this gate trusts.", no_args_is_help=True)

_MAX_FILE = 256 << 20

Store = Annotated[Path, typer.Option("--store", help="directory of the trust store", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="print the figures as JSON")]
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")]
Anchors = Annotated[
    list[Path] | None,
    typer.Option("--anchor", exists=True, dir_okay=False, help="CSCA trusted by decision", metavar="FILE"),
]


@app.command("import")
def import_files(
    files: Files,
    store: Store,
    anchor: Anchors = None,
    signers: Annotated[
        bool,
        typer.Option("--signers", help="keep document signers, for documents that do not carry their own"),
    ] = False,
    as_json: Json = False,
) -> None:
    """Take master lists, LDIF directories, certificates, CRLs and deviation lists into the store."""
    try:
        held = load_trust_directory(store) if store.is_dir() else TrustStore(())
        importing = TrustImport(held, datetime.now(UTC), keep_signers=signers)
        for path in anchor or ():
            importing.add_anchor(path.name, _read(path))
        for path in files:
            importing.add(path.name, _read(path))
        report = importing.finish()
        write_store(store, importing.files)
    except (GateError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(_figures(report), indent=2))
    else:
        _print_report(report)
    whole = {path.name for path in files} & {refusal.name for refusal in report.refused}
    raise typer.Exit(1 if whole else 0)


@app.command("show")
def show(
    store: Store,
    max_age_days: Annotated[float, typer.Option(help="alarm when the store is older")] = 90.0,
    as_json: Json = False,
) -> None:
    """What is in the store, by country, and what about it needs attention."""
    try:
        held = load_trust_directory(store)
    except GateError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    now = datetime.now(UTC)
    alarms = held.alarms(now, max_age_days)
    if as_json:
        countries = Counter(anchor.country for anchor in held.anchors)
        figures = {"version": held.version, "anchors": len(held.anchors), "countries": dict(countries)}
        typer.echo(json.dumps({**figures, "alarms": list(alarms)}, indent=2))
    else:
        _print_store(held, now)
        for alarm in alarms:
            typer.echo(f"attention: {alarm}")
    raise typer.Exit(1 if alarms else 0)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_FILE)


def _figures(report: ImportReport) -> dict[str, object]:
    return {
        "accepted": dict(report.accepted),
        "known": report.known,
        "refused": dict(report.refusals_by_reason()),
        "refusals": [{"name": r.name, "reason": r.reason, "detail": r.detail} for r in report.refused],
    }


def _print_report(report: ImportReport) -> None:
    said, table = english(), Table("what", "count", "why")
    for kind, count in sorted(report.accepted.items()):
        table.add_row(f"[green]accepted: {kind}[/]", str(count), "")
    if report.known:
        table.add_row("known already", str(report.known), "")
    for reason, count in report.refusals_by_reason().most_common():
        examples = ", ".join(r.name for r in report.refused if r.reason == reason)
        table.add_row(f"[red]refused: {reason}[/]", str(count), f"{said.reason(reason)}\n{examples[:200]}")
    Console().print(table)


def _print_store(held: TrustStore, now: datetime) -> None:
    table = Table("country", "authorities", "valid today", "revocation list", "known defects")
    for country, count in sorted(Counter(anchor.country for anchor in held.anchors).items()):
        valid = sum(anchor.valid_at(now) for anchor in held.anchors if anchor.country == country)
        lists = [known for known in held.revocations if known.country == country]
        newest = max((known.this_update.date().isoformat() for known in lists), default="")
        defects = sum(deviation.country == country for deviation in held.deviations)
        table.add_row(country, str(count), str(valid), newest, str(defects or ""))
    Console().print(table)
    typer.echo(f"{len(held.anchors)} authorities, {len(held.refused)} refused, version {held.version}")
