"""``gate-agent``: run a station, check its configuration, look at its devices, verify its journal.

Exit codes: 0 done, 1 something is wrong and was said, 2 the command was used wrongly.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from gate_agent.app import config as station_config
from gate_agent.app.doctor import examine
from gate_agent.errors import GateError
from gate_agent.logs import configure_logging, let_go_of_output

ROOMS: Mapping[str, str] = MappingProxyType(
    {
        "drivers": "gate_agent.cli.drivers:app",
        "journal": "gate_agent.cli.journal:app",
        "policy": "gate_agent.cli.policy:app",
        "watchlist": "gate_agent.cli.policy:watchlist_app",
        "chip": "gate_agent.cli.chip:app",
        "trust": "gate_agent.cli.trust:app",
        "face": "gate_agent.cli.face:app",
        "scan": "gate_agent.cli.scan:app",
        "radiation": "gate_agent.cli.radiation:app",
        "yard": "gate_agent.cli.vehicle:app",
    }
)
"""Commands that are a room's own, and where its typer application is."""


class RoomGroup(TyperGroup):
    """Imports a room only when its command is used: most commands need none of them, and some are heavy."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *ROOMS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in ROOMS:
            return super().get_command(ctx, cmd_name)
        module, _, name = ROOMS[cmd_name].partition(":")
        command = get_command(getattr(import_module(module), name))
        command.name = cmd_name
        return command


app = typer.Typer(
    name="gate-agent",
    help="The agent of one border station: an e-gate lane, or a scanner station for cargo.",
    cls=RoomGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path, typer.Option("--config", help="the station's TOML file", metavar="FILE")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="replace one value: console.port=0", metavar="PATH=VALUE"),
]


@app.command()
def run(config: ConfigFile, set_: Overrides = None) -> None:
    """Run the station until SIGTERM or Ctrl-C, which close the lane first."""
    from gate_agent.app.agent import Agent  # noqa: PLC0415 - loads the inference runtime

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
    station: Annotated[str, typer.Argument(help="kind of station: egate or nii")] = "egate",
) -> None:
    """Print the station process: every transition, as a table and a diagram in Markdown."""
    from gate_agent.egate import diagram as egate  # noqa: PLC0415
    from gate_agent.nii import diagram as nii  # noqa: PLC0415

    drawings = {"egate": egate.markdown, "nii": nii.markdown}
    if station not in drawings:
        raise typer.BadParameter(f"there is no station of kind {station!r}: {' or '.join(drawings)}")
    typer.echo(drawings[station](), nl=False)


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
    atexit.register(let_go_of_output)
    app()
