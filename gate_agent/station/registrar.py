"""Brings decisions and events of a station into the journal: what is not on disk has not happened.

One writer thread keeps the station's order. When the journal cannot take a record the station stops letting
anybody pass (``journal`` becomes a fault), and the registrar keeps trying until it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.journal import Journal, JournalBroken, JournalCorrupt, JournalError, Record, RecordKind
from gate_agent.logs import get_logger
from gate_agent.policy import Policy
from gate_agent.readmodel import Objection, OfficerAction
from gate_agent.station.case import Case
from gate_agent.station.display import Display
from gate_agent.station.vocabulary import CommitFailed, DecisionCommitted, Fault, Recovered
from gate_agent.times import rfc3339, utc_now

log = get_logger(__name__)

PROBE_S = 2.0
"""Pause between two attempts to write to a journal that failed."""


class Registrar:
    """Commits. `post` brings the process's answer; `wake` tells the hub link.

    A station's own registrar adds how it comes to a decision, and by :meth:`record_of` what its record holds.
    """

    def __init__(
        self,
        journal: Journal,
        display: Display,
        post: Callable[[DecisionCommitted | CommitFailed | Fault | Recovered], None],
        wake: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._display = display
        self._post = post
        self._wake = wake
        self._writer = ThreadPoolExecutor(1, "journal")
        self._probe: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[JournalError] = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
        await asyncio.to_thread(self._writer.shutdown)

    # ------------------------------------------------------------ decisions

    async def commit_officer(
        self, case: Case, ticket: int, verdict: Verdict, order: OfficerAction, policy: Policy | None
    ) -> None:
        """Commit an officer's own decision, under the officer's name."""
        decision = Decision(
            transaction=case.id,
            verdict=verdict,
            reasons=("OFFICER_ORDER",),
            rules=(),
            policy=policy.reference if policy else "",
            evidence_digest=case.evidence().digest(),
            decided_by=f"officer:{order.officer}",
            decided_at=rfc3339(utc_now()),
        )
        await self.commit_decision(case, ticket, decision)

    async def commit_decision(self, case: Case, ticket: int, decision: Decision | None) -> None:
        """Commit; only then tell the process. Without a decision there is nothing to move for either."""
        if decision is None or not await self._timed_commit(case, decision):
            self._post(CommitFailed(ticket))
            return
        case.decision = decision
        self._display.count("decisions", decision.verdict.value)
        for reason in decision.reasons:
            self._display.count("reasons", reason)
        log.info(
            "decision committed",
            transaction=case.id,
            verdict=decision.verdict.value,
            reasons=decision.reasons,
            policy=decision.policy,
        )
        self._post(DecisionCommitted(ticket, decision.verdict))

    async def _timed_commit(self, case: Case, decision: Decision) -> bool:
        loop = asyncio.get_running_loop()
        before = loop.time()
        try:
            return await self.commit(self.record_of(case, decision))
        finally:
            case.computed(loop.time() - before)

    def record_of(self, case: Case, decision: Decision) -> Record:
        """The record of a decision with the evidence it rests on."""
        return Record.of_decision(decision, case.evidence())

    # ------------------------------------------------------------ everything else that is remembered

    async def officer_action(self, order: OfficerAction, transaction: str) -> bool:
        body = {"action": order.action, "officer": order.officer, "reason": order.reason}
        if order.confirms:
            body["confirms"] = order.confirms  # the officer whose proposal this one seconds
        self._display.count("officer_actions", order.action)
        return await self._note(RecordKind.OFFICER_ACTION, transaction, body)

    async def order_outcome(
        self, order: OfficerAction, transaction: str, objection: Objection | None
    ) -> None:
        """What became of an order: done, or declined and why, and by whom the case was decided if that is
        why."""
        body: dict[str, object] = {
            "action": order.action,
            "officer": order.officer,
            "done": objection is None,
        }
        if objection is not None:
            body["why"] = objection.code
            if by := objection.fills.get("officer"):
                body["decided_by"] = by
        self._display.count("order_outcomes", "done" if objection is None else "declined")
        await self._note(RecordKind.OFFICER_OUTCOME, transaction, body)

    async def lane_event(self, reason: str, phase: str, transaction: str) -> None:
        await self._note(RecordKind.LANE_EVENT, transaction, {"reason": reason, "phase": phase})

    async def case_finished(self, case: Case) -> None:
        await self._note(RecordKind.LIFECYCLE, case.id, {"event": "transaction_finished", **case.timings()})

    async def lifecycle(self, event: str, **details: object) -> bool:
        return await self._note(RecordKind.LIFECYCLE, "", {"event": event, **details})

    async def _note(self, kind: RecordKind, transaction: str, body: Mapping[str, object]) -> bool:
        return await self.commit(Record(kind, transaction, rfc3339(utc_now()), body))

    async def commit(self, record: Record) -> bool:
        """Write one record durably; False, and a fault of the journal, when it cannot."""
        problem = await self._problem(record)
        if problem is None:
            self._wake()
            return True
        log.error("journal refused a record", kind=record.kind.value, error=str(problem), exc_info=problem)
        if isinstance(problem, JournalBroken | JournalCorrupt) and not self._lost.done():
            self._lost.set_result(problem)
        self._display.alert("JOURNAL_FAULT", str(problem))
        if self._probe is None:
            self._post(Fault("journal"))
            self._probe = asyncio.get_running_loop().create_task(self._until_it_writes())
        return False

    async def _problem(self, record: Record) -> Exception | None:
        """Write one record; why that failed, whatever it was. Nothing moves on the strength of it then."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._journal.commit, record)
        except Exception as error:
            return error
        return None

    async def watch(self) -> None:
        """Raises when the journal is lost until it is opened anew, that is by the next start."""
        raise await asyncio.shield(self._lost)

    async def _until_it_writes(self) -> None:
        body = {"event": "journal_recovered"}
        while True:
            await asyncio.sleep(PROBE_S)
            if await self._problem(Record(RecordKind.LIFECYCLE, "", rfc3339(utc_now()), body)) is None:
                break
        self._probe = None
        self._display.withdraw("JOURNAL_FAULT")
        self._post(Recovered("journal"))
        self._wake()


def never_passing(
    decision: Decision | None, passes: Verdict, instead: Verdict, reason: str, rule: str
) -> Decision | None:
    """The station's own hold stands, whatever a policy makes of the evidence."""
    if decision is None or decision.verdict is not passes:
        return decision
    fired = FiredRule(rule, decision.policy, instead, reason)
    return replace(decision, verdict=instead, reasons=(reason,), rules=(fired,))
