"""``gate-sim nii``: the simulated yard and its control interface, for an agent in another terminal."""

from __future__ import annotations

import queue
import threading
import tomllib
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from rich.console import Console

from gate_agent import config as station_config
from gate_simulators.control import ControlServer
from gate_simulators.nii.drivers import EXPECTED, Course, Lost
from gate_simulators.nii.site import YardSite
from gate_simulators.performance import in_order
from gate_simulators.site import start_control
from gate_simulators.stopping import until_signal

CONTROL_PORT: Final = 8090
_MOST_WAITING: Final = 20


class Call(BaseModel):
    """A truck to send."""

    scenario: str


def serve(config: Path, *, seed: int, pace: float, trucks: bool) -> None:
    """Simulate until SIGINT or SIGTERM. Raises GateError when the devices cannot be simulated."""
    console = Console()
    _prepare(config)
    loaded = station_config.load(config)
    ending = until_signal()
    waiting: queue.Queue[str] = queue.Queue(maxsize=_MOST_WAITING)
    site = YardSite(loaded, pace=pace, seed=seed)
    control = ControlServer(site.devices, port=CONTROL_PORT, routers=(_routes(waiting),))
    site.start()
    try:
        start_control(control)
        console.print(f"the yard of {loaded.station.id} stands; faults and trucks: {control.url}/docs")
        course = Course(site, patience_s=600.0, stop=ending)
        driver = threading.Thread(target=_drive, args=(waiting, course, console), daemon=True)
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


def _routes(waiting: queue.Queue[str]) -> APIRouter:
    router = APIRouter(tags=["trucks"])

    @router.get("/trucks")
    async def known() -> list[str]:
        return list(EXPECTED)

    @router.post("/trucks", status_code=202)
    async def send(call: Call) -> Call:
        if call.scenario not in EXPECTED:
            raise HTTPException(422, f"no scenario {call.scenario!r}; there are {', '.join(EXPECTED)}")
        try:
            waiting.put_nowait(call.scenario)
        except queue.Full:
            raise HTTPException(429, f"{_MOST_WAITING} trucks are waiting already") from None
        return call

    return router


def _drive(waiting: queue.Queue[str], course: Course, console: Console) -> None:
    course.say = lambda text: console.print(f"  [dim]{text}[/]")
    while not course.stop.is_set():
        try:
            scenario = waiting.get(timeout=0.5)
        except queue.Empty:
            continue
        console.print(f"[bold]{scenario}[/]")
        try:
            course.run(scenario)
        except Lost as lost:
            console.print(f"  [yellow]waited in vain for {lost}[/]")
        course.site.clear_faults()
