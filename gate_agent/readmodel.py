"""The picture of the station that the console, metrics and hub may see.

One :class:`Board` per agent. The conductor writes; the console and the metrics read. Writers and
readers share the event loop, so there is no lock. Pictures (chip portrait, live capture) are held for
the current transaction only and are dropped when it ends; they are never part of a snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Literal

from gate_agent.devices import DeviceHealth
from gate_agent.evidence import CheckResult

Picture = Literal["portrait", "live"]

OfficerOrder = Literal[
    "admit", "refuse", "release", "propose_release", "inspect", "reset", "out_of_service", "in_service"
]
"""``admit`` and ``refuse`` are an e-gate's; ``release``, ``propose_release`` and ``inspect`` a scanner
station's."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """One step of the transaction. Seconds since its start; `end` None while it runs.

    `software` is the part of it spent computing rather than waiting for a person or a device.
    """

    name: str
    start: float
    end: float | None = None
    software: float = 0.0


@dataclass(frozen=True, slots=True)
class LaneView:
    """Doors, presence and lights as last reported."""

    entry: str = "closed"
    exit: str = "closed"
    approach: bool = False
    persons_inside: int = 0
    exit_zone: bool = False
    object_inside: bool = False
    emergency: bool = False
    light_outside: str = "stop"
    light_inside: str = "wait"


@dataclass(frozen=True, slots=True)
class YardView:
    """The scanner station's lane: barriers, vehicles, signals and weight as last reported.

    `container` and `plate` are what the cameras read; the console gives them only to who has its token.
    """

    entry: str = "closed"
    release: str = "closed"
    inspection: str = "closed"
    approach: bool = False
    vehicles: int = 0
    at_hold: bool = False
    emergency: bool = False
    signal_entry: str = "stop"
    signal_hold: str = "stop"
    weight_kg: float | None = None
    container: str = ""
    plate: str = ""


@dataclass(frozen=True, slots=True)
class TransactionView:
    """The transaction in progress, or the last one. Never a name or a document number."""

    id: str
    started_at: str
    checks: tuple[CheckResult, ...] = ()
    steps: tuple[StepTime, ...] = ()
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    has_portrait: bool = False
    has_live: bool = False
    finished: bool = False


@dataclass(frozen=True, slots=True)
class HubView:
    """The link to the hub. `outbox` is the number of records the hub has not acknowledged."""

    connected: bool = False
    outbox: int = 0
    acknowledged: int = 0
    oldest_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an officer should know. `code` is a reason code."""

    code: str
    at: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the console draws. `version` grows with every change."""

    version: int = 0
    station: str = ""
    kind: str = "egate"
    phase: str = "starting"
    instruction: str = ""
    lane: LaneView = field(default_factory=LaneView)
    yard: YardView = field(default_factory=YardView)
    transaction: TransactionView | None = None
    devices: tuple[DeviceHealth, ...] = ()
    hub: HubView = field(default_factory=HubView)
    alerts: tuple[Alert, ...] = ()
    counters: tuple[tuple[str, str, int], ...] = ()
    """(metric, label, value), for example ("decisions", "admit", 12)."""


class Board:
    """Holds the newest snapshot and wakes those who wait for a change."""

    def __init__(self, station: str, kind: str = "egate") -> None:
        self._snapshot = Snapshot(station=station, kind=kind)
        self._changed = asyncio.Event()
        self._pictures: dict[Picture, bytes] = {}

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def update(self, **changes: object) -> None:
        """Replace fields of the snapshot; a change that changes nothing wakes nobody."""
        new = replace(self._snapshot, **changes)  # pyright: ignore[reportArgumentType]
        if new == self._snapshot:
            return
        self._snapshot = replace(new, version=self._snapshot.version + 1)
        self._changed.set()
        self._changed = asyncio.Event()

    async def changes(self) -> AsyncIterator[Snapshot]:
        """The snapshot now and after every change; a slow reader skips, it never queues."""
        seen = -1
        while True:
            changed = self._changed
            if self._snapshot.version != seen:
                seen = self._snapshot.version
                yield self._snapshot
            else:
                await changed.wait()

    def picture(self, which: Picture) -> bytes | None:
        """JPEG bytes of the current transaction's portrait or live capture."""
        return self._pictures.get(which)

    def set_picture(self, which: Picture, jpeg: bytes) -> None:
        self._pictures[which] = jpeg

    def drop_pictures(self) -> None:
        self._pictures.clear()


@dataclass(frozen=True, slots=True)
class OfficerAction:
    """What a named officer orders from the console or the hub, with a reason; journalled.

    `transaction` is the one on the officer's screen: an order meant for another traveller is declined.
    ``propose_release`` moves nothing: it asks for a second officer, and the ``release`` that follows names
    in `seconds` whose proposal it confirms.
    """

    action: OfficerOrder
    officer: str
    reason: str
    transaction: str = ""
    seconds: str = ""
