"""The conductor of a scanner station: performs what :mod:`gate_agent.nii.process` asks for.

The course that all conductors take is :mod:`gate_agent.station.conductor`; here is what is a cargo lane's
own: which device says what of the truck, how it is examined, how barriers and signals are asked for, and
where its scan and record go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from threading import Event as Flag
from typing import Any

from gate_agent.devices import (
    DeviceHealth,
    DeviceState,
    GarbledReading,
    NumberView,
    ScanReading,
    ScanRejected,
    SealReading,
    WeightReading,
    YardGate,
    YardReading,
)
from gate_agent.devices.yard import RADIATION_READINGS
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.journal import Journal
from gate_agent.logs import get_logger
from gate_agent.nii import process
from gate_agent.nii import vocabulary as v
from gate_agent.nii.display import YardDisplay
from gate_agent.nii.examine import Tools, code_of, examine
from gate_agent.nii.filing import Filing
from gate_agent.nii.gather import Gatherer, Hooks
from gate_agent.nii.inspection import Examined, Inspection, Material
from gate_agent.nii.orders import ORDERS, PROPOSAL
from gate_agent.nii.reference import YardReference
from gate_agent.nii.registrar import YardRegistrar
from gate_agent.nii.settings import NiiSettings
from gate_agent.nii.vocabulary import Effect, Event, Phase
from gate_agent.readmodel import Board, Objection, OfficerAction
from gate_agent.review.shelf import Shelf
from gate_agent.station.conductor import Conductor
from gate_agent.station.inbox import Order
from gate_agent.times import utc_now
from gate_agent.vehicle.recogniser import CodeRecogniser

log = get_logger(__name__)

_TICK_S = 0.5
_PATIENCE_S = 60.0
"""Time for what still runs for a truck that has left."""


class YardConductor(Conductor[Inspection]):
    """Runs one cargo lane. `records` is the folder of inspection records; `devices` their names."""

    def __init__(
        self,
        settings: NiiSettings,
        reference: YardReference,
        tools: Tools,
        recogniser: CodeRecogniser,
        shelf: Shelf,
        records: Path,
        executor: Executor,
        journal: Journal,
        board: Board,
        wake: Callable[[], None],
        *,
        devices: Sequence[str],
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._executor = executor
        self._display = YardDisplay(board)
        self._filing = Filing(shelf, records, tools.radiation, self._display, self._done)
        super().__init__(
            gate="yard",
            bound=settings.timing.bound,
            orders=ORDERS,
            data=reference,
            display=self._display,
        )
        self._registrar = YardRegistrar(journal, reference, tools.radiation, self._display, self.post, wake)
        hooks = Hooks(self._radiation, self._stray_scan, self._noticed)
        self._gatherer = Gatherer(settings, tools, recogniser, executor, hooks)
        self._yard, self._first = process.start(frozenset({*devices, *reference.names}))

    # ------------------------------------------------------------ the process

    @property
    def phase(self) -> Phase:
        return self._yard.phase

    @property
    def ticket(self) -> int:
        return self._yard.ticket

    @property
    def registrar(self) -> YardRegistrar:
        return self._registrar

    def faulty(self, source: str) -> bool:
        return source in self._yard.faults

    def step(self, event: Event) -> Sequence[Effect]:
        self._yard, effects = process.step(self._yard, event)
        return effects

    def offers(self) -> Mapping[str, str]:
        return process.orders(self._yard)

    def first_effects(self) -> Sequence[Effect]:
        return self._first

    def refused(self) -> Event:
        return v.BarriersRefused()

    def at_rest(self) -> bool:
        """Barriers across the road with no vehicle in the lane, or the way to the inspection area open."""
        seen = self._yard.seen
        if not seen.known:
            return True
        wanted = process.barrier_targets(self._yard)
        inspection = process.g.OPEN if wanted.inspection_open else process.g.CLOSED
        standing = (seen.entry, seen.release, seen.inspection)
        return standing == (process.g.CLOSED, process.g.CLOSED, inspection) and self._yard.confirmed

    async def run(self) -> None:
        """Perform the process until cancelled; time passes for the portal too."""
        async with asyncio.TaskGroup() as group:
            group.create_task(super().run())
            while True:
                await asyncio.sleep(_TICK_S)
                self._gatherer.tick(time.monotonic())

    # ------------------------------------------------------------ what comes in

    def on_reading(self, device: str, reading: object) -> None:
        """A reading of a device, on the event loop."""
        match reading:
            case YardReading():
                self.post(v.YardChanged(_seen(reading)))
                self._display.yard(reading)
            case NumberView():
                self._gatherer.view(device, reading)
            case WeightReading():
                self._gatherer.scale(reading)
            case SealReading():
                self._gatherer.seal(reading)
            case ScanReading():
                self._gatherer.scan(reading)
            case ScanRejected():
                self._gatherer.scan_rejected(reading)
            case _ if isinstance(reading, RADIATION_READINGS):
                self._gatherer.portal(reading)
            case GarbledReading() if device == "portal":
                self._gatherer.portal_garbled(reading)
            case GarbledReading():
                log.warning("garbled reading", device=device, field=reading.field, error=reading.what)
            case _:
                log.error("reading of an unknown kind", device=device, kind=type(reading).__name__)

    def health_changed(self, health: DeviceHealth) -> None:
        if health.device == "portal" and health.state is not DeviceState.UP:
            self._gatherer.portal_lost()

    def _radiation(self, inspection: Inspection | None) -> None:
        """About this truck and no other: an alarm for one that has left must not be the next one's."""
        self.post(v.RadiationAlarm(inspection.ticket if inspection is not None else -1))

    def _noticed(self) -> None:
        """Something new about the truck in the lane is known, for the board."""
        inspection = self.running()
        if inspection is None:
            return
        code = code_of(inspection.material, self._tools.manifests).code
        self._display.truck(inspection, str(code) if code is not None else "")

    async def _ordered(self, action: OfficerAction, case: Inspection | None) -> Objection | None:
        """A proposal to release moves nothing, but it is journalled like any order."""
        if action.action != PROPOSAL:
            return await super()._ordered(action, case)
        return None if case is not None and action.transaction == case.id else Objection("CASE_CHANGED")

    async def escalated(self, transaction: str) -> None:
        """A review has waited for longer than officers have: the hub and the screen must know."""
        self._display.alert("REVIEW_OVERDUE", transaction=transaction)
        await self.registrar.lane_event("REVIEW_OVERDUE", self.phase.value, transaction)

    # ------------------------------------------------------------ what is asked for

    def perform(self, effect: Effect, cause: Any) -> None:
        match effect:
            case v.Begin(ticket):
                self._begin(ticket)
            case v.Gather(ticket):
                self._gather(ticket)
            case v.Decide() | v.Divert() | v.CommitOfficer():
                self._decide(effect, cause)
            case v.Finish():
                self._finish()
            case v.SetBarriers(entry_open, release_open, inspection_open):
                self.command(
                    lambda gate: _yard(gate).command_barriers(
                        entry_open=entry_open, release_open=release_open, inspection_open=inspection_open
                    )
                )
            case v.Show(entry, hold, instruction):
                self._display.showed(instruction, signal_entry=entry.value, signal_hold=hold.value)
                if not self.faulty("yard"):
                    self.command(lambda gate: _yard(gate).show(entry, hold))
            case _:
                raise TypeError(f"nobody performs {type(effect).__name__}")

    def _begin(self, ticket: int) -> None:
        inspection = Inspection(ticket=ticket)
        self.begin(inspection)
        self._gatherer.current = inspection
        self._display.truck(inspection)

    def _gather(self, ticket: int) -> None:
        """Wait for what is owed and examine it: ends in Gathered, whatever happens."""
        inspection = self.need_case()
        stopped = inspection.begin_work()

        def failed() -> None:
            if not stopped.is_set():
                inspection.add(CheckResult("scan_received", Outcome.INCONCLUSIVE, ("INTERNAL_ERROR",)))
                self.post(v.Gathered(ticket))

        self._tasks.start(self._gathered(inspection, ticket, stopped), failed, inspection)

    async def _gathered(self, inspection: Inspection, ticket: int, stopped: Flag) -> None:
        missing = await self._gatherer.wait(inspection, self._working)
        if missing:
            log.warning("devices still owe something", transaction=inspection.id, missing=missing)
        await self._examine(inspection)
        if not stopped.is_set():
            self.post(v.Gathered(ticket))

    async def _examine(self, inspection: Inspection) -> Examined:
        """Examine what is there; the truck's files are then the station's."""
        material = inspection.material.copy()
        loop = asyncio.get_running_loop()
        before = loop.time()
        examined = await loop.run_in_executor(self._executor, examine, material, self._tools, utc_now())
        inspection.computed(loop.time() - before)
        inspection.examined = examined
        inspection.add(*examined.results)
        if inspection is self.running():
            self._display.truck(inspection, examined.container)
        return examined

    def _working(self) -> dict[str, bool]:
        return {device.name: device.health.state is DeviceState.UP for device in self.devices}

    def _decide(self, effect: v.Decide | v.Divert | v.CommitOfficer, cause: Any) -> None:
        """Start the commit of a decision: ends in DecisionCommitted or CommitFailed."""
        inspection, registrar, ticket = self.need_case(), self._registrar, effect.ticket
        match effect:
            case v.Decide():
                deciding = registrar.decide(inspection, ticket, self._yard.seen.vehicles)
            case v.Divert(reason=reason):
                deciding = registrar.divert(inspection, ticket, reason)
            case v.CommitOfficer(verdict=verdict):
                if not isinstance(cause, Order):
                    raise RuntimeError("an officer's decision without an officer")
                deciding = registrar.decide_by_officer(inspection, ticket, verdict, cause.action)
        self._tasks.start(
            self._decided(inspection, deciding), lambda: self.post(v.CommitFailed(ticket)), inspection
        )

    async def _decided(self, inspection: Inspection, deciding: Any) -> None:
        await deciding
        if inspection.decision is not None and inspection.examined is not None and not inspection.shelved:
            inspection.shelved = True
            # Beside the lane's course: a slow disk must not hold a barrier.
            shelving = self._filing.shelve(inspection, inspection.examined)
            self._tasks.start(shelving, lambda: None, inspection)

    # ------------------------------------------------------------ the record

    def _finish(self) -> None:
        """The truck has left: whatever is still examined is for the record alone."""
        if (inspection := self.running()) is None:
            return
        if self._gatherer.current is inspection:
            self._gatherer.current = None
        self._display.truck(None)
        self.close(inspection, _PATIENCE_S)

    async def complete(self, case: Inspection) -> None:
        """Examine what was not yet, and file it."""
        if case.examined is None:
            case.examined = await self._examine(case)
        if case.decision is not None and not case.shelved:
            await self._filing.shelve(case, case.examined)
        await self._filing.close(case)

    def _done(self, reading: ScanReading) -> None:
        def told(answer: asyncio.Future[None]) -> None:
            if not answer.cancelled() and (error := answer.exception()) is not None:
                log.warning("the scanner's driver keeps a file", field=reading.path.name, error=str(error))

        self.device("scanner").call(lambda scanner: scanner.done(reading)).add_done_callback(told)

    def _stray_scan(self, reading: ScanReading) -> None:
        """A scan without a truck: late, delivered again after a restart, or taken by hand. It is kept for an
        officer, under a name of its own."""
        self._tasks.start(self._keep_stray(reading), lambda: None, None)

    async def _keep_stray(self, reading: ScanReading) -> None:
        material = Material()
        material.add_file(reading)
        loop = asyncio.get_running_loop()
        examined = await loop.run_in_executor(self._executor, examine, material, self._tools, utc_now())
        await self.registrar.lane_event("SCAN_WITHOUT_TRUCK", self.phase.value, "")
        self._display.alert("SCAN_WITHOUT_TRUCK", reading.scan)
        await self._filing.stray(reading, examined)


def _yard(gate: Any) -> YardGate:
    return gate


def _seen(reading: YardReading) -> v.Seen:
    return v.Seen(
        entry=reading.entry,
        release=reading.release,
        inspection=reading.inspection,
        approach=reading.approach,
        vehicles=reading.vehicles,
        at_hold=reading.at_hold,
        emergency=reading.emergency,
        forced=reading.forced,
        sensors_disagree=reading.sensors_disagree,
        interlock_ok=reading.interlock_ok,
    )
