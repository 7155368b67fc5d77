"""An e-gate as it is simulated: what ``gate-sim`` needs to know of this kind of station."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gate_agent.app.config import StationConfig
from gate_simulators.demo.environment import SetUpError
from gate_simulators.demo.scenario import ScriptedVisitor
from gate_simulators.demo.simulated_station import BARRIERS, Hurry, SimulatedStation
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.officers import Officer
from gate_simulators.egate.people import People
from gate_simulators.egate.photographs import fetch
from gate_simulators.egate.site import LaneSite
from gate_simulators.egate.travellers import SCENARIOS, ScriptedTraveller
from gate_simulators.issuer.passports import PassportOffice

HEADLESS: Final = Hurry(
    pace=3.0,
    reaction_s=0.4,
    settings={
        "egate.apdu_timeout_s": 2.0,
        "egate.capture_budget_s": 60.0,  # no scenario waits it out, and a busy computer looks slowly
        "egate.timing.entry_occupied_s": 0.4,
        "egate.timing.turned_away_s": 1.0,
    },
)


def _site(loaded: StationConfig, pace: float, seed: int) -> LaneSite:
    return LaneSite(loaded, pace=pace, seed=seed)


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


def _traveller(site: LaneSite, state: Path, pace: float, seed: int) -> ScriptedVisitor:
    return ScriptedTraveller(site, People(PassportOffice(state / "issuer", seed)), pace=pace)


def _draw(lane: Mapping[str, Any]) -> str:
    inside = "●" * int(lane.get("persons_inside", 0)) + ("▪" if lane.get("object_inside") else "")
    drawing = (
        f"  {'●' if lane.get('approach') else ' '}  {BARRIERS.get(lane.get('entry', ''), '?')}"
        f"  {inside:^7}  {BARRIERS.get(lane.get('exit', ''), '?')}  {'●' if lane.get('exit_zone') else ' '}"
    )
    return f"[reverse]{drawing}[/]"


def _set_up(say: Callable[[str], None]) -> None:
    """Models of faces, and photographs of people to compare. Raises SetUpError, PhotographsError."""
    say("looking for the face models ...")
    program = Path(sys.executable).with_name("gate-models")
    if subprocess.run([program, "build", "--quiet"], check=False).returncode:
        raise SetUpError("the face models cannot be built", advice="gate-models build")
    say("looking for the test photographs ...")
    fetch()


STATION: Final = SimulatedStation(
    kind="egate",
    title="e-gate",
    visitors="travellers",
    config=Path("config/egate.toml"),
    scenarios=SCENARIOS,
    environment=EgateEnvironment,
    site=_site,
    prepare=_prepare,
    visitor=_traveller,
    officers=Officer,
    reaction_s=8.0,
    headless=HEADLESS,
    draw=_draw,
    set_up=_set_up,
)
