"""Times of RFC 3339: the RFC's own examples, what it forbids, and every moment there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.times import parse_rfc3339, rfc3339, utc_now


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # RFC 3339 §5.8
        ("1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"),
        ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"),
        ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"),
        ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"),
        # §4.3 an unknown offset, §5.6 small letters and a space
        ("2026-03-01T12:00:00-00:00", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01t12:00:00z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01 12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
    ],
)
def test_the_examples_of_the_rfc(text: str, moment: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00Z",
        "20260301T120000Z",
        "2026-W09-7T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T12:00:00,5Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01",
        "2026-03-01T12:00:00Z ",
        "2026-03-01T12:00:00Z\n",
        "٢٠٢٦-03-01T12:00:00Z",
        "9999-12-31T23:59:60Z",
        "0001-01-01T00:00:00+00:01",
    ],
)
def test_nothing_else_is_a_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|no moment|no leap second"):
        parse_rfc3339(text)


def aware() -> st.SearchStrategy[datetime]:
    offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29), timezones=offsets)


@given(aware())
def test_every_moment_survives_to_the_millisecond(at: datetime) -> None:
    text = rfc3339(at)
    assert text.endswith("Z")
    assert timedelta(0) <= at - parse_rfc3339(text) < timedelta(milliseconds=1)


@given(aware(), aware())
def test_texts_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    assert (rfc3339(one) < rfc3339(other)) <= (one < other)


@given(aware())
def test_what_others_write_is_the_same_moment(at: datetime) -> None:
    assert parse_rfc3339(at.isoformat()) == at


def test_a_time_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        rfc3339(datetime(2026, 3, 1))
    assert utc_now().tzinfo is UTC
