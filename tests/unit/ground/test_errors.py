"""The first complaint of a model about what came from outside, as any room's error."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from gate_agent.errors import BadInput, GateError
from gate_agent.settings import Settings


class RoomError(BadInput):
    """Stands for the error of any room."""


class Entry(Settings):
    reference: Annotated[str, Field(max_length=3)]
    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def _ordered(self) -> Entry:
        if self.low > self.high:
            raise ValueError("low is above high" + "!" * 500)
        return self


class ListFile(Settings):
    entries: tuple[Entry, ...]


def complaint(data: object, source: str = "") -> RoomError:
    with pytest.raises(ValidationError) as caught:
        ListFile.model_validate(data)
    return RoomError.complaint(caught.value, source)


@pytest.mark.parametrize(
    ("data", "field", "what"),
    [
        ({}, "list.json: entries", "Field required"),
        ({"entries": [{"reference": "abcd"}]}, "list.json: entries.0.reference", "at most 3 characters"),
        ({"entries": [], "more": 1}, "list.json: more", "Extra inputs"),
        ([], "list.json", "dictionary"),
        ({"entries": [{"reference": "a", "low": 1}]}, "list.json: entries.0", "low is above high"),
    ],
)
def test_the_complaint_says_where_and_what(data: object, field: str, what: str) -> None:
    error = complaint(data, "list.json")
    assert isinstance(error, RoomError)
    assert error.field == field
    assert what in error.what
    assert not error.what.startswith("Value error")
    assert len(error.what) <= 200


def test_without_a_source_the_field_is_the_path_alone() -> None:
    assert complaint({"entries": [{}]}).field == "entries.0.reference"
    assert complaint(None).field == ""


@given(st.text(alphabet="abcdefghijklmnop", min_size=12, max_size=40))
def test_what_came_from_outside_is_not_repeated(secret: str) -> None:
    assert secret not in str(complaint({"entries": [{"reference": secret}]}))


def test_an_error_reads_as_where_what_and_what_to_do() -> None:
    assert str(GateError("is no key", field="policy.public_key", advice="name a PEM file")) == (
        "policy.public_key: is no key (name a PEM file)"
    )
    assert str(GateError("is no key")) == "is no key"
