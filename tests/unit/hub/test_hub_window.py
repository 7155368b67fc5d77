"""Go-back-N over a channel that loses and repeats: exactly once, in order, never more than a window."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.hub.window import SendWindow


def test_at_most_a_window_is_on_the_way() -> None:
    window = SendWindow(size=3, patience=1.0)
    for seq in (1, 2, 3):
        assert window.room > 0
        window.sending(seq, 0.0)
    assert window.room == 0
    assert window.acknowledge(2, 0.1)
    assert window.room == 2


def test_it_rewinds_only_without_progress() -> None:
    window = SendWindow(size=8, patience=1.0)
    assert not window.stalled(100.0), "nothing is on the way"
    assert window.due(100.0) == float("inf")
    window.sending(1, 0.0)
    window.sending(2, 0.9)
    assert not window.stalled(0.9)
    assert window.acknowledge(1, 0.9)
    assert not window.stalled(1.8)
    assert window.stalled(2.0)
    window.rewind(2.0)
    assert (window.sent, window.acknowledged) == (1, 1)


def test_an_old_acknowledgement_is_no_news() -> None:
    window = SendWindow(size=8, patience=1.0, acknowledged=5, sent=7)
    assert not window.acknowledge(5, 0.0)
    assert not window.acknowledge(3, 0.0)
    assert window.acknowledged == 5


def test_a_gap_is_answered_once_however_often_it_is_reported() -> None:
    window = SendWindow(size=8, patience=1.0)
    for seq in range(1, 6):
        window.sending(seq, 0.0)
    for _ in range(4):
        window.gap(0.1)
    assert window.rewinds == 1
    for seq in range(1, 6):
        window.sending(seq, 0.2)
    window.acknowledge(3, 0.3)
    window.gap(0.3)
    assert window.rewinds == 2, "another place, another repetition"


def test_an_outbox_that_begins_later_is_sent_from_there() -> None:
    window = SendWindow(size=2, patience=1.0)
    window.sending(101, 0.0)
    assert (window.acknowledged, window.room) == (100, 1)


@settings(max_examples=200, deadline=None)
@given(
    total=st.integers(1, 40),
    size=st.integers(1, 9),
    lost=st.lists(st.booleans(), max_size=120),
    repeated=st.lists(st.booleans(), max_size=60),
)
def test_whatever_is_lost_or_repeated_each_record_arrives_once_and_in_order(
    total: int, size: int, lost: list[bool], repeated: list[bool]
) -> None:
    """The hub takes the next record only, and acknowledges what it has after each arrival."""
    window = SendWindow(size=size, patience=1.0)
    hub: list[int] = []
    now = 0.0
    losses, repetitions = iter(lost), iter(repeated)
    for _ in range(1000):
        if window.acknowledged >= total:
            break
        now += 0.3
        if window.stalled(now):
            window.rewind(now)
        while window.room > 0 and window.sent < total:
            seq = window.sent + 1
            window.sending(seq, now)
            assert window.sent - window.acknowledged <= size
            for _ in range(2 if next(repetitions, False) else 1):
                if next(losses, False):
                    continue
                gap = seq > len(hub) + 1
                if seq == len(hub) + 1:
                    hub.append(seq)
                if not next(losses, False):
                    window.acknowledge(len(hub), now)
                    if gap:
                        window.gap(now)
    assert hub == list(range(1, total + 1))
    assert window.acknowledged == total
