"""The machine readable zone (Doc 9303-3 §4, formats of Doc 9303-4 TD3, -5 TD1, -6 TD2, -7 MRV-A/-B).

:func:`parse` gives a :class:`Mrz` only when every rule holds: shape, characters, field types, dates and
all check digits. The one tolerance is the letter O read for the digit 0 (and the reverse) where the
field's type leaves no doubt; such fields are named in `Mrz.repaired`. Errors name the data element and
never quote it: a zone is personal data.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from gate_agent.emrtd.lds.mrz_layout import KIND_BY_SHAPE, LAYOUTS, FieldType, Layout, MrzKind
from gate_agent.errors import BadInput


class MrzError(BadInput):
    """The machine readable zone breaks a rule of Doc 9303. `field` names the data element."""


class CheckDigitError(MrzError):
    """The zone is well formed, but check digits do not hold. `fields` names all that fail."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__("check digit does not hold", field=", ".join(fields), advice="read the page again")
        self.fields = fields


_WEIGHTS = (7, 3, 1)


def check_digit(text: str) -> str:
    """The check digit over `text` (Doc 9303-3 §4.9): weights 7-3-1, modulus 10, A=10..Z=35, '<'=0."""
    return str(sum(_character_value(c) * _WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def _character_value(character: str) -> int:
    if "0" <= character <= "9":
        return ord(character) - ord("0")
    if "A" <= character <= "Z":
        return ord(character) - ord("A") + 10
    if character == "<":
        return 0
    raise MrzError("holds a character that is not A-Z, 0-9 or '<'", field="mrz")


# ---------------------------------------------------------------- what a zone says


@dataclass(frozen=True, slots=True, repr=False)
class MrzKey:
    """What opens the chip (Doc 9303-11 §4.3.2): document number, dates as printed (YYMMDD)."""

    document_number: str
    date_of_birth: str
    date_of_expiry: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9<]{1,24}", self.document_number):
            raise MrzError("must be 1 to 24 characters A-Z, 0-9 or '<'", field="document_number")
        for name in ("date_of_birth", "date_of_expiry"):
            if not re.fullmatch(r"[0-9<]{6}", getattr(self, name)):
                raise MrzError("must be six digits (YYMMDD)", field=name)

    @property
    def numbered(self) -> str:
        """The document number with its check digit; short numbers are filled to nine."""
        number = self.document_number.ljust(9, "<")
        return number + check_digit(number)

    @property
    def information(self) -> str:
        """MRZ_information: each element with its check digit."""
        dates = (self.date_of_birth, self.date_of_expiry)
        return self.numbered + "".join(element + check_digit(element) for element in dates)


@dataclass(frozen=True, slots=True, repr=False)
class Mrz:
    """A zone of which every rule held. Fillers are removed, or spaces inside names; dates are YYMMDD."""

    kind: MrzKind
    lines: tuple[str, ...]
    document_code: str
    issuing_state: str
    primary_identifier: str
    secondary_identifier: str
    document_number: str
    nationality: str
    date_of_birth: str
    sex: str
    date_of_expiry: str
    optional_data: str
    optional_data_2: str = ""
    repaired: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Mrz {self.kind} issued by {self.issuing_state}>"

    def key(self) -> MrzKey:
        return MrzKey(self.document_number, self.date_of_birth, self.date_of_expiry)

    def born_between(self, reference: date) -> tuple[date, date]:
        """Earliest and latest day of birth; they differ when day or month are unknown (§4.8).

        The century is the latest in which the holder is born by `reference` (UTC date of today).
        """
        if self.date_of_birth == _NOT_STATED:
            return date.min, reference
        past = [span for span in _spans(self.date_of_birth, reference) if span[0] <= reference]
        if not past:
            raise MrzError("is not a day of the past", field="date_of_birth")
        earliest, latest = max(past)
        return earliest, min(latest, reference)

    def expires(self, reference: date) -> date | None:
        """The last day of validity, in the century that puts it within 50 years of `reference`.

        None when the document states no expiry.
        """
        if self.date_of_expiry == "<<<<<<":
            return None
        return min(
            (s[1] for s in _spans(self.date_of_expiry, reference)), key=lambda day: abs(day - reference)
        )

    def differences(self, other: Mrz) -> tuple[str, ...]:
        """The data elements in which two zones differ (DG1 against the printed page)."""
        names = _COMPARED if self.kind == other.kind else ("kind", *_COMPARED)
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))


