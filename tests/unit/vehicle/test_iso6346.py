"""Container codes: the standard's example first, then the check digit's power and limit, then correction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.vehicle.correction import ALPHABET, Scores, correct, exact
from gate_agent.vehicle.errors import ContainerCodeError
from gate_agent.vehicle.iso6346 import (
    OWNERS,
    VALUES,
    ContainerCode,
    check_digit,
    complete,
    parse,
    parse_size_type,
)

letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
serials = st.text("0123456789", min_size=6, max_size=6)
codes = st.builds(lambda o, c, s: complete(o + c, s), letters, st.sampled_from("UJZ"), serials)

# ---------------------------------------------------------------- the standard


def test_the_example_of_annex_a() -> None:
    code = parse("CSQU3054383")
    assert code == ContainerCode("CSQ", "U", "305438", 3)
    assert code.valid
    assert code.spaced == "CSQU 305438 3"


def test_letters_count_from_ten_without_the_multiples_of_eleven() -> None:
    assert [VALUES[letter] for letter in "ABKLUVZ"] == [10, 12, 21, 23, 32, 34, 38]
    assert not {11, 22, 33} & set(VALUES.values())


@pytest.mark.parametrize("code", ["MSCU6639870", "CSQU 305438 3", "csqu-305438-3", "CSQU 305438 [3]"])
def test_valid_codes_in_the_ways_they_are_written(code: str) -> None:
    assert parse(code).valid


def test_a_remainder_of_ten_is_printed_as_zero() -> None:
    assert any(
        sum(VALUES[c] << i for i, c in enumerate(f"CSQU{n:06d}")) % 11 == 10
        and check_digit(f"CSQU{n:06d}") == 0
        for n in range(40)
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("CSQU305438", "code"),
        ("CSQU30543833", "code"),
        ("C1QU3054383", "owner"),
        ("CSQA3054383", "category"),
        ("CSQU30S4383", "serial"),
        ("CSQU305438X", "check digit"),
        ("ČSQU3054383", "code"),
        ("CSQU٣054383", "code"),
        ("", "code"),
        ("C" * 1000, "code"),
    ],
)
def test_what_is_no_code_names_the_part(text: str, field: str) -> None:
    with pytest.raises(ContainerCodeError) as caught:
        parse(text)
    assert caught.value.field == field


def test_a_wrong_check_digit_parses_and_is_not_valid() -> None:
    assert not parse("CSQU3054384").valid


def test_the_check_digit_misses_1_8_percent_of_single_wrong_digits_in_the_serial_number() -> None:
    missed = total = 0
    for number in range(0, 1_000_000, 997):
        code = str(complete("CSQU", f"{number:06d}"))
        for place in range(4, 10):
            for digit in "0123456789":
                if digit != code[place]:
                    total += 1
                    missed += parse(code[:place] + digit + code[place + 1 :]).valid
    assert missed / total == pytest.approx(0.018, abs=0.001)


@given(codes, st.integers(4, 10), st.integers(1, 9))
def test_a_single_wrong_digit_passes_only_between_the_remainders_zero_and_ten(
    code: ContainerCode, place: int, shift: int
) -> None:
    text = str(code)
    wrong = text[:place] + str((int(text[place]) + shift) % 10) + text[place + 1 :]
    if parse(wrong).valid:
        assert code.check_digit == 0


# ---------------------------------------------------------------- size and type


def test_size_and_type() -> None:
    found = parse_size_type("22G1")
    assert (found.length_mm, found.height_mm, found.width_mm) == (6058, 2591, 2438)
    assert found.group == "G"
    assert parse_size_type("L5R1").length_mm == 13716
    assert parse_size_type("45 G1").height_mm == 2895


@pytest.mark.parametrize(
    ("text", "place"), [("X2G1", 0), ("2XG1", 1), ("22X1", 2), ("22G", None), ("", None)]
)
def test_a_wrong_size_and_type_names_the_character(text: str, place: int | None) -> None:
    with pytest.raises(ContainerCodeError) as caught:
        parse_size_type(text)
    assert caught.value.field == ("size and type" if place is None else f"size and type[{place}]")


def test_owner_codes_are_three_letters() -> None:
    assert all(len(owner) == 3 and owner.isalpha() for owner in OWNERS)


# ---------------------------------------------------------------- correction


def seen(text: str, doubts: dict[int, dict[str, float]]) -> list[Scores]:
    """What a reader saw: sure characters, and doubts at some places."""
    places = exact(text)
    for place, shares in doubts.items():
        scores = np.full(len(ALPHABET), 1e-5)
        for char, share in shares.items():
            scores[ALPHABET.index(char)] = share
        places[place] = scores / scores.sum()
    return places


@given(codes)
def test_a_sure_reading_of_a_valid_code_stays_as_it_is(code: ContainerCode) -> None:
    found = correct(exact(str(code)))
    assert found is not None
    assert found.code == code
    assert found.repairs == 0
    assert found.confidence > 0.99


@pytest.mark.parametrize("text", ["C5QU3054383", "CSQU3O54383", "CSQU30S43B3", "CSQU305438Z"])
def test_letters_and_digits_that_look_alike_are_put_in_their_places(text: str) -> None:
    found = correct(exact(text))
    expected = {"CSQU305438Z": None}.get(text, "CSQU3054383")
    if expected is None:  # a 2 in the check digit's place does not hold: no code without a better alternative
        assert found is None or found.code.valid
    else:
        assert found is not None
        assert str(found.code) == expected
        assert found.repairs >= 1


def test_a_doubtful_digit_is_decided_by_the_check_digit() -> None:
    found = correct(seen("CSQU8054383", {4: {"8": 0.6, "3": 0.4}}))
    assert found is not None
    assert str(found.code) == "CSQU3054383"
    assert found.repairs == 1


def test_two_doubtful_places_are_decided_together() -> None:
    found = correct(seen("CSQU8054333", {4: {"8": 0.6, "3": 0.4}, 9: {"3": 0.55, "8": 0.45}}))
    assert found is not None
    assert str(found.code) == "CSQU3054383"


def test_without_an_alternative_that_holds_there_is_no_code() -> None:
    assert correct(exact("CSQU3054384")) is None


@pytest.mark.parametrize("length", [0, 10, 12])
def test_a_code_has_eleven_places(length: int) -> None:
    assert correct(exact("C" * length)) is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=36, max_size=36), min_size=11, max_size=11))
def test_whatever_was_seen_the_answer_is_a_valid_code_or_none(shares: list[list[float]]) -> None:
    found = correct([np.array(place) for place in shares])
    assert found is None or found.code.valid
