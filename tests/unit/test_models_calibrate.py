"""Calibration: thresholds hold their FMR on any scores, and the card stays readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from gate_models.calibrate import Scores, all_pairs, list_pictures, measure, threshold_at, write_points
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.errors import BadInput
from gate_agent.face.cards import ModelKind, OperatingPoint, default_cards, load_card

POINT = {
    "images": 10,
    "failure_to_acquire": 0.0,
    "data_set": 'people in "quotes"',
}


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1000, 5000))
@settings(max_examples=25, deadline=None)
def test_no_more_impostors_match_than_the_fmr_allows(seed: int, count: int) -> None:
    impostor = np.random.default_rng(seed).normal(0.6, 0.1, count).astype(np.float32)
    threshold = threshold_at(impostor, 1e-3)
    assert (impostor <= threshold).mean() <= 1e-3
    nearest_above = impostor[impostor > threshold].min()
    assert (impostor <= nearest_above).mean() > 1e-3  # and it is the largest such threshold


def test_too_few_comparisons_cannot_state_a_rate() -> None:
    with pytest.raises(BadInput, match="cannot measure"):
        threshold_at(np.ones(999, np.float32), 1e-3)


def test_all_pairs_are_counted_once() -> None:
    vectors = np.array([[0, 0], [3, 4], [6, 8], [0, 1]], np.float32)
    scores = all_pairs(vectors, np.array([0, 0, 1, 1]))
    assert scores.genuine.tolist() == pytest.approx([5.0, float(np.hypot(6, 7))])
    assert len(scores.impostor) == 4
    assert scores.identities == 2


def separated(people: int = 60, pictures: int = 3) -> Scores:
    random = np.random.default_rng(1)
    centres = random.normal(size=(people, 16))
    vectors = np.repeat(centres, pictures, axis=0) + random.normal(scale=0.4, size=(people * pictures, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return all_pairs(vectors.astype(np.float32), np.repeat(np.arange(people), pictures))


def test_an_operating_point_lies_within_its_own_confidence_interval() -> None:
    point = OperatingPoint.model_validate(measure("fmr-1e-3", 1e-3, separated()) | POINT)
    assert point.fmr_low <= point.fmr <= point.fmr_high
    assert point.fnmr_low <= point.fnmr <= point.fnmr_high
    assert (point.genuine, point.impostor) == (180, 180 * 179 // 2 - 180)


def test_points_are_written_without_touching_the_rest_of_the_card(tmp_path: Path) -> None:
    card = tmp_path / "dlib-resnet-v1.toml"
    shutil.copy(default_cards() / card.name, card)
    before = load_card(tmp_path, "dlib-resnet-v1", ModelKind.EMBEDDER)
    point = OperatingPoint.model_validate(measure("fmr-1e-3", 1e-3, separated()) | POINT)
    write_points(card, [point])
    first = card.read_text()
    write_points(card, [point])
    assert card.read_text() == first
    after = load_card(tmp_path, "dlib-resnet-v1", ModelKind.EMBEDDER)
    assert after.operating_points == (point,)
    assert after.model_copy(update={"operating_points": ()}) == before.model_copy(
        update={"operating_points": ()}
    )


def test_both_layouts_name_the_person(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for name in ("ann/1.jpg", "ann/2.jpg", "0007_01.jpg"):
        (tmp_path / name).touch()
    assert sorted(person for person, _ in list_pictures(tmp_path)) == ["0007", "ann", "ann"]
    with pytest.raises(BadInput, match="no pictures"):
        list_pictures(tmp_path / "nobody")
