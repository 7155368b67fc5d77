"""Brings decisions and events of an e-gate lane into the journal: what is not on disk has not happened.

One writer thread keeps the station's order. When the journal cannot take a record the lane stops admitting
(``journal`` becomes a fault), and the registrar keeps trying until it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.egate import checks
from gate_agent.egate import vocabulary as v
from gate_agent.egate.display import Display
from gate_agent.egate.reference import ReferenceData
from gate_agent.egate.transaction import Transaction, rfc3339, utc_now
from gate_agent.egate.vocabulary import Event
from gate_agent.journal import Journal, JournalBroken, JournalCorrupt, JournalError, Record, RecordKind
from gate_agent.logs import get_logger
from gate_agent.readmodel import OfficerAction

log = get_logger(__name__)

PROBE_S = 2.0
"""Pause between two attempts to write to a journal that failed."""


class Registrar:
    """Decides by the policy and commits. `post` brings the process's answer; `wake` tells the hub link."""

    def __init__(
        self,
        journal: Journal,
        reference: ReferenceData,
        display: Display,
        post: Callable[[Event], None],
        wake: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._reference = reference
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

    async def decide(self, tx: Transaction, ticket: int, persons: int) -> None:
        """Ask the policy on everything that was established, and commit its answer."""
        tx.add(*checks.lane_in_order(persons))
        decision = self._by_policy(tx)
        if persons != 1:
            decision = _never_admitting(decision, "LANE_EMPTY" if persons == 0 else "TAILGATING")
        await self._commit_decision(tx, ticket, decision)

    async def refer(self, tx: Transaction, ticket: int, reason: str) -> None:
        """Commit that an officer takes over, for a reason of the lane."""
        tx.add(checks.lane_referral(reason))
        await self._commit_decision(tx, ticket, _never_admitting(self._by_policy(tx), reason))

    async def decide_by_officer(
        self, tx: Transaction, ticket: int, verdict: Verdict, order: OfficerAction
    ) -> None:
        """Commit an officer's own decision, under the officer's name."""
        policy = self._reference.policy
        decision = Decision(
            transaction=tx.id,
            verdict=verdict,
            reasons=("OFFICER_ORDER",),
            rules=(),
            policy=policy.reference if policy else "",
            evidence_digest=tx.evidence().digest(),
            decided_by=f"officer:{order.officer}",
            decided_at=rfc3339(utc_now()),
        )
        await self._commit_decision(tx, ticket, decision)

    def nothing_against_entering(self, tx: Transaction) -> bool:
        """Whether no rule of the document stage refers."""
        policy = self._reference.policy
        if policy is None:
            return False
        with tx.computing():
            return policy.decide(tx.evidence(), "document", at=utc_now()) is None

    def _by_policy(self, tx: Transaction) -> Decision | None:
        policy = self._reference.policy
        if policy is None:
            return None
        with tx.computing():
            tx.add(*self._reference.freshness(utc_now()))
            if tx.mrz is not None and (listed := self._reference.watchlist) is not None:
                tx.add(checks.watchlist(listed, tx.mrz))  # the list may have changed since the document
            return policy.decide(tx.evidence(), "final", at=utc_now())

    async def _commit_decision(self, tx: Transaction, ticket: int, decision: Decision | None) -> None:
        if decision is None or not await self._timed_commit(tx, decision):
            self._post(v.CommitFailed(ticket))
            return
        tx.decision = decision
        self._display.count("decisions", decision.verdict.value)
        for reason in decision.reasons:
            self._display.count("reasons", reason)
        log.info(
            "decision committed",
            transaction=tx.id,
            verdict=decision.verdict.value,
            reasons=decision.reasons,
            policy=decision.policy,
        )
        self._post(v.DecisionCommitted(ticket, decision.verdict))

    async def _timed_commit(self, tx: Transaction, decision: Decision) -> bool:
        loop = asyncio.get_running_loop()
        before = loop.time()
        try:
            return await self.commit(Record.of_decision(decision, tx.evidence()))
        finally:
            tx.computed(loop.time() - before)

    # ------------------------------------------------------------ everything else that is remembered

    async def officer_action(self, order: OfficerAction, transaction: str) -> bool:
        body = {"action": order.action, "officer": order.officer, "reason": order.reason}
        self._display.count("officer_actions", order.action)
        return await self._note(RecordKind.OFFICER_ACTION, transaction, body)

    async def lane_event(self, reason: str, phase: str, transaction: str) -> None:
        await self._note(RecordKind.LANE_EVENT, transaction, {"reason": reason, "phase": phase})

    async def transaction_finished(self, tx: Transaction) -> None:
        await self._note(RecordKind.LIFECYCLE, tx.id, {"event": "transaction_finished", **tx.timings()})

    async def lifecycle(self, event: str, **details: object) -> bool:
        return await self._note(RecordKind.LIFECYCLE, "", {"event": event, **details})

    async def _note(self, kind: RecordKind, transaction: str, body: Mapping[str, object]) -> bool:
        return await self.commit(Record(kind, transaction, rfc3339(utc_now()), body))

    async def commit(self, record: Record) -> bool:
        """Write one record durably; False, and the lane stops admitting, when the journal cannot."""
        problem = await self._problem(record)
        if problem is None:
            self._wake()
            return True
        log.error("journal refused a record", kind=record.kind.value, error=str(problem), exc_info=problem)
        if isinstance(problem, JournalBroken | JournalCorrupt) and not self._lost.done():
            self._lost.set_result(problem)
        self._display.alert("JOURNAL_FAULT", str(problem))
        if self._probe is None:
            self._post(v.Fault("journal"))
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
        self._post(v.Recovered("journal"))
        self._wake()


def _never_admitting(decision: Decision | None, reason: str) -> Decision | None:
    """The lane's own referral stands, whatever a policy makes of the evidence."""
    if decision is None or decision.verdict is not Verdict.ADMIT:
        return decision
    rule = FiredRule("lane", decision.policy, Verdict.REFER, reason)
    return replace(decision, verdict=Verdict.REFER, reasons=(reason,), rules=(rule,))
