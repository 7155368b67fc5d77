"""Values of N42.42 documents: lists of numbers, CountedZeroes, durations, date-times. All are bounded."""

from __future__ import annotations

import math
import re
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gate_agent.radiation.errors import N42Error

MAX_CHANNELS = 65_536
MAX_LIST = 4_096
MAX_COUNT = 1e15
MAX_TEXT = 4_096
MAX_NUMBER = 40  # characters of one number
_DURATION = re.compile(
    r"(-)?P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,12}(?:\.\d{0,12})?)S)?)?"
)


def text(value: str | None) -> str:
    """White space collapsed, length bounded."""
    return " ".join((value or "")[:MAX_TEXT].split())


def number(value: str | None, field: str) -> float:
    """One finite number. Raises N42Error."""
    plain = (value or "").strip()
    try:
        if len(plain) > MAX_NUMBER:
            raise ValueError
        result = float(plain)
    except ValueError:
        raise N42Error(f"{plain[:24]!r} is not a number", field=field) from None
    if not math.isfinite(result) or abs(result) > MAX_COUNT:
        raise N42Error(f"{plain[:24]!r} is out of range", field=field)
    return result


def numbers(value: str | None, field: str, limit: int = MAX_LIST) -> tuple[float, ...]:
    """A white-space separated list. Raises N42Error."""
    words = (value or "").split(None, limit)
    if len(words) > limit:
        raise N42Error(f"more than {limit} values", field=field)
    return tuple(number(word, field) for word in words)


def counts(value: str | None, field: str) -> tuple[float, ...]:
    """A list of at least one count: none negative. Raises N42Error."""
    values = numbers(value, field)
    if not values:
        raise N42Error("no count", field=field)  # nothing is not zero
    if any(v < 0 for v in values):
        raise N42Error("a negative count", field=field)
    return values


def channels(value: str | None, compression: str, field: str) -> NDArray[np.float64]:
    """Channel data, plain or CountedZeroes: a zero is followed by how many zeros it stands for.

    Raises N42Error for anything longer than 65,536 channels, before it is expanded.
    """
    values = np.array(numbers(value, field, MAX_CHANNELS), np.float64)
    if compression.casefold().replace("zeros", "zeroes") == "countedzeroes":
        values = _expanded(values, field)
    elif compression.casefold() not in ("", "none"):
        raise N42Error(f"unknown compression {compression[:24]!r}", field=field)
    if (values < 0).any():
        raise N42Error("a negative count", field=field)
    return values


def _expanded(packed: NDArray[np.float64], field: str) -> NDArray[np.float64]:
    out: list[float] = []
    place = 0
    while place < len(packed):
        value = float(packed[place])
        place += 1
        if value != 0:
            out.append(value)
            continue
        if place == len(packed):
            raise N42Error("a zero without its count at the end of CountedZeroes", field=field)
        run = float(packed[place])
        place += 1
        if run < 1 or run != int(run):
            raise N42Error(f"{run:g} is no number of zeros", field=field)
        if len(out) + run > MAX_CHANNELS:
            raise N42Error(f"more than {MAX_CHANNELS} channels", field=field)
        out.extend([0.0] * int(run))
    if len(out) > MAX_CHANNELS:
        raise N42Error(f"more than {MAX_CHANNELS} channels", field=field)
    return np.array(out, np.float64)


def counted_zeroes(values: NDArray[np.float64]) -> str:
    """Channel data as CountedZeroes."""
    out: list[str] = []
    run = 0
    for value in values.tolist():
        if value == 0:
            run += 1
            continue
        if run:
            out.append(f"0 {run}")
            run = 0
        out.append(f"{value:g}" if value != int(value) else str(int(value)))
    if run:
        out.append(f"0 {run}")
    return " ".join(out)


def duration_s(value: str | None, field: str) -> float:
    """An xsd:duration of days and less, in seconds. Raises N42Error."""
    plain = (value or "").strip()
    match = _DURATION.fullmatch(plain[:64])
    if match is None or plain.endswith(("P", "T")):
        raise N42Error(f"{plain[:24]!r} is not a duration such as PT0.2S", field=field)
    if match[1]:
        raise N42Error("a negative duration", field=field)
    days, hours, minutes = (int(part or 0) for part in match.group(2, 3, 4))
    return days * 86_400 + hours * 3_600 + minutes * 60 + float(match[5] or 0)


def duration_text(seconds: float) -> str:
    return f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"


def date_time(value: str | None, field: str) -> str:
    """An xsd:dateTime, unchanged but checked. Raises N42Error."""
    plain = (value or "").strip()
    try:
        datetime.fromisoformat(plain[:40].replace("Z", "+00:00"))
    except ValueError:
        raise N42Error(f"{plain[:32]!r} is not a date and time", field=field) from None
    return plain


def boolean(value: str | None, field: str) -> bool:
    """An xsd:boolean. Raises N42Error."""
    plain = (value or "").strip()
    if plain not in ("0", "1", "true", "false"):
        raise N42Error(f"{plain[:16]!r} is neither true nor false", field=field)
    return plain in ("1", "true")
