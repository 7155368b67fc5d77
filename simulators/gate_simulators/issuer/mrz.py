"""Writes machine readable zones: TD3, two lines of 44 (Doc 9303-4 §4.2), and TD1, three of 30 (-5 §4.2).

Kept apart from the agent's parser on purpose: each checks the other.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

FILLER = "<"
_WEIGHTS = (7, 3, 1)
_VALUES = {c: v for v, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {FILLER: 0}

# Doc 9303-3 §6 A, where the recommended transliteration is not simply the letter without its mark.
_TRANSLITERATION = str.maketrans(
    {
        "Ä": "AE",
        "Å": "AA",
        "Æ": "AE",
        "Ð": "D",
        "Đ": "D",
        "Ħ": "H",
        "ı": "I",
        "Ĳ": "IJ",
        "Ŀ": "L",
        "Ł": "L",
        "Ñ": "N",
        "Ŋ": "N",
        "Ö": "OE",
        "Ø": "OE",
        "Œ": "OE",
        "ß": "SS",
        "ẞ": "SS",
        "Þ": "TH",
        "Ŧ": "T",
        "Ü": "UE",
        "'": "",  # Doc 9303-3 §4.6: apostrophes are left out, hyphens become fillers
        "’": "",
        ".": "",
        "-": FILLER,
        " ": FILLER,
        ",": FILLER,
    }
)


class UnknownDay(date):
    """A date of birth whose day nobody knows; fillers stand in its place (Doc 9303-3 §4.8)."""


class UnknownMonth(UnknownDay):
    """Neither month nor day are known."""


@dataclass(frozen=True, slots=True)
class MrzFields:
    """What a passport prints; names as the holder writes them."""

    surname: str
    given_names: str
    document_number: str
    date_of_birth: date
    date_of_expiry: date
    sex: str = FILLER
    issuing_state: str = "UTO"
    nationality: str = "UTO"
    document_code: str = "P"
    optional_data: str = ""
    zero_for_nothing: bool = False  # as the check digit of empty optional data


def check_digit(text: str) -> str:
    """Doc 9303-3 §4.9: weights 7, 3, 1 and modulus 10."""
    return str(sum(_VALUES[c] * _WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def transliterate(name: str) -> str:
    """A name in A-Z and fillers (Doc 9303-3 §6). Raises ValueError for a character without a rule."""
    composed = unicodedata.normalize("NFC", name.strip()).replace("ı", "I").upper()
    mapped = composed.translate(_TRANSLITERATION)
    letters = "".join(c for c in unicodedata.normalize("NFKD", mapped) if not unicodedata.combining(c))
    unknown = sorted(set(letters) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ<"))
    if unknown:
        raise ValueError(f"no transliteration for {', '.join(map(repr, unknown))}")
    return FILLER.join(part for part in letters.split(FILLER) if part)


def td3(fields: MrzFields) -> tuple[str, str]:
    """Upper and lower line."""
    upper = _fill(fields.document_code, 2) + _fill(fields.issuing_state, 3) + _names(fields, 39)
    number, overflow = _number(fields.document_number)
    keyed = [
        number,
        *(day + check_digit(day) for day in map(_date, (fields.date_of_birth, fields.date_of_expiry))),
    ]
    optional = _fill(overflow + fields.optional_data, 14)
    # Doc 9303-4 §4.2.2.2: an unused optional field may have the filler as its check digit, or zero.
    used = bool(optional.strip(FILLER)) or fields.zero_for_nothing
    optional += check_digit(optional) if used else FILLER
    composite = check_digit("".join([*keyed, optional]))
    lower = keyed[0] + _fill(fields.nationality, 3) + keyed[1] + fields.sex + keyed[2] + optional + composite
    if len(fields.sex) != 1 or fields.sex not in "MF<":
        raise ValueError(f"sex {fields.sex!r} is not M, F or <")
    return upper, lower


def td1(fields: MrzFields) -> tuple[str, str, str]:
    """The three lines of a card."""
    number, overflow = _number(fields.document_number)
    upper = _fill(fields.document_code, 2) + _fill(fields.issuing_state, 3) + number
    upper += _fill(overflow + fields.optional_data, 15)
    birth, expiry = (
        day + check_digit(day) for day in map(_date, (fields.date_of_birth, fields.date_of_expiry))
    )
    composite = check_digit(upper[5:] + birth + expiry + FILLER * 11)
    middle = birth + fields.sex + expiry + _fill(fields.nationality, 3) + FILLER * 11 + composite
    return upper, middle, _names(fields, 30)


def mrz_information(fields: MrzFields) -> str:
    """What the access keys are derived from (Doc 9303-11 §9.7.2), each element with its check digit."""
    elements = (
        fields.document_number.ljust(9, FILLER),
        _date(fields.date_of_birth),
        _date(fields.date_of_expiry),
    )
    return "".join(element + check_digit(element) for element in elements)


def _number(number: str) -> tuple[str, str]:
    """The field of the number with its check digit, and what goes on in the optional data.

    Doc 9303-5 §4.2.2 note j: of a longer number the check digit stands behind its end, a filler in its place.
    """
    if len(number) <= 9:
        field = _fill(number, 9)
        return field + check_digit(field), ""
    return number[:9] + FILLER, number[9:] + check_digit(number) + FILLER


def _fill(text: str, width: int) -> str:
    if len(text) > width or not _VALUES.keys() >= set(text):
        raise ValueError(f"{text!r} does not fit a field of {width} characters A-Z, 0-9 and <")
    return text.ljust(width, FILLER)


def _date(day: date) -> str:
    text = day.strftime("%y%m%d")
    if isinstance(day, UnknownDay):
        return text[: 2 if isinstance(day, UnknownMonth) else 4].ljust(6, FILLER)
    return text


def _names(fields: MrzFields, width: int) -> str:
    """Doc 9303-4 §4.2: when too long, given names are cut first, but one letter of them remains."""
    primary, secondary = transliterate(fields.surname), transliterate(fields.given_names)
    if not secondary:
        return primary[:width].ljust(width, FILLER)
    primary = primary[: width - 3]
    return f"{primary}{FILLER * 2}{secondary}"[:width].ljust(width, FILLER)
