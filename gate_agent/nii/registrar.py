"""Decides on trucks by the policy, and has it committed before a barrier hears of it.

The record of a decision names the container: whoever asks the journal or the hub for one finds its record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gate_agent.decision import Decision, Verdict
from gate_agent.journal import Journal, Record
from gate_agent.nii import checks
from gate_agent.nii.display import YardDisplay
from gate_agent.nii.examine import radiation_of
from gate_agent.nii.inspection import Inspection
from gate_agent.nii.record import summary
from gate_agent.nii.reference import YardReference
from gate_agent.nii.vocabulary import Event
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.readmodel import OfficerAction
from gate_agent.station.case import Case
from gate_agent.station.registrar import Registrar, never_passing
from gate_agent.times import utc_now


class YardRegistrar(Registrar):
    """The registrar of a scanner station."""

    def __init__(
        self,
        journal: Journal,
        reference: YardReference,
        radiation: RadiationSettings,
        display: YardDisplay,
        post: Callable[[Event], None],
        wake: Callable[[], None],
    ) -> None:
        super().__init__(journal, display, post, wake)
        self._reference = reference
        self._radiation = radiation

    async def decide(self, inspection: Inspection, ticket: int, vehicles: int) -> None:
        """Ask the policy on everything that was established, and commit its answer."""
        inspection.add(*checks.lane_in_order(vehicles))
        decision = self._by_policy(inspection)
        if vehicles != 1:
            reason = "LANE_EMPTY" if vehicles == 0 else "TAILGATING"
            decision = never_passing(decision, Verdict.RELEASE, Verdict.INSPECT, reason, "lane")
        await self.commit_decision(inspection, ticket, decision)

    async def divert(self, inspection: Inspection, ticket: int, reason: str) -> None:
        """Commit that the truck is to be inspected, for a reason of the lane, whatever the policy says."""
        if (failed := checks.lane_diversion(reason)) is not None:
            inspection.add(failed)
        elif inspection.examined is None:
            inspection.add(radiation_of(inspection.material, self._radiation))
        decision = self._by_policy(inspection)
        decision = never_passing(decision, Verdict.RELEASE, Verdict.INSPECT, reason, "lane")
        if decision is not None and decision.verdict is not Verdict.INSPECT:
            decision = replace(
                decision, verdict=Verdict.INSPECT, reasons=tuple(dict.fromkeys((reason, *decision.reasons)))
            )
        await self.commit_decision(inspection, ticket, decision)

    async def decide_by_officer(
        self, inspection: Inspection, ticket: int, verdict: Verdict, order: OfficerAction
    ) -> None:
        """Commit an officer's own decision, under the officer's name."""
        await self.commit_officer(inspection, ticket, verdict, order, self._reference.policy)

    def _by_policy(self, inspection: Inspection) -> Decision | None:
        policy = self._reference.policy
        if policy is None:
            return None
        with inspection.computing():
            inspection.add(*self._reference.freshness(utc_now()))
            return policy.decide(inspection.evidence(), "final", at=utc_now())

    def record_of(self, case: Case, decision: Decision) -> Record:
        record = super().record_of(case, decision)
        if not isinstance(case, Inspection):
            return record
        return replace(record, body={**record.body, "inspection": summary(case)})
