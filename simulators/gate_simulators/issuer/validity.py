"""How long keys, certificates and passports live (Doc 9303-12 §4).

A country signing CA signs for five years, a document signer for three months; a certificate stays valid
until the last passport signed under it has expired.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from gate_simulators.issuer.certificates import Period

PASSPORT_YEARS = 10
CSCA_YEARS = 5
_MARGIN = timedelta(days=100)


def csca_generation(day: date) -> int:
    """The first year of the five in which the CSCA key of that day signs."""
    return day.year - day.year % CSCA_YEARS


def csca_key_usage(generation: int) -> Period:
    return _period(date(generation, 1, 1), date(generation + CSCA_YEARS - 1, 12, 31))


def csca_validity(generation: int) -> Period:
    usage = csca_key_usage(generation)
    return Period(usage.start, _later(usage.end.date(), PASSPORT_YEARS) + _MARGIN)


def quarter(day: date) -> int:
    """1 to 4."""
    return (day.month + 2) // 3


def signer_key_usage(day: date) -> Period:
    """The quarter that `day` lies in."""
    first_month = 3 * quarter(day) - 2
    following = date(day.year + first_month // 10, (first_month + 2) % 12 + 1, 1)
    return _period(date(day.year, first_month, 1), following - timedelta(days=1))


def signer_validity(day: date) -> Period:
    usage = signer_key_usage(day)
    return Period(usage.start, _later(usage.end.date(), PASSPORT_YEARS))


def run_out_before(day: date) -> Period:
    """A quarter of a year that ended a month before `day`."""
    end = start_of(day - timedelta(days=30))
    return Period(end - timedelta(days=91), end)


def years_after(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _period(first: date, last: date) -> Period:
    return Period(start_of(first), datetime.combine(last, time(23, 59, 59), UTC))


def _later(day: date, years: int) -> datetime:
    return datetime.combine(years_after(day, years), time(23, 59, 59), UTC)
