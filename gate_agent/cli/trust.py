"""``gate-agent trust import`` and ``trust show``: whose passports this gate believes.

Exit codes: 0 done, 1 a file was refused as a whole or an alarm is raised, 2 the command was used wrongly.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gate_agent.cli.console import Cell, fail, print_json, print_table, room, say
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.emrtd.trust.trust_import import ImportReport, TrustImport, write_store
from gate_agent.errors import GateError
from gate_agent.words import english

app = room()

_MAX_FILE = 256 << 20
MAX_SHOWN = 10
"""Names of refused files that the table shows for each reason; ``--json`` has all."""

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
        fail(error, 2)
    if as_json:
        print_json(_figures(report))
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
        fail(error, 2)
    now = datetime.now(UTC)
    alarms = held.alarms(now, max_age_days)
    if as_json:
        countries = Counter(anchor.country for anchor in held.anchors)
        figures = {"version": held.version, "anchors": len(held.anchors), "countries": dict(countries)}
        print_json({**figures, "alarms": list(alarms)})
    else:
        _print_store(held, now)
        say(*(f"attention: {alarm}" for alarm in alarms))
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
    rows: list[tuple[Cell, ...]] = [
        ((f"accepted: {kind}", "green"), str(count), "") for kind, count in sorted(report.accepted.items())
    ]
    if report.known:
        rows.append(("known already", str(report.known), ""))
    for reason, count in report.refusals_by_reason().most_common():
        names = [refusal.name for refusal in report.refused if refusal.reason == reason]
        more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
        why = f"{english().reason(reason)}\n{', '.join(names[:MAX_SHOWN])}{more}"
        rows.append(((f"refused: {reason}", "red"), str(count), why))
    print_table(("what", "count", "why"), rows)


def _print_store(held: TrustStore, now: datetime) -> None:
    rows: list[tuple[str, ...]] = []
    for country, count in sorted(Counter(anchor.country for anchor in held.anchors).items()):
        valid = sum(anchor.valid_at(now) for anchor in held.anchors if anchor.country == country)
        lists = [known for known in held.revocations if known.country == country]
        newest = max((known.this_update.date().isoformat() for known in lists), default="")
        defects = sum(deviation.country == country for deviation in held.deviations)
        rows.append((country, str(count), str(valid), newest, str(defects or "")))
    print_table(("country", "authorities", "valid today", "revocation list", "known defects"), rows)
    say(f"{len(held.anchors)} authorities, {len(held.refused)} refused, version {held.version}")
