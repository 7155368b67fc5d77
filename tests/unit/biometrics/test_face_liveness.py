"""Liveness: fail-closed verdicts, an operator's PAD model, and each sign against the attack it answers to."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from gate_agent.biometrics.face.cards import default_cards, default_models
from gate_agent.biometrics.face.chain import DetectedFace, FaceChain, FaceSettings
from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.liveness import ENOUGH, LivenessMonitor, Signs, Suspicion, judge
from gate_agent.biometrics.face.pad import AttackDetector, AttackScore
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.biometrics.face.settings import LivenessSettings
from gate_agent.egate.reasons import REASONS
from gate_agent.errors import GateError
from gate_agent.evidence import Outcome
from gate_models.attacks import ATTACKS, bona_fide
from gate_models.build import build
from gate_simulators.egate.photographs import photographs

LIVE = Signs(frames=10, repetition=2.0, temporal_noise=1.6, moire=4.0, turning=0.1, flatness=0.7)
FACE = DetectedFace(
    Box(250, 150, 390, 290), np.array([[355.0, 200], [330, 200], [285, 200], [310, 200], [320, 245]]), 1.0
)


def score(value: float) -> AttackScore:
    return AttackScore(value, 0.5, value >= 0.5, "pad#1")


# ---------------------------------------------------------------- the verdict


def test_too_few_frames_pass_nobody() -> None:
    few = replace(LIVE, frames=ENOUGH - 1)
    assert judge(few, score(0.1)).outcome is Outcome.INCONCLUSIVE
    assert judge(LivenessMonitor().signs(), None).outcome is Outcome.INCONCLUSIVE
    assert judge(LIVE, None).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("change", "suspicion"),
    [
        ({"repetition": 0.0}, Suspicion.REPEATED_FRAMES),
        ({"temporal_noise": 0.01}, Suspicion.NO_SENSOR_NOISE),
        ({"moire": 90.0}, Suspicion.SCREEN_RASTER),
        ({"turning": 0.05, "flatness": 0.05}, Suspicion.FLAT_FACE),
    ],
)
def test_each_sign_fails_by_its_own_name(change: dict[str, float], suspicion: Suspicion) -> None:
    verdict = judge(replace(LIVE, **change), None)
    assert (verdict.outcome, verdict.suspicions) == (Outcome.FAILED, (suspicion,))


def test_a_face_that_does_not_turn_is_not_called_flat() -> None:
    still = replace(LIVE, turning=0.001, flatness=0.0)
    assert judge(still, None).outcome is Outcome.PASSED


def test_every_suspicion_is_a_reason_with_words() -> None:
    assert {suspicion.value for suspicion in Suspicion} <= set(REASONS)


def test_where_a_turn_is_asked_for_nothing_still_passes() -> None:
    asked = LivenessSettings(turn_head=True)
    assert judge(replace(LIVE, turning=0.001), None, asked).outcome is Outcome.INCONCLUSIVE
    assert judge(LIVE, None, asked).outcome is Outcome.PASSED


def test_a_sign_that_a_camera_cannot_bear_is_switched_off() -> None:
    """H.264 leaves a still background untouched: no flicker, and yet a live person."""
    quiet = replace(LIVE, temporal_noise=0.0, moire=90.0)
    assert judge(quiet, None, LivenessSettings(temporal_noise=0, moire=0)).outcome is Outcome.PASSED


def test_the_model_speaks_even_of_one_frame() -> None:
    verdict = judge(replace(LIVE, frames=1), score(0.9))
    assert (verdict.outcome, verdict.suspicions) == (Outcome.FAILED, (Suspicion.MODEL_SAYS_ATTACK,))
    assert verdict.model == "pad#1"


@given(
    frames=st.integers(0, 16),
    numbers=st.tuples(*[st.floats(0, 300)] * 5),
    attack=st.none() | st.floats(0, 1),
)
def test_only_enough_unsuspicious_frames_ever_pass(
    frames: int, numbers: tuple[float, ...], attack: float | None
) -> None:
    model = None if attack is None else score(attack)
    verdict = judge(Signs(frames, *numbers), model)
    if verdict.outcome is Outcome.PASSED:
        assert frames >= ENOUGH and not verdict.suspicions
        assert not (model and model.attack)


# ---------------------------------------------------------------- the signs, on simulated presentations


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    try:
        build(default_models())
        photographs()
    except GateError as error:
        pytest.skip(f"no models or photographs: {error}")
    return FaceChain.load(FaceSettings())


@pytest.fixture(scope="module")
def photograph(chain: FaceChain) -> Pixels:
    """Framed as data sets of faces are: 250 pixels, the face in the middle, 90 pixels wide."""
    pixels = photographs()["president_a"][0]
    face = chain.single(chain.find(pixels))
    x, y = (int(v) for v in face.landmarks.mean(axis=0))
    reach = int(face.box.width * 1.3)
    part = pixels[max(y - reach, 0) : y + reach, x - reach : x + reach]
    return cv2.resize(part, (250, 250), interpolation=cv2.INTER_AREA).astype(np.uint8)


def watch(chain: FaceChain, frames: list[Pixels]) -> Signs:
    monitor, box = LivenessMonitor(), None
    for pixels in frames:
        faces = chain.find(pixels, box)
        if faces:
            box = faces[0].box
            monitor.add(pixels, faces[0])
    return monitor.signs()


@pytest.mark.parametrize(
    ("attack", "suspicion"),
    [
        ("tablet replay", Suspicion.SCREEN_RASTER),
        ("looped stream", Suspicion.REPEATED_FRAMES),
        ("injected file", Suspicion.NO_SENSOR_NOISE),
        ("printed photo, flat", Suspicion.FLAT_FACE),
    ],
)
def test_a_sign_answers_to_its_attack(
    chain: FaceChain, photograph: Pixels, attack: str, suspicion: Suspicion
) -> None:
    signs = watch(chain, ATTACKS[attack](photograph, np.random.default_rng(4)))
    assert suspicion in judge(signs, None).suspicions, signs


def test_a_live_face_is_not_suspected(chain: FaceChain, photograph: Pixels) -> None:
    signs = watch(chain, bona_fide(photograph, np.random.default_rng(4)))
    assert judge(signs, None).outcome is Outcome.PASSED, signs


def test_what_was_watched_is_overwritten() -> None:
    monitor = LivenessMonitor()
    pixels = np.random.default_rng(1).integers(1, 255, (480, 640, 3), dtype=np.uint8)
    for _ in range(20):
        monitor.add(pixels, FACE)
    kept = [
        picture for look in monitor._looks for picture in (look.patch, look.middle, look.beside, look.face)
    ]
    assert len(kept) == 4 * 16
    monitor.wipe()
    assert not any(picture.any() for picture in kept)
    assert monitor.signs().frames == 0


@pytest.mark.parametrize("shape", [(20, 20), (40, 900), (900, 40)])
def test_a_picture_smaller_than_what_is_looked_at_is_no_crash(shape: tuple[int, int]) -> None:
    monitor = LivenessMonitor()
    random = np.random.default_rng(1)
    for _ in range(3):
        monitor.add(random.integers(0, 255, (*shape, 3), dtype=np.uint8), FACE)
    assert np.isfinite([monitor.signs().moire, monitor.signs().turning]).all()


# ---------------------------------------------------------------- an operator's model

CARD = """
id = "tiny-pad"
kind = "pad"
title = "A constant: a model that only a test would use"
file = "tiny-pad.onnx"
sha256 = "{sha256}"
licence = "none"
source = {{ package = "made by this test", file = "tiny-pad.onnx", sha256 = "{sha256}" }}

