"""The queue and the rule of the second person: who may release or take over, and what the station is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import OfficerAction
from gate_agent.review.adjudication import MOST_ENTRIES, Queue, Step
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.record import Annotation, Finding, Mark, Region, Settled, StoredCase
from gate_agent.review.views import QueueEntry

REASON = "explained by the goods"


def case(name: str = "NII-1", **more: object) -> StoredCase:
    plain = StoredCase(
        id=name,
        container="MSCU1234566",
        at="2026-03-02T08:00:00.000Z",
        verdict="review",
        reasons=(),
        checks=(),
        needs_review=True,
        picture=None,
        findings=(),
        figures={},
        planes=(),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


SUSPICIOUS = case(checks=(CheckResult("declared_weight", Outcome.FAILED),))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def queue(*cases: StoredCase, at_hold: str = "NII-1") -> tuple[Queue, Clock]:
    clock = Clock()
    made = Queue(60.0, clock)
    for each in cases:
        made.arrived(each)
    made.at_hold(at_hold)
    return made, clock


def release(officer: str, transaction: str = "NII-1") -> OfficerAction:
    return OfficerAction("release", officer, REASON, transaction)


def only(made: Queue) -> QueueEntry:
    (entry,) = made.entries()
    return entry


# ---------------------------------------------------------------- one officer or two


def test_one_officer_releases_what_nothing_was_found_on() -> None:
    made, _ = queue(case())
    judged = made.judge(release("B1"))
    assert (judged.step, judged.action) == (Step.RELEASE, release("B1"))
    made.carried_out(judged)
    assert made.entries() == []


def test_a_finding_takes_two_different_officers_to_release() -> None:
    made, _ = queue(SUSPICIOUS)
    assert only(made).second_person == "declared_weight"
    first = made.judge(release("B1"))
    assert first.step is Step.PROPOSE
    assert first.action == OfficerAction("propose_release", "B1", REASON, "NII-1")
    made.carried_out(first)
    assert only(made).proposed_by == "B1"
    for same in ("B1", "b1"):
        with pytest.raises(NotAllowed, match="second, different officer"):
            made.judge(release(same))
    second = made.judge(release("B2"))
    assert second.step is Step.CONFIRM
    assert second.action == OfficerAction("release", "B2", REASON, "NII-1", confirms="B1")
    made.carried_out(second)
    assert made.entries() == []


def test_one_officer_inspects_and_overrules_a_proposal() -> None:
    made, _ = queue(SUSPICIOUS)
    made.carried_out(made.judge(release("B1")))
    judged = made.judge(OfficerAction("inspect", "B2", "suspicious object", "NII-1"))
    assert (judged.step, judged.overrules) == (Step.INSPECT, "B1")
    made.carried_out(judged)
    assert (only(made).want, only(made).proposed_by) == ("documentation", "")


def test_an_order_that_the_station_refused_changes_nothing() -> None:
    made, _ = queue(SUSPICIOUS)
    made.judge(release("B1"))
    assert only(made).proposed_by == ""


@pytest.mark.parametrize(
    "found",
    [
        SUSPICIOUS,
        case(findings=(Finding(Region(1, 1, 9, 9), "high atomic number", "THREAT", "machine"),)),
        case(annotations=(Annotation("B3", "", (Mark(Region(1, 1, 9, 9), "ANOMALY", "THREAT"),)),)),
    ],
)
def test_check_machine_and_officer_can_each_ask_for_a_second_person(found: StoredCase) -> None:
    made, _ = queue(found)
    assert only(made).second_person
    assert made.judge(release("B1")).step is Step.PROPOSE


def test_harmless_marks_ask_for_nobody() -> None:
    mark = Mark(Region(1, 1, 9, 9), "OTHER", "NO_THREAT")
    made, _ = queue(case(annotations=(Annotation("B3", "", (mark,)),)))
    assert made.judge(release("B1")).step is Step.RELEASE


def test_a_new_finding_voids_the_proposal_that_did_not_know_it() -> None:
    made, _ = queue(SUSPICIOUS)
    made.carried_out(made.judge(release("B1")))
    mark = Mark(Region(1, 1, 9, 9), "ANOMALY", "THREAT")
    made.marked(replace(SUSPICIOUS, annotations=(Annotation("B2", "", (mark,)),)))
    assert only(made).proposed_by == ""
    assert made.judge(release("B2")).step is Step.PROPOSE


def test_a_truck_that_is_not_in_the_queue_cannot_be_released_but_inspected() -> None:
    made, _ = queue()
    with pytest.raises(NotAllowed, match="not before an officer"):
        made.judge(release("B1"))
    assert made.judge(OfficerAction("inspect", "B1", "unknown", "NII-1")).step is Step.INSPECT


@given(
    st.lists(
        st.tuples(st.sampled_from(["release", "inspect"]), st.sampled_from(["B1", "B2", "B3"])), max_size=8
    )
)
def test_no_sequence_of_orders_releases_a_finding_by_one_officer_alone(orders: list[tuple[str, str]]) -> None:
    made, clock = queue(SUSPICIOUS)
    told: list[OfficerAction] = []
    for action, officer in orders:
        clock.now += 20
        try:
            judged = made.judge(OfficerAction(action, officer, REASON, "NII-1"))  # type: ignore[arg-type]
        except NotAllowed:
            continue
        made.carried_out(judged)
        told.append(judged.action)
    for index, action in enumerate(told):
        if action.action == "release":
            proposal = OfficerAction("propose_release", action.confirms, REASON, "NII-1")
            assert action.confirms not in ("", action.officer)
            assert proposal in told[:index]


# ---------------------------------------------------------------- clock, claims, escalation


def test_the_clock_runs_and_an_overdue_case_is_told_once() -> None:
    made, clock = queue(case())
    clock.now += 59
    assert (only(made).left_s, only(made).escalated, made.newly_overdue()) == (1.0, False, ())
    clock.now += 2
    assert only(made).escalated
    assert made.newly_overdue() == ("NII-1",)
    assert made.newly_overdue() == ()


def test_a_claimed_case_is_its_officers_until_it_is_overdue() -> None:
    made, clock = queue(case())
    made.claim("NII-1", "B1")
    for attempt in (lambda: made.claim("NII-1", "B2"), lambda: made.judge(release("B2"))):
        with pytest.raises(NotAllowed, match="B1 is working on it"):
            attempt()
    with pytest.raises(NotAllowed):
        made.hand_back("NII-1", "B2")
    clock.now += 61
    made.claim("NII-1", "B2")
    assert only(made).claimed_by == "B2"
    made.hand_back("NII-1", "B2")
    assert only(made).claimed_by == ""
    with pytest.raises(NotThere):
        made.claim("NII-9", "B1")


def test_inspecting_never_waits_for_a_claim() -> None:
    made, _ = queue(case())
    made.claim("NII-1", "B1")
    assert made.judge(OfficerAction("inspect", "B2", "smoke", "NII-1")).step is Step.INSPECT


# ---------------------------------------------------------------- what comes and goes


def test_a_truck_that_left_undecided_is_documentation_and_cannot_be_released() -> None:
    made, _ = queue(case(), case("NII-2"), at_hold="NII-2")
    assert [(entry.id, entry.want) for entry in made.entries()] == [
        ("NII-2", "decision"),
        ("NII-1", "documentation"),
    ]
    with pytest.raises(NotAllowed):
        made.judge(release("B1", "NII-1"))


def test_a_case_that_comes_before_its_transaction_is_shown_still_wants_a_decision() -> None:
    made, _ = queue(case(), at_hold="")
    assert only(made).want == "decision"
    made.at_hold("NII-1")
    made.at_hold("")
    assert only(made).want == "documentation"


def test_released_and_filed_cases_are_not_in_the_queue() -> None:
    made, _ = queue(case(needs_review=False, verdict="release"))
    made.arrived(case("NII-2", needs_review=False, verdict="inspect", filed_by="B1"))
    made.arrived(case("NII-3", settled=Settled("release", "B1", "")))
    assert made.entries() == []
    made.arrived(case("NII-4", needs_review=False, verdict="inspect"))
    assert only(made).want == "documentation"


def test_what_the_policy_sends_to_inspection_and_scans_without_truck_only_want_documentation() -> None:
    made, clock = queue(case(verdict="inspect"), case("scan-1", verdict=""), at_hold="")
    clock.now += 3600
    assert [(entry.want, entry.escalated) for entry in made.entries()] == [("documentation", False)] * 2
    assert made.newly_overdue() == ()
    with pytest.raises(NotAllowed):
        made.judge(release("B1"))


def test_after_a_restart_only_documentation_is_left_to_do() -> None:
    made, _ = queue()
    made.restore(SUSPICIOUS)
    assert only(made).want == "documentation"
    with pytest.raises(NotAllowed):
        made.judge(release("B1"))


def test_the_queue_is_bounded_and_a_decision_is_never_pushed_out() -> None:
    made, _ = queue(case())
    for number in range(2, MOST_ENTRIES + 20):
        made.arrived(case(f"NII-{number}", needs_review=False, verdict="inspect"))
    entries = made.entries()
    assert len(entries) == MOST_ENTRIES
    assert entries[0].want == "decision"
