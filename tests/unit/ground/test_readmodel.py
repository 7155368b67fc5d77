"""The read model: what is seen has an age, and an alert has a life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.readmodel import MAX_ALERTS, Board


class Clock:
    """A clock that goes a second at every look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def board() -> Board:
    return Board("s-1", "kiosk", Clock())


# ---------------------------------------------------------------- what is seen (U1)


def test_u1_what_was_never_heard_is_not_there(board: Board) -> None:
    assert dict(board.snapshot.seen) == {}


def test_u1_a_thing_is_known_since_it_became_what_it_is(board: Board) -> None:
    board.saw("lane", {"entry": "closed", "persons": 0})
    first = board.snapshot.seen["entry"]
    board.saw("lane", {"entry": "closed", "persons": 1})
    assert board.snapshot.seen["entry"] == first
    assert board.snapshot.seen["persons"].since > first.since
    assert board.snapshot.seen["persons"].known


def test_u1_what_a_dead_device_said_is_not_known_any_more(board: Board) -> None:
    board.saw("lane", {"entry": "moving"})
    board.saw("scale", {"weight_kg": 12.5})
    board.lost("lane")
    lost, kept = board.snapshot.seen["entry"], board.snapshot.seen["weight_kg"]
    assert not lost.known and lost.until > lost.since
    assert kept.known and kept.until == ""


def test_u1_the_same_word_after_a_silence_is_news(board: Board) -> None:
    board.saw("lane", {"entry": "closed"})
    first = board.snapshot.seen["entry"]
    board.lost("lane")
    board.saw("lane", {"entry": "closed"})
    again = board.snapshot.seen["entry"]
    assert again.known and again.since > first.since


def test_u1_a_second_silence_does_not_move_the_first(board: Board) -> None:
    board.saw("lane", {"entry": "closed"})
    board.lost("lane")
    until = board.snapshot.seen["entry"].until
    board.lost("lane")
    assert board.snapshot.seen["entry"].until == until


def test_what_belonged_to_a_case_goes_with_it(board: Board) -> None:
    board.saw("truck", {"container": "MSCU1234566"})
    board.forgot("container", "weight_kg")
    assert dict(board.snapshot.seen) == {}


def test_a_phase_is_known_since_it_began(board: Board) -> None:
    board.update(phase="idle")
    since = board.snapshot.phase_since
    board.update(phase="idle", instruction="WAIT")
    assert board.snapshot.phase_since == since
    board.update(phase="busy")
    assert board.snapshot.phase_since > since


# ---------------------------------------------------------------- alerts (U4, E8)


def test_u4_an_alert_is_active_until_it_is_over(board: Board) -> None:
    board.raise_alert("EMERGENCY")
    [alert] = board.snapshot.alerts
    assert alert.active
    board.clear_alert("EMERGENCY")
    [alert] = board.snapshot.alerts
    assert not alert.active and alert.cleared_at > alert.at


def test_u4_an_alert_says_who_saw_it(board: Board) -> None:
    board.raise_alert("DOOR_FORCED", transaction="tx-1")
    assert board.acknowledge("DOOR_FORCED", "B1234")
    assert not board.acknowledge("DOOR_FORCED", "C77")
    assert not board.acknowledge("NO_SUCH", "C77")
    [alert] = board.snapshot.alerts
    assert (alert.acknowledged_by, alert.transaction, alert.active) == ("B1234", "tx-1", True)


def test_u4_what_begins_again_wants_to_be_seen_again(board: Board) -> None:
    board.raise_alert("DOOR_FORCED")
    board.acknowledge("DOOR_FORCED", "B1234")
    board.clear_alert("DOOR_FORCED")
    board.raise_alert("DOOR_FORCED")
    [alert] = board.snapshot.alerts
    assert alert.active and not alert.acknowledged_by and alert.count == 1
    board.clear_alert("DOOR_FORCED")
    board.raise_alert("DOOR_FORCED")
    assert board.snapshot.alerts[0].count == 2


def test_u4_an_alert_that_goes_on_is_told_once(board: Board) -> None:
    board.raise_alert("JOURNAL_FAULT", "disk full")
    began = board.snapshot.alerts[0].at
    board.raise_alert("JOURNAL_FAULT", "disk still full")
    [alert] = board.snapshot.alerts
    assert (alert.at, alert.detail) == (began, "disk still full")


def test_u4_no_active_alert_makes_room_for_an_old_one(board: Board) -> None:
    board.raise_alert("EMERGENCY")
    for number in range(2 * MAX_ALERTS):
        board.raise_alert(f"CODE_{number}")
        board.clear_alert(f"CODE_{number}")
    assert len(board.snapshot.alerts) == MAX_ALERTS
    assert any(alert.code == "EMERGENCY" for alert in board.snapshot.alerts)


_MOVE = st.sampled_from(("raise", "clear", "acknowledge"))


@given(moves=st.lists(st.tuples(_MOVE, st.sampled_from("ABC")), max_size=40))
@settings(max_examples=60)
def test_u4_a_code_stands_once_and_is_active_until_cleared(moves: list[tuple[str, str]]) -> None:
    board, active = Board("s-1", "kiosk", Clock()), set[str]()
    for move, code in moves:
        if move == "raise":
            board.raise_alert(code)
            active.add(code)
        elif move == "clear":
            board.clear_alert(code)
            active.discard(code)
        else:
            board.acknowledge(code, "B1234")
    alerts = board.snapshot.alerts
    assert len({alert.code for alert in alerts}) == len(alerts)
    assert {alert.code for alert in alerts if alert.active} == active
