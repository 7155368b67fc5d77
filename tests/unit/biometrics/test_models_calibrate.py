"""Calibration: thresholds hold their FMR on any scores, intervals cover them, and the card stays readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.biometrics.face.cards import ModelKind, OperatingPoint, default_cards, load_card
from gate_agent.biometrics.face.pixels import Floats
from gate_agent.biometrics.lab.calibrate import fused_pairs, measure, write_points
from gate_agent.biometrics.lab.dataset import Sample, list_samples, read_groups, read_pairs
from gate_agent.biometrics.lab.scores import (
    Indices,
    Scores,
    all_pairs,
    fmr_at,
    named_pairs,
    rates_at,
    split_factor,
    threshold_at,
    transfer_factor,
)
from gate_agent.errors import BadInput

POINT = {"images": 10, "identities": 10, "failure_to_acquire": 0.0, "data_set": 'people in "quotes"'}


def synthetic(people: int = 60, pictures: int = 3, seed: int = 1) -> tuple[Floats, Indices]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(people, 16))
    vectors = np.repeat(centres, pictures, axis=0) + random.normal(scale=0.4, size=(people * pictures, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat(np.arange(people), pictures)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return all_pairs(*synthetic())


def test_all_pairs_are_counted_once() -> None:
    vectors = np.array([[0, 0], [3, 4], [6, 8], [0, 1]], np.float32)
    scores = all_pairs(vectors, np.array([0, 0, 1, 1]))
    assert scores.genuine.tolist() == pytest.approx([5.0, float(np.hypot(6, 7))])
    assert (scores.impostors, scores.histogram.sum(), scores.people) == (4, 4, 2)


@given(seed=st.integers(0, 2**32 - 1), pictures=st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_no_more_impostors_match_than_the_fmr_allows(seed: int, pictures: int) -> None:
    """Against the definition, over every comparison and without any shortcut."""
    vectors, people = synthetic(50, pictures, seed)
    scores = all_pairs(vectors, people)
    exact = vectors.astype(np.float64)
    distances = np.linalg.norm(exact[:, None] - exact[None], axis=2)[np.triu_indices(len(exact), 1)]
    strange = (people[:, None] != people[None])[np.triu_indices(len(exact), 1)]
    threshold = threshold_at(scores, 1e-2)
    assert (distances[strange] <= threshold).mean() <= 1e-2
    assert (distances[strange] <= threshold).mean() == pytest.approx(fmr_at(scores, threshold))
    assert scores.impostors == strange.sum()


def test_too_few_comparisons_cannot_state_a_rate() -> None:
    with pytest.raises(BadInput, match="cannot measure"):
        threshold_at(all_pairs(*synthetic(4, 2)), 1e-3)


def test_one_person_is_no_data_set() -> None:
    with pytest.raises(BadInput, match="two people"):
        all_pairs(*synthetic(1, 5))


def test_an_operating_point_lies_within_its_own_confidence_interval(scores: Scores) -> None:
    point = OperatingPoint.model_validate(measure("fmr-1e-3", 1e-3, scores) | POINT)
    assert point.fmr_low <= point.fmr <= point.fmr_high
    assert point.fnmr_low <= point.fnmr <= point.fnmr_high
    assert (point.genuine, point.impostor) == (180, 180 * 179 // 2 - 180)


def test_a_threshold_of_half_of_the_people_is_tried_on_the_others(scores: Scores) -> None:
    assert 1.0 <= split_factor(scores, 1e-2) < 10
    assert split_factor(scores, 1e-5) == 0.0  # too few strangers to say


def test_a_threshold_holds_the_better_the_more_people_it_was_set_on() -> None:
    """What lets halves of a data set tell how far a threshold set on all of it holds."""
    scores = all_pairs(*synthetic(240, 2))
    eighths, halves = (split_factor(scores, 1e-2, parts=parts) for parts in (8, 2))
    assert halves < eighths
    assert transfer_factor(eighths) < eighths
    assert transfer_factor(1.0) == 1.0


def test_pictures_fused_come_nearer_to_their_person_and_keep_the_person_apart() -> None:
    vectors, people = synthetic(60, 5)
    one, three = all_pairs(vectors, people), fused_pairs(vectors, people, 3)
    assert len(three.genuine) == 60 * 2
    at = [float((s.genuine > threshold_at(s, 1e-2)).mean()) for s in (one, three)]
    assert at[1] < at[0]


def test_with_too_few_pictures_nothing_is_fused() -> None:
    assert fused_pairs(*synthetic(10, 3), 3).impostors == 0


def test_a_protocol_of_named_pairs_is_measured_as_named() -> None:
    vectors, people = synthetic(30, 2)
    pairs = [(2 * n, 2 * n + 1) for n in range(30)] + [(2 * n, (2 * n + 2) % 60) for n in range(30)]
    scores = named_pairs(vectors, people, pairs)
    assert (len(scores.genuine), scores.impostors) == (30, 30)
    rates = rates_at(scores, threshold_at(scores, 0.1))
    assert rates.fmr <= 0.1


def test_points_are_written_without_touching_the_rest_of_the_card(tmp_path: Path, scores: Scores) -> None:
    card = tmp_path / "dlib-resnet-v1.toml"
    shutil.copy(default_cards() / card.name, card)
    before = load_card(tmp_path, "dlib-resnet-v1", ModelKind.EMBEDDER)
    point = OperatingPoint.model_validate(measure("fmr-1e-3", 1e-3, scores) | POINT)
    write_points(card, [point])
    first = card.read_text()
    write_points(card, [point])
    assert card.read_text() == first
    after = load_card(tmp_path, "dlib-resnet-v1", ModelKind.EMBEDDER)
    assert after.operating_points == (point,)
    assert after.model_copy(update={"operating_points": ()}) == before.model_copy(
        update={"operating_points": ()}
    )


@pytest.mark.parametrize("card", sorted(p.stem for p in default_cards().glob("dlib-resnet*.toml")))
def test_the_shipped_cards_state_what_they_were_measured_at(card: str) -> None:
    """People never seen before: the interval is the card's promise for the FMR it states."""
    shipped = load_card(default_cards(), card, ModelKind.EMBEDDER)
    for augmentation in shipped.augmentations:
        for frames in (1, 3):
            point = shipped.operating_point("fmr-1e-3", augmentation.id, frames)
            assert point.fmr_low <= point.fmr <= point.fmr_high
            assert point.identities > 100
    default = shipped.operating_point("fmr-1e-3")
    assert default.fnmr <= 0.03
    assert default.failure_to_acquire <= 0.05
    assert transfer_factor(default.split_factor) <= 1.5  # on as many other people, nine times of ten


