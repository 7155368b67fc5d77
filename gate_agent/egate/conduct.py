"""The conductor of an e-gate lane: the only part that performs what the process asks for.

One queue of events goes in, :func:`gate_agent.egate.process.step` says what to do, and each effect is
carried out here: doors and lights through the lane's driver, checks in workers, decisions through the
registrar, timers on the loop. Long work posts its result back as an event. A decision is committed
before its event exists, so the process cannot open a door for anything that is not on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gate_agent.devices import (
    CardLost,
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
from gate_agent.egate import checks, process, work
from gate_agent.egate import vocabulary as v
from gate_agent.egate.display import Display
from gate_agent.egate.reference import SOURCES, ReferenceData
from gate_agent.egate.registrar import Registrar
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction, utc_now
from gate_agent.egate.vocabulary import Effect, Event, Phase
from gate_agent.emrtd.mrz import Mrz
from gate_agent.evidence import CheckResult
from gate_agent.journal import Journal
from gate_agent.logs import get_logger
from gate_agent.readmodel import Board, OfficerAction
from gate_agent.supervision import Supervisor

log = get_logger(__name__)

REFRESH_S = 2.0
"""How often signed data is looked at again."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The four devices of a lane, each under its supervisor."""

    mrz: Supervisor
    chip: Supervisor
    camera: Supervisor
    lane: Supervisor

    def all(self) -> tuple[Supervisor, ...]:
        return (self.mrz, self.chip, self.camera, self.lane)


@dataclass(frozen=True, slots=True)
class Zone:
    """What the scanner read last, and what its checks said."""

    mrz: Mrz | None
    results: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """An officer's order on its way through the process; `done` gets whether the lane could."""

    action: OfficerAction
    done: asyncio.Future[bool]


