"""``gate-agent radiation``: read N42.42 documents, say what was wrong with them, judge a portal's profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gate_agent.errors import GateError
from gate_agent.evidence import Outcome
from gate_agent.radiation.check import radiation_check
from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import N42Document
from gate_agent.radiation.n42_xml import MAX_BYTES
from gate_agent.radiation.record import profile_of
from gate_agent.radiation.settings import RadiationSettings

app = typer.Typer(help="Radiation documents (N42.42) and portal profiles.", no_args_is_help=True)
Document = Annotated[Path, typer.Argument(help="an N42.42 document of 2006 or 2011")]


@app.command()
def show(file: Document) -> None:
    """What a document says, and what had to be repaired or was not carried."""
    document = _read(file)
    console = Console()
    instrument = document.instrument
    maker = escape(f"{instrument.manufacturer} {instrument.model} ({instrument.instrument_class})")
    console.print(f"[bold]{maker}[/bold], edition {document.edition}, item {escape(document.item) or '-'}")
    table = Table("measurement", "class", "start", "seconds", "spectra", "counts", "occupied")
    for measurement in document.measurements[:200]:
        seconds = "-" if measurement.real_time_s is None else f"{measurement.real_time_s:g}"
        occupied = {True: "yes", False: "no", None: "-"}[measurement.occupied]
        total = sum(sum(gross.counts) for gross in measurement.gross_counts)
        table.add_row(
            escape(measurement.id),
            escape(measurement.measurement_class),
            escape(measurement.start),
            seconds,
            str(len(measurement.spectra)),
            f"{total:g}",
            occupied,
        )
    console.print(table)
    for alarm in document.alarms:
        console.print(f"[red]alarm[/red] {escape(alarm.category)} {escape(alarm.description)}")
    for nuclide in document.nuclides:
        console.print(
            f"nuclide {escape(nuclide.name)} {escape(nuclide.confidence)} {escape(nuclide.category)}"
        )
    for repair in document.repairs:
        console.print(f"[yellow]repaired[/yellow] {escape(str(repair))}")
    if document.ignored:
        console.print(f"not carried: {escape(', '.join(document.ignored))}")


@app.command()
def judge(
    file: Document,
    as_json: Annotated[bool, typer.Option("--json", help="the check as JSON")] = False,
) -> None:
    """Judge the vehicle in a portal's document by the agent's own alarm computation. Exit 1: not passed."""
    document = _read(file)
    try:
        result = radiation_check(profile_of(document), RadiationSettings())
    except N42Error as error:
        _fail(error)
    if as_json:
        print(json.dumps(result.to_json(), indent=2))
    else:
        console = Console()
        console.print(f"{result.outcome.value} {' '.join(result.reasons)}")
        for name, value in result.measured.items():
            console.print(f"  {name} = {value}")
    raise typer.Exit(0 if result.outcome is Outcome.PASSED else 1)


@app.command()
def convert(file: Document, out: Annotated[Path, typer.Argument(help="where to write")]) -> None:
    """Write a document of either edition as a valid one of 2011."""
    document = _read(file)
    try:
        data = write(document)
        out.write_bytes(data)
    except (GateError, OSError) as error:
        _fail(error)


def _read(file: Path) -> N42Document:
    try:
        with file.open("rb") as stream:
            return read(stream.read(MAX_BYTES + 1))
    except (N42Error, OSError) as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    Console(stderr=True).print(f"[red]{escape(str(error))}[/red]", highlight=False)
    raise typer.Exit(2)
