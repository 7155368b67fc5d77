"""``gate-agent radiation``: read N42.42 documents, say what was wrong with them, judge a portal's profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gate_agent.cli.console import fail, print_json, print_table, room, say
from gate_agent.errors import GateError
from gate_agent.evidence import Outcome
from gate_agent.radiation.check import radiation_check
from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import N42Document, RadMeasurement
from gate_agent.radiation.n42_xml import MAX_BYTES
from gate_agent.radiation.record import profile_of
from gate_agent.radiation.settings import RadiationSettings

app = room()
MAX_SHOWN = 200
Document = Annotated[Path, typer.Argument(help="an N42.42 document of 2006 or 2011")]


@app.command()
def show(file: Document) -> None:
    """What a document says, and what had to be repaired or was not carried."""
    document = _read(file)
    instrument = document.instrument
    maker = f"{instrument.manufacturer} {instrument.model} ({instrument.instrument_class})"
    columns = ("measurement", "class", "start", "seconds", "spectra", "counts", "occupied")
    rows = map(_row, document.measurements[:MAX_SHOWN])
    print_table(columns, rows, title=f"{maker}, edition {document.edition}, item {document.item or '-'}")
    if len(document.measurements) > MAX_SHOWN:
        say(f"and {len(document.measurements) - MAX_SHOWN} measurements more")
    say(*(f"alarm {alarm.category} {alarm.description}" for alarm in document.alarms), style="red")
    say(*(f"nuclide {each.name} {each.confidence} {each.category}" for each in document.nuclides))
    say(*(f"repaired {repair}" for repair in document.repairs), style="yellow")
    if document.ignored:
        say(f"not carried: {', '.join(document.ignored)}")


def _row(measurement: RadMeasurement) -> tuple[str, ...]:
    return (
        measurement.id,
        measurement.measurement_class,
        measurement.start,
        "-" if measurement.real_time_s is None else f"{measurement.real_time_s:g}",
        str(len(measurement.spectra)),
        f"{sum(sum(gross.counts) for gross in measurement.gross_counts):g}",
        {True: "yes", False: "no", None: "-"}[measurement.occupied],
    )


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
        fail(error, 2)
    if as_json:
        print_json(result.to_json())
    else:
        say(f"{result.outcome.value} {' '.join(result.reasons)}")
        say(*(f"  {name} = {value}" for name, value in result.measured.items()))
    raise typer.Exit(0 if result.outcome is Outcome.PASSED else 1)


@app.command()
def convert(file: Document, out: Annotated[Path, typer.Argument(help="where to write")]) -> None:
    """Write a document of either edition as a valid one of 2011."""
    document = _read(file)
    try:
        data = write(document)
        out.write_bytes(data)
    except (GateError, OSError) as error:
        fail(error, 2)


def _read(file: Path) -> N42Document:
    try:
        with file.open("rb") as stream:
            return read(stream.read(MAX_BYTES + 1))
    except (N42Error, OSError) as error:
        fail(error, 2)
