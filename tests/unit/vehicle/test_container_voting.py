"""Several views to one code: what confirms, what contradicts, what a code proves as evidence."""

from __future__ import annotations

import numpy as np
import pytest

from gate_agent.evidence import Outcome
from gate_agent.vehicle.correction import ALPHABET, Scores, exact
from gate_agent.vehicle.iso6346 import parse
from gate_agent.vehicle.recogniser import CodeRead
from gate_agent.vehicle.voting import Support, container_code_check, fuse, vote

CODE, OTHER = "CSQU3054383", "MSCU6639870"


def read(code: str, confidence: float = 0.95, repairs: int = 0, size_type: str = "") -> CodeRead:
    quad = np.zeros((4, 2), np.float32)
    return CodeRead(parse(code), confidence, repairs, 5.0, False, quad, tuple(exact(code)), size_type)


@pytest.mark.parametrize(
    ("reads", "declared", "support", "code"),
    [
        ({}, (), Support.UNREADABLE, None),
        ({"left": []}, (), Support.UNREADABLE, None),
        ({"left": [read(CODE)]}, (), Support.SINGLE, CODE),
        ({"left": [read(CODE), read(CODE)]}, (), Support.SINGLE, CODE),
        ({"left": [read(CODE)]}, (CODE,), Support.DECLARED, CODE),
        ({"left": [read(CODE)], "rear": [read(CODE)]}, (), Support.VIEWS, CODE),
        ({"left": [read(CODE)], "rear": [read(OTHER)]}, (), Support.CONFLICT, None),
        ({"left": [read(CODE)], "rear": [read(OTHER)]}, (CODE,), Support.CONFLICT, CODE),
        ({"left": [read(CODE)], "rear": [read(OTHER, 0.7, 2)]}, (CODE,), Support.DECLARED, CODE),
        ({"left": [read(CODE)], "rear": [read(CODE)], "top": [read(OTHER)]}, (), Support.CONFLICT, CODE),
        ({"left": [read(CODE)], "right": [], "rear": []}, (), Support.SINGLE, CODE),
        ({"left": [read(OTHER, 0.6, 1), read(CODE)], "rear": [read(CODE)]}, (), Support.CONFLICT, CODE),
        ({"left": [read(OTHER, 0.6, 2), read(CODE)], "rear": [read(CODE)]}, (), Support.VIEWS, CODE),
        ({"left": [read(CODE, 0.9, 1)], "rear": [read(CODE)]}, (), Support.VIEWS, CODE),
        ({"left": [read(CODE, 0.9, 1)], "rear": [read(CODE, 0.9, 1)]}, (), Support.SINGLE, CODE),
        ({"left": [read(CODE, 0.9, 1)], "rear": [read(CODE, 0.9, 1)]}, (CODE,), Support.DECLARED, CODE),
    ],
)
def test_what_supports_a_code(
    reads: dict[str, list[CodeRead]], declared: tuple[str, ...], support: Support, code: str | None
) -> None:
    result = vote(reads, declared)
    assert result.support is support
    if code is not None:
        assert str(result.code) == code
    assert result.confirmed == (support in (Support.VIEWS, Support.DECLARED))


SECOND = "TGHU7654320"
MISREAD = "CSQU3054362"  # CODE with its last two digits read otherwise


@pytest.mark.parametrize(
    "second",
    [
        {"rear": [read(SECOND)]},
        {"left": [read(CODE), read(SECOND)]},
        {"left": [read(CODE), read(SECOND, 0.55)]},
        {"rear": [read("QQZU1234567", 0.6)]},  # of no known owner: enough to doubt, not to believe
        {"rear": [read(SECOND, 0.6, 1)], "top": [read(SECOND, 0.6, 2)]},
        {"rear": [read(SECOND, 0.7, 1)]},
    ],
)
def test_n2_a_second_container_makes_it_inconclusive_however_well_the_first_is_read(
    second: dict[str, list[CodeRead]],
) -> None:
    reads = {"left": [read(CODE)], "right": [read(CODE)], "roof": [read(CODE)]} | second
    result = container_code_check(vote(reads, (CODE,)))
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.reasons == ("CONTAINER_CODE_CONFLICT",)
    assert result.measured["codes"] == 2
    assert vote(reads, (CODE,)).against != ""


