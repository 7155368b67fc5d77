"""``gate-sim egate``: the simulated lane and its control interface, for an agent in another terminal."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

from rich.console import Console

from gate_agent.app import config as station_config
from gate_simulators.demo.visit_routes import play, routes, waiting_line
from gate_simulators.device.control import ControlServer
from gate_simulators.device.site import LaneSite, start_control
from gate_simulators.device.stopping import until_signal
from gate_simulators.egate.demo import scenarios
from gate_simulators.egate.passports import PassportOffice
from gate_simulators.egate.people import Cast
from gate_simulators.egate.travellers import EXPECTED, Lost, Walk

CONTROL_PORT = 8090


def serve(config: Path, *, seed: int, pace: float, travellers: bool) -> None:
    """Simulate until SIGINT or SIGTERM. Raises GateError when the devices cannot be simulated."""
    console = Console()
    state = _prepare(config, seed)
    loaded = station_config.load(config)
    ending = until_signal()
    waiting = waiting_line()
    site = LaneSite(loaded, pace=pace, seed=seed)
    cast = Cast(PassportOffice(state / "issuer", seed))
    control = ControlServer(
        site.devices, port=CONTROL_PORT, routers=(routes("travellers", EXPECTED, waiting),)
    )
    site.start()
    try:
        start_control(control)
        console.print(f"the lane of {loaded.station.id} stands; faults and travellers: {control.url}/docs")
        walker = threading.Thread(
            target=play,
            args=(waiting, Walk(site, cast, pace=pace, stop=ending), Lost, console),
            daemon=True,
        )
        walker.start()
        names = scenarios(None, seed)
        while not ending.wait(1.0):
            if travellers and waiting.empty():
                waiting.put(next(names))
        walker.join(5.0)
    finally:
        control.stop()
        site.stop()


def _prepare(config: Path, seed: int) -> Path:
    """The state directory, with the simulated issuers' certificates where the configuration wants them."""
    with config.open("rb") as file:
        raw = tomllib.load(file)
    folder = config.absolute().parent
    state = (folder / raw["station"]["state_dir"]).resolve()
    state.mkdir(parents=True, exist_ok=True)
    office = PassportOffice(state / "issuer", seed)
    office.write_trust_directory((folder / raw["trust"]["directory"]).resolve())
    return state
