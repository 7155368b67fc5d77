"""``gate-agent``: run a station, check its configuration, look at its devices, verify its journal.

Exit codes: 0 done, 1 something is wrong and was said, 2 the command was used wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from gate_agent.cli import console
from gate_agent.cli.console import fail, print_table, room, say, told
from gate_agent.errors import GateError

if TYPE_CHECKING:
    from gate_agent.station.settings import StationConfig

ROOMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "drivers": ("gate_agent.cli.drivers:app", "The device drivers that are installed."),
        "journal": ("gate_agent.cli.journal:app", "Verify a journal, or read it."),
        "policy": ("gate_agent.cli.policy:app", "Check, sign and try the rules of a station."),
        "watchlist": ("gate_agent.cli.policy:watchlist_app", "Make and check watchlists."),
        "chip": ("gate_agent.cli.chip:app", "Read and judge a passport's chip by hand."),
        "trust": ("gate_agent.cli.trust:app", "The issuing authorities that this gate trusts."),
        "face": ("gate_agent.cli.face:app", "Try, judge, measure and calibrate face verification."),
        "scan": ("gate_agent.cli.scan:app", "Lint, look at and render scans of cargo."),
        "radiation": ("gate_agent.cli.radiation:app", "Radiation documents (N42.42) and portal profiles."),
        "yard": ("gate_agent.cli.vehicle:app", "Container codes (ISO 6346): check them, or read them."),
    }
)
"""Commands that are a room's own: where its typer application is, and what it is for."""


class Room(TyperGroup):
    """A room's commands, imported when one of them is named: most commands need no other room."""

    def __init__(self, name: str, target: str, about: str) -> None:
        super().__init__(name=name, help=about, no_args_is_help=True, rich_markup_mode=None)
        self._target = target

    def list_commands(self, ctx: Any) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        if not self.commands:
            module, _, name = self._target.partition(":")
            self.commands = get_group(getattr(import_module(module), name)).commands


class Commands(TyperGroup):
    """The commands below, then the rooms'."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (target, about) in ROOMS.items():
            self.add_command(Room(name, target, about))


app = room("The agent of one border station.", name="gate-agent", cls=Commands, completion=True)

ConfigFile = Annotated[Path, typer.Option("--config", help="the station's TOML file", metavar="FILE")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="replace one value: console.port=0", metavar="PATH=VALUE"),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"gate-agent {version('gate-agent')}")
        raise typer.Exit


@app.callback()
def agent(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version, and end")
    ] = False,
) -> None:
    """What comes before every command."""


@app.command()
def run(config: ConfigFile, set_: Overrides = None) -> None:
    """Run the station until SIGTERM or Ctrl-C. Both close the lane first."""
    import asyncio  # noqa: PLC0415

    from gate_agent.app.agent import Agent  # noqa: PLC0415 - loads the inference runtime
    from gate_agent.logs import configure_logging  # noqa: PLC0415

    loaded = _load(config, set_)
    configure_logging(loaded.logging)

    async def station() -> None:
        await Agent(loaded).run()

    try:
        asyncio.run(station())
    except* GateError as group:
        fail(group, what="the station cannot run")


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(help="the station's TOML file")]) -> None:
    """Say all that is wrong with a configuration, with its lines."""
    from gate_agent.app.config import check  # noqa: PLC0415

    problems = check(file)
    if problems:
        say(*map(str, problems), style="red")
        say(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", style="bold red")
        raise typer.Exit(1)
    say(f"{file}: in order", style="green")


@app.command()
def doctor(config: ConfigFile, set_: Overrides = None) -> None:
    """Open each device and say what is wrong and what to do."""
    from gate_agent.app.doctor import findings  # noqa: PLC0415

    loaded = _load(config, set_)
    with console.console(stderr=True).status("opening the devices ..."):
        found = tuple(findings(loaded))
    rows = (
        (
            finding.device,
            finding.driver,
            ("works", "green") if finding.works else ("fails", "red"),
            f"{finding.says} ({finding.seconds:.1f} s)",
            finding.advice,
        )
        for finding in found
    )
    columns = ("device", "driver", "", "what it says", "what to do")
    print_table(columns, rows, title=f"station {loaded.station.id}")
    raise typer.Exit(0 if all(finding.works for finding in found) else 1)


@app.command()
def process(
    station: Annotated[str, typer.Argument(help="kind of station; else the first", metavar="[KIND]")] = "",
) -> None:
    """Print the station process, a table and a diagram in Markdown."""
    from gate_agent.station.kind import KINDS  # noqa: PLC0415 - brings a room along

    with told(2):
        typer.echo(KINDS.load(station or KINDS.names()[0]).process_document(), nl=False)


@app.command()
def stations() -> None:
    """List the kinds of station that are installed."""
    from gate_agent.station.kind import KINDS  # noqa: PLC0415

    rows = (
        (name, point.dist.name if point.dist is not None else "", point.value)
        for name, point in KINDS.points().items()
    )
    print_table(("kind", "from", "where"), rows)


def _load(file: Path, assignments: list[str] | None) -> StationConfig:
    from gate_agent.app.config import load  # noqa: PLC0415

    overrides = dict(_assignment(text) for text in assignments or ())
    try:
        return load(file, overrides)
    except GateError as error:
        fail(error)


def _assignment(text: str) -> tuple[str, object]:
    path, sign, value = text.partition("=")
    if not sign:  # the text is not repeated: what was mistyped may be a password
        raise typer.BadParameter("wants PATH=VALUE, as in console.port=0", param_hint="--set")
    for kind in (int, float):
        try:
            return path, kind(value)
        except ValueError:
            continue
    return path, {"true": True, "false": False}.get(value, value)


def main() -> None:
    console.main(app)
