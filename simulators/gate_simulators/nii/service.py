"""``gate-sim nii``: the simulated yard and its control interface, for an agent in another terminal."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path
from typing import Final

from rich.console import Console

from gate_agent.app import config as station_config
from gate_simulators.demo.runner import in_order
from gate_simulators.demo.visit_routes import play, routes, waiting_line
from gate_simulators.device.control import ControlServer
from gate_simulators.device.site import start_control
from gate_simulators.device.stopping import until_signal
from gate_simulators.nii.site import YardSite
from gate_simulators.nii.truck_drivers import EXPECTED, Course, Lost

CONTROL_PORT: Final = 8090


def serve(config: Path, *, seed: int, pace: float, trucks: bool) -> None:
    """Simulate until SIGINT or SIGTERM. Raises GateError when the devices cannot be simulated."""
    console = Console()
    _prepare(config)
    loaded = station_config.load(config)
    ending = until_signal()
    waiting = waiting_line()
    site = YardSite(loaded, pace=pace, seed=seed)
    control = ControlServer(site.devices, port=CONTROL_PORT, routers=(routes("trucks", EXPECTED, waiting),))
    site.start()
    try:
        start_control(control)
        console.print(f"the yard of {loaded.station.id} stands; faults and trucks: {control.url}/docs")
        course = Course(site, patience_s=600.0, stop=ending)
        driver = threading.Thread(target=play, args=(waiting, course, Lost, console), daemon=True)
        driver.start()
        names = in_order(tuple(EXPECTED), None, seed)
        while not ending.wait(1.0):
            if trucks and waiting.empty():
                waiting.put(next(names))
        driver.join(5.0)
    finally:
        control.stop()
        site.stop()


def _prepare(config: Path) -> None:
    """The folders that a station expects to be there: its state, and the scanner's spool or export."""
    with config.open("rb") as file:
        raw = tomllib.load(file)
    folder = config.absolute().parent
    scanner = raw["devices"]["scanner"]
    for place in (raw["station"]["state_dir"], scanner.get("spool") or scanner.get("folder")):
        (folder / place).resolve().mkdir(parents=True, exist_ok=True)
