"""What the processes of all stations share: ``step(state, event) -> (state, effects)``, and its parts.

A kind of station writes down its vocabulary, two tables (:mod:`gate_agent.station.transitions`) and a few
functions; :class:`Process` makes a process of them, :class:`Gate` the part of one that moves doors or
barriers (a kiosk has none). No clock, no I/O, no randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from gate_agent.station.transitions import REST, E, F, Lasts, P, Rest, Row, rows_by_event
from gate_agent.station.vocabulary import (
    Alarm,
    AlarmOver,
    Answer,
    Fault,
    Finish,
    OfficerRequest,
    Recovered,
    SharedEffect,
    StartTimer,
    Timeout,
)

STAYS_CLOSED = "STAYS_CLOSED"
"""What an order does that would bring the station back to rest, while it cannot serve."""


class Remembered(Protocol):
    """What every process remembers. A NamedTuple: one is replaced at each step, and compared and hashed in
    every reachable state, which frozen dataclasses do several times slower.

    `ticket` numbers the newest question asked, `open` while a case runs; `latched`: only an officer ends the
    outage; `faults`: the sources that cannot be used now.
    """

    @property
    def phase(self) -> StrEnum: ...
    @property
    def ticket(self) -> int: ...
    @property
    def open(self) -> bool: ...
    @property
    def latched(self) -> bool: ...
    @property
    def faults(self) -> frozenset[str]: ...
    def _replace(self, **changes: Any) -> Self: ...


class GateRemembered(Remembered, Protocol):
    """What a process with a gate remembers besides: what its controller reported (`seen`, not `known` while
    it has not spoken since it was lost), the `targets` last requested (None: unknown, request again),
    `confirmed`: a report has come since."""

    @property
    def seen(self) -> Any: ...
    @property
    def targets(self) -> Any: ...
    @property
    def confirmed(self) -> bool: ...


S = TypeVar("S", bound=Remembered)
G = TypeVar("G", bound=GateRemembered)

Observer = Callable[[S, Any], S]
"""Takes up what one kind of event says about the world, whatever the phase makes of it."""


def changed(state: S, **changes: Any) -> S:
    return state._replace(**changes)  # pyright: ignore[reportPrivateUsage] - NamedTuple's, and public there


@dataclass(frozen=True, slots=True)
class Gate(Generic[G, F]):
    """The doors or barriers that a station moves, and the source of fault `name` of their controller.

    `report` is the event that brings what is `seen`, `refused` the one that says that a request was not
    taken, `unknown` what is seen while nothing is known. `targets` says where doors or barriers should be:
    it follows from phase and what is seen, so that no row of a table can forget to close one.
    """

    name: str
    report: type[Any]
    refused: type[Any]
    unknown: Any
    targets: Callable[[G], F]

    def observers(self) -> dict[type[Any], Observer[G]]:
        return {
            self.report: lambda state, event: changed(state, seen=event.seen, confirmed=True),
            self.refused: lambda state, _event: changed(state, targets=None, confirmed=False),
            Fault: lambda state, event: self._if_mine(state, event, seen=self.unknown),
            # A controller that was away may have done anything with its doors: ask again.
            Recovered: lambda state, event: self._if_mine(state, event, targets=None),
        }

    def _if_mine(self, state: G, event: Fault | Recovered, **changes: Any) -> G:
        return changed(state, **changes) if event.source == self.name else state

    def request(self, state: G) -> tuple[G, F | None]:
        """The targets, where they are not those that were requested last."""
        if self.name in state.faults or not state.seen.known:
            return (state if state.targets is None else changed(state, targets=None)), None
        if state.targets is None and not state.confirmed:
            return state, None  # refused: asked again on the next report, not on what was seen before
        targets = self.targets(state)
        if targets is state.targets or targets == state.targets:
            return state, None
        return changed(state, targets=targets, confirmed=False), targets


class _OnEvent(NamedTuple):
    """All that concerns one kind of event: whether it is `stale`, and what is told `late` then; who takes it
    up; the rows that it may carry out, by phase."""

    stale: Callable[[Any, Any], bool] | None
    late: tuple[Alarm, ...]
    observers: tuple[Observer[Any], ...]
    rows: Mapping[StrEnum, tuple[Row[Any, Any, Any, Any], ...]]

    def first(self, state: Remembered, event: object) -> Row[Any, Any, Any, Any] | None:
        for row in self.rows.get(state.phase, ()):
            if row.when(state, event):
                return row
        return None


class Process(Generic[S, E, F, P]):
    """A station's process.

    `new` is what a station remembers that has just been built; `table` its rows, `lasting` while what its
    alarms are active, but those of `until_acknowledged`, which tell of what has left; `shown` what each phase
    shows. In `idle` it serves whoever comes, `closed` nobody. `enter` goes to a phase and forgets what ends
    there; a case that it closes is finished. `serviceable`: nothing keeps the station from serving.

    `observe` is what the kind takes up of an event beyond what is shared; `settle` what it concludes after
    each step. An event with a ticket is stale when that is not the newest, unless `stale` judges it; `late`
    is told all the same. `look_again`: the event that a station which comes to rest meets at once.
    """

    def __init__(
        self,
        *,
        new: S,
        table: tuple[Row[S, Any, F, P], ...],
        lasting: tuple[Lasts[S, P], ...],
        shown: Mapping[P, F],
        idle: P,
        closed: P,
        orders: tuple[str, ...],
        enter: Callable[[S, P], S],
        serviceable: Callable[[S], bool],
        observe: Mapping[type[Any], Observer[S]] | None = None,
        settle: Callable[[S], S] | None = None,
        stale: Mapping[type[Any], Callable[[S, Any], bool]] | None = None,
        late: Mapping[type[Any], tuple[Alarm, ...]] | None = None,
        look_again: Callable[[S], E] | None = None,
        gate: Gate[Any, F] | None = None,
        until_acknowledged: frozenset[str] = frozenset(),
    ) -> None:
        self.table, self.lasting, self.shown, self.idle = table, lasting, shown, idle
        self.until_acknowledged = until_acknowledged
        self.order_names = orders
        self._new, self._closed, self._gate = new, closed, gate
        self._enter, self._serviceable = enter, serviceable
        self._settle, self._look_again = settle, look_again
        self._late = late or {}
        self._entering: dict[StrEnum, tuple[F, StartTimer]] = {
            phase: (shows, StartTimer(phase)) for phase, shows in shown.items()
        }
        self._lasting: dict[StrEnum, tuple[Lasts[S, P], ...]] = {
            phase: tuple(row for row in lasting if phase in row.phases) for phase in shown
        }
        observers = [_SHARED, gate.observers() if gate is not None else {}, observe or {}]
        judges = {Timeout: _of_another_phase, **(stale or {})}
        rows = rows_by_event(table)
        self._events = {
            kind: _OnEvent(
                judges.get(kind, _of_another_question if _has_ticket(kind) else None),
                self._late.get(kind, ()),
                tuple(by_event[kind] for by_event in observers if kind in by_event),
                rows.get(kind, {}),
            )
            for kind in {OfficerRequest, *rows, *(kind for by_event in observers for kind in by_event)}
        }

    # ------------------------------------------------------------ what happens

    def start(self, faults: frozenset[str]) -> tuple[S, tuple[F | SharedEffect, ...]]:
        """A station that has just been switched on: closed until every source that it needs is up."""
        unknown = {self._gate.name} if self._gate is not None else set[str]()
        state = changed(self._new, faults=faults | unknown)
        state = changed(state, phase=self._rest(state))
        return state, self._entering[state.phase][:1]

    def step(self, state: S, event: E) -> tuple[S, tuple[F | SharedEffect, ...]]:
        """What the station becomes, and what has to be done about it, in this order."""
        on = self._events.get(type(event))
        if on is None:
            return state, ()
        if on.stale is not None and on.stale(state, event):
            return state, on.late
        before = state
        for observe in on.observers:
            state = observe(state, event)
        effects: list[F | SharedEffect] = []
        state, entered = self._follow(on, state, event, effects)
        if entered and self._look_again is not None and state.phase is self.idle:
            again = self._look_again(state)
            state, _ = self._follow(self._events[type(again)], state, again, effects)
        if self._settle is not None:
            state = self._settle(state)
        if state is not before:
            effects += self._over(before, state)
        if self._gate is None:
            return state, tuple(effects)
        if not entered and isinstance(event, Recovered) and event.source == self._gate.name:
            effects.append(self._entering[state.phase][0])  # without the agent the controller showed its own
        state, targets = self._gate.request(state)
        if targets is not None:
            effects.append(targets)
        return state, tuple(effects)

    def _follow(self, on: _OnEvent, state: S, event: E, effects: list[F | SharedEffect]) -> tuple[S, bool]:
        """Carry out the first row that fits. Whether a phase was entered."""
        row = on.first(state, event)
        if row is not None:
            for action in row.do:
                state, asked = action(state, event)
                effects += asked
            if row.alarm:
                effects.append(Alarm(row.alarm))
        if isinstance(event, OfficerRequest):
            effects.append(Answer(event.order, row is not None and row.accepts != ""))
        if row is None or row.to is None:
            return state, False
        phase = self._rest(state) if isinstance(row.to, Rest) else row.to
        after = self._enter(state, phase)
        if state.open and not after.open:
            effects.append(Finish())
        effects += self._entering[phase]
        return after, True

    def _rest(self, state: S) -> P:
        return self.idle if not state.latched and self._serviceable(state) else self._closed

    # ------------------------------------------------------------ what may be said of a state

    def fitting(self, state: S, event: E) -> Row[S, E, F, P] | None:
        """The row that this event would carry out; None when it is stale, or none fits."""
        on = self._events.get(type(event))
        if on is None or (on.stale is not None and on.stale(state, event)):
            return None
        for observe in on.observers:
            state = observe(state, event)
        return on.first(state, event)

    def orders(self, state: S) -> dict[str, str]:
        """For each order the code of what it would do now, or "" when it would be declined."""
        return {order: self._effect_of(state, OfficerRequest(order)) for order in self.order_names}

    def _effect_of(self, state: S, order: Any) -> str:
        row = self.fitting(state, order)
        if row is None or row.to is not REST or not row.accepts:
            return row.accepts if row is not None else ""
        for action in row.do:
            state, _ = action(state, order)
        return row.accepts if self._rest(state) is self.idle else STAYS_CLOSED

    def order_effects(self) -> frozenset[str]:
        """Every code that :meth:`orders` may ever give, apart from ""."""
        accepting = [row for row in self.table if row.accepts]
        closed = {STAYS_CLOSED} if any(row.to is REST for row in accepting) else set[str]()
        return frozenset(row.accepts for row in accepting) | closed

    def alarms(self) -> frozenset[str]:
        """Every reason that the tables raise, apart from ``DEVICE_FAULT:<source>``."""
        late = {alarm.reason for alarms in self._late.values() for alarm in alarms}
        return frozenset(row.alarm for row in self.table if row.alarm) | late

    def active(self, state: S) -> frozenset[str]:
        """The reasons of which an alarm, if it was raised, is not over."""
        faults = {_device_fault(source) for source in state.faults}
        return frozenset(self._lasts(state)) | faults

    def _lasts(self, state: S) -> tuple[str, ...]:
        rows = self._lasting[state.phase]
        return tuple(reason for row in rows if row.when(state, None) for reason in row.reasons)

    def _over(self, before: S, after: S) -> Iterable[AlarmOver]:
        over = self._lasts(before)
        if over:
            still = self._lasts(after)
            over = tuple(reason for reason in dict.fromkeys(over) if reason not in still)
        if before.faults is not after.faults:
            over += tuple(_device_fault(source) for source in sorted(before.faults - after.faults))
        return map(AlarmOver, over)


def _has_ticket(event: type[Any]) -> bool:
    return any(field.name == "ticket" for field in fields(event))


def _of_another_question(state: Remembered, event: Any) -> bool:
    return not state.open or event.ticket != state.ticket


def _of_another_phase(state: Remembered, event: Timeout) -> bool:
    return event.phase != state.phase


def _device_fault(source: str) -> str:
    return f"DEVICE_FAULT:{source}"


_SHARED: dict[type[Any], Observer[Any]] = {
    Fault: lambda state, event: changed(state, faults=state.faults | {event.source}),
    Recovered: lambda state, event: changed(state, faults=state.faults - {event.source}),
}
