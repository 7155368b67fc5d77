"""``gate-agent scan manifest``: check manifest files, print their schema; and how comparisons are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gate_agent.cargo.manifest import ManifestFile, problems, read_manifest
from gate_agent.cli.console import Cell, print_json, print_table, room, say
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.words import english

app = room("Manifests: what was declared of containers.")

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.NOT_DONE: "dim",
}


@app.command("check")
def check_command(
    files: Annotated[list[Path], typer.Argument(help="manifest files", metavar="FILE…")],
    as_json: Annotated[bool, typer.Option("--json", help="findings as JSON")] = False,
) -> None:
    """Name every wrong field of manifests. Exit 1 when one is not in order."""
    found = {str(path): problems(path) for path in files}
    if as_json:
        told = {
            name: [{"field": error.field.removeprefix(f"{name}: "), "what": error.what} for error in errors]
            for name, errors in found.items()
        }
        print_json(told)
    else:
        for path in files:
            say(*map(str, found[str(path)]), style="red")
            if not found[str(path)]:
                count = len(read_manifest(path).consignments)
                say(f"{path}: in order, {count} container{'' if count == 1 else 's'}", style="green")
    raise typer.Exit(1 if any(found.values()) else 0)


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of manifest files."""
    print_json(ManifestFile.model_json_schema())


def print_comparison(checks: Sequence[CheckResult]) -> None:
    """Declared against observed, one line a check, with the officer's words."""
    rows: list[tuple[Cell, ...]] = []
    for check in checks:
        words = "; ".join(map(english().reason, check.reasons))
        codes = f" ({', '.join(check.reasons)})" if check.reasons else ""
        rows.append((check.check, (check.outcome.value, STYLES[check.outcome]), f"{words}{codes}"))
    print_table(("", "", ""), rows, title="declared against observed")
