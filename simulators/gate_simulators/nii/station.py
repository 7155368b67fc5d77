"""A scanner station as it is simulated: what ``gate-sim`` needs to know of this kind of station."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gate_agent.app.config import StationConfig
from gate_simulators.demo.scenario import ScriptedVisitor
from gate_simulators.demo.simulated_station import BARRIERS, Hurry, SimulatedStation
from gate_simulators.nii.environment import NiiEnvironment
from gate_simulators.nii.officers import Officers
from gate_simulators.nii.site import VIEWS, YardSite
from gate_simulators.nii.truck_drivers import SCENARIOS, ScriptedTruckDriver

HEADLESS: Final = Hurry(
    pace=10.0,
    reaction_s=0.3,
    settings={
        "nii.gather_budget_s": 8.0,
        "nii.second_energy_s": 1.5,
        "weighing.hold_s": 0.4,
        # A busy computer is slow to draw pictures of three cameras.
        **{f"devices.camera_{view}.read_timeout_ms": 3000 for view in VIEWS},
    },
)


def _site(loaded: StationConfig, pace: float, seed: int) -> YardSite:
    return YardSite(loaded, pace=pace, seed=seed)


def _prepare(config: Path, _seed: int) -> Path:
    """The state directory, and the folder where the scanner's spool or export is expected."""
    with config.open("rb") as file:
        raw = tomllib.load(file)
    folder = config.absolute().parent
    scanner = raw["devices"]["scanner"]
    (folder / (scanner.get("spool") or scanner["folder"])).resolve().mkdir(parents=True, exist_ok=True)
    state = (folder / raw["station"]["state_dir"]).resolve()
    state.mkdir(parents=True, exist_ok=True)
    return state


def _truck_driver(site: YardSite, _state: Path, _pace: float, _seed: int) -> ScriptedVisitor:
    return ScriptedTruckDriver(site)


def _draw(yard: Mapping[str, Any]) -> str:
    booms = {name: BARRIERS.get(yard.get(name, ""), "?") for name in ("entry", "release", "inspection")}
    lane = "▬" * min(int(yard.get("vehicles", 0)), 2)
    come, hold = ("▬" if yard.get(loop) else " " for loop in ("approach", "at_hold"))
    ways = f"{booms['release']} release  {booms['inspection']} inspection"
    weight = yard.get("weight_kg")
    seen = f"{yard.get('container', '')}  {weight:.0f} kg" if weight else yard.get("container", "")
    return f"[reverse]  {come}  {booms['entry']}  {lane:^5} {hold}|  {ways}[/]  {seen}"


STATION: Final = SimulatedStation(
    kind="nii",
    title="scanner station",
    visitors="trucks",
    config=Path("config/nii.toml"),
    scenarios=SCENARIOS,
    environment=NiiEnvironment,
    site=_site,
    prepare=_prepare,
    visitor=_truck_driver,
    officers=Officers,
    reaction_s=15.0,
    headless=HEADLESS,
    draw=_draw,
)
