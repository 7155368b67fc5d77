"""``gate-sim``: everything around an agent that is not there: devices, hub, broker, visitors, officers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gate_agent.errors import GateError
from gate_simulators.cli import chip as chip_cli

if TYPE_CHECKING:
    from gate_simulators.device.control import ControlClient

app = typer.Typer(
    name="gate-sim",
    help="Simulated devices, hub, travellers and trucks, on the wires of the real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(chip_cli.app, name="chip")

_STATION = Annotated[str, typer.Option(help="which running station, by name, kind or process")]
_CONTROL = Annotated[str, typer.Option(help="its control interface; otherwise it is looked for below .run")]


@contextmanager
def _told(what: str) -> Iterator[None]:
    """An error ends the command in words."""
    try:
        yield
    except GateError as error:
        Console(stderr=True).print(f"[bold red]{what}[/]: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def demo(
    station: Annotated[str, typer.Option(help="which kind of station")] = "egate",
    headless: Annotated[bool, typer.Option(help="play every scenario once and judge it")] = False,
    visitors: Annotated[int, typer.Option(min=0, help="how many; 0: all, or until Ctrl-C")] = 0,
    scenario: Annotated[
        list[str] | None, typer.Option(help="play just this one; may be given several times")
    ] = None,
    seed: Annotated[int, typer.Option(help="order of the scenarios, noise, keys")] = 7,
    pace: Annotated[float, typer.Option(min=0.1, max=10, help="faster than life; 0.1 chooses")] = 0.1,
    config: Annotated[Path | None, typer.Option(help="the station's TOML file")] = None,
    state: Annotated[Path | None, typer.Option(help="where to keep state")] = None,
    report: Annotated[Path, typer.Option(help="the headless run's report")] = Path("demo-report.json"),
    set_up: Annotated[
        bool, typer.Option("--set-up", help="first fetch and build what this machine lacks")
    ] = False,
) -> None:
    """Run a whole station: broker, hub, simulated devices, agent, and who comes to it."""
    console = Console()

    def say(text: str) -> None:
        console.print(f"[dim]{text}[/]", highlight=False, soft_wrap=True)

    say(f"loading the simulators of {station} ...")
    with _told("the demonstration cannot run"):
        from gate_simulators.demo.runner import DemoRun, run  # noqa: PLC0415 - loads the image libraries
        from gate_simulators.demo.simulated_station import simulated  # noqa: PLC0415

        kind = simulated(station)
        if set_up:
            kind.set_up(say)
        good = run(
            kind,
            DemoRun(
                config=config or kind.config,
                state=state,
                scenarios=tuple(scenario or ()),
                visitors=visitors or None,
                seed=seed,
                pace=pace if pace > 0.1 else (kind.headless.pace if headless else 1.0),
                headless=headless,
                report=report,
            ),
            console,
            say,
        )
    raise typer.Exit(0 if good else 1)


def _devices_of(kind: str) -> Callable[..., None]:
    """The command ``gate-sim KIND``."""

    def command(
        config: Annotated[Path | None, typer.Option("--config", help="the station's TOML file")] = None,
        visitors: Annotated[bool, typer.Option(help="let visitors come by themselves")] = False,
        seed: Annotated[int, typer.Option(help="noise and keys")] = 7,
        pace: Annotated[float, typer.Option(min=0.1, max=10, help="faster than life")] = 1.0,
    ) -> None:
        with _told(f"{kind} cannot be simulated"):
            from gate_simulators.demo.service import serve  # noqa: PLC0415
            from gate_simulators.demo.simulated_station import simulated  # noqa: PLC0415

            station = simulated(kind)
            serve(station, config or station.config, seed=seed, pace=pace, visitors=visitors)

    return command


for _kind in sorted(entry_points(group="gate_simulators.stations").names):
    _help = f"All simulated devices of a station of kind {_kind}, for an agent in another terminal."
    app.command(_kind, help=_help)(_devices_of(_kind))


@app.command()
def hub(
    database: Annotated[Path, typer.Option(help="where the hub keeps what it got")] = Path(".run/hub.sqlite"),
    host: Annotated[str, typer.Option(help="the broker")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="the broker's port")] = 1883,
    broker: Annotated[bool, typer.Option(help="start a broker too, when none is there")] = True,
) -> None:
    """The central hub: keeps every record once, acknowledges, bears witness."""
    from gate_simulators.hub.broker import Broker  # noqa: PLC0415
    from gate_simulators.hub.hub_console import run_hub  # noqa: PLC0415

    database.parent.mkdir(parents=True, exist_ok=True)
    own = Broker(database.parent / "broker", port=port, cache=Path(".cache/mosquitto")) if broker else None
    try:
        if own is not None:
            own.start()
        run_hub(database, host=host, port=port, version5=own.version5 if own is not None else True)
    except GateError as error:
        Console(stderr=True).print(f"[bold red]the hub cannot run[/]: {error}", highlight=False)
        raise typer.Exit(1) from None
    finally:
        if own is not None:
            own.stop()


@app.command()
def walk(
    scenario: Annotated[str, typer.Argument(help="who comes; `gate-sim walk list` names all")],
    station: _STATION = "",
    control: _CONTROL = "",
) -> None:
    """Send a visitor to the station that runs: a traveller, a truck."""
    with _running_station(station, control) as client:
        if scenario == "list":
            Console().print("\n".join(client.scenarios()))
        else:
            client.send(scenario)
            Console().print(f"{scenario} comes next", highlight=False)


@app.command()
def fault(
    device: Annotated[str, typer.Argument(help="which device; `list` shows all")],
    kind: Annotated[str, typer.Argument(help="what goes wrong; `clear` ends all")] = "",
    parameters: Annotated[list[str] | None, typer.Argument(help="key=value")] = None,
    seconds: Annotated[float | None, typer.Option(help="for how long; otherwise until cleared")] = None,
    station: _STATION = "",
    control: _CONTROL = "",
) -> None:
    """Break a simulated device, or mend it."""
    from gate_simulators.device.control import parse_parameters  # noqa: PLC0415

    console = Console()
    with _running_station(station, control) as client:
        if device == "list" or not kind:
            for state in client.devices():
                console.print(state)
        elif kind == "clear":
            console.print(client.clear(device))
        else:
            values = parse_parameters(parameters or [])
            console.print(client.inject(device, kind, seconds=seconds, parameters=values))


@contextmanager
def _running_station(station: str, control: str) -> Iterator[ControlClient]:
    """The simulation that is meant; ends the command in words when it is not clear, or says no."""
    from gate_simulators.demo.run_folder import the_running_one  # noqa: PLC0415
    from gate_simulators.device.control import ControlClient, ControlError  # noqa: PLC0415

    with _told("not done"):
        url = control or the_running_one(station).control
        try:
            with ControlClient(url) as client:
                yield client
        except (ControlError, ValueError) as error:
            raise GateError(str(error), field=url) from None


def main() -> None:
    # pymodbus prints every damaged frame, and damaging frames is what these simulators are for.
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    app()