def test_n2_two_declared_containers_are_two_even_where_one_had_to_be_repaired() -> None:
    reads = {"left": [read(CODE), read(SECOND, 0.6, 3)], "right": [read(CODE)]}
    assert vote(reads, (CODE, SECOND)).support is Support.CONFLICT
    assert vote(reads, (CODE,)).support is Support.VIEWS  # bent out of other lettering, in one picture


def test_n2_a_code_misread_once_is_no_second_container() -> None:
    reads = {"left": [read(CODE), read(MISREAD, 0.9, 1)], "right": [read(CODE)]}
    assert vote(reads).support is Support.VIEWS


@pytest.mark.parametrize(
    ("code", "confidence", "support"),
    [
        (CODE, 0.95, Support.VIEWS),
        ("TGHU7654320", 0.78, Support.VIEWS),  # a known owner's
        ("QQZU1234567", 0.78, Support.SINGLE),
        ("QQZU1234567", 0.92, Support.VIEWS),
    ],
)
def test_n4_a_code_that_only_happens_to_hold_is_not_confirmed_by_a_second_view(
    code: str, confidence: float, support: Support
) -> None:
    reads = {"left": [read(code, confidence)], "rear": [read(code, confidence)]}
    assert vote(reads).support is support


def test_the_code_that_speaks_against_is_named_and_the_size_and_type_kept() -> None:
    result = vote({"left": [read(CODE, size_type="22G1")], "rear": [read(CODE)], "top": [read(OTHER)]})
    assert result.against == OTHER
    assert result.size_type == "22G1"
    assert result.views == ("left", "rear")


def test_what_was_declared_leads_but_only_among_what_was_read() -> None:
    reads = {"left": [read(OTHER, 0.99), read(CODE, 0.7)]}
    assert str(vote(reads, (CODE,)).code) == CODE
    assert str(vote(reads, ("TRLU1234560",)).code) == OTHER


def smudged(text: str, place: int, instead: str, share: float) -> list[Scores]:
    places = exact(text)
    scores = np.full(len(ALPHABET), 1e-5)
    scores[ALPHABET.index(text[place])] = 1 - share
    scores[ALPHABET.index(instead)] = share
    places[place] = scores / scores.sum()
    return places


def test_pictures_that_do_not_hold_alone_hold_together() -> None:
    # Each picture is misled at another place, so that none of them alone is sure.
    pictures = [smudged(CODE, place, "8" if place > 3 else "X", 0.9) for place in (0, 4, 6)]
    result = fuse(pictures)
    assert str(result.code) == CODE
    assert result.fused
    assert result.support is Support.SINGLE
    assert fuse(pictures, (CODE,)).support is Support.DECLARED


def test_fusing_nothing_gives_nothing() -> None:
    assert fuse([]).support is Support.UNREADABLE
    assert fuse([exact("CSQU")]).code is None


@pytest.mark.parametrize(
    ("reads", "declared", "outcome", "reason"),
    [
        ({"left": [read(CODE)], "rear": [read(CODE)]}, "", Outcome.PASSED, ""),
        ({"left": [read(CODE)]}, CODE, Outcome.PASSED, ""),
        ({"left": [read(CODE)]}, "", Outcome.INCONCLUSIVE, "CONTAINER_CODE_UNCONFIRMED"),
        ({"left": [read(CODE)]}, OTHER, Outcome.INCONCLUSIVE, "CONTAINER_CODE_UNCONFIRMED"),
        ({"left": [read(CODE)], "rear": [read(CODE)]}, OTHER, Outcome.FAILED, "CONTAINER_CODE_MISMATCH"),
        ({"left": [read(CODE)], "rear": [read(OTHER)]}, "", Outcome.INCONCLUSIVE, "CONTAINER_CODE_CONFLICT"),
        ({}, CODE, Outcome.INCONCLUSIVE, "CONTAINER_CODE_UNREADABLE"),
    ],
)
def test_a_vote_as_evidence(
    reads: dict[str, list[CodeRead]], declared: str, outcome: Outcome, reason: str
) -> None:
    result = container_code_check(vote(reads, (declared,) if declared else ()), declared)
    assert result.outcome is outcome
    assert result.reasons == ((reason,) if reason else ())
    assert "code" not in result.measured  # the number itself is the record's key, not a measurement
