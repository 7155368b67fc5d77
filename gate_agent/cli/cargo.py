"""``gate-agent scan manifest``: check manifest files, print their schema; and how comparisons are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gate_agent.cargo.manifest import ManifestFile, problems, read_manifest
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.words import english

app = typer.Typer(help="Manifests: what was declared of containers.", no_args_is_help=True)

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
        typer.echo(json.dumps(told, indent=1))
    else:
        console = Console(soft_wrap=True)
        for path in files:
            for error in found[str(path)]:
                console.print(str(error), style="red", highlight=False, markup=False)
            if not found[str(path)]:
                count = len(read_manifest(path).consignments)
                told = f"{path}: in order, {count} container{'' if count == 1 else 's'}"
                console.print(told, style="green", highlight=False, markup=False)
    raise typer.Exit(1 if any(found.values()) else 0)


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of manifest files."""
    typer.echo(json.dumps(ManifestFile.model_json_schema(), indent=1))


def print_comparison(checks: Sequence[CheckResult]) -> None:
    """Declared against observed, one line a check, with the officer's words."""
    table = Table(title="declared against observed", show_header=False, box=None, title_justify="left")
    for check in checks:
        words = "; ".join(map(english().reason, check.reasons))
        codes = f" ({', '.join(check.reasons)})" if check.reasons else ""
        style = STYLES[check.outcome]
        table.add_row(check.check, f"[{style}]{check.outcome.value}[/{style}]", f"{words}{codes}")
    Console().print(table)
