"""``gate-sim demo --station nii``: trucks come to the scanner station, one after another, while you watch.

Headless, every scenario is played and judged; otherwise it goes on until Ctrl-C with the console open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from gate_simulators.demo import runner as performance
from gate_simulators.demo.runner import Play, Show
from gate_simulators.demo.terminal_view import BARRIERS
from gate_simulators.nii.environment import YardStage
from gate_simulators.nii.officers import Officers
from gate_simulators.nii.plant import Truck, Way, YardPlant
from gate_simulators.nii.site import VIEWS
from gate_simulators.nii.truck_drivers import EXPECTED, Course, Lost

QUICK: Final[dict[str, object]] = {
    "nii.gather_budget_s": 4.5,
    "nii.second_energy_s": 1.5,
    "weighing.hold_s": 0.4,
    **{f"devices.camera_{view}.read_timeout_ms": 900 for view in VIEWS},
}
"""A headless run hurries where only waiting is to be seen, and is patient with cameras on a busy computer."""

STATION: Final = "nii-1"


def run(show: Show) -> bool:
    """Play the show; True when everything came out as expected (always, when it has no end)."""
    console = Console()
    stage = YardStage(
        show.config,
        show.state,
        pace=show.pace,
        seed=show.seed,
        private_ports=show.headless,
        settings=QUICK if show.headless else {},
        say=lambda text: console.print(f"[dim]{text} ...[/]"),
    )
    officers = Officers(stage, reaction_s=0.3 if show.headless else 15.0)

    def perform(scenario: str, say: Callable[[str], None], ending: threading.Event) -> str:
        officers.scenario = scenario
        trucks: list[Truck] = []
        try:
            Course(stage.site, say=say, stop=ending).run(scenario, trucks.append)
        except Lost as lost:
            return f"waited in vain for {lost}"
        return _wrong_in_the_yard(stage.site.plant, trucks, EXPECTED[scenario].closing)

    play = Play(
        title="scanner station",
        who="trucks",
        station=STATION,
        stage=stage,
        officer=officers,
        expected=EXPECTED,
        closings={scenario: expected.closing for scenario, expected in EXPECTED.items()},
        perform=perform,
        draw=_yard,
    )
    return performance.run(show, play, console)


def _wrong_in_the_yard(plant: YardPlant, trucks: list[Truck], closing: str) -> str:
    """What really happened, whatever was decided: which road trucks took, and whether two booms were up."""
    if plant.ever_two_open:
        return "two barriers were open together"
    released = [truck.name for truck in trucks if truck.way is Way.RELEASE]
    if released and closing != "release":
        return f"{', '.join(released)} left by the release road"
    return ""


def _yard(snapshot: dict[str, Any]) -> RenderableType:
    yard: dict[str, Any] = snapshot.get("yard") or {}
    booms = {name: BARRIERS.get(yard.get(name, ""), "?") for name in ("entry", "release", "inspection")}
    lane = "▬" * min(int(yard.get("vehicles", 0)), 2)
    come, hold = ("▬" if yard.get(loop) else " " for loop in ("approach", "at_hold"))
    ways = f"{booms['release']} release  {booms['inspection']} inspection"
    drawing = f"  {come}  {booms['entry']}  {lane:^5} {hold}|  {ways}"
    phase = str(snapshot.get("phase", "no agent")).replace("_", " ")
    weight = yard.get("weight_kg")
    seen = f"{yard.get('container', '')}  {weight:.0f} kg" if weight else yard.get("container", "")
    return Text.from_markup(
        f"[reverse]{drawing}[/]   [bold cyan]{phase}[/]  {snapshot.get('instruction', '')}  {seen}"
    )
