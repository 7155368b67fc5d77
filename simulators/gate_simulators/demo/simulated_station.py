"""A kind of station as it is simulated: one object that says all that the programs here need to know of it.

Kinds are found by entry point, as drivers are: group ``gate_simulators.stations``, the kind's name, and the
object. ``gate-sim demo``, ``gate-sim KIND``, ``walk`` and ``fault`` work for whatever is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from gate_agent.app.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.demo.environment import Environment
from gate_simulators.demo.officer_watch import OfficerWatch
from gate_simulators.demo.scenario import Expected, ScriptedVisitor
from gate_simulators.device.site import Site

GROUP: Final = "gate_simulators.stations"
BARRIERS: Final[Mapping[str, str]] = {"closed": "▐", "open": " ", "moving": "░", "fault": "!"}
"""How a door leaf or a boom is drawn."""


class NoSuchStation(GateError):
    """No installed package simulates such a station."""


@dataclass(frozen=True, slots=True)
class Hurry:
    """A headless run hurries where only waiting is to be seen: `pace` of the world, `reaction_s` of officers,
    and `settings` of the agent."""

    pace: float
    reaction_s: float
    settings: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class SimulatedStation:
    """`visitors` is what comes to it, in the plural; `scenarios` are what each can be, the plain one first.

    `prepare(config, seed)` writes the files that the configuration expects, for an agent in another terminal,
    and says where its state is. `visitor(site, state, pace, seed)` plays scenarios; `draw` is a line of rich
    markup from what the station sees. `set_up(say)` fetches and builds what the machine lacks, once.
    """

    kind: str
    title: str
    visitors: str
    config: Path
    scenarios: Mapping[str, Expected]
    environment: type[Environment[Any]]
    site: Callable[[StationConfig, float, int], Site]
    prepare: Callable[[Path, int], Path]
    visitor: Callable[[Any, Path, float, int], ScriptedVisitor]
    officers: Callable[[Any, float], OfficerWatch[Any]]
    reaction_s: float
    headless: Hurry
    draw: Callable[[Mapping[str, Any]], str]
    set_up: Callable[[Callable[[str], None]], None] = lambda _say: None


def kinds() -> tuple[str, ...]:
    """The names of all that are installed; none is imported."""
    return tuple(sorted(entry_points(group=GROUP).names))


def simulated(kind: str) -> SimulatedStation:
    """The station of that kind. Raises NoSuchStation."""
    for point in entry_points(group=GROUP, name=kind):
        return point.load()
    raise NoSuchStation(f"no {kind!r} can be simulated", advice=f"there are {', '.join(kinds())}")
