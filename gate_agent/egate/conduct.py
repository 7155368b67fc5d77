"""The conductor of an e-gate lane: performs what :mod:`gate_agent.egate.process` asks for.

The course that all conductors take is :mod:`gate_agent.station.conductor`; here is what is a lane's own: what
its devices' readings mean, how a traveller is examined, how doors and lights are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gate_agent.devices import (
    ChipPresence,
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
from gate_agent.egate.display import LaneDisplay
from gate_agent.egate.examine import Examiner
from gate_agent.egate.inbox import Presented
from gate_agent.egate.orders import ORDERS
from gate_agent.egate.reasons import TOLD
from gate_agent.egate.reference import ReferenceData
from gate_agent.egate.registrar import LaneRegistrar
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Effect, Event, Phase
from gate_agent.journal import Journal
from gate_agent.logs import get_logger
from gate_agent.readmodel import Board
from gate_agent.station.conductor import Conductor
from gate_agent.station.inbox import Order

log = get_logger(__name__)

DEVICES = ("mrz", "chip", "camera", "lane")


class LaneConductor(Conductor[Transaction]):
    """Runs one lane.

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
        self._display = LaneDisplay(board)
        super().__init__(
            gate="lane",
            bound=settings.timing.bound,
            orders=ORDERS,
            data=reference,
            display=self._display,
        )
        self._registrar = LaneRegistrar(journal, reference, self._display, self.post, wake)
        self._examiner = Examiner(
            settings, reference, face, self._registrar, self._display, self._tasks, self.post
        )
        self._lane, self._first = process.start(frozenset({*DEVICES, *reference.names}))

    # ------------------------------------------------------------ the process

    @property
    def phase(self) -> Phase:
        return self._lane.phase

    @property
    def ticket(self) -> int:
        return self._lane.ticket

    @property
    def registrar(self) -> LaneRegistrar:
        return self._registrar

    def faulty(self, source: str) -> bool:
        return source in self._lane.faults

    def step(self, event: Event) -> Sequence[Effect]:
        self._lane, effects = process.step(self._lane, event)
        return effects

    def offers(self) -> Mapping[str, str]:
        return process.orders(self._lane)

    def first_effects(self) -> Sequence[Effect]:
        return self._first

    def refused(self) -> Event:
        return v.DoorsRefused()

    def at_rest(self) -> bool:
        """Doors closed with nobody inside, or open toward where a person came from."""
        seen = self._lane.seen
        if not seen.known:
            return True
        wanted = process.door_targets(self._lane)
        entry = process.g.OPEN if wanted.entry_open else process.g.CLOSED
        return (seen.entry, seen.exit) == (entry, process.g.CLOSED) and self._lane.confirmed

    # ------------------------------------------------------------ what comes in

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

    def health_changed(self, health: DeviceHealth) -> None:
        if health.device == "camera" and health.state is not DeviceState.UP:
            self._examiner.frames.drop()

    def meaning(self, item: Any) -> Any | None:
        if not isinstance(item, Presented):
            return item
        tx = self.running()
        same = tx is not None and item.mrz is not None and item.mrz == tx.mrz
        return v.DocumentPresented(readable=item.mrz is not None, same=same)

    async def complete(self, case: Transaction) -> None:
        await self._examiner.forget()

    # ------------------------------------------------------------ what is asked for

    def perform(self, effect: Effect, cause: Any) -> None:
        match effect:
            case v.Begin(ticket):
                self._begin(ticket, cause)
            case v.ReadDocument(ticket):
                self._examiner.read_document(self.need_case(), ticket, self.device("chip"))
            case v.Capture(ticket):
                self._examiner.capture(self.need_case(), ticket, self.device("camera"))
            case v.Decide() | v.Refer() | v.CommitOfficer():
                self._decide(effect, cause)
            case v.Finish():
                self._finish()
            case v.SetDoors(entry_open, exit_open):
                self.command(
                    lambda gate: _lane(gate).command_doors(entry_open=entry_open, exit_open=exit_open)
                )
            case v.Show(outside, inside, instruction):
                self._display.showed(instruction, light_outside=outside.value, light_inside=inside.value)
                if not self.faulty("lane"):
                    self.command(lambda gate: _lane(gate).show(outside, inside))
            case _:
                raise TypeError(f"nobody performs {type(effect).__name__}")

    def _decide(self, effect: v.Decide | v.Refer | v.CommitOfficer, cause: Any) -> None:
        """Start the commit of a decision: ends in DecisionCommitted or CommitFailed."""
        tx, registrar, ticket = self.need_case(), self._registrar, effect.ticket
        match effect:
            case v.Decide():
                deciding = registrar.decide(tx, ticket, self._lane.seen.inside)
            case v.Refer(reason=reason):
                deciding = registrar.refer(tx, ticket, reason)
            case v.CommitOfficer(verdict=verdict):
                if not isinstance(cause, Order):
                    raise RuntimeError("an officer's decision without an officer")
                deciding = registrar.decide_by_officer(tx, ticket, verdict, cause.action)
        self._tasks.start(deciding, lambda: self.post(v.CommitFailed(ticket)), tx)

    def show(self) -> None:
        """A traveller who is referred is told what to do about the reason, where there is something to do."""
        super().show()
        case = self.running()
        if self.phase is not Phase.REFERRED or case is None or case.decision is None:
            return
        if told := next((TOLD[reason] for reason in case.decision.reasons if reason in TOLD), ""):
            self._display.tell(told)

    def _begin(self, ticket: int, cause: Any) -> None:
        if self._case is not None:
            self._case.forget()  # whatever still runs for the last traveller
        zone = cause if isinstance(cause, Presented) else Presented(None, ())
        tx = Transaction(ticket=ticket, mrz=zone.mrz)
        tx.add(*zone.results)
        self._display.drop_pictures()
        self.begin(tx)

    def _finish(self) -> None:
        """The transaction is over: forget the person, keep the numbers."""
        if (tx := self.running()) is None:
            return
        tx.has_portrait = tx.has_live = False
        self._display.drop_pictures()
        self.close(tx, self._settings.apdu_timeout_s)


def _lane(gate: Any) -> LaneGate:
    return gate


def _seen(reading: LaneReading) -> v.Seen:
    return v.Seen(
        entry=reading.entry,
        exit=reading.exit,
        approach=reading.approach,
        inside=reading.persons_inside,
        object_inside=reading.object_inside,
        emergency=reading.emergency,
        forced=reading.forced,
        held=reading.held,
        sensors_disagree=reading.sensors_disagree,
        interlock_ok=reading.interlock_ok,
    )
