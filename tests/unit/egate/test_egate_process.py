"""The e-gate process, event by event: the ordinary passage, every way out of it, every officer's order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition, Light
from gate_agent.egate import process
from gate_agent.egate import vocabulary as v
from gate_agent.egate.diagram import markdown
from gate_agent.egate.reasons import INSTRUCTIONS, REASONS
from gate_agent.egate.settings import EgateTiming
from gate_agent.egate.table import SHOWN, TABLE, UNTIMED
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, Seen, SetDoors

ROOT = Path(__file__).parents[3]
CLOSED, MOVING, OPEN = DoorPosition.CLOSED, DoorPosition.MOVING, DoorPosition.OPEN
P = Phase

EMPTY = v.LaneChanged(Seen())
SOMEBODY = v.LaneChanged(Seen(approach=True))
ENTRY_OPEN = v.LaneChanged(Seen(entry=OPEN))
IN_DOORWAY = v.LaneChanged(Seen(entry=OPEN, inside=1))
ALONE = v.LaneChanged(Seen(inside=1))
EXIT_OPEN = v.LaneChanged(Seen(exit=OPEN, inside=1))
GONE = v.LaneChanged(Seen(exit=OPEN))
PAIR = v.LaneChanged(Seen(inside=2))
FIRE = v.LaneChanged(Seen(emergency=True))
DISAGREE = v.LaneChanged(Seen(sensors_disagree=True))
BROKEN = v.LaneChanged(Seen(interlock_ok=False))
FORCED = v.LaneChanged(Seen(forced=True, entry=MOVING))
UNSURE = v.LaneChanged(Seen(exit=DoorPosition.FAULT))
BAG = v.LaneChanged(Seen(object_inside=True))


def answering(lane: Lane, event: Event) -> Event:
    """The event as an answer to what the lane asked last."""
    return replace(event, ticket=lane.ticket) if hasattr(event, "ticket") else event  # type: ignore[call-arg]


@dataclass
class Story:
    """A lane and what it has been asked for. Answers carry the ticket of the question."""

    lane: Lane
    asked: tuple[Effect, ...] = ()

    def after(self, *events: Event) -> Story:
        for event in events:
            self.lane, self.asked = process.step(self.lane, answering(self.lane, event))
        return self

    @property
    def phase(self) -> Phase:
        return self.lane.phase

    @property
    def referral(self) -> str:
        return next((e.reason for e in self.asked if isinstance(e, v.Refer)), "")

    def has(self, kind: type[Effect]) -> bool:
        return any(isinstance(e, kind) for e in self.asked)


PRESENT = v.DocumentPresented(same=False)
VETTED = v.DocumentVetted(0, enter=True)
CAPTURED = v.FaceCaptured(0)


def committed(verdict: Verdict) -> v.DecisionCommitted:
    return v.DecisionCommitted(0, verdict)


PASSAGE: tuple[tuple[Event, Phase], ...] = (
    (PRESENT, P.PRESENTED),
    (v.ChipPresent(True), P.READING),
    (VETTED, P.ENTRY_OPENING),
    (ENTRY_OPEN, P.ENTRY_OPENING),
    (IN_DOORWAY, P.ENTRY_OCCUPIED),
    (v.Timeout(P.ENTRY_OCCUPIED), P.ENTRY_CLOSING),
    (ALONE, P.CAPTURING),
    (CAPTURED, P.DECIDING),
    (committed(Verdict.ADMIT), P.EXIT_OPENING),
    (EXIT_OPEN, P.LEAVING),
    (GONE, P.EXIT_CLOSING),
    (EMPTY, P.IDLE),
)


def idle() -> Story:
    lane, _ = process.start(frozenset())
    return Story(lane).after(v.Recovered("lane"), EMPTY)


def on_the_way(phase: Phase) -> Story:
    """A traveller who has come as far as `phase`."""
    story = idle()
    for event, reached in PASSAGE:
        if story.phase is phase:
            return story
        assert story.after(event).phase is reached
    assert story.phase is phase
    return story


def ended_in(phase: Phase) -> Story:
    """A lane in any phase, by the shortest ordinary way."""
    match phase:
        case P.TURNED_AWAY:
            return on_the_way(P.READING).after(replace(VETTED, enter=False))
        case P.REFERRED:
            return on_the_way(P.DECIDING).after(committed(Verdict.REFER))
        case P.OUT_OF_SERVICE:
            return idle().after(v.OfficerRequest("out_of_service"))
        case P.EMERGENCY:
            return idle().after(FIRE)
        case _:
            return on_the_way(phase)


# ---------------------------------------------------------------- the passage


def test_the_ordinary_passage() -> None:
    story, doors = idle(), []
    for event, phase in PASSAGE:
        assert story.after(event).phase is phase
        doors += [e for e in story.asked if isinstance(e, SetDoors)]
    assert doors == [
        SetDoors(True, False),
        SetDoors(False, False),
        SetDoors(False, True),
        SetDoors(False, False),
    ]


def test_a_chip_that_lies_on_the_reader_already_is_read_at_once() -> None:
    assert idle().after(v.ChipPresent(True), PRESENT).phase is P.READING


def test_the_exit_waits_for_a_closed_entry_and_a_report_newer_than_the_request() -> None:
    story = on_the_way(P.DECIDING)
    story.lane = story.lane._replace(confirmed=False)
    assert story.after(committed(Verdict.ADMIT)).phase is P.DECIDING
    assert story.after(ALONE).phase is P.EXIT_OPENING


def test_an_answer_to_an_older_question_moves_nothing() -> None:
    story = on_the_way(P.READING)
    first = story.lane.ticket
    story.after(v.ChipPresent(False), v.ChipPresent(True))
    for late in (v.CardLost(first), v.DocumentVetted(first, enter=True), v.FaceCaptured(first)):
        assert process.step(story.lane, late) == (story.lane, ())


# ---------------------------------------------------------------- referrals

READ_THRICE = (v.CardLost(0), v.ChipPresent(True)) * 2
REFERRALS: tuple[tuple[Phase, tuple[Event, ...], str, Phase], ...] = (
    (P.IDLE, (SOMEBODY, *(v.DocumentPresented(readable=False),) * 2), "MRZ_UNREADABLE", P.TURNED_AWAY),
    (P.PRESENTED, (v.Timeout(P.PRESENTED),), "CHIP_NOT_PRESENTED", P.TURNED_AWAY),
    (P.PRESENTED, (PRESENT,), "DOCUMENT_CHANGED", P.TURNED_AWAY),
    (P.PRESENTED, (ALONE,), "INTRUSION", P.REFERRED),
    (P.PRESENTED, (BAG,), "LEFT_OBJECT", P.REFERRED),
    (P.PRESENTED, (ENTRY_OPEN,), "DOOR_FORCED", P.OUT_OF_SERVICE),
    (P.READING, (PRESENT,), "DOCUMENT_CHANGED", P.TURNED_AWAY),
    (P.READING, (v.CardLost(0), v.Timeout(P.PRESENTED)), "CARD_LOST", P.TURNED_AWAY),
    (P.READING, (*READ_THRICE, v.CardLost(0)), "CARD_LOST", P.TURNED_AWAY),
    (P.READING, (*READ_THRICE, v.ChipPresent(False)), "CARD_LOST", P.TURNED_AWAY),
    (P.READING, (v.Timeout(P.READING),), "CHIP_TIMEOUT", P.TURNED_AWAY),
    (P.READING, (v.Fault("camera"), VETTED), "DEVICE_FAULT", P.TURNED_AWAY),
    (P.READING, (DISAGREE,), "SENSORS_DISAGREE", P.TURNED_AWAY),
    (P.READING, (v.HubVerdict(0),), "HUB_HOLD", P.TURNED_AWAY),
    (P.ENTRY_OPENING, (ENTRY_OPEN, v.Timeout(P.ENTRY_OPENING)), "NOBODY_ENTERED", P.TURNED_AWAY),
    (P.ENTRY_OPENING, (v.Timeout(P.ENTRY_OPENING),), "DOOR_STUCK", P.OUT_OF_SERVICE),
    (P.ENTRY_OPENING, (PAIR,), "TAILGATING", P.REFERRED),
    (P.ENTRY_OCCUPIED, (ENTRY_OPEN, IN_DOORWAY, ENTRY_OPEN), "NOBODY_ENTERED", P.TURNED_AWAY),
    (P.ENTRY_CLOSING, (EMPTY,), "NOBODY_ENTERED", P.TURNED_AWAY),
    (P.ENTRY_CLOSING, (v.Timeout(P.ENTRY_CLOSING),), "DOOR_HELD", P.REFERRED),
    (P.CAPTURING, (EMPTY,), "LANE_EMPTY", P.REFERRED),
    (P.CAPTURING, (IN_DOORWAY,), "DOOR_FORCED", P.OUT_OF_SERVICE),
    (P.CAPTURING, (v.Timeout(P.CAPTURING),), "CAPTURE_TIMEOUT", P.REFERRED),
    (P.CAPTURING, (v.HubVerdict(0),), "HUB_HOLD", P.REFERRED),
    (P.DECIDING, (v.Timeout(P.DECIDING),), "DECISION_TIMEOUT", P.REFERRED),
    (P.DECIDING, (DISAGREE,), "SENSORS_DISAGREE", P.REFERRED),
    (P.EXIT_OPENING, (v.HubVerdict(0),), "HUB_HOLD", P.REFERRED),
    (P.EXIT_OPENING, (v.Fault("journal"),), "DEVICE_FAULT", P.REFERRED),
    (P.EXIT_OPENING, (EMPTY,), "LANE_EMPTY", P.REFERRED),
    (P.EXIT_OPENING, (v.Timeout(P.EXIT_OPENING),), "DOOR_STUCK", P.REFERRED),
    (P.LEAVING, (v.Timeout(P.LEAVING),), "OCCUPANT_TIMEOUT", P.REFERRED),
    (P.LEAVING, (FIRE,), "EMERGENCY", P.EMERGENCY),
    (P.LEAVING, (BROKEN,), "INTERLOCK_BROKEN", P.OUT_OF_SERVICE),
    (P.CAPTURING, (FORCED,), "DOOR_FORCED", P.OUT_OF_SERVICE),
    (P.CAPTURING, (UNSURE,), "DOOR_FAULT", P.OUT_OF_SERVICE),
    (P.CAPTURING, (v.Fault("lane"),), "DEVICE_FAULT", P.OUT_OF_SERVICE),
    (P.CAPTURING, (v.OfficerRequest("out_of_service"),), "OFFICER_CLOSED", P.OUT_OF_SERVICE),
)


@pytest.mark.parametrize(
    ("phase", "events", "why", "then"),
    REFERRALS,
    ids=[f"{r[0].value}-{r[2]}-{i}" for i, r in enumerate(REFERRALS)],
)
def test_a_referral_names_its_reason(phase: Phase, events: tuple[Event, ...], why: str, then: Phase) -> None:
    story = on_the_way(phase).after(*events)
    assert (story.referral, story.phase) == (why, then)
    assert not story.lane.admitted
    assert why in REASONS


def test_an_intruder_is_never_released_as_the_traveller_who_waits_outside() -> None:
    story = on_the_way(P.PRESENTED).after(ALONE, v.OfficerRequest("admit"))
    assert story.phase is P.REFERRED  # the decision is recorded; no exit follows from it
    assert story.has(v.CommitOfficer)
    assert story.after(committed(Verdict.ADMIT)).phase is P.REFERRED


def test_whoever_comes_in_after_the_traveller_went_back_is_not_released() -> None:
    story = on_the_way(P.DECIDING).after(committed(Verdict.REFER), EMPTY, IN_DOORWAY)
    assert story.after(v.OfficerRequest("admit")).phase is P.REFERRED


def test_a_hold_is_heard_by_the_officer_who_has_the_case() -> None:
    story = ended_in(P.REFERRED).after(v.HubVerdict(0))
    assert story.asked == (v.Alarm("HUB_HOLD"),)


def test_somebody_found_in_a_lane_that_was_switched_on_finds_the_way_back_and_an_officer() -> None:
    lane, _ = process.start(frozenset())
    story = Story(lane).after(v.Recovered("lane"), ALONE)
    assert story.phase is P.REFERRED
    assert story.asked[-1] == SetDoors(entry_open=True, exit_open=False)
    assert story.has(v.Alarm)
    assert story.after(EMPTY).phase is P.IDLE


def test_the_way_back_opens_for_whoever_is_inside_when_the_passage_ends() -> None:
    for phase in (P.CAPTURING, P.DECIDING):
        story = on_the_way(phase).after(v.Timeout(phase))
        assert story.asked[-1] == SetDoors(entry_open=True, exit_open=False)


@pytest.mark.parametrize("phase", Phase)
def test_a_controller_that_was_away_is_told_lights_and_doors_again(phase: Phase) -> None:
    story = ended_in(phase).after(v.Fault("lane"), v.Recovered("lane"))
    assert SHOWN[story.phase] in story.asked
    story.after(replace(EMPTY, seen=EMPTY.seen._replace(emergency=story.phase is P.EMERGENCY)))
    assert story.has(SetDoors)


# ---------------------------------------------------------------- noise, and alarms that end

NOISE = v.DocumentPresented(readable=False)


def test_d6_noise_on_the_readers_line_begins_nothing_while_nobody_is_there() -> None:
    story = idle().after(NOISE, NOISE, NOISE)
    assert (story.phase, story.asked, story.lane.misread) == (P.IDLE, (), False)
    assert idle().after(SOMEBODY, NOISE, NOISE).phase is P.TURNED_AWAY


def test_d6_a_misread_of_somebody_who_left_is_not_the_next_ones() -> None:
    story = idle().after(SOMEBODY, NOISE, EMPTY, SOMEBODY, NOISE)
    assert story.phase is P.IDLE
    assert story.asked[-1] == v.Show(Light.READY, Light.WAIT, "PRESENT_AGAIN")


def test_d6_a_sensor_that_fails_locks_nobody_out() -> None:
    assert idle().after(PRESENT).phase is P.PRESENTED  # the approach sensor sees nobody
    assert idle().after(v.ChipPresent(True), NOISE, EMPTY, NOISE).phase is P.TURNED_AWAY  # a chip is proof


@pytest.mark.parametrize(
    ("story", "over", "reason"),
    [
        (idle().after(FIRE), EMPTY, "EMERGENCY"),
        (idle().after(FORCED, EMPTY), v.OfficerRequest("reset"), "DOOR_FORCED"),
        (idle().after(UNSURE, EMPTY), v.OfficerRequest("reset"), "DOOR_FAULT"),
        (idle().after(BROKEN, EMPTY), v.OfficerRequest("in_service"), "INTERLOCK_BROKEN"),
        (idle().after(ALONE), EMPTY, "INTRUSION"),
        (idle().after(BAG), EMPTY, "LEFT_OBJECT"),
        (idle().after(DISAGREE), EMPTY, "SENSORS_DISAGREE"),
        (idle().after(v.Fault("camera")), v.Recovered("camera"), "DEVICE_FAULT:camera"),
        (on_the_way(P.DECIDING).after(v.CommitFailed(0), v.OfficerRequest("refuse")), EMPTY, "JOURNAL_FAULT"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_u4_e8_an_alarm_ends_with_what_it_told_of(story: Story, over: Event, reason: str) -> None:
    assert v.AlarmOver(reason) not in story.asked
    assert v.AlarmOver(reason) in Story(story.lane).after(over).asked


def test_u4_an_alarm_outlasts_a_controller_that_is_away() -> None:
    story = on_the_way(P.CAPTURING).after(PAIR, v.Fault("lane"), v.Recovered("lane"))
    assert v.AlarmOver("TAILGATING") not in story.asked
    assert v.AlarmOver("TAILGATING") in story.after(EMPTY).asked


# ---------------------------------------------------------------- officers


def test_u3_what_an_order_would_do_is_told_before_it_is_given() -> None:
    inside = ended_in(P.REFERRED)
    assert process.orders(inside.lane)["admit"] == "ADMIT_EXIT_OPENS"
    assert (
        process.orders(inside.after(v.LaneChanged(ALONE.seen._replace(sensors_disagree=True))).lane)["admit"]
        == ""
    )
    outside = process.orders(ended_in(P.TURNED_AWAY).lane)
    assert (outside["admit"], outside["reset"]) == ("ADMIT_CLOSES_CASE", "LANE_OPENS")
    assert process.orders(ended_in(P.READING).lane)["admit"] == ""


@pytest.mark.parametrize("order", get_args(v.OfficerOrder))
@pytest.mark.parametrize("phase", Phase)
def test_every_order_is_answered_once_in_every_phase(phase: Phase, order: v.OfficerOrder) -> None:
    story = ended_in(phase).after(v.OfficerRequest(order))
    assert [type(e) for e in story.asked].count(v.Answer) == 1
    if order == "out_of_service":
        assert story.phase is (P.EMERGENCY if phase is P.EMERGENCY else P.OUT_OF_SERVICE)
    if order in ("admit", "refuse") and phase not in (P.TURNED_AWAY, P.REFERRED):
        assert v.Answer(order, False) in story.asked


@pytest.mark.parametrize("phase", [P.TURNED_AWAY, P.REFERRED])
def test_an_officers_decision_that_is_not_on_disk_closes_nothing(phase: Phase) -> None:
    story = ended_in(phase).after(v.OfficerRequest("refuse"))
    assert story.lane.settled
    story.after(v.CommitFailed(0))
    assert v.Alarm("JOURNAL_FAULT") in story.asked
    assert v.Answer("refuse", True) in story.after(v.OfficerRequest("refuse")).asked


def test_a_latched_lane_comes_back_only_by_an_officer() -> None:
    story = on_the_way(P.CAPTURING).after(FORCED, EMPTY, EMPTY)
    assert story.phase is P.OUT_OF_SERVICE
    assert story.after(v.OfficerRequest("in_service")).phase is P.IDLE


# ---------------------------------------------------------------- the table itself

EVENTS: tuple[Event, ...] = (
    *(
        EMPTY,
        SOMEBODY,
        ENTRY_OPEN,
        IN_DOORWAY,
        ALONE,
        EXIT_OPEN,
        GONE,
        PAIR,
        FIRE,
        DISAGREE,
        BROKEN,
        FORCED,
        UNSURE,
        BAG,
    ),
    v.LaneChanged(Seen(exit=OPEN, object_inside=True)),
    *(
        v.DoorsRefused(),
        v.DocumentRemoved(),
        PRESENT,
        v.DocumentPresented(),
        v.DocumentPresented(readable=False),
    ),
    *(
        v.ChipPresent(True),
        v.ChipPresent(False),
        v.CardLost(0),
        VETTED,
        replace(VETTED, enter=False),
        CAPTURED,
    ),
    *(committed(verdict) for verdict in Verdict),
    *(v.CommitFailed(0), v.HubVerdict(0)),
    *(v.OfficerRequest(order) for order in get_args(v.OfficerOrder)),
    *(change(source) for source in ("lane", "journal", "camera") for change in (v.Fault, v.Recovered)),
)


def fired(depth: int, starts: Iterable[Lane]) -> set[Any]:
    """Every row that can fire within `depth` events of these lanes."""
    rows: set[Any] = set()
    seen: set[Lane] = set(starts)
    edge = set(seen)
    for _ in range(depth):
        reached: set[Lane] = set()
        for lane in edge:
            for event in (answering(lane, e) for e in (*EVENTS, v.Timeout(lane.phase))):
                if row := process.PROCESS.fitting(lane, event):
                    rows.add(row)
                reached.add(process.step(lane, event)[0])
        edge = reached - seen
        seen |= reached
    return rows


def test_no_row_is_dead() -> None:
    third_try = on_the_way(P.READING).after(*READ_THRICE)
    noisy = idle().after(SOMEBODY)
    released = ended_in(P.REFERRED).after(v.OfficerRequest("admit"))
    wavering = on_the_way(P.ENTRY_OCCUPIED).after(ENTRY_OPEN)
    reachable = fired(
        2,
        [
            noisy.lane,
            third_try.lane,
            released.lane,
            wavering.lane,
            *(ended_in(phase).lane for phase in Phase),
        ],
    )
    dead = [row for row in TABLE if row not in reachable]
    assert not dead, [f"{r.phases} {r.on.__name__} {r.when.__name__}" for r in dead]


def test_every_wait_has_a_bound_and_every_phase_shows_something() -> None:
    timing = EgateTiming.model_validate({})
    for phase in Phase:
        assert (timing.bound(phase.value) is None) == (phase in UNTIMED), phase
        assert SHOWN[phase].instruction in INSTRUCTIONS
        assert any(row.on is v.Timeout and phase in row.phases for row in TABLE) == (phase not in UNTIMED)
    assert set(EgateTiming.model_fields) == {f"{p.value}_s" for p in Phase if p not in UNTIMED}


def test_the_green_arrow_means_that_the_way_is_free() -> None:
    assert {p for p in Phase if SHOWN[p].outside is Light.READY} == {P.IDLE}
    assert {p for p in Phase if SHOWN[p].inside is Light.PROCEED} == {P.EXIT_OPENING, P.LEAVING}


def test_the_drawing_in_the_manual_is_this_table() -> None:
    manual = (ROOT / "docs/egate-process.md").read_text(encoding="utf-8")
    assert manual == markdown(), "run: gate-agent process egate > docs/egate-process.md"


def test_a_refused_request_is_repeated_on_the_next_report_and_only_then() -> None:
    story = on_the_way(P.EXIT_OPENING).after(v.DoorsRefused(), v.OfficerRequest("admit"))
    assert not story.has(SetDoors), "what was seen before the refusal opens nothing"
    story = on_the_way(P.EXIT_OPENING).after(v.DoorsRefused(), ALONE)
    assert SetDoors(entry_open=False, exit_open=True) in story.asked
