"""Commands are judged by size, form, action and time; the clock is ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.hub.commands import (
    MAX_LIFETIME_S,
    Command,
    CommandDesk,
    CommandOutcome,
    CommandReason,
    RejectedCommand,
)
from gate_agent.hub.messages import AnswerData, CommandData, CommandEvent, event, moment

NOW = 1_772_366_400.0


def payload(issued: float = NOW, expires: float = NOW + 10, **data: str) -> bytes:
    values = {"correlation": "c-1", "action": "hold", "officer": "o-1", "reason": "test", **data}
    made = event(
        CommandEvent,
        "/hubs/hub-1",
        "1",
        issued,
        CommandData.model_validate(values),
        expirytime=moment(expires),
    )
    return made.encode()


def desk() -> CommandDesk:
    return CommandDesk(4096, lambda: NOW)


def test_a_good_command() -> None:
    reading = desk().read(payload(transaction="t-9"))
    assert isinstance(reading, Command)
    assert (reading.action, reading.officer, reading.transaction) == ("hold", "o-1", "t-9")
    assert (reading.hub, reading.issued_at, reading.expires_at) == ("/hubs/hub-1", NOW, NOW + 10)


@pytest.mark.parametrize(
    ("issued", "expires", "reason"),
    [
        (NOW - 20, NOW - 10, CommandReason.EXPIRED),
        (NOW - 20, NOW, CommandReason.EXPIRED),
        (NOW, NOW + MAX_LIFETIME_S + 1, CommandReason.BAD_LIFETIME),
        (NOW + 120, NOW + 130, CommandReason.BAD_LIFETIME),
        (NOW + 20, NOW + 10, CommandReason.BAD_LIFETIME),
    ],
)
def test_the_time_must_be_right(issued: float, expires: float, reason: CommandReason) -> None:
    reading = desk().read(payload(issued, expires))
    assert isinstance(reading, RejectedCommand)
    assert (reading.reason, reading.correlation) == (reason, "c-1")


def test_a_command_that_grew_old_while_waiting_is_stale() -> None:
    now = [NOW]
    desk = CommandDesk(4096, lambda: now[0])
    command = desk.read(payload())
    assert isinstance(command, Command) and desk.stale(command) is None
    now[0] += 11
    stale = desk.stale(command)
    assert stale is not None and stale.reason is CommandReason.EXPIRED


def changed(**changes: Any) -> bytes:
    loaded = json.loads(payload())
    loaded["data"].update(changes)
    return json.dumps(loaded).encode()


@pytest.mark.parametrize(
    ("content", "reason", "correlation"),
    [
        (None, CommandReason.TOO_LARGE, ""),
        (b"x" * 5000, CommandReason.TOO_LARGE, ""),
        (b"", CommandReason.MALFORMED, ""),
        (b"[" * 4000, CommandReason.MALFORMED, ""),
        (changed(officer=""), CommandReason.MALFORMED, "c-1"),
        (changed(more=1), CommandReason.MALFORMED, "c-1"),
        (changed(correlation="no spaces allowed"), CommandReason.MALFORMED, ""),
        (changed(correlation=["list"]), CommandReason.MALFORMED, ""),
        (changed(action="open_exit"), CommandReason.UNKNOWN, "c-1"),
        (payload().replace(b"2026-03-01T12:00:10", b"2026-02-31T12:00:10"), CommandReason.MALFORMED, "c-1"),
    ],
)
def test_what_is_wrong_is_said(content: bytes | None, reason: CommandReason, correlation: str) -> None:
    reading = desk().read(content)
    assert isinstance(reading, RejectedCommand)
    assert (reading.reason, reading.correlation) == (reason, correlation)
    assert reading.answer().outcome == "rejected"


def test_a_repetition_gets_the_first_answer() -> None:
    at_desk = desk()
    first = CommandOutcome(done=True).answer("c-1")
    at_desk.remember(first)
    assert at_desk.read(payload()) == first


def test_only_the_newest_answers_are_kept() -> None:
    at_desk = desk()
    for number in range(1000):
        at_desk.remember(AnswerData(correlation=f"c-{number}", outcome="done"))
    assert isinstance(at_desk.read(payload()), Command)
    assert isinstance(at_desk.read(payload(correlation="c-999")), AnswerData)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode) | st.just(payload()[:-7]))
def test_any_bytes_are_rejected_not_raised(content: bytes) -> None:
    assert isinstance(desk().read(content), RejectedCommand)