[input]
layout = "NCHW float32"
colour = "BGR"
width = 80
height = 80
alignment = "arcface-112"
padding = 0.5

[output]
dimension = {classes}
bona_fide = {bona_fide}
"""
Installed = Callable[..., AttackDetector | None]


def constant(answer: NDArray[np.generic]) -> bytes:
    chips = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 80, 80])
    out = helper.make_tensor_value_info("s", TensorProto.FLOAT, None)
    node = helper.make_node("Constant", [], ["s"], value=numpy_helper.from_array(answer))
    graph = helper.make_graph([node], "constant", [chips], [out])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    cards, models = shutil.copytree(default_cards(), tmp_path / "cards"), tmp_path / "models"
    models.mkdir()

    def install(answer: list[list[float]], bona_fide: int = 0, classes: int = 0) -> AttackDetector | None:
        model = constant(np.array(answer, np.float32))
        (models / "tiny-pad.onnx").write_bytes(model)
        digest = hashlib.sha256(model).hexdigest()
        text = CARD.format(sha256=digest, classes=classes or len(answer[0]), bona_fide=bona_fide)
        (cards / "tiny-pad.toml").write_text(text)
        return AttackDetector.load(FaceSettings(cards=cards, models=models, pad="tiny-pad"))

    return install


PICTURE = np.full((480, 640, 3), 100, np.uint8)


@pytest.mark.parametrize(
    ("answer", "bona_fide", "expected"),
    [
        ([[0.9]], 0, 0.9),
        ([[0.2]], 0, 0.2),
        ([[0.0, 3.0, 0.0]], 1, 1 - np.exp(3) / (2 + np.exp(3))),
        ([[2.0, 0.0]], 1, 1 - 1 / (1 + np.exp(2))),
    ],
)
def test_scores_and_classes_are_read_as_the_card_says(
    installed: Installed, answer: list[list[float]], bona_fide: int, expected: float
) -> None:
    detector = installed(answer, bona_fide)
    assert detector is not None
    result = detector.score(PICTURE, FACE)
    assert result.score == pytest.approx(expected)
    assert result.attack == (expected >= 0.5)
    assert result.model.startswith("tiny-pad#")


@pytest.mark.parametrize(
    ("answer", "classes", "reason"),
    [
        ([[float("nan")]], 0, "not finite"),
        ([[1.5]], 0, "attack score of 1.5"),
        ([[0.5]], 2, "shape"),
    ],
)
def test_nonsense_from_a_model_is_an_error_not_a_pass(
    installed: Installed, answer: list[list[float]], classes: int, reason: str
) -> None:
    detector = installed(answer, classes=classes)
    assert detector is not None
    with pytest.raises(ModelError, match=reason):
        detector.score(PICTURE, FACE)


def test_a_class_that_is_not_there_is_refused(installed: Installed) -> None:
    with pytest.raises(ModelError, match="bona fide"):
        installed([[0.1, 0.2]], bona_fide=2)


def test_without_a_card_there_is_no_detector() -> None:
    assert AttackDetector.load(FaceSettings()) is None
    with pytest.raises(ModelError, match="cannot be read"):
        AttackDetector.load(FaceSettings(pad="nowhere"))
