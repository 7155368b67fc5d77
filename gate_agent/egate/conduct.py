"""The conductor of an e-gate lane: the only part that performs what the process asks for.

One queue of events goes in, :func:`gate_agent.egate.process.step` says what to do, and each effect is
carried out here: doors and lights through the lane's driver, checks in workers, decisions through the
registrar, timers on the loop. Long work posts its result back as an event. A decision is committed
before its event exists, so the process cannot open a door for anything that is not on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gate_agent.devices import (
    ChipPresence,
    CommandRefused,
    DeviceHealth,
    DeviceState,
    DocumentRemoved,
    Frame,
    GarbledReading,
    LaneGate,
    LaneReading,
    MrzReading,
)
from gate_agent.egate import checks, face_work, process
from gate_agent.egate import vocabulary as v
from gate_agent.egate.crew import Crew
from gate_agent.egate.display import Display
from gate_agent.egate.examine import Examiner
from gate_agent.egate.inbox import BoundPassed, Held, Item, Order, Presented
from gate_agent.egate.reference import SOURCES, ReferenceData, watch_reference
from gate_agent.egate.registrar import Registrar
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Effect, Event, Phase
from gate_agent.journal import Journal
from gate_agent.logs import get_logger
from gate_agent.readmodel import Board, OfficerAction
from gate_agent.supervision import Supervisor

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Devices:
    """The four devices of a lane, each under its supervisor."""

    mrz: Supervisor
    chip: Supervisor
    camera: Supervisor
    lane: Supervisor

    def all(self) -> tuple[Supervisor, ...]:
        return (self.mrz, self.chip, self.camera, self.lane)


class Conductor:
    """Runs one lane. `attach` the devices, then `run()` in the agent's task group.

    `wake` is called after each commit, so that the hub link need not wait for its next look.
    """

    def __init__(
        self,
        settings: EgateSettings,
        reference: ReferenceData,
        face: face_work.FaceDesk,
        journal: Journal,
        board: Board,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._reference = reference
        self._display = Display(board)
        self._registrar = Registrar(journal, reference, self._display, self.post, wake)
        self._crew = Crew()
        self._examiner = Examiner(
            settings, reference, face, self._registrar, self._display, self._crew, self.post
        )
        self._inbox: asyncio.Queue[Item] = asyncio.Queue()
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._timers = 0
        self._tx: Transaction | None = None
        self._devices: Devices | None = None
        self._lane, self._first = process.start(frozenset({"mrz", "chip", "camera", "lane", *SOURCES}))

    # ------------------------------------------------------------ what comes in

    def attach(self, devices: Devices) -> None:
        self._devices = devices

    def post(self, event: Item) -> None:
        self._inbox.put_nowait(event)

    def on_reading(self, device: str, reading: object) -> None:
        """A reading of a device, on the event loop."""
        match reading:
            case MrzReading(lines):
                self.post(Presented(*checks.zone(lines)))
            case GarbledReading() if device == "mrz":
                self.post(Presented(None, (checks.lane_referral("MRZ_UNREADABLE"),)))
            case DocumentRemoved():
                self.post(v.DocumentRemoved())
            case ChipPresence(present=present):
                self.post(v.ChipPresent(present))
            case Frame():
                self._examiner.frames.put(reading)
            case LaneReading():
                self.post(v.LaneChanged(_seen(reading)))
                self._display.lane(reading)
            case GarbledReading():
                log.warning("garbled reading", device=device, field=reading.field, error=reading.what)
            case _:
                log.error("reading of an unknown kind", device=device, kind=type(reading).__name__)

    def on_health(self, health: DeviceHealth) -> None:
        """A device came up or went down, on the event loop."""
        if health.state is DeviceState.UP:
            self.post(v.Recovered(health.device))
            self._display.withdraw(f"DEVICE_FAULT:{health.device}")
        else:
            if health.device == "camera":
                self._examiner.frames.drop()
            self.post(v.Fault(health.device))
            self._display.alert(f"DEVICE_FAULT:{health.device}", health.error)
        self.show_health()

    def show_health(self) -> None:
        """Device health on the board; the agent calls this now and then, for the ages."""
        self._display.health(s.health for s in self._need_devices().all())

    def hold(self, transaction: str) -> bool:
        """The hub holds a transaction; False when it is not the running one."""
        tx = self._running()
        if tx is None or tx.id != transaction:
            return False
        self.post(Held(tx))
        return True

    async def act(self, action: OfficerAction) -> str | None:
        """An officer's order: journalled, and asked of the process. None when it was done.

        The safe direction waits for nothing, not even for the disk; any other order is written first.
        """
        tx = self._running()
        transaction = tx.id if tx else ""
        if action.transaction and action.transaction != transaction:
            return "the traveller has changed meanwhile; look at the lane again"
        if action.action == "out_of_service":
            objection = await self._ordered(action, tx)
            await self._registrar.officer_action(action, transaction)
            return objection
        if not await self._registrar.officer_action(action, transaction):
            return "the journal cannot take the order, so it is not carried out"
        return await self._ordered(action, tx)

    async def _ordered(self, action: OfficerAction, tx: Transaction | None) -> str | None:
        order = Order(action, tx, asyncio.get_running_loop().create_future())
        if self._over:
            order.answer("the lane has stopped")
        else:
            self.post(order)
        return await order.done

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Perform the process until cancelled."""
        try:
            for effect in self._first:
                self._perform(effect, None)
            async with asyncio.TaskGroup() as group:
                group.create_task(watch_reference(self._reference, self.post, self._display))
                while True:
                    self._take(await self._inbox.get())
        finally:
            await self._end()

    async def _end(self) -> None:
        """Nobody is left waiting, and nothing of a person stays in memory."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        while not self._inbox.empty():
            if isinstance(item := self._inbox.get_nowait(), Order):
                item.answer("the lane has stopped")
        if self._tx is not None:
            self._tx.forget()
        await self._crew.dismiss()
        await self._registrar.close()

    async def close_lane(self, seconds: float) -> None:
        """Take the lane out of service and wait, bounded, until its doors stand where they should."""
        stopping = OfficerAction("out_of_service", "agent", "the agent is stopping")
        try:
            async with asyncio.timeout(seconds):
                await self._ordered(stopping, None)
                while not self._at_rest():  # noqa: ASYNC110 - the doors move by themselves
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("lane did not come to rest before stopping", phase=self._lane.phase.value)

    async def watch_journal(self) -> None:
        """Raises when the journal is lost until it is opened anew; the agent then stops in good order."""
        await self._registrar.watch()

    async def note(self, event: str, **details: object) -> bool:
        """Write a lifecycle record: the agent starts, stops."""
        return await self._registrar.lifecycle(event, **details)

    def _at_rest(self) -> bool:
        """Doors closed with nobody inside, or open toward where a person came from."""
        seen = self._lane.seen
        if not seen.known:
            return True
        wanted = process.door_targets(self._lane)
        entry = process.g.OPEN if wanted.entry_open else process.g.CLOSED
        return (seen.entry, seen.exit) == (entry, process.g.CLOSED) and self._lane.confirmed

    def _take(self, item: Item) -> None:
        """One item: step, effects, and what people may see of it."""
        event = self._meaning(item)
        if event is None:
            return
        before = self._lane.phase
        self._lane, effects = process.step(self._lane, event)
        if self._lane.phase is not before:
            log.info("phase", phase=self._lane.phase.value, transaction=self._tx.id if self._tx else "")
        for effect in effects:
            self._perform(effect, item)
        self._display.station(self._lane.phase, self._tx)

    def _meaning(self, item: Item) -> Event | None:
        """The event that an item is by now; None when what it was about is over."""
        tx = self._running()
        match item:
            case Presented(mrz):
                same = tx is not None and mrz is not None and mrz == tx.mrz
                return v.DocumentPresented(readable=mrz is not None, same=same)
            case Order(action, meant):
                if action.action in ("admit", "refuse") and meant is not tx:
                    item.answer("the traveller has changed meanwhile; look at the lane again")
                    return None
                return v.OfficerRequest(action.action)
            case Held(meant):
                return v.HubVerdict(self._lane.ticket) if meant is tx else None
            case BoundPassed(phase, timer):
                return v.Timeout(phase) if timer == self._timers else None
            case _:
                return item

    def _perform(self, effect: Effect, cause: Item | None) -> None:  # noqa: PLR0912 - one case an effect
        match effect:
            case v.Begin(ticket):
                self._begin(ticket, cause)
            case v.ReadDocument(ticket):
                self._examiner.read_document(self._need_tx(), ticket, self._need_devices().chip)
            case v.Capture(ticket):
                self._examiner.capture(self._need_tx(), ticket, self._need_devices().camera)
            case v.Decide() | v.Refer() | v.CommitOfficer():
                self._decide(effect, cause)
            case v.Stop():
                if self._tx is not None:
                    self._tx.stop_work()
            case v.Finish():
                self._finish()
            case v.Alarm(reason):
                self._alarm(reason)
            case v.Answer(accepted=accepted):
                if isinstance(cause, Order):
                    phase = self._lane.phase.value.replace("_", " ")
                    cause.answer(None if accepted else f"the lane cannot do that now: it is {phase}")
            case v.SetDoors(entry_open, exit_open):
                self._command(lambda gate: gate.command_doors(entry_open=entry_open, exit_open=exit_open))
            case v.Show(outside, inside, instruction):
                self._display.lights(outside, inside, instruction)
                if "lane" not in self._lane.faults:
                    self._command(lambda gate: gate.show(outside, inside))
            case v.StartTimer(phase):
                self._start_timer(phase)

    # ------------------------------------------------------------ work beside the loop

    def _decide(self, effect: v.Decide | v.Refer | v.CommitOfficer, cause: Item | None) -> None:
        """Start the commit of a decision: ends in DecisionCommitted or CommitFailed."""
        tx, registrar, ticket = self._need_tx(), self._registrar, effect.ticket
        match effect:
            case v.Decide():
                deciding = registrar.decide(tx, ticket, self._lane.seen.inside)
            case v.Refer(reason=reason):
                deciding = registrar.refer(tx, ticket, reason)
            case v.CommitOfficer(verdict=verdict):
                if not isinstance(cause, Order):
                    raise RuntimeError("an officer's decision without an officer")
                deciding = registrar.decide_by_officer(tx, ticket, verdict, cause.action)
        self._crew.start(deciding, lambda: self.post(v.CommitFailed(ticket)), tx)

    # ------------------------------------------------------------ the transaction

    def _running(self) -> Transaction | None:
        return self._tx if self._tx is not None and not self._tx.finished else None

    def _need_tx(self) -> Transaction:
        if self._tx is None:
            raise RuntimeError("work for a transaction that never began")
        return self._tx

    def _begin(self, ticket: int, cause: Item | None) -> None:
        if self._tx is not None:
            self._tx.forget()
        zone = cause if isinstance(cause, Presented) else Presented(None, ())
        self._tx = Transaction(ticket, zone.mrz)
        self._tx.add(*zone.results)
        self._display.drop_pictures()
        self._display.count("transactions", "begun")
        log.info("transaction begins", transaction=self._tx.id)

    def _finish(self) -> None:
        """The transaction is over: forget the person, keep the numbers."""
        if (tx := self._running()) is None:
            return
        tx.finish()
        tx.stop_work()
        tx.has_portrait = tx.has_live = False
        self._display.drop_pictures()
        self._display.count("transactions", "finished")
        self._crew.start(self._close_transaction(tx), lambda: None, tx)

    async def _close_transaction(self, tx: Transaction) -> None:
        """Wait for what is still being committed, then write where the time went, and forget."""
        try:
            await self._crew.finished(tx, self._settings.apdu_timeout_s)
            await self._registrar.transaction_finished(tx)
        finally:
            tx.forget()
        self._display.station(self._lane.phase, self._tx)

    # ------------------------------------------------------------ effects on the world

    def _command(self, command: Callable[[LaneGate], None]) -> None:
        """Ask the lane controller for something. A refusal is heard by the process, which asks again
        on the next reading; a failure takes the lane out of service and opens the driver anew."""
        lane = self._need_devices().lane

        def done(answer: asyncio.Future[None]) -> None:
            if answer.cancelled() or (error := answer.exception()) is None:
                return
            if isinstance(error, CommandRefused):
                log.warning(
                    "controller refused a request", device="lane", field=error.field, error=error.what
                )
                self.post(v.DoorsRefused())
            elif "lane" not in self._lane.faults:
                log.error("controller failed a request", exc_info=error, device="lane")
                self.post(v.Fault("lane"))
                lane.restart("a request failed")

        lane.call(command).add_done_callback(done)

    def _start_timer(self, phase: Phase) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timers += 1  # one that ran out already, and waits in the inbox, counts no more
        if (seconds := self._settings.timing.bound(phase.value)) is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self.post, BoundPassed(phase, self._timers))
        if (tx := self._running()) is not None:
            tx.enter(phase)

    def _alarm(self, reason: str) -> None:
        tx = self._running()
        self._display.count("lane_events", reason.partition(":")[0])
        self._display.alert(reason)
        event = self._registrar.lane_event(reason, self._lane.phase.value, tx.id if tx else "")
        self._crew.start(event, lambda: None, tx)

    def _need_devices(self) -> Devices:
        if self._devices is None:
            raise RuntimeError("the conductor has no devices: attach them first")
        return self._devices


def _seen(reading: LaneReading) -> v.Seen:
    return v.Seen(
        entry=reading.entry,
        exit=reading.exit,
        inside=reading.persons_inside,
        object_inside=reading.object_inside,
        emergency=reading.emergency,
        forced=reading.forced,
        held=reading.held,
        sensors_disagree=reading.sensors_disagree,
        interlock_ok=reading.interlock_ok,
    )
