"""Weighing terminals that send lines of their own making, by patterns with presets. Pure decoder.

A pattern is a regular expression for a whole line. Its groups say what stands where::

    weight   digits, with at most one decimal sign       sign      + or -
    unit     kg, g, t, lb, oz                            tare      this line is the tare, not a weight
    stable   matched: at rest                            unstable  matched: in motion
    gross    matched: gross                              net       matched: net
    over     matched: no weight (overload, fault)        lamp      CAS: the byte of indicator lamps

Nothing is guessed. A unit, and whether the weight is gross, must be said by the line or by the configuration;
of ``24.360`` nobody knows whether the point stands for decimals or thousands, so it is refused until the
configuration says so. A terminal that does not tell motion is at rest when its weight stayed the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

from gate_agent.devices import GarbledReading, WeightReading
from gate_drivers.sensors.scale_protocols import MAX_LINE, garbled, kilograms
from gate_drivers.wire.instrument import LineDecoder

Unit: TypeAlias = Literal["kg", "g", "t", "lb"]
Decimal: TypeAlias = Literal["point", "comma"]
Mark: TypeAlias = Literal["gross", "net"]
STX = "\x02"
ENDS = b"\r\n\x03"  # Rinstrum ends a line with ETX
GROUPS = frozenset(("weight", "sign", "unit", "tare", "stable", "unstable", "over", "gross", "net", "lamp"))
LAMP_STABLE, LAMP_HOLD, LAMP_IS = 0x40, 0x10, 0x80
_SIGNS: Mapping[str, str] = MappingProxyType({"point": ".", "comma": ","})
_UNITS: Mapping[str, str] = MappingProxyType({"k": "kg", "l": "lb", "lbs": "lb"})
"""Other ways to write a unit: Rinstrum's single letters, and the plural."""
_ADVICE = "check the terminal's output format, and `pattern`, `unit` and `decimal` of the scale"

_NUMBER = r"(?P<sign>[+-]?) *(?P<weight>\d+(?:[.,]\d+)*)"
_UNIT = r"(?P<unit>[a-zA-Z]{1,3})"
_STATE = r"(?:(?P<stable>ST)|(?P<unstable>US))"
_KIND = r"(?:(?P<gross>G[SRW])|(?P<net>NT)|(?P<tare>T[RW]))"
_DASHES = r"(?P<over>OL|[-_^]{3,})"
PRESETS: Mapping[str, tuple[Sequence[str], Decimal | None]] = MappingProxyType(
    {
        "value": ((_NUMBER, _DASHES), None),
        "value-unit": ((rf"{_NUMBER} *[,;]? *{_UNIT}", rf"{_DASHES} *[,;]? *(?:[a-zA-Z]{{1,3}})?"), None),
        "header": ((rf"{_STATE} *, *{_NUMBER} *,? *{_UNIT}", r"(?P<over>OL)\b.*"), "point"),
        "headers": (
            (
                rf"{_STATE} *, *{_KIND} *,? *{_NUMBER} *,? *{_UNIT}",
                r"(?P<over>OL),(?:(?P<gross>G[SRW])|(?P<net>NT))\b.*",
            ),
            "point",
        ),
        "cas": (
            (
                rf"{_STATE},{_KIND},.(?P<lamp>.), *{_NUMBER} *{_UNIT}",
                r"(?P<over>OL),(?:(?P<gross>GS)|(?P<net>NT)),.*",
            ),
            "point",
        ),
        "sbi": (
            (
                # Without a unit the weight is in motion (Sartorius Balance Interface).
                r"(?:(?P<gross>G#?\d?)|(?P<net>N\d?)|(?P<tare>p?T\d?))? *"
                rf"{_NUMBER}(?: +(?P<stable>{_UNIT}))?",
                r"(?:Stat +)?(?P<over>[Hh]igh|HIGH|[Ll]ow|LOW|H|L)",
            ),
            "point",
        ),
        "rinstrum": (
            (
                rf" *{_NUMBER}(?:(?P<gross>G)|(?P<net>N)|(?P<unstable>M))",
                rf" *{_NUMBER}(?:(?P<gross>G)|(?P<net>N))(?P<unstable>M)?[ Z]{{1,2}}[-12 ](?: *{_UNIT})?",
                rf" *{_NUMBER} *(?P<unit>[LKGT])(?:(?P<gross>G)|(?P<net>N))(?P<unstable>M)?",
                r".{1,8}(?P<over>[OUE])(?:[M ][Z ][-12 ].{0,4})?",
                r".{1,8}[LKGT ][GN](?P<over>[OI])",
            ),
            "point",
        ),
    }
)
"""Forms of a line, and the decimal sign that the makers document; None: theirs is the terminal's setting."""


@dataclass(frozen=True, slots=True)
class LinePattern:
    """What the lines of one terminal look like, and what the configuration adds that they do not say."""

    forms: tuple[re.Pattern[str], ...]
    unit: Unit | None = None
    decimal: Decimal | None = None
    unmarked: Mark | None = None
    steady_s: float = 1.0


