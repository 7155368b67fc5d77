"""``gate-sim KIND``: the simulated devices of a station and their control interface, and no agent.

The agent runs in another terminal with the same configuration, so its ports are not to be chosen here.
"""

from __future__ import annotations

import os
import queue
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from gate_agent.app import config as station_config
from gate_simulators.demo.run_folder import RunFolder, Simulation
from gate_simulators.demo.scenario import ScriptedVisitor, WaitedInVain, in_rounds
from gate_simulators.demo.simulated_station import SimulatedStation
from gate_simulators.demo.visit_routes import visit_routes, waiting_line
from gate_simulators.device.control import CONTROL_PORT, ControlServer
from gate_simulators.device.ports import PortClaims
from gate_simulators.device.site import start_control
from gate_simulators.device.stopping import until_signal

PATIENCE_S: Final = 600.0  # people at the console take their time


def serve(station: SimulatedStation, config: Path, *, seed: int, pace: float, visitors: bool) -> None:
    """Simulate until SIGINT or SIGTERM; with `visitors` they come by themselves.

    Raises GateError when the devices cannot be simulated.
    """
    console = Console()
    ending = until_signal()
    with ExitStack() as stack:
        state = station.prepare(config, seed)
        loaded = station_config.load(config)
        folder = RunFolder.claim(state)
        stack.callback(folder.release)
        claims = PortClaims()
        stack.callback(claims.release)
        waiting = waiting_line()
        site = station.site(loaded, pace, seed)
        control = ControlServer(
            site.devices,
            port=claims.claim(CONTROL_PORT),
            routers=(visit_routes(station.scenarios, waiting),),
        )
        site.start()
        stack.callback(site.stop)
        start_control(control)
        stack.callback(control.stop)
        name = loaded.station.id
        folder.tell(Simulation(name, station.kind, os.getpid(), control.url))
        console.print(
            f"{name} stands ({control.url}); try `gate-sim fault list` and `gate-sim walk list`",
            highlight=False,
            soft_wrap=True,
        )
        visitor = station.visitor(site, state, pace, seed)
        visitor.stop, visitor.patience_s = ending, PATIENCE_S
        playing = threading.Thread(target=_play, args=(waiting, visitor, console), daemon=True)
        playing.start()
        names = in_rounds(tuple(station.scenarios), None, seed)
        while not ending.wait(1.0):
            if visitors and waiting.empty():
                waiting.put(next(names))
        playing.join(5.0)


def _play(waiting: queue.Queue[str], visitor: ScriptedVisitor, console: Console) -> None:
    visitor.say = lambda text: console.print(f"  [dim]{text}[/]")
    while not visitor.stop.is_set():
        try:
            scenario = waiting.get(timeout=0.5)
        except queue.Empty:
            continue
        console.print(f"[bold]{scenario}[/]")
        try:
            visitor.run(scenario)
        except WaitedInVain as vain:
            console.print(f"  [yellow]waited in vain for {vain}[/]")
        visitor.site.clear_faults()
