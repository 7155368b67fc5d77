"""The picture of the station that the console, metrics and hub may see.

One :class:`Board` per agent. The conductor writes; the console and the metrics read. Writers and readers
share the event loop, so there is no lock. What is seen of the world carries since when it is known and
whether it still is: a board never shows the last word of a dead device as if it were true. Pictures (chip
portrait, live capture) are held for the current transaction only and are dropped when it ends; they are never
part of a snapshot."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypeAlias

from gate_agent.devices import DeviceHealth
from gate_agent.evidence import CheckResult, Scalar
from gate_agent.times import rfc3339, utc_now

Picture = Literal["portrait", "live"]

MAX_ALERTS = 200
"""So many alerts are remembered; what is over and acknowledged goes first."""


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
class Seen:
    """One thing that a device says of the world.

    `source` is the device's role; `since` when the value became this one. `known` is False once the device
    has fallen silent: then `until` is when it was heard last, and `value` only what it said then. RFC 3339.
    """

    value: Scalar
    source: str
    since: str
    known: bool = True
    until: str = ""


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
class OrderView:
    """One order that officers of this kind of station have.

    `accepted`: the process would take it now; `effect` is the code of what it would do then; `asked`: the
    station waits for it.
    """

    order: str
    accepted: bool = False
    effect: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """Something an officer should know. `code` is a reason code; times are RFC 3339.

    Active until the station says that it is over (`cleared_at`); an officer may acknowledge it before or
    after. `count`: how often it began since it was acknowledged last."""

    code: str
    at: str
    detail: str = ""
    transaction: str = ""
    cleared_at: str = ""
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    count: int = 1

    @property
    def active(self) -> bool:
        return not self.cleared_at


Things: TypeAlias = Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the console draws. `version` grows with every change.

    `seen` is what devices say of the world, `shown` what the station itself commands its lights to show.
    """

    station: str
    kind: str
    version: int = 0
    phase: str = "starting"
    phase_since: str = ""
    instruction: str = ""
    seen: Things = field(default_factory=lambda: MappingProxyType[str, Seen]({}))
    shown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType[str, str]({}))
    transaction: TransactionView | None = None
    devices: tuple[DeviceHealth, ...] = ()
    hub: HubView = field(default_factory=HubView)
    orders: tuple[OrderView, ...] = ()
    alerts: tuple[Alert, ...] = ()
    counters: tuple[tuple[str, str, int], ...] = ()
    """(metric, label, value), for example ("decisions", "admit", 12)."""


class Histogram:
    """Observations in buckets; `bounds` in seconds, ascending."""

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


