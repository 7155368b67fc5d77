"""The conductor of a kiosk: performs what :mod:`gate_kiosk.process` asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate_agent.devices import GarbledReading, MrzReading
from gate_agent.emrtd.lds.mrz import Mrz, MrzError, parse
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.journal import Journal
from gate_agent.policy import Policy
from gate_agent.readmodel import Board
from gate_agent.station import vocabulary as v
from gate_agent.station.case import Case
from gate_agent.station.conductor import Conductor
from gate_agent.station.display import Display
from gate_agent.station.registrar import Registrar
from gate_agent.station.settings import StationConfig
from gate_agent.station.signed import SignedData, Source, policy_source
from gate_agent.times import utc_now
from gate_kiosk.kind import CHECKS, ORDERS
from gate_kiosk.process import PROCESS, Effect, Event, Phase, Presented, Show, bound


@dataclass(frozen=True, slots=True)
class Zone:
    """What waits for the conductor: a zone with its checks. It becomes :class:`Presented`."""

    results: tuple[CheckResult, ...]
    readable: bool


class KioskConductor(Conductor[Case]):
    """Runs one kiosk."""

    def __init__(self, config: StationConfig, journal: Journal, board: Board, wake: Any) -> None:
        self._policy: Source[Policy] = policy_source(config.policy, CHECKS)
        self._display = Display(board)
        super().__init__(
            gate="",
            bound=bound,
            orders=ORDERS,
            data=SignedData((self._policy,)),
            display=self._display,
        )
        self._registrar = Registrar(journal, self._display, self.post, wake)
        self._kiosk, self._first = PROCESS.start(frozenset({"reader", "policy"}))

    # ------------------------------------------------------------ the process

    @property
    def phase(self) -> Phase:
        return self._kiosk.phase

    @property
    def ticket(self) -> int:
        return self._kiosk.ticket

    @property
    def registrar(self) -> Registrar:
        return self._registrar

    def faulty(self, source: str) -> bool:
        return source in self._kiosk.faults

    def step(self, event: Event) -> Sequence[Effect]:
        self._kiosk, effects = PROCESS.step(self._kiosk, event)
        return effects

    def offers(self) -> Mapping[str, str]:
        return PROCESS.orders(self._kiosk)

    def first_effects(self) -> Sequence[Effect]:
        return self._first

    # ------------------------------------------------------------ what comes in, what is asked for

    def on_reading(self, device: str, reading: object) -> None:
        if isinstance(reading, MrzReading):
            self.post(zone(reading.lines))
        elif isinstance(reading, GarbledReading):
            self.post(Zone((), readable=False))

    def meaning(self, item: Any) -> Any:
        return Presented(item.readable) if isinstance(item, Zone) else item

    def perform(self, effect: Effect, cause: Any) -> None:
        match effect:
            case v.Begin(ticket):
                case = Case(ticket=ticket)
                case.add(*cause.results)
                self.begin(case)
            case v.Decide(ticket):
                case = self.need_case()
                self._tasks.start(self._decide(case, ticket), lambda: self.post(v.CommitFailed(ticket)), case)
            case v.Finish():
                if (case := self.running()) is not None:
                    self.close(case, patience_s=1.0)
            case Show(instruction):
                self._display.showed(instruction)
            case _:
                raise TypeError(f"nobody performs {type(effect).__name__}")

    async def _decide(self, case: Case, ticket: int) -> None:
        policy = self._policy.value
        if policy is not None:
            case.add(policy.freshness(utc_now()))
        decision = policy.decide(case.evidence(), "final", at=utc_now()) if policy is not None else None
        await self._registrar.commit_decision(case, ticket, decision)


def zone(lines: tuple[str, ...]) -> Zone:
    """What the printed zone says (Doc 9303-3 §4.9), as evidence; nothing of it is kept."""
    try:
        mrz = parse(lines)
    except MrzError:
        return Zone((CheckResult("zone_read", Outcome.FAILED, ("ZONE_UNREADABLE",)),), readable=False)
    return Zone((CheckResult("zone_read", Outcome.PASSED), _expiry(mrz)), readable=True)


def _expiry(mrz: Mrz) -> CheckResult:
    today = utc_now().date()
    try:
        last = mrz.expires(today)
    except (MrzError, ValueError):
        last = None
    if last is None:
        return CheckResult("document_expiry", Outcome.INCONCLUSIVE, ("DOCUMENT_EXPIRED",))
    left = (last - today).days
    if left < 0:
        return CheckResult("document_expiry", Outcome.FAILED, ("DOCUMENT_EXPIRED",), {"days_left": left})
    return CheckResult("document_expiry", Outcome.PASSED, measured={"days_left": left})
