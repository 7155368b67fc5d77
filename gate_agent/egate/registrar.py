"""Decides on travellers by the policy, and has it committed before the lane hears of it."""

from __future__ import annotations

from collections.abc import Callable

from gate_agent.decision import Decision, Verdict
from gate_agent.egate import checks
from gate_agent.egate.display import LaneDisplay
from gate_agent.egate.reference import ReferenceData
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Event
from gate_agent.journal import Journal
from gate_agent.readmodel import OfficerAction
from gate_agent.station.registrar import Registrar, never_passing
from gate_agent.times import utc_now


class LaneRegistrar(Registrar):
    """The registrar of an e-gate."""

    def __init__(
        self,
        journal: Journal,
        reference: ReferenceData,
        display: LaneDisplay,
        post: Callable[[Event], None],
        wake: Callable[[], None],
    ) -> None:
        super().__init__(journal, display, post, wake)
        self._reference = reference

    async def decide(self, tx: Transaction, ticket: int, persons: int) -> None:
        """Ask the policy on everything that was established, and commit its answer."""
        tx.add(*checks.lane_in_order(persons))
        decision = self._by_policy(tx)
        if persons != 1:
            decision = _never_admitting(decision, "LANE_EMPTY" if persons == 0 else "TAILGATING")
        await self.commit_decision(tx, ticket, decision)

    async def refer(self, tx: Transaction, ticket: int, reason: str) -> None:
        """Commit that an officer takes over, for a reason of the lane."""
        tx.add(checks.lane_referral(reason))
        await self.commit_decision(tx, ticket, _never_admitting(self._by_policy(tx), reason))

    async def decide_by_officer(
        self, tx: Transaction, ticket: int, verdict: Verdict, order: OfficerAction
    ) -> None:
        """Commit an officer's own decision, under the officer's name."""
        await self.commit_officer(tx, ticket, verdict, order, self._reference.policy)

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


def _never_admitting(decision: Decision | None, reason: str) -> Decision | None:
    """The lane's own referral stands, whatever a policy makes of the evidence."""
    return never_passing(decision, Verdict.ADMIT, Verdict.REFER, reason, "lane")