class Board:
    """Holds the newest snapshot and wakes those who wait for a change."""

    def __init__(self, station: str, kind: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._snapshot = Snapshot(station=station, kind=kind)
        self._clock = clock
        self._changed = asyncio.Event()
        self._pictures: dict[Picture, bytes] = {}
        self.total_s = Histogram(2.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0)
        self.software_s = Histogram(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    # ------------------------------------------------------------ changes

    def update(self, **changes: object) -> None:
        """Replace fields of the snapshot; a change that changes nothing wakes nobody."""
        if "phase" in changes and changes["phase"] != self._snapshot.phase:
            changes["phase_since"] = self._now()
        new = replace(self._snapshot, **changes)  # pyright: ignore[reportArgumentType]
        if new == self._snapshot:
            return
        self._snapshot = replace(new, version=self._snapshot.version + 1)
        self._changed.set()
        self._changed = asyncio.Event()

    def saw(self, source: str, values: Mapping[str, Scalar]) -> None:
        """A device reported: these things are known, and are so since they are as they are."""
        seen = self._snapshot.seen
        news = {
            name: Seen(value, source, self._now())
            for name, value in values.items()
            if (old := seen.get(name)) is None or not old.known or (old.value, old.source) != (value, source)
        }
        if news:
            self.update(seen=MappingProxyType({**seen, **news}))

    def lost(self, source: str) -> None:
        """A device fell silent: what it said is not known any more, from now on."""
        seen = self._snapshot.seen
        gone = {
            name: replace(thing, known=False, until=self._now())
            for name, thing in seen.items()
            if thing.source == source and thing.known
        }
        if gone:
            self.update(seen=MappingProxyType({**seen, **gone}))

    def forgot(self, *names: str) -> None:
        """Things that belonged to a transaction that is over are neither known nor unknown any more."""
        kept = {name: thing for name, thing in self._snapshot.seen.items() if name not in names}
        self.update(seen=MappingProxyType(kept))

    def showed(self, instruction: str, **shown: str) -> None:
        """What the station commands its lights to show, and tells whoever is served."""
        self.update(instruction=instruction, shown=MappingProxyType({**self._snapshot.shown, **shown}))

    def took(self, total_s: float, software_s: float) -> None:
        """A transaction is over: how long it took, and how much of that was spent computing."""
        self.total_s.observe(total_s)
        self.software_s.observe(software_s)

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

    # ------------------------------------------------------------ alerts

    def raise_alert(self, code: str, detail: str = "", transaction: str = "") -> None:
        """An alert begins, or goes on; one that begins again is not acknowledged any more."""
        old = next((a for a in self._snapshot.alerts if a.code == code), None)
        if old is not None and old.active:
            if old.detail != detail:
                self._put(replace(old, detail=detail))
            return
        count = old.count + 1 if old is not None and not old.acknowledged_by else 1
        self._put(Alert(code, self._now(), detail, transaction, count=count))

    def clear_alert(self, code: str) -> None:
        """What an alert told of is over; it stays listed until an officer has seen it."""
        for alert in self._snapshot.alerts:
            if alert.code == code and alert.active:
                self._put(replace(alert, cleared_at=self._now()))

    def acknowledge(self, code: str, officer: str) -> bool:
        """An officer has seen an alert; False when there is none, or it was acknowledged before."""
        alert = next((a for a in self._snapshot.alerts if a.code == code), None)
        if alert is None or alert.acknowledged_by:
            return False
        self._put(replace(alert, acknowledged_by=officer, acknowledged_at=self._now()))
        return True

    def _put(self, alert: Alert) -> None:
        """The newest first; beyond the bound, what is over and acknowledged goes before what is not."""
        alerts = [alert, *(a for a in self._snapshot.alerts if a.code != alert.code)]
        alerts.sort(key=lambda a: a.at, reverse=True)
        while len(alerts) > MAX_ALERTS:
            alerts.remove(min(alerts, key=lambda a: (a.active, not a.acknowledged_by, a.at)))
        self.update(alerts=tuple(alerts))

    def _now(self) -> str:
        return rfc3339(self._clock())

    # ------------------------------------------------------------ pictures

    def picture(self, which: Picture) -> bytes | None:
        """JPEG bytes of the current transaction's portrait or live capture."""
        return self._pictures.get(which)

    def set_picture(self, which: Picture, jpeg: bytes) -> None:
        self._pictures[which] = jpeg

    def drop_pictures(self) -> None:
        self._pictures.clear()


# ---------------------------------------------------------------- orders


@dataclass(frozen=True, slots=True)
class OfficerAction:
    """What a named officer orders from the console or the hub, with a reason; journalled.

    `action` is an order of the station's kind; `transaction` is the one on the officer's screen: an order
    meant
    for another traveller is declined. `confirms` names the officer whose proposal this one seconds.
    """

    action: str
    officer: str
    reason: str
    transaction: str = ""
    confirms: str = ""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the station does not do what was ordered: a code of the words' ``objections``, and what fills its
    placeholders."""

    code: str
    fills: Mapping[str, str] = field(default_factory=lambda: MappingProxyType[str, str]({}))


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What became of an order. No `objection`: it was done, or is under way; `note` is the code of what it
    still needs, such as a second officer."""

    objection: Objection | None = None
    note: str = ""