def line_pattern(
    pattern: str,
    *,
    unit: Unit | None = None,
    decimal: Decimal | None = None,
    unmarked: Mark | None = None,
    steady_s: float = 1.0,
) -> LinePattern:
    """A preset by name, or an expression of one's own. Raises ValueError saying which setting is missing."""
    texts, usual = PRESETS.get(pattern, ((pattern,), None))
    forms = tuple(_compiled(text) for text in texts)
    weighs = [form.groupindex for form in forms if "weight" in form.groupindex]
    if not weighs:
        raise ValueError(f"pattern: neither of {', '.join(PRESETS)}, nor an expression with a group `weight`")
    if unit is None and not all("unit" in groups for groups in weighs):
        raise ValueError("unit: the pattern's lines do not say it; set kg, t, lb or g")
    if unmarked is None and not all({"gross", "net"} & groups.keys() for groups in weighs):
        raise ValueError("unmarked: the pattern's lines do not say gross or net; set what the terminal shows")
    return LinePattern(forms, unit, decimal or usual, unmarked, steady_s)


def _compiled(text: str) -> re.Pattern[str]:
    try:
        form = re.compile(text, re.DOTALL)
    except re.error as error:
        raise ValueError(f"pattern: no regular expression: {error}") from None
    if strange := form.groupindex.keys() - GROUPS:
        raise ValueError(f"pattern: no such group: {', '.join(sorted(strange))}")
    return form


def pattern_decoder(pattern: LinePattern) -> LineDecoder[WeightReading]:
    """For one connection."""
    steadiness = _Steadiness(pattern.steady_s)

    def decode(line: bytes, at: float) -> WeightReading | None:
        found = decode_pattern(line.decode("latin-1"), at, pattern)
        return found if isinstance(found, WeightReading | None) else steadiness.judged(found.reading)

    return LineDecoder(decode, MAX_LINE, _ADVICE, ends=ENDS)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A weight of a terminal that does not tell whether it moves."""

    reading: WeightReading


def decode_pattern(line: str, at: float, pattern: LinePattern) -> WeightReading | Unjudged | None:
    """One line; None for one that is no weight (tare). Raises GarbledReading naming the field."""
    plain = line.rpartition(STX)[2].strip("\r\n\x03")
    found = next((match for form in pattern.forms if (match := form.fullmatch(plain))), None)
    found = found or next((m for form in pattern.forms if (m := form.fullmatch(plain.strip()))), None)
    if found is None:
        raise _garbled(f"{plain.strip()[:24]!r} is not as `pattern` says", "line")
    said = {name: text for name, text in found.groupdict().items() if text}
    if "tare" in said:
        return None
    gross = "gross" in said or ("net" not in said and pattern.unmarked == "gross")
    if "over" in said:
        return WeightReading(None, stable=False, gross=gross, at=at, out_of_range=True)
    stable = _stable(found.groupdict(), said)
    reading = WeightReading(_weight(said, pattern, stable), stable=stable is True, gross=gross, at=at)
    return Unjudged(reading) if stable is None else reading


def _stable(parts: Mapping[str, str | None], said: Mapping[str, str]) -> bool | None:
    """Whether the line calls the weight stable; None when its form has no place for that."""
    lamp = ord(said["lamp"]) if "lamp" in said else LAMP_STABLE
    if lamp & LAMP_IS and (lamp & LAMP_HOLD or not lamp & LAMP_STABLE):
        return False  # a held weight is not what stands on the platform
    if "unstable" in said:
        return False
    if "stable" in parts:
        return "stable" in said
    return True if "unstable" in parts else None


def _weight(said: Mapping[str, str], pattern: LinePattern, stable: bool | None) -> float | None:
    """In kilograms; None for one in motion without its unit."""
    if "weight" not in said:
        raise _garbled("no weight", "weight")
    value = number(said["weight"], pattern.decimal) * (-1 if said.get("sign") == "-" else 1)
    told = said.get("unit", "").lower()
    unit = _UNITS.get(told, told)
    if unit and pattern.unit and unit != pattern.unit:
        raise _garbled(f"weight in {unit!r}, and `unit` is {pattern.unit}", "unit")
    unit = unit or pattern.unit or ""
    if not unit and stable is False:
        return None
    if not unit:
        raise _garbled("no unit", "unit")
    return kilograms(value, unit, "unit")


def number(text: str, decimal: Decimal | None) -> float:
    """Digits with at most one decimal sign; without a `decimal` only what can be read in one way.

    Raises GarbledReading: a separator of thousands looks like the other decimal sign.
    """
    whole, mark, part = text.partition("," if "," in text else ".")
    if not (whole + part).isdigit() or not (whole + part).isascii():
        raise _garbled(f"{text[:24]!r} has more than one separator", "weight")
    if not mark:
        return float(whole)
    if decimal is not None and mark != _SIGNS[decimal]:
        raise _garbled(f"{text[:24]!r} has no decimal {decimal}", "weight")
    if decimal is None and len(part) == 3 and whole != "0" and len(whole) <= 3:
        raise _garbled(f"{text[:24]!r}: decimals or thousands? set `decimal`", "weight")
    return float(f"{whole}.{part}")


class _Steadiness:
    """Calls a weight stable that stayed exactly the same for a time, for terminals that do not tell."""

    def __init__(self, steady_s: float) -> None:
        self._steady_s = steady_s
        self._kg: float | None = None
        self._since = self._at = 0.0

    def judged(self, reading: WeightReading) -> WeightReading:
        if reading.kg != self._kg or reading.at - self._at > self._steady_s:
            self._kg, self._since = reading.kg, reading.at
        self._at = reading.at
        return replace(reading, stable=reading.at - self._since >= self._steady_s)


def _garbled(what: str, field: str) -> GarbledReading:
    return garbled(what, field, _ADVICE)
