"""A kind of station: everything that anybody else needs to know of it, in one frozen object.

Kinds are found by entry point (group ``gate_agent.stations``), as drivers are: configuration, command line,
doctor, metrics, console and simulators read :class:`Kind`, and name none. A kind lives in one room (or in
another wheel), and adding one edits no file of anybody else's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gate_agent.devices.patience import Patience
from gate_agent.entry_points import Registry
from gate_agent.journal import Journal
from gate_agent.policy import CheckTable
from gate_agent.readmodel import Board, OfficerAction, OrderResult
from gate_agent.station.conductor import Conductor
from gate_agent.station.orders import OrderKind, Tone
from gate_agent.station.settings import StationConfig
from gate_agent.toml_source import ConfigProblem, TomlSource

if TYPE_CHECKING:
    from fastapi import APIRouter

    from gate_agent.console.guard import BearerToken

GROUP: Final = "gate_agent.stations"
ITSELF: Final = "station"
"""The source of what the station itself commands its lights to show."""

Wake: TypeAlias = Callable[[], None]
Act: TypeAlias = Callable[[OfficerAction], Awaitable[OrderResult]]
Routers: TypeAlias = "Callable[[Board, BearerToken], Sequence[APIRouter]]"


@dataclass(frozen=True, slots=True)
class DeviceRole:
    """What a device of this name is for the station: its capability, whether the station is one without it,
    and how long its supervisor waits for it (None: as for any of its capability)."""

    capability: str
    required: bool = True
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that is seen of the world. `public`: it may leave the station on the open stream; what is not
    said to be public never does."""

    source: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The kind's part of the console's page: a folder with ``page.js`` and ``page.css``, and which checks
    stand together, in which column."""

    folder: Traversable
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Station:
    """A station that is put together.

    `act` takes officers' orders; `at_rest_s` is how long its doors or barriers may take to stand still;
    `routers` are its own parts of the console's interface; `parts` run as long as it does; `close` releases
    what is not a device."""

    conductor: Conductor[Any]
    act: Act
    close: Callable[[], Awaitable[None]]
    at_rest_s: float = 0.0
    routers: Routers = lambda _board, _bearer: ()
    parts: Mapping[str, Coroutine[Any, Any, None]] = field(
        default_factory=dict[str, Coroutine[Any, Any, None]]
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of station.

    `config` is its configuration; `checks` those that its policy may ask about, with their verdicts and the
    reasons that may be given; `phases` where its process can be, each with its tone; `orders` what officers
    may order; `effects` the codes of what orders do; `view` what is seen of the world; `instructions` what it
    tells whoever it serves;
    `devices` its devices by role; `words` the folders with its words, after those of all kinds. `must_exist`
    are the paths (section, field, advice when missing) that have to be there before it starts; `contents`
    names what is wrong inside them. `build` puts a station together (raises GateError); `process_document`
    draws its process.

    Whatever is heavy is imported by `build`: an e-gate's agent never loads what looks at cargo.
    """

    name: str
    config: type[StationConfig]
    checks: CheckTable
    phases: Mapping[StrEnum, Tone]
    orders: Mapping[str, OrderKind]
    effects: frozenset[str]
    view: Mapping[str, Thing]
    instructions: frozenset[str]
    devices: Mapping[str, DeviceRole]
    words: tuple[Traversable, ...]
    page: Page
    build: Callable[[Any, Journal, Board, Wake], Awaitable[Station]]
    process_document: Callable[[], str]
    must_exist: tuple[tuple[str, str, str], ...] = ()
    contents: Callable[[Any, TomlSource], Iterator[ConfigProblem]] = lambda _config, _source: iter(())

    @property
    def public(self) -> frozenset[str]:
        """The things that may leave the station on the open stream."""
        return frozenset(name for name, thing in self.view.items() if thing.public)

    @property
    def declares(self) -> Mapping[str, Collection[str]]:
        """Table of words -> the codes that this kind says, so that a language can be asked for all of
        them."""
        return {
            "phases": [str(phase) for phase in self.phases],
            "checks": tuple(self.checks.checks),
            "check_groups": [name for name, _ in self.page.groups],
            "verdicts": [v.value for v in (self.checks.verdicts.passes, *self.checks.verdicts.holds)],
            "orders": tuple(self.orders),
            "effects": self.effects,
            "reasons": self.checks.reasons,
            "instructions": self.instructions,
            "things": tuple(self.view),
            "devices": tuple(self.devices),
        }

    def capability(self, device: str) -> str:
        """What a device must be; empty for one that this kind does not know."""
        role = self.devices.get(device)
        return role.capability if role is not None else ""


KINDS: Final = Registry(GROUP, Kind, what="kind of station", see="`gate-agent stations`")
"""Every kind that an installed package brings, by its name; loading one imports no other."""
