"""The journal's fast writer gives the bytes of canonical JSON for every value that the guard allows."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gate_agent.evidence import canonical_json
from gate_agent.journal import Record, RecordKind, UnsafeRecord
from gate_agent.journal.guard import MAX_SAFE_INTEGER, check_body
from gate_agent.journal.records import prepare

AT = "2026-03-01T12:00:00.000Z"

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1e17, 1e17) | st.floats(-1e-3, 1e-3)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | numbers
    | st.text(max_size=40)
    | st.text(st.characters(max_codepoint=0x9F), max_size=12)
)
names = st.text(min_size=1, max_size=12)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=5)
    ),
    max_leaves=20,
)


def by_the_standard_library(value: object) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


@given(st.dictionaries(names, values, max_size=6))
@example({"distance": 1e-05})
@example({"distance": 0.0001, "large": 9.999999999999999e14, "zero": -0.0, "none": None})
@example({"large": [1e15, 1e16, -1e22, 1.7976931348623157e308, 5e-324]})
@example({"text": '\x00\x1f\x7f"\\/\b\f\n\r\t\u2028\U0001f600é'})
@example({"b": 1, "a": 2, "é": 3, "\U00010000": 4, "\uffff": 5})
def test_an_entry_is_the_canonical_json_of_the_whole(body: dict[str, Any]) -> None:
    try:
        prepared = prepare(Record(RecordKind.LIFECYCLE, "t-1", AT, body), "egate-1", 3)
    except UnsafeRecord:
        return
    whole = {
        "at": AT,
        "body": body,
        "epoch": 3,
        "evidence_digest": "",
        "kind": "lifecycle",
        "seq": 9,
        "station": "egate-1",
        "transaction": "t-1",
    }
    assert prepared.entry(9) == by_the_standard_library(whole) == canonical_json(whole)


@given(numbers)
def test_the_guard_names_every_number_that_writers_write_differently(number: float) -> None:
    text = repr(number)
    assert ("e" in text) <= (check_body({"a": [number]}) == [number])


def test_words_of_an_enumeration_are_written_as_text() -> None:
    class Word(StrEnum):
        ADMIT = "admit"

    body: dict[str, Any] = {"verdict": Word.ADMIT, Word.ADMIT: [Word.ADMIT]}
    prepared = prepare(Record(RecordKind.LIFECYCLE, "", AT, body), "egate-1", 3)
    assert b'"body":{"admit":["admit"],"verdict":"admit"}' in prepared.entry(1)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_text_that_is_not_unicode_is_refused(text: str) -> None:
    with pytest.raises(UnsafeRecord) as caught:
        prepare(Record(RecordKind.LIFECYCLE, "", AT, {"text": text}), "egate-1", 3)
    assert caught.value.field == "body"