class Conductor:
    """Runs one lane. `attach` the devices, then `run()` in the agent's task group.

    `wake` is called after each commit, so that the hub link need not wait for its next look.
    """

    def __init__(
        self,
        settings: EgateSettings,
        reference: ReferenceData,
        face: work.FaceDesk,
        journal: Journal,
        board: Board,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._reference = reference
        self._face = face
        self._display = Display(board)
        self._registrar = Registrar(journal, reference, self._display, self.post, wake)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._frames = work.FrameSource()
        self._jobs: set[asyncio.Task[None]] = set()
        self._orders: deque[Order] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._zone: Zone | None = None
        self._tx: Transaction | None = None
        self._devices: Devices | None = None
        self._lane, self._first = process.start(frozenset({"mrz", "chip", "camera", "lane", *SOURCES}))

    # ------------------------------------------------------------ what comes in

    def attach(self, devices: Devices) -> None:
        self._devices = devices

    def post(self, event: Event) -> None:
        self._events.put_nowait(event)

    def on_reading(self, device: str, reading: object) -> None:
        """A reading of a device, on the event loop."""
        match reading:
            case MrzReading(lines):
                self._presented(Zone(*checks.zone(lines)))
            case GarbledReading() if device == "mrz":
                self._presented(Zone(None, (checks.lane_referral("MRZ_UNREADABLE"),)))
            case DocumentRemoved():
                self.post(v.DocumentRemoved())
            case ChipPresence(present=present):
                self.post(v.ChipPresent(present))
            case Frame():
                self._frames.put(reading)
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
        else:
            if health.device == "camera":
                self._frames.drop()
            self.post(v.Fault(health.device))
            self._display.alert(f"DEVICE_FAULT:{health.device}", health.error)
        self.show_health()

    def show_health(self) -> None:
        """Device health on the board; the agent calls this now and then, for the ages."""
        self._display.health(s.health for s in self._need_devices().all())

    def hold(self, transaction: str) -> bool:
        """The hub holds a transaction; False when it is not the running one."""
        tx = self._tx
        if tx is None or tx.id != transaction or tx.finished:
            return False
        self.post(v.HubVerdict(self._lane.ticket))
        return True

    async def act(self, action: OfficerAction) -> str | None:
        """An officer's order: journalled first, then asked of the process. None when it was done.

        An order in the safe direction is obeyed even when the journal cannot take it.
        """
        tx = self._running()
        written = await self._registrar.officer_action(action, tx.id if tx else "")
        if not written and action.action != "out_of_service":
            return "the journal cannot take the order, so it is not carried out"
        if self._running() is not tx and action.action in ("admit", "refuse"):
            return "the traveller has changed meanwhile; look at the lane again"
        order = Order(action, asyncio.get_running_loop().create_future())
        self._orders.append(order)
        self.post(v.OfficerRequest(action.action))
        if await order.done:
            return None
        return f"the lane cannot do that now: it is {self._lane.phase.value.replace('_', ' ')}"

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Perform the process until cancelled."""
        try:
            for effect in self._first:
                self._perform(effect, None)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_reference())
                while True:
                    self._take(await self._events.get())
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for job in tuple(self._jobs):
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)
            if self._tx is not None:
                self._tx.forget()
            await self._registrar.close()

    async def close_lane(self, seconds: float) -> None:
        """Take the lane out of service and wait, bounded, until its doors stand where they should."""
        stopping = OfficerAction("out_of_service", "agent", "the agent is stopping")
        order = Order(stopping, asyncio.get_running_loop().create_future())
        self._orders.append(order)
        self.post(v.OfficerRequest("out_of_service"))
        try:
            async with asyncio.timeout(seconds):
                await order.done
                while not self._at_rest():  # noqa: ASYNC110 - the doors move by themselves
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("lane did not come to rest before stopping", phase=self._lane.phase.value)

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

    def _take(self, event: Event) -> None:
        """One event: step, effects, and what people may see of it."""
        order = self._orders.popleft() if isinstance(event, v.OfficerRequest) else None
        before = self._lane.phase
        self._lane, effects = process.step(self._lane, event)
        if self._lane.phase is not before:
            log.info("phase", phase=self._lane.phase.value, transaction=self._tx.id if self._tx else "")
        for effect in effects:
            self._perform(effect, order)
        self._display.station(self._lane.phase, self._tx)

    def _perform(self, effect: Effect, order: Order | None) -> None:  # noqa: PLR0912 - one case an effect
        match effect:
            case v.Begin(ticket):
                self._begin(ticket)
            case v.ReadDocument(ticket):
                self._job(self._read_document(ticket), v.DocumentVetted(ticket, enter=False))
            case v.Capture(ticket):
                self._job(self._capture(ticket), v.FaceCaptured(ticket))
            case v.Decide(ticket):
                persons = self._lane.seen.inside
                self._decision(ticket, lambda tx: self._registrar.decide(tx, ticket, persons))
            case v.Refer(ticket, reason):
                self._decision(ticket, lambda tx: self._registrar.refer(tx, ticket, reason))
            case v.CommitOfficer(ticket, verdict):
                if order is not None:
                    action = order.action
                    self._decision(
                        ticket, lambda tx: self._registrar.decide_by_officer(tx, ticket, verdict, action)
                    )
            case v.Stop():
                if self._tx is not None:
                    self._tx.cancelled.set()
            case v.Finish():
                self._finish()
            case v.Alarm(reason):
                self._alarm(reason)
            case v.Answer(accepted=accepted):
                if order is not None and not order.done.done():
                    order.done.set_result(accepted)
            case v.SetDoors(entry_open, exit_open):
                self._command(lambda gate: gate.command_doors(entry_open=entry_open, exit_open=exit_open))
            case v.Show(outside, inside, instruction):
                self._display.lights(outside, inside, instruction)
                if "lane" not in self._lane.faults:
                    self._command(lambda gate: gate.show(outside, inside))
            case v.StartTimer(phase):
                self._start_timer(phase)

    # ------------------------------------------------------------ work beside the loop

    def _job(self, coroutine: Coroutine[Any, Any, None], if_it_fails: Event) -> None:
        """Run work beside the loop; whatever it raises becomes the event that refers."""

        async def guarded() -> None:
            try:
                await coroutine
            except Exception as error:
                log.error("work failed", exc_info=error, phase=self._lane.phase.value)
                self.post(if_it_fails)

        task = asyncio.get_running_loop().create_task(guarded())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def _decision(self, ticket: int, decide: Callable[[Transaction], Coroutine[Any, Any, None]]) -> None:
        if self._tx is None:
            self.post(v.CommitFailed(ticket))
        else:
            self._job(decide(self._tx), v.CommitFailed(ticket))

    async def _read_document(self, ticket: int) -> None:
        tx, at = self._tx, utc_now()
        if tx is None:
            return
        tx.cancelled.clear()
        with tx.computing():
            work.document_checks(tx, self._reference.watchlist, self._settings, at)
            tx.add(*self._reference.freshness(at))
        chip = self._need_devices().chip
        try:
            inspection = await work.read_document(tx, chip, self._reference.trust, at, self._settings)
        except CardLost:
            self.post(v.CardLost(ticket))
            return
        if tx is not self._running() or tx.cancelled.is_set():
            return
        if (picture := inspection.portrait) is not None:
            learn = work.learn_portrait(tx, self._face, picture)
            tx.portrait = asyncio.get_running_loop().create_task(learn)
            shown, seconds = await self._face.ask(lambda: work.portrait_jpeg(picture))
            tx.computed(seconds)
            if shown and tx is self._running():
                self._display.picture("portrait", shown, tx)
        self.post(v.DocumentVetted(ticket, enter=self._registrar.nothing_against_entering(tx)))

    async def _capture(self, ticket: int) -> None:
        tx = self._tx
        if tx is None:
            return

        def show(frame: Frame) -> None:
            if tx is self._running():
                self._display.picture("live", work.jpeg(frame.pixels), tx)

        camera = self._need_devices().camera
        restarts = camera.health.restarts

        def trouble() -> bool:
            health = camera.health
            return health.state is not DeviceState.UP or health.restarts != restarts

        capture = await work.watch_face(tx, self._face, self._frames, self._settings, trouble, show)
        tx.add(*checks.face(capture))
        self.post(v.FaceCaptured(ticket))

    async def _watch_reference(self) -> None:
        """Reload signed data that changed, and tell when it cannot be used any more."""
        faulty: set[str] = set(SOURCES)
        while True:
            problems = await asyncio.to_thread(self._reference.refresh, utc_now())
            for source in SOURCES:
                if source in problems and source not in faulty:
                    self.post(v.Fault(source))
                elif source not in problems and source in faulty:
                    self.post(v.Recovered(source))
                if source in problems:
                    self._display.alert(f"{source.upper()}_UNAVAILABLE", problems[source])
            faulty = set(problems)
            await asyncio.sleep(REFRESH_S)

    # ------------------------------------------------------------ the transaction

    def _running(self) -> Transaction | None:
        return self._tx if self._tx is not None and not self._tx.finished else None

    def _presented(self, zone: Zone) -> None:
        same = zone.mrz is not None and self._tx is not None and zone.mrz == self._tx.mrz
        self._zone = zone
        self.post(v.DocumentPresented(readable=zone.mrz is not None, same=same))

    def _begin(self, ticket: int) -> None:
        if self._tx is not None:
            self._tx.forget()
        zone, self._zone = self._zone or Zone(None, ()), None
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
        tx.has_portrait = tx.has_live = False
        self._display.drop_pictures()
        self._display.count("transactions", "finished")
        self._job(self._close_transaction(tx), v.Fault("journal"))

    async def _close_transaction(self, tx: Transaction) -> None:
        """Wait for what is still being committed, then write where the time went, and forget."""
        tx.cancelled.set()
        others = self._jobs - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=self._settings.apdu_timeout_s)
        await self._registrar.transaction_finished(tx)
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
        if (seconds := self._settings.timing.bound(phase.value)) is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self.post, v.Timeout(phase))
        if (tx := self._running()) is not None:
            tx.enter(phase)

    def _alarm(self, reason: str) -> None:
        tx = self._running()
        self._display.count("lane_events", reason.partition(":")[0])
        self._display.alert(reason)
        event = self._registrar.lane_event(reason, self._lane.phase.value, tx.id if tx else "")
        self._job(event, v.Fault("journal"))

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
