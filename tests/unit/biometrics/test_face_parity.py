"""The chain against the reference library, on real photographs: rectangles, landmarks, chips, embeddings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest

from gate_agent.biometrics.face.align import extract_chip
from gate_agent.biometrics.face.cards import ModelKind, View, load_card, load_model
from gate_agent.biometrics.face.chain import FaceSettings
from gate_agent.biometrics.face.detect import MmodDetector
from gate_agent.biometrics.face.embed import Embedder
from gate_agent.biometrics.face.landmarks import LandmarkPredictor
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.errors import GateError
from gate_agent.networks import NetworkSession
from gate_models.build import WEIGHTS, build, weights_folder
from gate_simulators.egate.photographs import photographs

dlib = pytest.importorskip("dlib", reason="the reference library is not installed")

SIDE, PADDING = 150, 0.25


@dataclass(frozen=True)
class Case:
    """A part (left, top, right, bottom as shares) of one photograph, resized, and its number of faces."""

    person: str
    number: int
    part: tuple[float, float, float, float]
    scale: float
    faces: int = 1


CASES = {
    "astronaut": Case("astronaut", 0, (0, 0, 1, 1), 1.0),
    "president-a-large": Case("president_a", 0, (0.2, 0.0, 0.9, 0.5), 1.0),
    "president-a-small": Case("president_a", 0, (0.2, 0.0, 0.9, 0.5), 0.5),
    "president-a-huge": Case("president_a", 1, (0.0, 0.15, 1.0, 0.6), 1.0),
    "president-a-third-picture": Case("president_a", 2, (0.3, 0.05, 0.8, 0.35), 0.6),
    "president-b": Case("president_b", 0, (0.3, 0.05, 0.9, 0.3), 0.8),
    "half-a-face": Case("president_b", 0, (0.5, 0.05, 1.0, 0.3), 0.8),
    "nobody": Case("president_b", 0, (0.0, 0.6, 1.0, 0.8), 0.5, faces=0),
}
Cut = Callable[[Case], Pixels]


@dataclass(frozen=True)
class Ours:
    detector: MmodDetector
    landmarks: LandmarkPredictor
    embedder: Embedder


@dataclass(frozen=True)
class Reference:
    detect: Any
    landmarks: Any
    embed: Any


@pytest.fixture(scope="module")
def ours() -> Ours:
    settings = FaceSettings()
    try:
        build(settings.models)
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    detector, landmarks, embedder = (
        load_card(settings.cards, card, kind)
        for card, kind in (
            (settings.detector, ModelKind.DETECTOR),
            (settings.landmarks, ModelKind.LANDMARKS),
            (settings.embedder, ModelKind.EMBEDDER),
        )
    )
    return Ours(
        MmodDetector(NetworkSession(load_model(settings.models, detector), detector.id, threads=2)),
        LandmarkPredictor(load_model(settings.models, landmarks), landmarks.id),
        Embedder(NetworkSession(load_model(settings.models, embedder), embedder.id, threads=2), embedder),
    )


@pytest.fixture(scope="module")
def reference() -> Reference:
    resnet, mmod, five_point = (str(weights_folder() / w.name) for w in WEIGHTS)
    return Reference(
        dlib.cnn_face_detection_model_v1(mmod),
        dlib.shape_predictor(five_point),
        dlib.face_recognition_model_v1(resnet),
    )


@pytest.fixture(scope="module")
def picture() -> Cut:
    try:
        people = photographs()
    except GateError as error:
        pytest.skip(f"no photographs: {error}")

    def cut(case: Case) -> Pixels:
        whole = people[case.person][case.number]
        rows, columns = whole.shape[:2]
        left, top, right, bottom = case.part
        pixels = whole[int(top * rows) : int(bottom * rows), int(left * columns) : int(right * columns)]
        return np.ascontiguousarray(
            cv2.resize(pixels, None, fx=case.scale, fy=case.scale, interpolation=cv2.INTER_AREA), np.uint8
        )

    return cut


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_stage_agrees(ours: Ours, reference: Reference, picture: Cut, case: Case) -> None:
    pixels = picture(case)
    found, expected = ours.detector.find(pixels), reference.detect(pixels, 0)
    assert [f.score for f in found] == pytest.approx([e.confidence for e in expected], abs=1e-3)
    for ours_found, theirs in zip(found, expected, strict=True):
        box, rect = ours_found.box, theirs.rect
        edges = (rect.left(), rect.top(), rect.right(), rect.bottom())
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(edges, abs=1)

        shape = reference.landmarks(pixels, rect)
        points = np.array([(p.x, p.y) for p in shape.parts()], dtype=np.float64)
        assert (ours.landmarks.predict(pixels, Box(*edges)) == points).all()

        chip = extract_chip(pixels, points, side=SIDE, view=View(padding=PADDING))
        assert (chip == dlib.get_face_chip(pixels, shape, SIDE, PADDING)).all()

        embedding = np.array(reference.embed.compute_face_descriptor(pixels, shape, 1))
        assert np.abs(ours.embedder.embed(chip[None])[0] - embedding).max() <= 1e-5
    assert len(found) == case.faces


def test_the_whole_chain_agrees_with_face_recognition(ours: Ours, picture: Cut) -> None:
    """Through the public interface that people know: cnn detector, small landmark model, embedding."""
    try:
        import face_recognition
    except (ImportError, SystemExit) as error:  # it calls quit() when its models cannot be imported
        pytest.skip(f"face_recognition cannot be imported: {error}")
    pixels = picture(CASES["president-a-small"])
    (location,) = face_recognition.face_locations(pixels, number_of_times_to_upsample=0, model="cnn")
    (expected,) = face_recognition.face_encodings(pixels, [location], num_jitters=1, model="small")
    (found,) = ours.detector.find(pixels)
    assert (found.box.top, found.box.right, found.box.bottom, found.box.left) == pytest.approx(
        location, abs=1
    )
    points = ours.landmarks.predict(pixels, found.box)
    chip = extract_chip(pixels, points, side=SIDE, view=View(padding=PADDING))
    assert np.linalg.norm(ours.embedder.embed(chip[None])[0] - expected) <= 1e-4


def test_embeddings_agree_on_chips_that_are_not_faces(ours: Ours, reference: Reference) -> None:
    random = np.random.default_rng(0)
    chips = random.integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    chips[1:] //= np.array([1, 255], np.uint8)[:, None, None, None]
    expected = np.array([reference.embed.compute_face_descriptor(chip) for chip in chips])
    assert np.abs(ours.embedder.embed(chips) - expected).max() <= 1e-5


def test_the_detector_agrees_where_nothing_is_to_be_found(ours: Ours, reference: Reference) -> None:
    for rows, columns in ((97, 151), (240, 100), (64, 300)):
        pixels = np.random.default_rng(rows).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        assert len(ours.detector.find(pixels)) == len(reference.detect(pixels, 0))
