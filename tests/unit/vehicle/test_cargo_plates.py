"""Licence plates of any country: one form, views that vote, and a plate that never stands in evidence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from gate_agent.errors import GateError
from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.errors import PictureError
from gate_agent.vehicle.plate_reader import PlateReader
from gate_agent.vehicle.plates import LONGEST, REASONS, PlateRead, alike, normalised, plate_check, vote
from gate_agent.vehicle.voting import Support


@pytest.mark.parametrize(
    ("text", "plain"),
    [("ab-123 c", "AB123C"), ("BÖ·X 42", "BOX42"), ("А123ВС 77", "А123ВС77"), ("-", ""), ("x" * 40, "")],
)
def test_plates_are_written_in_one_form(text: str, plain: str) -> None:
    assert normalised(text) == plain


def test_characters_that_are_drawn_alike_do_not_make_another_plate() -> None:
    assert alike("B0-85 I", "8O8S1")
    assert not alike("AB123C", "AB124C")
    assert not alike("", "")


@given(st.text(max_size=80))
def test_any_text_is_normalised_once_and_for_all(text: str) -> None:
    plain = normalised(text)
    assert len(plain) <= LONGEST
    assert normalised(plain) == plain


def reads(**views: tuple[str, float]) -> dict[str, list[PlateRead]]:
    return {view: [PlateRead(*read)] for view, read in views.items()}


@pytest.mark.parametrize(
    ("seen", "declared", "support", "outcome", "reasons"),
    [
        (reads(front=("AB123C", 0.9), rear=("AB-123 C", 0.8)), "", Support.VIEWS, "passed", ()),
        (reads(front=("AB123C", 0.9)), "ab 123 c", Support.DECLARED, "passed", ()),
        (reads(front=("AB123C", 0.9)), "", Support.SINGLE, "inconclusive", ("PLATE_UNCONFIRMED",)),
        (reads(front=("AB123C", 0.9)), "XY9", Support.SINGLE, "inconclusive", ("PLATE_UNCONFIRMED",)),
        (
            reads(front=("AB123C", 0.9), rear=("XY9", 0.8)),
            "",
            Support.CONFLICT,
            "inconclusive",
            ("PLATE_CONFLICT",),
        ),
        (
            reads(front=("AB123C", 0.9), rear=("AB123C", 0.8)),
            "XY9",
            Support.VIEWS,
            "failed",
            ("PLATE_MISMATCH",),
        ),
        ({}, "XY9", Support.UNREADABLE, "inconclusive", ("PLATE_UNREADABLE",)),
        (reads(front=("-", 0.9)), "", Support.UNREADABLE, "inconclusive", ("PLATE_UNREADABLE",)),
    ],
)
def test_views_vote_and_one_alone_does_not_confirm(
    seen: dict[str, list[PlateRead]], declared: str, support: Support, outcome: str, reasons: tuple[str, ...]
) -> None:
    result = vote(seen, declared)
    assert result.support is support
    check = plate_check(result, declared)
    assert (check.outcome.value, check.reasons) == (outcome, reasons)
    assert set(reasons) <= REASONS.keys()
    assert result.text not in str(check.to_json()) or not result.text


def test_the_most_confident_of_like_readings_is_kept() -> None:
    seen = {"front": [PlateRead("A8O1", 0.4), PlateRead("AB01", 0.9)], "rear": [PlateRead("ABO1", 0.6)]}
    result = vote(seen)
    assert (result.text, result.views, result.support) == ("AB01", ("front", "rear"), Support.VIEWS)


# ---------------------------------------------------------------- reading


def drawn(text: str) -> np.ndarray:
    scene = np.full((360, 640, 3), (90, 60, 50), np.uint8)
    cv2.rectangle(scene, (140, 150), (500, 220), (240, 240, 235), -1)
    font = ImageFont.load_default(46)
    picture = Image.fromarray(scene)
    ImageDraw.Draw(picture).text((165, 158), text, font=font, fill=(15, 15, 15))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    try:
        return PlateReader.load(RecogniserSettings())
    except GateError as error:
        pytest.skip(f"the networks for container codes are not installed: {error}")


def test_a_clearly_drawn_plate_is_read(reader: PlateReader) -> None:
    found = {text: reader.read(drawn(text)) for text in ("KX 4827 T", "BD 351 NR")}
    for text, read in found.items():
        assert read
        assert alike(read[0].text, text)
    views = {view: found["KX 4827 T"] for view in ("front", "rear")}
    assert plate_check(vote(views), "kx4827t").outcome.value == "passed"


def test_a_container_code_is_no_plate_and_a_bad_picture_is_told(reader: PlateReader) -> None:
    assert all(len(read.text) < 11 for read in reader.read(drawn("CSQU3054383")))
    with pytest.raises(PictureError):
        reader.read(np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(PictureError):
        reader.read(np.zeros((100, 100), np.uint8))
