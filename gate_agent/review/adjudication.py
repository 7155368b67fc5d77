"""The queue of cases that wait for an officer, and the rule of the second person.

* The truck at the hold line wants a decision; a clock runs, and an overdue case is escalated: then any
  officer may take it over. Trucks that were sent to inspection, or left undecided, want documentation.
* One officer sends to inspection. One officer releases what nothing was found on. What machine or officer
  objects to needs two: the first proposes, a second, different one confirms.

Pure bookkeeping: who is told, and what moves, is the desk's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gate_agent.readmodel import OfficerAction
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.record import StoredCase
from gate_agent.review.views import QueueEntry, Want

MOST_ENTRIES: Final = 64


class Step(StrEnum):
    """What an order amounts to under the rule of the second person."""

    INSPECT = "inspect"
    RELEASE = "release"
    PROPOSE = "propose"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Judged:
    """An order that may go to the station, as the station gets it."""

    step: Step
    action: OfficerAction
    seconds: float
    """Since the case came to the queue."""
    overrules: str = ""
    """The officer whose proposal an inspection goes against."""


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    container: str
    at: str
    since: float
    want: Want
    objections: tuple[str, ...]
    reasons: tuple[str, ...]
    claimed_by: str = ""
    proposed_by: str = ""
    proposed_reason: str = ""
    told: bool = False
    stood: bool = False
    """Its truck was seen at the hold line."""


class Queue:
    """Cases in the order in which they came. `clock` is monotonic seconds; threads may share it."""

    def __init__(self, decision_clock_s: float, clock: Callable[[], float]) -> None:
        self._limit_s = decision_clock_s
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    # ------------------------------------------------------------ what comes and goes

    def arrived(self, case: StoredCase) -> None:
        """A case was put on the shelf: take what officers have to do with it."""
        with self._lock:
            self._arrive(case, _wanted(case))

    def restore(self, case: StoredCase) -> None:
        """A case of before the agent's start: its truck is gone, only documentation is left to do."""
        with self._lock:
            self._arrive(case, "documentation" if _wanted(case) else None)

    def marked(self, case: StoredCase) -> None:
        """An officer marked a case; it may be in the queue."""
        with self._lock:
            known = self._entries.get(case.id)
            if known is not None:
                self._renew(known, case)

    def _arrive(self, case: StoredCase, want: Want | None) -> None:
        known = self._entries.get(case.id)
        if want is None:
            self._entries.pop(case.id, None)
        elif known is not None and known.want == want:
            self._renew(known, case)
        else:
            self._entries[case.id] = _Entry(
                case.id, case.container, case.at, self._clock(), want, case.objections, case.reasons
            )
            self._make_room()

    def _renew(self, known: _Entry, case: StoredCase) -> None:
        fresh = replace(known, objections=case.objections, reasons=case.reasons)
        if known.objections != case.objections:  # a proposal was about what was known then
            fresh = replace(fresh, claimed_by="", proposed_by="", proposed_reason="")
        self._entries[case.id] = fresh

    def _make_room(self) -> None:
        """Documentation that nobody does makes room; a case to decide never does."""
        for old in list(self._entries.values()):
            if len(self._entries) <= MOST_ENTRIES:
                return
            if old.want == "documentation":
                del self._entries[old.id]

    def at_hold(self, transaction: str) -> None:
        """Only this transaction's truck can still be decided on; others have left the hold line."""
        with self._lock:
            for entry in list(self._entries.values()):
                if entry.want != "decision":
                    continue
                if entry.id == transaction:
                    self._entries[entry.id] = replace(entry, stood=True)
                elif transaction or entry.stood:
                    self._entries[entry.id] = _left(entry)

    def done(self, case: str) -> None:
        with self._lock:
            self._entries.pop(case, None)

    # ------------------------------------------------------------ what officers see and do

    def entries(self) -> Sequence[QueueEntry]:
        """Decisions first, then documentation, each in the order of arrival."""
        with self._lock:
            shown = [self._shown(entry) for entry in self._entries.values()]
        return sorted(shown, key=lambda entry: (entry.want != "decision", -entry.waited_s))

    def _shown(self, entry: _Entry) -> QueueEntry:
        waited = self._clock() - entry.since
        deciding = entry.want == "decision"
        return QueueEntry(
            id=entry.id,
            container=entry.container,
            at=entry.at,
            want=entry.want,
            waited_s=waited,
            left_s=self._limit_s - waited if deciding else None,
            escalated=deciding and self._overdue(entry),
            claimed_by=entry.claimed_by,
            proposed_by=entry.proposed_by,
            proposed_reason=entry.proposed_reason,
            second_person="; ".join(entry.objections[:8]),
            reasons=entry.reasons,
        )

    def _overdue(self, entry: _Entry) -> bool:
        return self._clock() - entry.since > self._limit_s

    def newly_overdue(self) -> tuple[str, ...]:
        """Cases whose clock ran out since this was last asked."""
        with self._lock:
            late = [
                e for e in self._entries.values() if e.want == "decision" and not e.told and self._overdue(e)
            ]
            for entry in late:
                self._entries[entry.id] = replace(entry, told=True)
        return tuple(entry.id for entry in late)

    def claim(self, case: str, officer: str) -> None:
        """Raises NotThere, or NotAllowed while another officer has the case and its clock runs."""
        with self._lock:
            entry = self._entry(case)
            self._must_be_free(entry, officer)
            self._entries[case] = replace(entry, claimed_by=officer)

    def hand_back(self, case: str, officer: str) -> None:
        with self._lock:
            entry = self._entry(case)
            if entry.claimed_by != officer:
                raise NotAllowed("is not yours to hand back", code="CASE_NOT_YOURS", field="officer")
            self._entries[case] = replace(entry, claimed_by="")

    def _entry(self, case: str) -> _Entry:
        entry = self._entries.get(case)
        if entry is None:
            raise NotThere("is not in the queue", field="case", advice="look at the queue again")
        return entry

    def _must_be_free(self, entry: _Entry, officer: str) -> None:
        if entry.claimed_by in ("", officer) or (entry.want == "decision" and self._overdue(entry)):
            return
        raise NotAllowed(
            f"{entry.claimed_by} is working on it",
            code="CASE_CLAIMED",
            fills={"officer": entry.claimed_by},
            field="officer",
            advice="wait until it is handed back or escalated; inspecting is always possible",
        )

    # ------------------------------------------------------------ adjudication

    def judge(self, order: OfficerAction) -> Judged:
        """What the order amounts to. Nothing changes before :meth:`carried_out`. Raises NotAllowed."""
        with self._lock:
            entry = self._entries.get(order.transaction)
            waited = self._clock() - entry.since if entry is not None else 0.0
            if order.action == "inspect":
                against = entry.proposed_by if entry is not None else ""
                return Judged(Step.INSPECT, order, waited, against if against != order.officer else "")
            if entry is None or entry.want != "decision":
                raise NotAllowed(
                    "this truck is not before an officer for a decision",
                    code="CASE_NOT_OPEN",
                    field="transaction",
                    advice="look at the queue again",
                )
            if not entry.objections:
                self._must_be_free(entry, order.officer)
                return Judged(Step.RELEASE, order, waited)
            return self._by_two(entry, order, waited)

    def _by_two(self, entry: _Entry, order: OfficerAction, waited: float) -> Judged:
        if not entry.proposed_by:
            self._must_be_free(entry, order.officer)
            return Judged(Step.PROPOSE, replace(order, action="propose_release"), waited)
        if entry.proposed_by.casefold() == order.officer.casefold():
            raise NotAllowed(
                "you proposed this release; a second, different officer must confirm it",
                code="OWN_PROPOSAL",
                field="officer",
                advice="call a colleague, or send the truck to inspection",
            )
        return Judged(Step.CONFIRM, replace(order, confirms=entry.proposed_by), waited)

    def carried_out(self, judged: Judged) -> None:
        """The station took it."""
        with self._lock:
            entry = self._entries.get(judged.action.transaction)
            if entry is None:
                return
            if judged.step is Step.PROPOSE:
                by = judged.action.officer
                self._entries[entry.id] = replace(
                    entry, claimed_by=by, proposed_by=by, proposed_reason=judged.action.reason
                )
            elif judged.step is Step.INSPECT:
                self._entries[entry.id] = _left(entry)
            else:
                del self._entries[entry.id]


def _wanted(case: StoredCase) -> Want | None:
    """A review wants a decision, until an officer gave one; a scan without a truck, and cargo that goes to
    inspection, want documentation, until an officer filed it."""
    if case.settled is None and case.verdict == "review":
        return None if case.filed_by else "decision"
    unsettled = case.needs_review and case.settled is None
    return "documentation" if (unsettled or case.outcome == "inspect") and not case.filed_by else None


def _left(entry: _Entry) -> _Entry:
    """The truck is gone from the hold line; what remains is documentation."""
    return replace(entry, want="documentation", claimed_by="", proposed_by="", proposed_reason="")
