"""Wall-clock time as records and messages carry it: RFC 3339, in UTC, with milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d+)?"
    r"(?:[Zz]|([+-](?:[01]\d|2[0-3]):[0-5]\d))",
    re.ASCII,
)


def utc_now() -> datetime:
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """UTC with milliseconds: ``2026-03-01T12:00:00.000Z``. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """The moment, in UTC to the microsecond (RFC 3339 §5.6). Raises ValueError for anything else.

    A leap second is the first of the next minute, as in POSIX time; it exists only before midnight UTC at a
    month's end (§5.7).
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("is no time of RFC 3339, such as 2026-03-01T12:00:00.000Z")
    day, hours, seconds, fraction, offset = found.groups()
    leap = seconds == "60"
    whole = f"{day}T{hours}{'59' if leap else seconds}{(fraction or '')[:7]}{offset or '+00:00'}"
    try:
        at = datetime.fromisoformat(whole).astimezone(UTC)
        if not leap:
            return at
        after = at.replace(microsecond=0) + timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no moment of the calendar") from error
    if (after.day, after.hour, after.minute, after.second) != (1, 0, 0, 0):
        raise ValueError("no leap second can be there")
    return after
