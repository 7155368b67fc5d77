"""``gate-sim``: everything around an agent that is not there: devices, hub, broker, visitors, officers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gate_agent.errors import GateError
from gate_simulators.cli import chip as chip_cli

app = typer.Typer(
    name="gate-sim",
    help="Simulated devices, hub, travellers and trucks, on the wires of the real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(chip_cli.app, name="chip")

EGATE = Path("config/egate.toml")
NII = Path("config/nii.toml")


class Station(StrEnum):
    """What can be demonstrated."""

    EGATE = "egate"
    NII = "nii"


_CONFIGS = {Station.EGATE: EGATE, Station.NII: NII}
_PACES = {Station.EGATE: 3.0, Station.NII: 10.0}


@app.command()
def demo(
    station: Annotated[Station, typer.Option(help="which kind of station")] = Station.EGATE,
    headless: Annotated[bool, typer.Option(help="play every scenario once and judge it")] = False,
    visitors: Annotated[
        int, typer.Option("--travellers", "--trucks", min=0, help="how many; 0: all, or until Ctrl-C")
    ] = 0,
    scenario: Annotated[
        list[str] | None, typer.Option(help="play just this one; may be given several times")
    ] = None,
    seed: Annotated[int, typer.Option(help="order of the scenarios, noise, keys")] = 7,
    pace: Annotated[float, typer.Option(min=0.1, max=10, help="faster than life; 0.1 chooses")] = 0.1,
    config: Annotated[Path | None, typer.Option(help="the station's TOML file")] = None,
    state: Annotated[Path | None, typer.Option(help="where to keep state")] = None,
    report: Annotated[Path, typer.Option(help="the headless run's report")] = Path("demo-report.json"),
) -> None:
    """Run a whole station: broker, hub, simulated devices, agent, and who comes to it."""
    from gate_simulators.demo.runner import Show  # noqa: PLC0415 - loads the image libraries

    if station is Station.NII:
        from gate_simulators.nii.demo import run  # noqa: PLC0415
    else:
        from gate_simulators.egate.demo import run  # noqa: PLC0415

    chosen = pace if pace > 0.1 else (_PACES[station] if headless else 1.0)
    place = state or Path(".run") / (f"demo-{station.value}" if headless else station.value)
    try:
        good = run(
            Show(
                config=config or _CONFIGS[station],
                state=place,
                scenarios=tuple(scenario or ()),
                visitors=visitors or None,
                seed=seed,
                pace=chosen,
                headless=headless,
                report=report,
            )
        )
    except GateError as error:
        Console(stderr=True).print(f"[bold red]the demonstration cannot run[/]: {error}", highlight=False)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if good else 1)


@app.command()
def egate(
    config: Annotated[Path, typer.Option("--config", help="the station's TOML file")] = EGATE,
    travellers: Annotated[bool, typer.Option(help="let travellers come by themselves")] = False,
    seed: Annotated[int, typer.Option(help="noise and keys")] = 7,
    pace: Annotated[float, typer.Option(min=0.1, max=10, help="doors faster than life")] = 1.0,
) -> None:
    """All simulated devices of an e-gate, for an agent in another terminal."""
    from gate_simulators.egate.service import serve  # noqa: PLC0415

    try:
        serve(config, seed=seed, pace=pace, travellers=travellers)
    except GateError as error:
        Console(stderr=True).print(f"[bold red]the lane cannot be simulated[/]: {error}", highlight=False)
        raise typer.Exit(1) from None


@app.command()
def nii(
    config: Annotated[Path, typer.Option("--config", help="the station's TOML file")] = NII,
    trucks: Annotated[bool, typer.Option(help="let trucks come by themselves")] = False,
    seed: Annotated[int, typer.Option(help="noise and tractors")] = 7,
    pace: Annotated[float, typer.Option(min=0.1, max=10, help="trucks faster than life")] = 1.0,
) -> None:
    """All simulated devices of a scanner station, for an agent in another terminal."""
    from gate_simulators.nii.service import serve  # noqa: PLC0415

    try:
        serve(config, seed=seed, pace=pace, trucks=trucks)
    except GateError as error:
        Console(stderr=True).print(f"[bold red]the yard cannot be simulated[/]: {error}", highlight=False)
        raise typer.Exit(1) from None


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
    scenario: Annotated[str, typer.Argument(help="what to play; `gate-sim walk list` names all")],
    control: Annotated[str, typer.Option(help="the lane's control interface")] = "http://127.0.0.1:8090",
) -> None:
    """Send a traveller to a lane that `gate-sim egate` simulates."""
    from gate_simulators.egate.travellers import EXPECTED  # noqa: PLC0415

    _send(control, "lane", "travellers", scenario, tuple(EXPECTED))


@app.command()
def truck(
    scenario: Annotated[str, typer.Argument(help="what to play; `gate-sim truck list` names all")],
    control: Annotated[str, typer.Option(help="the yard's control interface")] = "http://127.0.0.1:8090",
) -> None:
    """Send a truck to a yard that `gate-sim nii` simulates."""
    from gate_simulators.nii.truck_drivers import EXPECTED  # noqa: PLC0415

    _send(control, "yard", "trucks", scenario, tuple(EXPECTED))


def _send(control: str, where: str, who: str, scenario: str, known: Sequence[str]) -> None:
    import httpx  # noqa: PLC0415

    if scenario not in known:
        Console().print("\n".join(known))
        raise typer.Exit(0 if scenario == "list" else 2)
    try:
        answer = httpx.post(f"{control}/{who}", json={"scenario": scenario}, timeout=10.0)
    except httpx.HTTPError as error:
        Console(stderr=True).print(f"[red]no {where} answers at {control}[/]: {type(error).__name__}")
        raise typer.Exit(1) from None
    Console().print(answer.json())
    raise typer.Exit(0 if answer.is_success else 1)


@app.command()
def fault(
    device: Annotated[str, typer.Argument(help="which device; `list` shows all")],
    kind: Annotated[str, typer.Argument(help="what goes wrong; `clear` ends all")] = "",
    parameters: Annotated[list[str] | None, typer.Argument(help="key=value")] = None,
    seconds: Annotated[float | None, typer.Option(help="for how long; otherwise until cleared")] = None,
    control: Annotated[str, typer.Option(help="the lane's control interface")] = "http://127.0.0.1:8090",
) -> None:
    """Break a simulated device, or mend it."""
    from gate_simulators.device.control import ControlClient, ControlError, parse_parameters  # noqa: PLC0415

    console = Console()
    try:
        with ControlClient(control) as client:
            if device == "list" or not kind:
                for state in client.devices():
                    console.print(state)
            elif kind == "clear":
                console.print(client.clear(device))
            else:
                values = parse_parameters(parameters or [])
                console.print(client.inject(device, kind, seconds=seconds, parameters=values))
    except ControlError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(1) from None


def main() -> None:
    # pymodbus prints every damaged frame, and damaging frames is what these simulators are for.
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    app()
