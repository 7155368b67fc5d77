"""Parity with the reference library on a hundred photographs, from rectangle to embedding.

Where the machine has the development part of LFW, these are photographs of a hundred people, each the middle
of one. Elsewhere they are a hundred views (crops, sizes, mirrored, lighter and darker) of the five
public-domain photographs that pinned distributions carry: fewer faces, and said so in the test's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gate_agent.biometrics.face.align import extract_chip
from gate_agent.biometrics.face.cards import View
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.biometrics.face.portrait import decode_portrait
from gate_agent.biometrics.lab.dataset import list_samples
from gate_agent.errors import GateError
from gate_models.build import WEIGHTS, build, weights_folder
from gate_simulators.egate.people import HEADS
from gate_simulators.egate.photographs import photographs

dlib = pytest.importorskip("dlib", reason="the reference library is not installed")

PEOPLE = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nowhere")) / "faces/lfw_dev"
HUNDRED = 100
SIDE, PADDING = 150, 0.25
MIDDLE = slice(48, 204)  # the reference has no BLAS: a smaller picture keeps this test short


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    settings = FaceSettings(operating_point="", augmentation="single", smallest_face_share=0)
    try:
        build(settings.models)
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    return FaceChain.load(settings)


def people() -> Iterator[Pixels]:
    """The middle of the first photograph of one person after the other."""
    first = {sample.person: sample.file for sample in reversed(list_samples(PEOPLE))}
    files = sorted(first.values())
    for file in files[:: len(files) // (2 * HUNDRED)]:
        yield np.ascontiguousarray(decode_portrait(file.read_bytes())[MIDDLE, MIDDLE])


def views() -> Iterator[Pixels]:
    """Each head at several sizes and places, straight and mirrored, as it is, lighter and darker."""
    for (person, number), (left, top, width, _) in HEADS.items():
        whole = photographs()[person][number]
        for reach, size in ((0.25, 140), (0.4, 170), (0.6, 210)):
            edge = int(reach * width)
            rows, columns = slice(max(top - edge, 0), top + width + edge), slice(max(left - edge, 0), None)
            part = whole[rows, columns][:, : width + 2 * edge]
            part = cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA)
            for mirrored in (part, part[:, ::-1]):
                for gain in (0.6, 0.8, 1.0, 1.2):
                    yield np.ascontiguousarray(np.clip(mirrored * gain, 0, 255).astype(np.uint8))


class Reference:
    """dlib's detector, landmarks and embedding, as people use it."""

    def __init__(self) -> None:
        resnet, mmod, five_point = (str(weights_folder() / weights.name) for weights in WEIGHTS)
        self.detect: Any = dlib.cnn_face_detection_model_v1(mmod)
        self.landmarks: Any = dlib.shape_predictor(five_point)
        self.resnet: Any = dlib.face_recognition_model_v1(resnet)


def agrees(chain: FaceChain, reference: Reference, pixels: Pixels) -> bool:
    """Every stage of the first face; False where the reference finds none, and then we find none either."""
    expected, found = reference.detect(pixels, 0), chain._detector.find(pixels)
    assert len(found) == len(expected)
    if not expected:
        return False
    rect = expected[0].rect
    edges = (rect.left(), rect.top(), rect.right(), rect.bottom())
    box = found[0].box
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(edges, abs=1)
    shape = reference.landmarks(pixels, rect)
    points = np.array([(p.x, p.y) for p in shape.parts()], dtype=np.float64)
    assert (chain._landmarks.predict(pixels, Box(*edges)) == points).all()
    chip = extract_chip(pixels, points, side=SIDE, view=View(padding=PADDING))
    assert (chip == dlib.get_face_chip(pixels, shape, SIDE, PADDING)).all()
    embedding = np.array(reference.resnet.compute_face_descriptor(chip))
    assert np.abs(chain._embedder.embed(chip[None])[0] - embedding).max() <= 1e-5
    return True


@pytest.mark.skipif(not PEOPLE.is_dir(), reason="no photographs of people: GATE_AGENT_TEST_DATA is not set")
def test_photographs_of_a_hundred_people(chain: FaceChain) -> None:
    reference, compared = Reference(), 0
    for pixels in people():
        compared += agrees(chain, reference, pixels)
        if compared == HUNDRED:
            return
    pytest.fail(f"only {compared} photographs show a face")


@pytest.mark.skipif(PEOPLE.is_dir(), reason="a hundred people are compared instead")
def test_a_hundred_views_of_five_photographs(chain: FaceChain) -> None:
    try:
        photographs()
    except GateError as error:
        pytest.skip(f"no photographs: {error}")
    reference = Reference()
    assert sum(agrees(chain, reference, pixels) for pixels in views()) >= HUNDRED