_COMPARED = (
    "document_code",
    "issuing_state",
    "primary_identifier",
    "secondary_identifier",
    "document_number",
    "nationality",
    "date_of_birth",
    "sex",
    "date_of_expiry",
    "optional_data",
    "optional_data_2",
)


_NOT_STATED = "<<<<<<"


def _spans(text: str, reference: date) -> Iterator[tuple[date, date]]:
    """What YYMMDD can mean in the centuries around `reference` (29 February is not in all of them)."""
    base = reference.year // 100 * 100
    for century in (base - 100, base, base + 100):
        with suppress(ValueError):
            yield _span(text, century)


def _span(text: str, century: int) -> tuple[date, date]:
    """First and last day of YYMMDD with unknown ('<<') month or day. Raises ValueError for no date."""
    year, month, day = century + int(text[:2]), text[2:4], text[4:]
    if month == "<<":
        return date(year, 1, 1), date(year, 12, 31)
    if day == "<<":
        first = date(year, int(month), 1)
        return first, first.replace(day=monthrange(year, int(month))[1])
    exact = date(year, int(month), int(day))
    return exact, exact


# ---------------------------------------------------------------- parsing


def parse(lines: Sequence[str], *, repair: bool = True) -> Mrz:
    """The zone in these lines. Raises MrzError naming the data element, CheckDigitError at the end.

    `repair` allows the O/0 tolerance; the chip's own copy (DG1) is parsed without it.
    """
    kind = _kind(lines)
    layout = LAYOUTS[kind]
    lines, repaired = _repair(lines, layout) if repair else (tuple(lines), ())
    raw = {name: place.of(lines) for name, place in layout.fields.items()}
    _check_types(raw, layout)
    number, optional, number_check = _document_number(raw)
    _check_rules(raw, number, layout)
    _check_digits(lines, raw, layout, number, number_check)
    primary, secondary = _identifiers(raw["name"])
    return Mrz(
        kind=kind,
        lines=lines,
        document_code=raw["document_code"].rstrip("<"),
        issuing_state=raw["issuing_state"].rstrip("<"),
        primary_identifier=primary,
        secondary_identifier=secondary,
        document_number=number,
        nationality=raw["nationality"].rstrip("<"),
        date_of_birth=raw["date_of_birth"],
        sex=raw["sex"],
        date_of_expiry=raw["date_of_expiry"],
        optional_data=optional,
        optional_data_2=raw.get("optional_data_2", "").rstrip("<"),
        repaired=repaired,
    )


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a zone stored without separators, as in DG1 (Doc 9303-10 §4.7.1)."""
    length = {90: 30, 72: 36, 88: 44}.get(len(text))
    if length is None:
        raise MrzError(f"{len(text)} characters are no zone of TD1 (90), TD2 (72) or TD3 (88)", field="mrz")
    return tuple(text[i : i + length] for i in range(0, len(text), length))


def _kind(lines: Sequence[str]) -> MrzKind:
    if not 2 <= len(lines) <= 3:
        raise MrzError(f"{len(lines)} lines where two or three are expected", field="mrz")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise MrzError(f"{len(line)} characters, line 1 has {len(lines[0])}", field=f"line {number}")
        if not re.fullmatch(r"[A-Z0-9<]*", line):
            raise MrzError("holds a character that is not A-Z, 0-9 or '<'", field=f"line {number}")
    kind = KIND_BY_SHAPE.get((len(lines), len(lines[0]), lines[0][:1] == "V"))
    if kind is None:
        raise MrzError(f"{len(lines)} lines of {len(lines[0])} characters are no known format", field="mrz")
    return kind


_REPAIRS = {FieldType.DIGITS: ("O", "0"), FieldType.LETTERS: ("0", "O")}


def _repair(lines: Sequence[str], layout: Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mended = list(lines)
    repaired: list[str] = []
    for name, place in layout.fields.items():
        if place.type not in _REPAIRS:
            continue
        text = place.of(mended)
        better = text.replace(*_REPAIRS[place.type])
        if better != text:
            line = mended[place.line]
            mended[place.line] = line[: place.first - 1] + better + line[place.last :]
            repaired.append(name)
    return tuple(mended), tuple(repaired)


_PATTERNS = {FieldType.DIGITS: r"[0-9<]+", FieldType.LETTERS: r"[A-Z<]+", FieldType.MIXED: r"[A-Z0-9<]+"}


def _check_types(raw: Mapping[str, str], layout: Layout) -> None:
    for name, text in raw.items():
        kind = layout.fields[name].type
        if not re.fullmatch(_PATTERNS[kind], text):
            raise MrzError(f"may only hold {kind} and '<'", field=name)


def _document_number(raw: Mapping[str, str]) -> tuple[str, str, str]:
    """Number, optional data left over, and the number's check digit.

    Doc 9303-5 §4.2.2 note j, -6 §4.2.2: a number of more than nine characters goes on in the optional
    data, its check digit behind it and '<' in the check digit's own place. Some passports do the same.
    """
    number, check, optional = raw["document_number"], raw["document_number_check"], raw["optional_data"]
    if check != "<" or "<" in number:
        return number.rstrip("<"), optional.rstrip("<"), check
    overflow = optional.partition("<")[0]
    if len(overflow) < 2:
        return number, optional.rstrip("<"), check
    return number + overflow[:-1], optional[len(overflow) + 1 :].rstrip("<"), overflow[-1]


def _check_rules(raw: Mapping[str, str], number: str, layout: Layout) -> None:
    if raw["document_code"][0] not in layout.codes:
        raise MrzError(f"must begin with one of {layout.codes}", field="document_code")
    for name in ("issuing_state", "nationality"):
        if not re.fullmatch(r"[A-Z]{1,3}<{0,2}", raw[name]):
            raise MrzError("is not a code of one to three letters (Doc 9303-3 §5)", field=name)
    if not number or number.startswith("<"):
        raise MrzError("is empty", field="document_number")
    if raw["sex"] not in "MF<":
        raise MrzError("must be M, F or '<'", field="sex")
    if raw["name"].startswith("<"):
        raise MrzError("the primary identifier is empty", field="name")
    for name in ("date_of_birth", "date_of_expiry"):
        if not re.fullmatch(r"\d{6}|\d{4}<<|\d\d<<<<|<{6}", raw[name]):
            raise MrzError("is not YYMMDD", field=name)
        if raw[name] == _NOT_STATED:
            continue
        try:
            _span(raw[name], 2000)  # a leap year: whether 29 February existed depends on the century
        except ValueError:
            raise MrzError("is not a date", field=name) from None
    if re.fullmatch(r"\d+<+", raw["date_of_expiry"]):
        raise MrzError("must not be incomplete", field="date_of_expiry")


def _check_digits(
    lines: Sequence[str], raw: Mapping[str, str], layout: Layout, number: str, number_check: str
) -> None:
    expected = {
        "document_number": (number.ljust(9, "<"), number_check),
        "date_of_birth": (raw["date_of_birth"], raw["date_of_birth_check"]),
        "date_of_expiry": (raw["date_of_expiry"], raw["date_of_expiry_check"]),
    }
    if "optional_data_check" in raw:
        optional, digit = raw["optional_data"], raw["optional_data_check"]
        # Doc 9303-4 §4.2.2: the check digit of an empty optional field may be zero or '<'.
        if digit != "<" or optional.strip("<"):
            expected["optional_data"] = (optional, digit)
    if "composite_check" in raw:
        text = "".join(lines[line][first - 1 : last] for line, first, last in layout.composite)
        expected["composite"] = (text, raw["composite_check"])
    failed = tuple(name for name, (text, digit) in expected.items() if check_digit(text) != digit)
    if failed:
        raise CheckDigitError(failed)


def _identifiers(name: str) -> tuple[str, str]:
    primary, _, secondary = name.partition("<<")
    return primary.replace("<", " ").strip(), secondary.replace("<", " ").strip()
