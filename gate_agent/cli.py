"""``gate-agent``: run a station, check its configuration, look at its devices, verify its journal.

Exit codes: 0 done, 1 something is wrong and was said, 2 the command was used wrongly.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gate_agent import config as station_config
from gate_agent import drivers_cli
from gate_agent.doctor import examine
from gate_agent.emrtd import cli as chip_cli
from gate_agent.emrtd import trust_cli
from gate_agent.errors import GateError
from gate_agent.face import cli as face_cli
from gate_agent.journal import cli as journal_cli
from gate_agent.logs import configure_logging
from gate_agent.policy import cli as policy_cli
from gate_agent.radiation import cli as radiation_cli
from gate_agent.scans import cli as scan_cli

app = typer.Typer(
    name="gate-agent",
    help="The agent of one border station: an e-gate lane.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(drivers_cli.app, name="drivers")
app.add_typer(journal_cli.app, name="journal")
app.add_typer(chip_cli.app, name="chip")
app.add_typer(trust_cli.app, name="trust")
app.add_typer(face_cli.app, name="face")
app.add_typer(scan_cli.app, name="scan")
app.add_typer(radiation_cli.app, name="radiation")
app.add_typer(policy_cli.app, name="policy")
app.add_typer(policy_cli.watchlist_app, name="watchlist")

ConfigFile = Annotated[Path, typer.Option("--config", help="the station's TOML file", metavar="FILE")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="replace one value: console.port=0", metavar="PATH=VALUE"),
]


@app.command()
def run(config: ConfigFile, set_: Overrides = None) -> None:
    """Run the station until SIGTERM or Ctrl-C, which close the lane first."""
    from gate_agent.agent import Agent  # noqa: PLC0415 - loads the inference runtime

    loaded = _load(config, set_)
    configure_logging(loaded.logging)

    async def station() -> None:
        await Agent(loaded).run()

    try:
        asyncio.run(station())
    except* GateError as group:
        for error in _leaves(group):
            Console(stderr=True).print(f"[bold red]the station cannot run[/]: {error}", highlight=False)
        raise typer.Exit(1) from None


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(help="the station's TOML file")]) -> None:
    """Say everything that is wrong with a configuration, with path and line."""
    problems = station_config.check(file)
    console = Console(soft_wrap=True)
    for problem in problems:
        console.print(str(problem), style="red", highlight=False, markup=False)
    if problems:
        console.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", style="bold red")
        raise typer.Exit(1)
    console.print(f"{file}: in order", style="green", highlight=False)


@app.command()
def doctor(config: ConfigFile, set_: Overrides = None) -> None:
    """Open each device and say what is wrong and what to do."""
    raise typer.Exit(0 if examine(_load(config, set_), Console()) else 1)


@app.command()
def process(
    station: Annotated[str, typer.Argument(help="kind of station: egate")] = "egate",
) -> None:
    """Print the station process: every transition, as a table and a diagram in Markdown."""
    from gate_agent.egate.diagram import markdown  # noqa: PLC0415

    if station != "egate":
        raise typer.BadParameter(f"there is no station of kind {station!r}")
    typer.echo(markdown(), nl=False)


def _load(file: Path, assignments: list[str] | None) -> station_config.StationConfig:
    overrides = dict(_assignment(text) for text in assignments or ())
    try:
        return station_config.load(file, overrides)
    except GateError as error:
        problems = getattr(error, "problems", None) or (error,)
        for problem in problems:
            Console(stderr=True, soft_wrap=True).print(
                str(problem), style="red", highlight=False, markup=False
            )
        raise typer.Exit(1) from None


def _assignment(text: str) -> tuple[str, object]:
    path, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} is not PATH=VALUE")
    for kind in (int, float):
        try:
            return path, kind(value)
        except ValueError:
            continue
    return path, {"true": True, "false": False}.get(value, value)


def _leaves(group: BaseExceptionGroup[GateError]) -> list[GateError]:
    found: list[GateError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def main() -> None:
    app()