# ---------------------------------------------------------------- data sets


def test_both_layouts_name_the_person(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for name in ("ann/1.jpg", "ann/2.jpg", "0007_01.jpg"):
        (tmp_path / name).touch()
    assert sorted(sample.person for sample in list_samples(tmp_path)) == ["0007", "ann", "ann"]
    with pytest.raises(BadInput, match="no pictures"):
        list_samples(tmp_path / "nobody")


SAMPLES = (Sample("Ann_Lee", Path("Ann_Lee_0001.jpg")), Sample("Ann_Lee", Path("Ann_Lee_0002.jpg")))
OTHERS = (*SAMPLES, Sample("Bo", Path("Bo_0007.jpg")))


def test_pairs_of_the_lfw_lists_are_read(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("10\t300\nAnn_Lee\t1\t2\nAnn_Lee\t2\tBo\t7\n")
    assert read_pairs(tmp_path / "pairs.txt", OTHERS) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("line", ["Ann_Lee\t1\t9", "Ann_Lee\tx\t1", "Cy\t1\t2", "a\tb", "a b c d e"])
def test_a_line_that_names_no_pair_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "pairs.txt").write_text(f"300\n{line}\n")
    with pytest.raises(BadInput, match=r"pairs\.txt:2"):
        read_pairs(tmp_path / "pairs.txt", OTHERS)


def test_groups_are_read_by_attribute(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("person,age,sex\nAnn_Lee,adult,f\nBo,child,m\nCy,adult,m\n")
    groups = read_groups(tmp_path / "groups.csv", OTHERS)
    assert groups["age"] == {"Ann_Lee": "adult", "Bo": "child"}


@pytest.mark.parametrize("text", ["", "person\nBo\n", "person,age\nBo\n", "person,age\nCy,old\n"])
def test_groups_of_nobody_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(BadInput):
        read_groups(tmp_path / "groups.csv", OTHERS)
