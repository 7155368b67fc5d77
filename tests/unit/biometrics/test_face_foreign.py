"""An operator's own embedder drops in with a card alone: ArcFace alignment, layout, colours, calibration."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gate_agent.biometrics.face.align import ALIGNMENTS, extract_chip
from gate_agent.biometrics.face.cards import View, default_cards, default_models
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.errors import ModelError, TemplateError
from gate_agent.biometrics.face.pixels import Pixels
from gate_agent.biometrics.lab.calibrate import calibrate
from gate_agent.errors import GateError
from gate_models.build import build
from gate_simulators.egate.photographs import photographs

CARD = """
id = "tiny-112"
kind = "embedder"
title = "An average of pixels, projected: a model that only a test would use"
file = "tiny-112.onnx"
sha256 = "{sha256}"
licence = "none"

[source]
package = "made by this test"
file = "tiny-112.onnx"
sha256 = "{sha256}"

[input]
layout = "NCHW float32"
colour = "BGR"
width = 112
height = 112
alignment = "arcface-112"
mean = [127.5, 127.5, 127.5]
scale = 0.0078125

[output]
dimension = 32
metric = "euclidean"
normalised = true
"""


def tiny_model(side: int = 112) -> bytes:
    """Means over a grid of 14 x 14 pixel cells, projected to 32 numbers."""
    random = np.random.default_rng(7)
    cells = 3 * (side // 14) ** 2
    weights = numpy_helper.from_array(random.normal(size=(cells, 32)).astype(np.float32), "w")
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["p"], ["f"], axis=1),
        helper.make_node("MatMul", ["f", "w"], ["e"]),
    ]
    source = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, side, side])
    result = helper.make_tensor_value_info("e", TensorProto.FLOAT, ["n", 32])
    graph = helper.make_graph(nodes, "tiny", [source], [result], initializer=[weights])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.fixture
def drop_in(tmp_path: Path) -> FaceSettings:
    try:
        build(default_models())
        photographs()
    except GateError as error:
        pytest.skip(f"no models or photographs: {error}")
    cards = shutil.copytree(default_cards(), tmp_path / "cards")
    models = shutil.copytree(default_models(), tmp_path / "models")
    model = tiny_model()
    (models / "tiny-112.onnx").write_bytes(model)
    (cards / "tiny-112.toml").write_text(CARD.format(sha256=hashlib.sha256(model).hexdigest()))
    return FaceSettings(cards=cards, models=models, embedder="tiny-112")


def noisy(pixels: Pixels, seed: int) -> Pixels:
    """Another photograph of the same person, nearly."""
    random = np.random.default_rng(seed)
    shifted = np.roll(pixels, tuple(random.integers(-4, 5, 2)), (0, 1)).astype(np.float64)
    return np.clip(shifted * random.uniform(0.9, 1.1) + random.normal(0, 4, pixels.shape), 0, 255).astype(
        np.uint8
    )


def test_without_calibration_a_foreign_model_compares_nothing(drop_in: FaceSettings) -> None:
    with pytest.raises(ModelError, match="no operating point"):
        FaceChain.load(drop_in)
    FaceChain.load(drop_in.model_copy(update={"operating_point": ""}))


def test_a_card_and_a_calibration_make_it_work(drop_in: FaceSettings, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    people = {name: pictures[0] for name, pictures in photographs().items()}
    for name, pixels in people.items():
        scale = 500 / pixels.shape[0]
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for number in range(6):
            picture = noisy(small.astype(np.uint8), number)
            cv2.imwrite(str(folder / f"{name}_{number:02}.jpg"), picture[..., ::-1])
    points = calibrate(folder, drop_in.model_copy(update={"smallest_face_share": 0.1}), "three people")
    assert {point.id for point in points} == {"fmr-1e-2"}  # 108 strangers cannot measure less
    chain = FaceChain.load(
        drop_in.model_copy(update={"operating_point": "fmr-1e-2", "smallest_face_share": 0.1})
    )
    assert chain.card.model.startswith("tiny-112#")
    astronaut = people["astronaut"]
    one, two = (chain.template(p, chain.single(chain.find(p))) for p in (astronaut, noisy(astronaut, 99)))
    assert chain.compare(one, two).matched
    ours = FaceChain.load(FaceSettings())
    own = ours.template(astronaut, ours.single(ours.find(astronaut)))
    with pytest.raises(TemplateError, match="made by dlib"):
        chain.compare(one, own)


def test_colours_and_layout_are_the_cards(drop_in: FaceSettings) -> None:
    """The model sees BGR planes, (x - mean) * scale: what it is given is checked by its answer."""
    chain = FaceChain.load(drop_in.model_copy(update={"operating_point": ""}))
    chips = np.random.default_rng(1).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    weights = numpy_helper.to_array(onnx.load_from_string(tiny_model()).graph.initializer[0])
    planes = (chips[..., ::-1].astype(np.float64) - 127.5) / 128
    cells = planes.reshape(2, 8, 14, 8, 14, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(2, -1)
    assert np.abs(chain._embedder.embed(chips) - cells @ weights).max() < 1e-4


def test_the_arcface_template_puts_the_eyes_where_arcface_wants_them() -> None:
    """Eye centres at (38.29, 51.70) and (73.53, 51.50) of 112: the published template."""
    picture = np.zeros((400, 400, 3), np.uint8)
    eyes = {(250, 150): 0, (150, 150): 1}
    for (x, y), channel in eyes.items():
        cv2.circle(picture, (x, y), 6, [255 * (c == channel) for c in range(3)], -1)
    landmarks = np.array([[262.0, 150], [238, 150], [138, 150], [162, 150], [200, 227]])
    chip = extract_chip(
        picture, landmarks, side=112, view=View(padding=0.0), alignment=ALIGNMENTS["arcface-112"]
    )
    for channel, expected in ((0, (73.53, 51.5)), (1, (38.29, 51.7))):
        rows, columns = np.nonzero(chip[..., channel] > 128)
        assert (columns.mean(), rows.mean()) == pytest.approx(expected, abs=0.8)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('colour = "BGR"', 'colour = "GRB"', "input.colour"),
        ('layout = "NCHW float32"', 'layout = "NCHW float16"', "input.layout"),
        ("height = 112", "height = 96", "square"),
        ("dimension = 32", "dimension = 64", "shape"),
        ("scale = 0.0078125", "scale = 0", "input.scale"),
    ],
)
def test_a_card_that_does_not_fit_its_model_is_refused(
    drop_in: FaceSettings, old: str, new: str, reason: str
) -> None:
    path = drop_in.cards / "tiny-112.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ModelError, match=reason):
        chain = FaceChain.load(drop_in.model_copy(update={"operating_point": ""}))
        chain._embedder.embed(np.zeros((1, 112, 112, 3), np.uint8))
