"""Where each data element stands in each format of the machine readable zone, as data.

Doc 9303-4 §4.2 (TD3), -5 §4.2 (TD1), -6 §4.2 (TD2) and -7 §4 (visas MRV-A and MRV-B).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class MrzKind(StrEnum):
    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


class FieldType(StrEnum):
    """What a field may hold; it decides whether O and 0 can be told apart."""

    LETTERS = "letters"
    DIGITS = "digits"
    MIXED = "letters or digits"


@dataclass(frozen=True, slots=True)
class Field:
    """A data element's place: line (from 0) and first/last position (from 1, as Doc 9303 counts)."""

    line: int
    first: int
    last: int
    type: FieldType

    def of(self, lines: Sequence[str]) -> str:
        return lines[self.line][self.first - 1 : self.last]


@dataclass(frozen=True, slots=True)
class Layout:
    line_length: int
    line_count: int
    codes: str
    fields: Mapping[str, Field]
    composite: tuple[tuple[int, int, int], ...]


_L, _D, _M = FieldType.LETTERS, FieldType.DIGITS, FieldType.MIXED


def _two_lines(length: int, *, personal_number: bool, composite: bool) -> dict[str, Field]:
    """TD2, TD3 and both visas share their order of fields (Doc 9303-4 §4.2, -6 §4.2, -7 §4)."""
    optional_end = length - composite - personal_number
    fields = {
        "document_code": Field(0, 1, 2, _M),
        "issuing_state": Field(0, 3, 5, _L),
        "name": Field(0, 6, length, _L),
        "document_number": Field(1, 1, 9, _M),
        "document_number_check": Field(1, 10, 10, _D),
        "nationality": Field(1, 11, 13, _L),
        "date_of_birth": Field(1, 14, 19, _D),
        "date_of_birth_check": Field(1, 20, 20, _D),
        "sex": Field(1, 21, 21, _L),
        "date_of_expiry": Field(1, 22, 27, _D),
        "date_of_expiry_check": Field(1, 28, 28, _D),
        "optional_data": Field(1, 29, optional_end, _M),
    }
    if personal_number:
        fields["optional_data_check"] = Field(1, 43, 43, _D)
    if composite:
        fields["composite_check"] = Field(1, length, length, _D)
    return fields


_TD1 = {
    "document_code": Field(0, 1, 2, _M),
    "issuing_state": Field(0, 3, 5, _L),
    "document_number": Field(0, 6, 14, _M),
    "document_number_check": Field(0, 15, 15, _D),
    "optional_data": Field(0, 16, 30, _M),
    "date_of_birth": Field(1, 1, 6, _D),
    "date_of_birth_check": Field(1, 7, 7, _D),
    "sex": Field(1, 8, 8, _L),
    "date_of_expiry": Field(1, 9, 14, _D),
    "date_of_expiry_check": Field(1, 15, 15, _D),
    "nationality": Field(1, 16, 18, _L),
    "optional_data_2": Field(1, 19, 29, _M),
    "composite_check": Field(1, 30, 30, _D),
    "name": Field(2, 1, 30, _L),
}

LAYOUTS: Mapping[MrzKind, Layout] = {
    MrzKind.TD1: Layout(30, 3, "ACIP", _TD1, ((0, 6, 30), (1, 1, 7), (1, 9, 15), (1, 19, 29))),
    MrzKind.TD2: Layout(
        36,
        2,
        "ACIP",
        _two_lines(36, personal_number=False, composite=True),
        ((1, 1, 10), (1, 14, 20), (1, 22, 35)),
    ),
    MrzKind.TD3: Layout(
        44,
        2,
        "P",
        _two_lines(44, personal_number=True, composite=True),
        ((1, 1, 10), (1, 14, 20), (1, 22, 43)),
    ),
    MrzKind.MRV_A: Layout(44, 2, "V", _two_lines(44, personal_number=False, composite=False), ()),
    MrzKind.MRV_B: Layout(36, 2, "V", _two_lines(36, personal_number=False, composite=False), ()),
}

KIND_BY_SHAPE: Mapping[tuple[int, int, bool], MrzKind] = {
    (layout.line_count, layout.line_length, layout.codes == "V"): kind for kind, layout in LAYOUTS.items()
}
