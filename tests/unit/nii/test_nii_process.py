"""The scanner station's process, event by event: the ordinary passage, every way out of it, every order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from gate_agent.cli.main import app
from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition, Signal
from gate_agent.nii import process
from gate_agent.nii import vocabulary as v
from gate_agent.nii.diagram import markdown
from gate_agent.nii.guards import NEEDED
from gate_agent.nii.reasons import INSTRUCTIONS, REASONS
from gate_agent.nii.settings import NiiSettings, NiiTiming
from gate_agent.nii.table import SHOWN, TABLE, UNTIMED
from gate_agent.nii.vocabulary import Effect, Event, Phase, Seen, SetBarriers, Yard

ROOT = Path(__file__).parents[3]
CLOSED, MOVING, OPEN = DoorPosition.CLOSED, DoorPosition.MOVING, DoorPosition.OPEN
P = Phase

EMPTY = v.YardChanged(Seen())
COMES = v.YardChanged(Seen(approach=True))
ENTRY_OPEN = v.YardChanged(Seen(approach=True, entry=OPEN))
DRIVES_IN = v.YardChanged(Seen(entry=OPEN, vehicles=1))
INSIDE = v.YardChanged(Seen(vehicles=1))
AT_HOLD = v.YardChanged(Seen(vehicles=1, at_hold=True))
RELEASE_OPEN = v.YardChanged(Seen(release=OPEN, vehicles=1, at_hold=True))
RELEASE_FREE = v.YardChanged(Seen(release=OPEN))
INSPECTION_OPEN = v.YardChanged(Seen(inspection=OPEN, vehicles=1))
INSPECTION_FREE = v.YardChanged(Seen(inspection=OPEN))
PAIR = v.YardChanged(Seen(vehicles=2))
FIRE = v.YardChanged(Seen(emergency=True))
DISAGREE = v.YardChanged(Seen(sensors_disagree=True))
DISAGREE_INSIDE = v.YardChanged(Seen(sensors_disagree=True, vehicles=1))
BROKEN = v.YardChanged(Seen(interlock_ok=False))
FORCED = v.YardChanged(Seen(forced=True, entry=MOVING))
UNSURE = v.YardChanged(Seen(release=DoorPosition.FAULT))

GATHERED = v.Gathered(0)
RADIATION = v.RadiationAlarm(0)
HOLD = v.HubVerdict(0)
FAILED = v.CommitFailed(0)


def committed(verdict: Verdict) -> v.DecisionCommitted:
    return v.DecisionCommitted(0, verdict)


def ordered(order: v.OfficerOrder) -> v.OfficerRequest:
    return v.OfficerRequest(order)


def answering(yard: Yard, event: Event) -> Any:
    """The event as an answer to what the lane asked last."""
    return replace(event, ticket=yard.ticket) if hasattr(event, "ticket") else event  # type: ignore[call-arg]


@dataclass
class Story:
    """A lane and what it has been asked for. Answers carry the ticket of the question."""

    yard: Yard
    asked: tuple[Effect, ...] = ()

    def after(self, *events: Event) -> Story:
        for event in events:
            self.yard, self.asked = process.step(self.yard, answering(self.yard, event))
        return self

    @property
    def phase(self) -> Phase:
        return self.yard.phase

    @property
    def diversion(self) -> str:
        return next((e.reason for e in self.asked if isinstance(e, v.Divert)), "")

    @property
    def barriers(self) -> list[tuple[bool, bool, bool]]:
        requests = [e for e in self.asked if isinstance(e, SetBarriers)]
        return [(e.entry_open, e.release_open, e.inspection_open) for e in requests]

    def has(self, kind: type[Effect]) -> bool:
        return any(isinstance(e, kind) for e in self.asked)


PASSAGE: tuple[tuple[Event, Phase], ...] = (
    (COMES, P.ENTRY_OPENING),
    (ENTRY_OPEN, P.ENTRY_OPENING),
    (DRIVES_IN, P.SCANNING),
    (INSIDE, P.SCANNING),
    (AT_HOLD, P.GATHERING),
    (GATHERED, P.DECIDING),
    (committed(Verdict.RELEASE), P.RELEASING),
    (RELEASE_OPEN, P.RELEASING),
    (RELEASE_FREE, P.CLEARING),
    (EMPTY, P.IDLE),
)


def idle() -> Story:
    yard, _ = process.start(frozenset())
    return Story(yard).after(v.Recovered("yard"), EMPTY)


def ended_in(phase: Phase) -> Story:
    """A lane in any phase, by the shortest ordinary way."""
    match phase:
        case P.REVIEW:
            return ended_in(P.DECIDING).after(committed(Verdict.REVIEW), AT_HOLD)
        case P.DIRECTING:
            return ended_in(P.DECIDING).after(committed(Verdict.INSPECT), AT_HOLD)
        case P.OUT_OF_SERVICE:
            return idle().after(ordered("out_of_service"))
        case P.EMERGENCY:
            return idle().after(FIRE)
        case _:
            story = idle()
            for event, reached in PASSAGE:
                if story.phase is phase:
                    break
                assert story.after(event).phase is reached
            assert story.phase is phase
            return story


# ---------------------------------------------------------------- the passage


def test_the_ordinary_passage() -> None:
    story, barriers = idle(), []
    for event, phase in PASSAGE:
        assert story.after(event).phase is phase
        barriers += story.barriers
    assert barriers == [(True, False, False), (False,) * 3, (False, True, False), (False,) * 3]


def test_a_truck_under_review_is_released_by_an_officer() -> None:
    story = ended_in(P.REVIEW).after(ordered("release"))
    assert story.phase is P.DECIDING
    assert story.has(v.CommitOfficer) and v.Answer("release", True) in story.asked
    assert story.after(committed(Verdict.RELEASE)).phase is P.RELEASING
    assert story.barriers == [(False, True, False)]


def test_a_truck_for_inspection_goes_there_and_the_lane_is_free_again() -> None:
    story = ended_in(P.DIRECTING)
    story.after(INSPECTION_OPEN, INSPECTION_FREE)
    assert story.phase is P.CLEARING
    assert story.has(v.Finish)
    assert story.after(EMPTY).phase is P.IDLE


def test_a_truck_that_waits_while_the_lane_clears_is_served_at_once() -> None:
    story = ended_in(P.CLEARING).after(COMES)
    assert story.phase is P.ENTRY_OPENING
    assert story.has(v.Begin)
    assert story.barriers == [(True, False, False)]


def test_a_truck_that_did_not_come_in_is_asked_again_once_it_has_moved() -> None:
    story = idle().after(COMES, ENTRY_OPEN, v.Timeout(P.ENTRY_OPENING))
    assert (story.phase, story.diversion) == (P.CLEARING, "NOBODY_ENTERED")
    assert story.after(COMES, COMES).phase is P.IDLE  # it still stands there
    assert story.after(EMPTY, COMES).phase is P.ENTRY_OPENING
    story = idle().after(COMES, ENTRY_OPEN, v.Timeout(P.ENTRY_OPENING), COMES)
    assert story.after(ordered("reset")).phase is P.ENTRY_OPENING  # or an officer starts afresh


def test_the_release_barrier_waits_for_the_truck_at_the_line_and_a_newer_report() -> None:
    story = ended_in(P.DECIDING).after(INSIDE, committed(Verdict.RELEASE))
    assert (story.phase, story.barriers) == (P.DECIDING, [])
    assert story.after(AT_HOLD).phase is P.RELEASING


def test_a_refused_request_is_repeated_on_the_next_report_and_only_then() -> None:
    story = ended_in(P.RELEASING).after(v.BarriersRefused(), ordered("release"))
    assert story.barriers == []
    assert story.after(AT_HOLD).barriers == [(False, True, False)]
    story = ended_in(P.RELEASING).after(v.BarriersRefused(), INSIDE)
    assert story.barriers == [(False, False, False)]  # it moved off the line meanwhile


def test_an_answer_to_an_older_question_moves_nothing() -> None:
    story = ended_in(P.REVIEW)
    asked = story.yard.ticket
    story.after(ordered("release"))
    for late in (v.DecisionCommitted(asked, Verdict.RELEASE), v.CommitFailed(asked), v.Gathered(asked)):
        assert process.step(story.yard, late) == (story.yard, ())


# ---------------------------------------------------------------- diversions

DIVERSIONS: tuple[tuple[Phase, tuple[Event, ...], str, Phase], ...] = (
    (P.IDLE, (INSIDE,), "INTRUSION", P.DIRECTING),
    (P.CLEARING, (INSIDE,), "INTRUSION", P.DIRECTING),
    (P.ENTRY_OPENING, (INSIDE,), "INTRUSION", P.DIRECTING),
    (P.ENTRY_OPENING, (ENTRY_OPEN, v.Timeout(P.ENTRY_OPENING)), "NOBODY_ENTERED", P.CLEARING),
    (P.ENTRY_OPENING, (COMES, v.Timeout(P.ENTRY_OPENING)), "BARRIER_STUCK", P.OUT_OF_SERVICE),
    (P.ENTRY_OPENING, (DISAGREE,), "SENSORS_DISAGREE", P.CLEARING),
    (P.ENTRY_OPENING, (v.Fault("portal"),), "DEVICE_FAULT", P.CLEARING),
    (P.SCANNING, (PAIR,), "TAILGATING", P.DIRECTING),
    (P.SCANNING, (EMPTY,), "LEFT_UNINSPECTED", P.CLEARING),
    (P.SCANNING, (DISAGREE_INSIDE,), "SENSORS_DISAGREE", P.DIRECTING),
    (P.SCANNING, (v.Timeout(P.SCANNING),), "PASSAGE_TIMEOUT", P.DIRECTING),
    (P.GATHERING, (v.Timeout(P.GATHERING),), "GATHERING_TIMEOUT", P.DIRECTING),
    (P.GATHERING, (DRIVES_IN,), "BARRIER_FORCED", P.OUT_OF_SERVICE),
    (P.DECIDING, (v.Timeout(P.DECIDING),), "DECISION_TIMEOUT", P.DIRECTING),
    (P.DECIDING, (RADIATION, committed(Verdict.RELEASE)), "RADIATION_ALARM", P.DIRECTING),
    (P.DECIDING, (RADIATION, committed(Verdict.REVIEW)), "RADIATION_ALARM", P.DIRECTING),
    (P.DECIDING, (RADIATION, FAILED), "RADIATION_ALARM", P.DIRECTING),
    (P.DECIDING, (INSIDE, committed(Verdict.RELEASE), RADIATION), "RADIATION_ALARM", P.DIRECTING),
    (P.RELEASING, (RADIATION,), "RADIATION_ALARM", P.DIRECTING),
    (P.RELEASING, (RELEASE_OPEN, RADIATION), "RADIATION_ALARM", P.DIRECTING),
    (P.RELEASING, (PAIR,), "TAILGATING", P.DIRECTING),
    (P.RELEASING, (EMPTY,), "LEFT_UNINSPECTED", P.CLEARING),
    (P.RELEASING, (AT_HOLD, v.Fault("journal")), "DEVICE_FAULT", P.DIRECTING),
    (P.RELEASING, (DISAGREE_INSIDE,), "SENSORS_DISAGREE", P.DIRECTING),
    (P.RELEASING, (AT_HOLD, v.Timeout(P.RELEASING)), "BARRIER_STUCK", P.DIRECTING),
    (P.RELEASING, (RELEASE_OPEN, v.Timeout(P.RELEASING)), "TRUCK_STANDS", P.DIRECTING),
    (P.REVIEW, (RADIATION,), "RADIATION_ALARM", P.DIRECTING),
    (P.REVIEW, (PAIR,), "TAILGATING", P.DIRECTING),
    (P.REVIEW, (v.Timeout(P.REVIEW),), "REVIEW_TIMEOUT", P.DIRECTING),
    (P.REVIEW, (FIRE,), "EMERGENCY", P.EMERGENCY),
    (P.REVIEW, (BROKEN,), "INTERLOCK_BROKEN", P.OUT_OF_SERVICE),
    (P.REVIEW, (FORCED,), "BARRIER_FORCED", P.OUT_OF_SERVICE),
    (P.REVIEW, (UNSURE,), "BARRIER_FAULT", P.OUT_OF_SERVICE),
    (P.REVIEW, (v.Fault("yard"),), "DEVICE_FAULT", P.OUT_OF_SERVICE),
    (P.REVIEW, (ordered("out_of_service"),), "OFFICER_CLOSED", P.OUT_OF_SERVICE),
)


@pytest.mark.parametrize(
    ("phase", "events", "why", "then"),
    DIVERSIONS,
    ids=[f"{d[0].value}-{d[2]}-{i}" for i, d in enumerate(DIVERSIONS)],
)
def test_a_diversion_names_its_reason(phase: Phase, events: tuple[Event, ...], why: str, then: Phase) -> None:
    story = ended_in(phase).after(*events)
    assert (story.diversion, story.phase) == (why, then)
    assert not story.yard.released
    assert why in REASONS


# ---------------------------------------------------------------- radiation, the hub, strangers


@pytest.mark.parametrize("phase", [P.SCANNING, P.GATHERING])
def test_radiation_is_told_at_once_and_the_evidence_is_still_gathered(phase: Phase) -> None:
    story = ended_in(phase).after(RADIATION)
    assert (story.phase, story.asked) == (phase, (v.Alarm("RADIATION_ALARM"),))
    assert story.after(RADIATION).asked == ()  # once is enough


def test_an_open_release_road_closes_on_radiation_and_the_other_opens_once_it_has() -> None:
    story = ended_in(P.RELEASING).after(RELEASE_OPEN, RADIATION)
    assert story.barriers == [(False, False, False)]
    assert story.after(AT_HOLD).barriers == [(False, False, True)]


def test_an_alarmed_truck_that_escapes_by_the_release_road_is_told() -> None:
    story = ended_in(P.RELEASING).after(RELEASE_OPEN, RADIATION, RELEASE_FREE)
    assert v.Alarm("LEFT_UNINSPECTED") in story.asked


def test_an_alarm_that_crosses_an_officers_order_is_not_lost() -> None:
    story = ended_in(P.REVIEW)
    truck = story.yard.truck
    story.after(ordered("release"))
    assert story.yard.ticket > truck
    story.yard, story.asked = process.step(story.yard, v.RadiationAlarm(truck))
    assert v.Alarm("RADIATION_ALARM") in story.asked
    assert story.after(committed(Verdict.RELEASE)).phase is P.DIRECTING


@pytest.mark.parametrize("phase", [P.IDLE, P.CLEARING, P.SCANNING])
def test_an_alarm_that_comes_after_its_truck_moves_nothing_but_is_told(phase: Phase) -> None:
    story = ended_in(phase)
    earlier = v.RadiationAlarm(story.yard.truck - 1)
    assert process.step(story.yard, earlier) == (story.yard, (v.Alarm("RADIATION_ALARM_LATE"),))


def test_a_hold_of_the_hub_turns_a_release_into_a_review() -> None:
    for phase in (P.SCANNING, P.GATHERING, P.DECIDING):
        assert v.Alarm("HUB_HOLD") in ended_in(phase).after(HOLD).asked
    story = ended_in(P.DECIDING).after(HOLD, committed(Verdict.RELEASE))
    assert story.phase is P.REVIEW
    assert ended_in(P.DECIDING).after(INSIDE, committed(Verdict.RELEASE), HOLD).phase is P.REVIEW
    story = ended_in(P.RELEASING).after(RELEASE_OPEN, HOLD)
    assert (story.phase, story.barriers) == (P.REVIEW, [(False, False, False)])


def test_an_officer_who_saw_the_hold_may_release_until_the_next_one() -> None:
    story = ended_in(P.DECIDING).after(HOLD, committed(Verdict.RELEASE), AT_HOLD, ordered("release"))
    again = Story(story.yard).after(HOLD, committed(Verdict.RELEASE))
    assert again.phase is P.REVIEW
    assert story.after(committed(Verdict.RELEASE)).phase is P.RELEASING


def test_a_vehicle_found_in_a_lane_that_was_switched_on_finds_the_way_to_inspection() -> None:
    yard, _ = process.start(frozenset({"portal"}))
    story = Story(yard).after(v.Recovered("yard"), INSIDE)
    assert (story.phase, story.barriers) == (P.OUT_OF_SERVICE, [(False, False, True)])
    story.after(v.Recovered("portal"))
    assert (story.phase, story.diversion) == (P.DIRECTING, "INTRUSION")
    assert story.has(v.Begin) and v.Alarm("INTRUSION") in story.asked


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("source", ["scanner", "portal", "scale", "camera_left", "seals", "policy"])
@pytest.mark.parametrize("phase", [P.SCANNING, P.GATHERING, P.DECIDING, P.RELEASING, P.REVIEW, P.DIRECTING])
def test_a_device_that_fails_stops_no_truck_that_is_inside(phase: Phase, source: str) -> None:
    story = ended_in(phase).after(v.Fault(source))
    assert (story.phase, story.asked) == (phase, (v.Alarm(f"DEVICE_FAULT:{source}"),))


@pytest.mark.parametrize("source", ["yard", "journal", "policy", "scanner", "portal", "scale", "seals"])
def test_a_lane_takes_trucks_only_with_what_it_needs(source: str) -> None:
    story = idle().after(v.Fault(source))
    assert story.phase is (P.OUT_OF_SERVICE if source in NEEDED else P.IDLE)
    assert story.after(COMES, v.Recovered(source), COMES).phase is P.ENTRY_OPENING


def test_a_failed_commit_moves_nothing_outward() -> None:
    story = ended_in(P.DECIDING).after(FAILED)
    assert (story.phase, story.barriers) == (P.REVIEW, [])
    assert v.Alarm("JOURNAL_FAULT") in story.asked
    assert ended_in(P.REVIEW).after(ordered("release"), FAILED).phase is P.REVIEW
    assert v.Alarm("JOURNAL_FAULT") in ended_in(P.DIRECTING).after(FAILED).asked


@pytest.mark.parametrize("phase", Phase)
def test_a_controller_that_was_away_is_told_signals_and_barriers_again(phase: Phase) -> None:
    story = ended_in(phase).after(v.Fault("yard"), v.Recovered("yard"))
    assert SHOWN[story.phase] in story.asked
    story.after(replace(EMPTY, seen=EMPTY.seen._replace(emergency=story.phase is P.EMERGENCY)))
    assert story.has(SetBarriers)


# ---------------------------------------------------------------- alarms that end


@pytest.mark.parametrize(
    ("story", "over", "reason"),
    [
        (idle().after(FIRE), EMPTY, "EMERGENCY"),
        (idle().after(FORCED, EMPTY), ordered("reset"), "BARRIER_FORCED"),
        (idle().after(UNSURE, EMPTY), ordered("reset"), "BARRIER_FAULT"),
        (idle().after(BROKEN, EMPTY), ordered("in_service"), "INTERLOCK_BROKEN"),
        (idle().after(INSIDE, INSPECTION_OPEN), INSPECTION_FREE, "INTRUSION"),
        (idle().after(DISAGREE), EMPTY, "SENSORS_DISAGREE"),
        (idle().after(v.Fault("scale")), v.Recovered("scale"), "DEVICE_FAULT:scale"),
        (ended_in(P.REVIEW).after(RADIATION, INSPECTION_OPEN), INSPECTION_FREE, "RADIATION_ALARM"),
        (ended_in(P.DECIDING).after(FAILED), ordered("inspect"), "JOURNAL_FAULT"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_u4_e8_an_alarm_ends_with_what_it_told_of(story: Story, over: Event, reason: str) -> None:
    assert v.AlarmOver(reason) not in story.asked
    assert v.AlarmOver(reason) in Story(story.yard).after(over).asked


def test_u4_radiation_lasts_while_the_truck_stands_in_a_lane_that_was_closed() -> None:
    story = ended_in(P.SCANNING).after(RADIATION, ordered("out_of_service"))
    assert v.AlarmOver("RADIATION_ALARM") not in story.asked
    assert v.AlarmOver("RADIATION_ALARM") in story.after(EMPTY).asked


# ---------------------------------------------------------------- officers


def test_u3_what_an_order_would_do_is_told_before_it_is_given() -> None:
    review = ended_in(P.REVIEW)
    assert process.orders(review.yard)["release"] == "RELEASE_WAY_OPENS"
    assert process.orders(review.yard)["inspect"] == "INSPECTION_WAY_OPENS"
    assert (
        process.orders(review.after(v.YardChanged(AT_HOLD.seen._replace(sensors_disagree=True))).yard)[
            "release"
        ]
        == ""
    )
    assert process.orders(ended_in(P.SCANNING).yard)["release"] == ""


@pytest.mark.parametrize("order", get_args(v.OfficerOrder))
@pytest.mark.parametrize("phase", Phase)
def test_every_order_is_answered_once_in_every_phase(phase: Phase, order: v.OfficerOrder) -> None:
    story = ended_in(phase).after(ordered(order))
    assert [type(e) for e in story.asked].count(v.Answer) == 1
    if order == "out_of_service":
        assert story.phase is (P.EMERGENCY if phase is P.EMERGENCY else P.OUT_OF_SERVICE)
    if order == "release":
        assert v.Answer(order, phase is P.REVIEW) in story.asked


@pytest.mark.parametrize("phase", [P.SCANNING, P.GATHERING, P.DECIDING, P.RELEASING, P.REVIEW])
def test_an_officer_sends_any_truck_to_inspection(phase: Phase) -> None:
    story = ended_in(phase).after(ordered("inspect"))
    assert story.phase is P.DECIDING
    assert v.CommitOfficer(story.yard.ticket, Verdict.INSPECT) in story.asked
    assert story.after(ordered("inspect")).asked == (v.Answer("inspect", False),)
    assert story.after(committed(Verdict.INSPECT)).phase is P.DIRECTING


def test_no_officer_releases_without_the_journal() -> None:
    story = ended_in(P.REVIEW).after(v.Fault("journal"), ordered("release"))
    assert story.asked == (v.Answer("release", False),)


def test_a_latched_lane_comes_back_only_by_an_officer_and_only_empty() -> None:
    story = ended_in(P.SCANNING).after(FORCED, INSIDE)
    assert story.after(ordered("reset")).phase is P.OUT_OF_SERVICE
    assert story.after(EMPTY, EMPTY).phase is P.OUT_OF_SERVICE
    assert story.after(ordered("in_service")).phase is P.IDLE


# ---------------------------------------------------------------- the table itself

EVENTS: tuple[Event, ...] = (
    *(EMPTY, COMES, ENTRY_OPEN, DRIVES_IN, INSIDE, AT_HOLD, RELEASE_OPEN, RELEASE_FREE, INSPECTION_OPEN),
    *(INSPECTION_FREE, PAIR, FIRE, DISAGREE, DISAGREE_INSIDE, BROKEN, FORCED, UNSURE),
    *(v.BarriersRefused(), GATHERED, RADIATION, HOLD, FAILED),
    *(committed(verdict) for verdict in (Verdict.RELEASE, Verdict.REVIEW, Verdict.INSPECT)),
    *(ordered(order) for order in get_args(v.OfficerOrder)),
    *(change(source) for source in ("yard", "journal", "scale") for change in (v.Fault, v.Recovered)),
)


def fired(depth: int, starts: Iterable[Yard]) -> set[Any]:
    """Every row that can fire within `depth` events of these lanes."""
    rows: set[Any] = set()
    seen: set[Yard] = set(starts)
    edge = set(seen)
    for _ in range(depth):
        reached: set[Yard] = set()
        for yard in edge:
            for event in (answering(yard, e) for e in (*EVENTS, v.Timeout(yard.phase))):
                if row := process.PROCESS.fitting(yard, event):
                    rows.add(row)
                reached.add(process.step(yard, event)[0])
        edge = reached - seen
        seen |= reached
    return rows


def test_no_row_is_dead() -> None:
    waiting = ended_in(P.DECIDING).after(INSIDE, committed(Verdict.RELEASE))
    yard, _ = process.start(frozenset({"journal"}))
    occupied = Story(yard).after(v.Recovered("yard"), INSIDE)
    reachable = fired(2, [waiting.yard, occupied.yard, *(ended_in(phase).yard for phase in Phase)])
    dead = [row for row in TABLE if row not in reachable]
    assert not dead, [f"{r.phases} {r.on.__name__} {r.when.__name__}" for r in dead]


def test_every_wait_has_a_bound_and_every_phase_shows_something() -> None:
    timing = NiiTiming.model_validate({})
    for phase in Phase:
        assert (timing.bound(phase.value) is None) == (phase in UNTIMED), phase
        assert any(row.on is v.Timeout and phase in row.phases for row in TABLE) == (phase not in UNTIMED)
    assert set(NiiTiming.model_fields) == {f"{p.value}_s" for p in Phase if p not in UNTIMED}
    assert {shown.instruction for shown in SHOWN.values()} == set(INSTRUCTIONS)


def test_everything_that_the_table_says_has_words() -> None:
    named = {action.__name__ for row in TABLE for action in row.do}
    diverted = {name.removeprefix("divert ") for name in named if name.startswith("divert ")}
    assert diverted | process.PROCESS.alarms() | {"DEVICE_FAULT"} <= set(REASONS)


def test_an_arrow_means_that_the_way_is_or_will_be_free() -> None:
    assert {p for p in Phase if SHOWN[p].entry is Signal.ENTER} == {P.ENTRY_OPENING}
    assert {p for p in Phase if SHOWN[p].hold is Signal.RELEASE} == {P.RELEASING}
    ended = {P.DIRECTING, P.OUT_OF_SERVICE, P.EMERGENCY}
    assert {p for p in Phase if SHOWN[p].hold is Signal.INSPECTION} == ended


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gather_budget_s": 60.0}, "gather_budget_s"),
        ({"second_energy_s": 50.0}, "second_energy_s"),
    ],
)
def test_settings_that_would_cut_each_other_off_are_refused(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        NiiSettings.model_validate(values)


def test_the_drawing_in_the_manual_is_this_table() -> None:
    manual = (ROOT / "docs/nii-process.md").read_text(encoding="utf-8")
    assert manual == markdown(), "run: gate-agent process nii > docs/nii-process.md"
    assert CliRunner().invoke(app, ["process", "nii"]).stdout == manual
