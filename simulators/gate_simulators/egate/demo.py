"""``gate-sim demo``: travellers go through the lane, one after another, while you watch.

Headless, a scripted dozen is played and judged; otherwise it goes on until Ctrl-C with the console open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from gate_simulators.demo import runner as performance
from gate_simulators.demo.runner import Play, Show
from gate_simulators.demo.terminal_view import BARRIERS
from gate_simulators.egate.environment import Stage
from gate_simulators.egate.officers import Officer
from gate_simulators.egate.travellers import EXPECTED, Lost, Walk

QUICK: dict[str, object] = {
    "egate.apdu_timeout_s": 2.0,
    "egate.capture_budget_s": 6.0,
    "egate.timing.entry_occupied_s": 0.4,
    "egate.timing.turned_away_s": 1.0,
    "devices.camera.frozen_after_s": 1.0,
}
"""A headless run hurries where only waiting is to be seen."""

STATION = "egate-1"


def scenarios(travellers: int | None, seed: int) -> Iterator[str]:
    """Every scenario once in each dozen, the first dozen in a seeded order that begins with a genuine one."""
    return performance.in_order(tuple(EXPECTED), travellers, seed)


def run(show: Show) -> bool:
    """Play the show; True when everything came out as expected (always, when it has no end)."""
    console = Console()
    stage = Stage(
        show.config,
        show.state,
        pace=show.pace,
        seed=show.seed,
        private_ports=show.headless,
        settings=QUICK if show.headless else {},
        say=lambda text: console.print(f"[dim]{text} ...[/]"),
    )

    def perform(scenario: str, say: Callable[[str], None], ending: threading.Event) -> str:
        walk = Walk(stage.site, stage.cast, pace=show.pace, say=say, stop=ending)
        try:
            walk.run(scenario)
        except Lost as lost:
            return f"waited in vain for {lost}"
        return ""

    play = Play(
        title="e-gate",
        who="travellers",
        station=STATION,
        stage=stage,
        officer=Officer(stage, reaction_s=0.4 if show.headless else 8.0),
        expected=EXPECTED,
        closings={},
        perform=perform,
        draw=_lane,
    )
    return performance.run(show, play, console)


def _lane(snapshot: dict[str, Any]) -> RenderableType:
    lane: dict[str, Any] = snapshot.get("lane", {})
    inside = "●" * int(lane.get("persons_inside", 0)) + ("▪" if lane.get("object_inside") else "")
    drawing = (
        f"  {'●' if lane.get('approach') else ' '}  {BARRIERS.get(lane.get('entry', ''), '?')}"
        f"  {inside:^7}  {BARRIERS.get(lane.get('exit', ''), '?')}  {'●' if lane.get('exit_zone') else ' '}"
    )
    phase = str(snapshot.get("phase", "no agent")).replace("_", " ")
    return Text.from_markup(
        f"[reverse]{drawing}[/]   [bold cyan]{phase}[/]  {snapshot.get('instruction', '')}"
    )
