"""The course that every conductor takes: the only part of a station that performs what its process asks for.

One queue of events goes in, the pure process says what to do, and each effect is carried out: commands
through the drivers, checks in workers, decisions through the registrar, timers on the loop. Long work posts
its result back as an event. A decision is committed before its event exists, so that nothing can open for
anything that is not on disk.

A station derives from :class:`Conductor`, gives it its process, and performs its own effects and readings.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gate_agent.devices import CommandRefused, DeviceHealth, DeviceState
from gate_agent.devices.supervision import Supervisor
from gate_agent.logs import get_logger
from gate_agent.readmodel import Objection, OfficerAction, OrderResult, OrderView
from gate_agent.station import vocabulary as w
from gate_agent.station.case import Case, Settled
from gate_agent.station.display import Display
from gate_agent.station.inbox import BoundPassed, Held, Order
from gate_agent.station.orders import OrderKind
from gate_agent.station.registrar import Registrar
from gate_agent.station.signed import SignedData
from gate_agent.station.tasks import BackgroundTasks
from gate_agent.times import rfc3339, utc_now

C = TypeVar("C", bound=Case)

log = get_logger(__name__)

_CHANGED = Objection("CASE_CHANGED")
_STOPPED = Objection("STATION_STOPPED")
_NOT_WRITTEN = Objection("JOURNAL_REFUSED")


class Conductor(ABC, Generic[C]):
    """Runs one station. `attach` the devices, then `run()` in the agent's task group.

    `gate` is the device that moves doors or barriers (empty where nothing moves), `bound` how long a phase
    may last (None: for ever), `orders` what officers may order here."""

    def __init__(
        self,
        *,
        gate: str,
        bound: Callable[[str], float | None],
        orders: Mapping[str, OrderKind],
        data: SignedData,
        display: Display,
    ) -> None:
        self._gate = gate
        self._bound = bound
        self._orders = orders
        self._data = data
        self._shown = display
        self._tasks = BackgroundTasks()
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._timers = 0
        self._case: C | None = None
        self._supervisors: dict[str, Supervisor[Any]] = {}

    # ------------------------------------------------------------ what a station adds

    @property
    @abstractmethod
    def phase(self) -> StrEnum:
        """Where the process is."""

    @property
    @abstractmethod
    def ticket(self) -> int:
        """The newest question that the process asked."""

    @property
    @abstractmethod
    def registrar(self) -> Registrar:
        """Who writes the station's journal."""

    @abstractmethod
    def faulty(self, source: str) -> bool:
        """Whether the process knows of a fault of this source."""

    @abstractmethod
    def step(self, event: Any) -> Sequence[Any]:
        """One step of the process: what has to be done about the event, in this order."""

    @abstractmethod
    def offers(self) -> Mapping[str, str]:
        """Each order of officers with the code of what it would do now; empty when it would be declined."""

    @abstractmethod
    def first_effects(self) -> Sequence[Any]:
        """What the process asks for when the station is switched on."""

    @abstractmethod
    def perform(self, effect: Any, cause: Any) -> None:
        """Carry out an effect of the station's own; the shared ones are done here."""

    def refused(self) -> Any:
        """The event that says: the gate would not take the last request. A station without a gate has
        none."""
        raise RuntimeError("a station without a gate asks nothing of one")

    def at_rest(self) -> bool:
        """Whether doors and barriers stand where they should with nobody served; true where nothing moves."""
        return True

    @abstractmethod
    def on_reading(self, device: str, reading: object) -> None:
        """A reading of a device, on the event loop."""

    def meaning(self, item: Any) -> Any | None:
        """The event that an item of the station's own is by now; None when what it was about is over."""
        return item

    async def complete(self, case: C) -> None:
        """What is still to be done with a case that is over, before it is forgotten."""

    def health_changed(self, health: DeviceHealth) -> None:
        """A device came up or went down; the process hears of it anyhow."""

    # ------------------------------------------------------------ what comes in

    def attach(self, *devices: Supervisor[Any]) -> None:
        self._supervisors = {device.name: device for device in devices}

    @property
    def devices(self) -> tuple[Supervisor[Any], ...]:
        return tuple(self._supervisors.values())

    def device(self, name: str) -> Supervisor[Any]:
        """Raises RuntimeError for a device that was never attached."""
        try:
            return self._supervisors[name]
        except KeyError:
            raise RuntimeError(f"the conductor has no device {name}: attach it first") from None

    def post(self, event: Any) -> None:
        self._inbox.put_nowait(event)

    def on_health(self, health: DeviceHealth) -> None:
        """A device came up or went down, on the event loop."""
        self.health_changed(health)
        if health.state is DeviceState.UP:
            self.post(w.Recovered(health.device))
            self._shown.withdraw(f"DEVICE_FAULT:{health.device}")
        else:
            self.post(w.Fault(health.device))
            self._shown.lost(health.device)
            self._shown.alert(f"DEVICE_FAULT:{health.device}", health.error)
        self.show_health()

    def show_health(self) -> None:
        """Device health on the board; the agent calls this now and then, for the ages."""
        self._shown.health(s.health for s in self.devices)

    def hold(self, transaction: str) -> bool:
        """The hub holds a case; False when it is not the running one."""
        case = self.running()
        if case is None or case.id != transaction:
            return False
        self.post(Held(case))
        return True

    async def act(self, action: OfficerAction) -> OrderResult:
        """An officer's order: journalled, asked of the process, and what became of it journalled too.

        The safe direction waits for nothing, not even for the disk; any other order is written first.
        """
        case = self.running()
        transaction = action.transaction or (case.id if case else "")
        if action.action == "out_of_service":
            objection = await self._ordered(action, case)
            await self.registrar.officer_action(action, transaction)
        elif not await self.registrar.officer_action(action, transaction):
            return OrderResult(_NOT_WRITTEN)
        else:
            objection = await self._ordered(action, case)
        await self.registrar.order_outcome(action, transaction, objection)
        return OrderResult(objection)

    async def acknowledge(self, code: str, officer: str) -> bool:
        """An officer has seen an alert; False when there is none, or it was acknowledged before."""
        if not self._shown.acknowledge(code, officer):
            return False
        await self.registrar.lifecycle("alert_acknowledged", reason=code, officer=officer)
        return True

    async def _ordered(self, action: OfficerAction, case: C | None) -> Objection | None:
        if action.transaction and action.transaction != (case.id if case else ""):
            return self._overtaken(action)
        order = Order(action, case, asyncio.get_running_loop().create_future())
        if self._over:
            order.answer(_STOPPED)
        else:
            self.post(order)
        return await order.done

    def _overtaken(self, action: OfficerAction) -> Objection:
        """The case that an order was about is over, or was decided by somebody else meanwhile."""
        case = self._case
        if case is None or case.settled is None or action.transaction not in ("", case.id):
            return _CHANGED
        settled = case.settled
        fills = {"officer": settled.officer, "order": settled.order, "at": settled.at}
        return Objection("DECIDED_BY_OTHER", MappingProxyType(fills))

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Perform the process until cancelled."""
        try:
            for effect in self.first_effects():
                self._perform(effect, None)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._data.watch(self.post, self._shown))
                while True:
                    self._take(await self._inbox.get())
        finally:
            await self._end()

    async def _end(self) -> None:
        """Nobody is left waiting, and nothing of a case stays in memory."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        while not self._inbox.empty():
            if isinstance(item := self._inbox.get_nowait(), Order):
                item.answer(_STOPPED)
        if self._case is not None:
            self._case.forget()
        await self._tasks.dismiss()
        await self.registrar.close()

    async def close_lane(self, seconds: float) -> None:
        """Take the station out of service and wait, bounded, until its doors or barriers stand still."""
        stopping = OfficerAction("out_of_service", "agent", "the agent is stopping")
        try:
            async with asyncio.timeout(seconds):
                await self._ordered(stopping, None)
                while not self.at_rest():  # noqa: ASYNC110 - the doors move by themselves
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("station did not come to rest before stopping", phase=self.phase.value)

    async def watch_journal(self) -> None:
        """Raises when the journal is lost until it is opened anew; the agent then stops in good order."""
        await self.registrar.watch()

    async def note(self, event: str, **details: object) -> bool:
        """Write a lifecycle record: the agent starts, stops."""
        return await self.registrar.lifecycle(event, **details)

    def _take(self, item: Any) -> None:
        """One item: step, effects, and what people may see of it."""
        event = self._meaning(item)
        if event is None:
            return
        before = self.phase
        effects = self.step(event)
        if self.phase is not before:
            log.info("phase", phase=self.phase.value, transaction=self._case.id if self._case else "")
        for effect in effects:
            self._perform(effect, item)
        self.show()

    def _meaning(self, item: Any) -> Any | None:
        """The event that an item is by now; None when what it was about is over."""
        case = self.running()
        match item:
            case Order(action, meant):
                if self._decides(action) and meant is not case:
                    item.answer(self._overtaken(action))
                    return None
                return w.OfficerRequest(action.action)
            case Held(meant):
                return w.HubVerdict(self.ticket) if meant is case else None
            case BoundPassed(phase, timer):
                return w.Timeout(phase) if timer == self._timers else None
            case _:
                return self.meaning(item)

    def _perform(self, effect: Any, cause: Any) -> None:
        match effect:
            case w.Stop():
                if self._case is not None:
                    self._case.stop_work()
            case w.Alarm(reason):
                self._alarm(reason)
            case w.AlarmOver(reason):
                self._shown.withdraw(reason)
            case w.Answer(accepted=accepted):
                if isinstance(cause, Order):
                    self._answer(cause, accepted)
            case w.StartTimer(phase):
                self._start_timer(phase)
            case _:
                self.perform(effect, cause)

    # ------------------------------------------------------------ the case

    def running(self) -> C | None:
        return self._case if self._case is not None and not self._case.finished else None

    def need_case(self) -> C:
        if self._case is None:
            raise RuntimeError("work for a case that never began")
        return self._case

    def begin(self, case: C) -> None:
        """A new case takes the place of the last one, which is forgotten when it is closed."""
        self._case = case
        self._shown.count("transactions", "begun")
        log.info("transaction begins", transaction=case.id)

    def close(self, case: C, patience_s: float) -> None:
        """The case is over: forget what it held, keep the numbers."""
        case.finish()
        case.stop_work()
        self._shown.count("transactions", "finished")
        self._shown.took(case.elapsed_s, case.software_s)
        self._tasks.start(self._close(case, patience_s), lambda: None, case)

    async def _close(self, case: C, patience_s: float) -> None:
        """Wait for what is still being committed, then write where the time went, and forget."""
        try:
            await self._tasks.finished(case, patience_s)
            await self.complete(case)
            await self.registrar.case_finished(case)
        finally:
            case.forget()
        self.show()

    def show(self) -> None:
        """What people may see of the station now: among it, which orders it would take."""
        phase, offers = self.phase.value, self.offers()
        orders = tuple(
            OrderView(
                name, bool(effect := offers.get(name, "")), effect, bool(effect) and phase in kind.asked
            )
            for name, kind in self._orders.items()
        )
        self._shown.station(self.phase, self._case, orders)

    # ------------------------------------------------------------ orders

    def _decides(self, action: OfficerAction) -> bool:
        kind = self._orders.get(action.action)
        return kind is not None and kind.verdict is not None

    def _answer(self, order: Order, accepted: bool) -> None:
        action = order.action
        if accepted:
            if order.case is not None and self._decides(action):
                order.case.settled = Settled(action.action, action.officer, rfc3339(utc_now()))
            order.answer(None)
        elif self._decides(action) and order.case is not None and order.case.settled is not None:
            order.answer(self._overtaken(action))
        else:
            order.answer(Objection("NOT_NOW", MappingProxyType({"phase": self.phase.value})))

    # ------------------------------------------------------------ effects on the world

    def command(self, command: Callable[[Any], None]) -> None:
        """Ask the gate's controller for something. A refusal is heard by the process, which asks again
        on the next reading; a failure is a fault of the gate, and its driver is opened anew."""
        gate = self.device(self._gate)

        def done(answer: asyncio.Future[None]) -> None:
            if answer.cancelled() or (error := answer.exception()) is None:
                return
            if isinstance(error, CommandRefused):
                told = {"field": error.field, "error": error.what}
                log.warning("controller refused a request", device=self._gate, **told)
                self.post(self.refused())
            elif not self.faulty(self._gate):
                log.error("controller failed a request", exc_info=error, device=self._gate)
                self.post(w.Fault(self._gate))
                gate.restart("a request failed")

        gate.call(command).add_done_callback(done)

    def _start_timer(self, phase: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timers += 1  # one that ran out already, and waits in the inbox, counts no more
        if (seconds := self._bound(str(phase))) is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self.post, BoundPassed(phase, self._timers))
        if (case := self.running()) is not None:
            case.enter(phase)

    def _alarm(self, reason: str) -> None:
        case = self.running()
        transaction = case.id if case else ""
        self._shown.count("lane_events", reason.partition(":")[0])
        self._shown.alert(reason, transaction=transaction)
        event = self.registrar.lane_event(reason, self.phase.value, transaction)
        self._tasks.start(event, lambda: None, case)
