"""The chain as the station uses it: people, operating points, cards, and everything that must not match."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper

from gate_agent.biometrics.face.cards import ModelKind, default_cards, default_models, load_card
from gate_agent.biometrics.face.chain import DetectedFace, FaceChain, FaceSettings, wipe
from gate_agent.biometrics.face.compare import Template, compare
from gate_agent.biometrics.face.embed import Embedder
from gate_agent.biometrics.face.errors import ModelError, NoFace, PictureError, SeveralFaces, TemplateError
from gate_agent.biometrics.face.landmarks import LandmarkPredictor
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.errors import GateError
from gate_agent.networks import NetworkSession
from gate_models.build import build
from gate_simulators.egate.photographs import photographs

CARD = load_card(default_cards(), "dlib-resnet-v1", ModelKind.EMBEDDER)
POINT = CARD.operating_point("fmr-1e-3")
MODEL = CARD.template_model(POINT.augmentation)


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    try:
        build(default_models())
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    return FaceChain.load(FaceSettings())


@pytest.fixture(scope="module")
def people() -> Mapping[str, tuple[Pixels, ...]]:
    try:
        return photographs()
    except GateError as error:
        pytest.skip(f"no photographs: {error}")


@pytest.fixture(scope="module")
def templates(chain: FaceChain, people: Mapping[str, tuple[Pixels, ...]]) -> list[tuple[str, Template]]:
    return [
        (person, chain.template(pixels, chain.single(chain.find(pixels))))
        for person, pictures in people.items()
        for pixels in pictures
    ]


# ---------------------------------------------------------------- people


def test_the_same_person_matches_and_others_do_not(
    chain: FaceChain, templates: list[tuple[str, Template]]
) -> None:
    assert len({person for person, _ in templates}) == 3
    for (person, a), (other, b) in itertools.combinations(templates, 2):
        result = chain.compare(a, b)
        assert result.matched is (person == other), (person, other, result)
        assert (result.operating_point, result.fmr) == ("fmr-1e-3", 1e-3)
        assert result.model == MODEL


def test_a_near_traveller_is_found_in_a_camera_frame(
    chain: FaceChain, people: Mapping[str, tuple[Pixels, ...]], templates: list[tuple[str, Template]]
) -> None:
    frame = np.full((720, 1280, 3), 90, np.uint8)
    frame[100:612, 400:912] = people["astronaut"][0]
    small = FaceSettings(smallest_face_share=0.125)
    face = chain.single(FaceChain.load(small).find(frame))
    assert 168 - 8 <= face.box.left - 400 <= 168 + 8
    astronaut = next(t for person, t in templates if person == "astronaut")
    assert chain.compare(chain.template(frame, face), astronaut).matched


def test_two_people_are_not_one(chain: FaceChain, people: Mapping[str, tuple[Pixels, ...]]) -> None:
    one = people["astronaut"][0]
    faces = chain.find(np.concatenate((one, one), axis=1))
    assert len(faces) == 2
    with pytest.raises(SeveralFaces, match="2 faces"):
        chain.single(faces)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320, 3), 255, np.uint8),
        np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8),
        np.zeros((16, 16, 3), np.uint8),
        np.zeros((16, 2000, 3), np.uint8),
    ],
    ids=["black", "white", "noise", "tiny", "strip"],
)
def test_where_nobody_is_nobody_is_found(chain: FaceChain, pixels: Pixels) -> None:
    with pytest.raises(NoFace):
        chain.single(chain.find(pixels))


def test_quality_tells_a_blurred_and_a_dark_picture(
    chain: FaceChain, people: Mapping[str, tuple[Pixels, ...]]
) -> None:
    import cv2

    pixels = people["astronaut"][0]
    face = chain.single(chain.find(pixels))
    good = chain.quality(pixels, face)
    blurred = chain.quality(cv2.GaussianBlur(pixels, (0, 0), 4).astype(np.uint8), face)
    dark = chain.quality(pixels // 8, face, faces=2)
    assert good.single_face
    assert not dark.single_face
    assert good.inter_eye_distance_px == pytest.approx(43, abs=4)
    assert blurred.sharpness < good.sharpness / 4
    assert dark.luminance_mean < good.luminance_mean / 6
    assert dark.under_exposed > 0.5


# ---------------------------------------------------------------- what must never match


def template(vector: NDArray[np.float32], model: str = MODEL) -> Template:
    return Template(model, vector.astype(np.float32))


def unit(seed: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=128)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_distance_is_symmetric_and_bounded(first: int, second: int) -> None:
    a, b = template(unit(first)), template(unit(second))
    forth, back = compare(a, b, CARD, POINT), compare(b, a, CARD, POINT)
    assert forth == back
    assert 0 <= forth.distance <= 2 + 1e-6
    assert compare(a, a, CARD, POINT).distance == 0
    assert forth.matched is (forth.distance <= POINT.threshold)


@given(st.integers(0, 127), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_value_that_is_not_finite_never_matches(index: int, value: float) -> None:
    vector = unit(1)
    vector[index] = value
    with pytest.raises(TemplateError, match="not finite"):
        compare(template(vector), template(vector), CARD, POINT)


def test_templates_of_different_models_are_not_compared() -> None:
    with pytest.raises(TemplateError, match="made by other#0"):
        compare(template(unit(1)), template(unit(1), "other#0"), CARD, POINT)


def test_a_template_of_another_length_is_not_compared() -> None:
    with pytest.raises(TemplateError, match="shape"):
        compare(template(unit(1)), template(unit(1)[:64]), CARD, POINT)


def test_a_wiped_template_is_gone() -> None:
    a = template(unit(1))
    numbers = a.vector
    a.wipe()
    assert np.isnan(numbers).all()
    assert "0." not in repr(a)
    with pytest.raises(TemplateError, match="wiped"):
        compare(a, a, CARD, POINT)


def test_wiped_pixels_are_gone() -> None:
    pixels = np.full((20, 20, 3), 7, np.uint8)
    wipe(pixels)
    assert not pixels.any()


@pytest.mark.parametrize(
    "landmarks",
    [np.full((5, 2), np.nan), np.zeros((5, 2)), np.zeros((4, 2)), np.arange(10.0).reshape(5, 2) + 9000],
    ids=["nan", "one-point", "four", "outside"],
)
def test_landmarks_that_cannot_be_give_no_template(chain: FaceChain, landmarks: NDArray[np.float64]) -> None:
    face = DetectedFace(Box(10, 10, 100, 100), landmarks, 1.0)
    with pytest.raises(PictureError, match="landmarks"):
        chain.template(np.zeros((200, 200, 3), np.uint8), face)


# ---------------------------------------------------------------- models and their cards


def foreign_model(output: NDArray[np.generic]) -> bytes:
    """A model that answers every chip with the same output."""
    chips = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", 150, 150, 3])
    out = helper.make_tensor_value_info("e", TensorProto.FLOAT, None)
    value = onnx.numpy_helper.from_array(output)
    node = helper.make_node("Constant", [], ["e"], value=value)
    graph = helper.make_graph([node], "constant", [chips], [out])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (np.full((2, 128), np.nan, np.float32), "not finite"),
        (np.ones((2, 64), np.float32), "shape"),
        (np.ones((1, 128), np.float32), "shape"),
        (np.zeros((2, 128), np.float32), "length zero"),
    ],
    ids=["nan", "dimension", "batch", "zero"],
)
def test_nonsense_from_a_model_is_an_error(output: NDArray[np.float32], reason: str) -> None:
    embedder = Embedder(
        NetworkSession(foreign_model(output), "foreign", threads=1, error=ModelError), CARD, "mirror"
    )
    with pytest.raises(ModelError, match=reason):
        embedder.template(np.zeros((1, 150, 150, 3), np.uint8))


@pytest.fixture
def copied(chain: FaceChain, tmp_path: Path) -> FaceSettings:
    shutil.copytree(chain.settings.cards, tmp_path / "cards")
    shutil.copytree(chain.settings.models, tmp_path / "models")
    return FaceSettings(cards=tmp_path / "cards", models=tmp_path / "models")


@pytest.mark.parametrize("file", ["dlib-mmod-face.onnx", "dlib-5-point.npz", "dlib-resnet-v1.onnx"])
def test_an_altered_model_is_refused(copied: FaceSettings, file: str) -> None:
    data = bytearray((copied.models / file).read_bytes())
    data[len(data) // 2] ^= 1
    (copied.models / file).write_bytes(data)
    with pytest.raises(ModelError, match="SHA-256"):
        FaceChain.load(copied)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("dimension = 128", "dimension = -1", "output.dimension"),
        ('metric = "euclidean"', 'metric = "cosine"', "output.metric"),
        ('kind = "embedder"', 'kind = "detector"', "card of detector"),
        ('id = "dlib-resnet-v1"', 'id = "another"', "another"),
        ("dimension = 128", "dimension = ", "not TOML"),
        ("mirrored = true", "mirored = true", "mirrored: Field required"),
        ("padding = 0.35", "padding = 3.5", "padding"),
        ('layout = "NHWC uint8"', 'layout = "NHWC"', "layout"),
        ('alignment = "dlib-5-point"', 'alignment = "other"', "alignment"),
        ('id = "views-7"', 'id = "renamed"', "no operating point"),
    ],
)
def test_a_malformed_card_is_refused(copied: FaceSettings, old: str, new: str, reason: str) -> None:
    path = copied.cards / "dlib-resnet-v1.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError, match=reason):
        FaceChain.load(copied)


def test_what_is_missing_says_what_to_do(copied: FaceSettings) -> None:
    (copied.models / "dlib-resnet-v1.onnx").unlink()
    with pytest.raises(ModelError, match="gate-models build"):
        FaceChain.load(copied)
    with pytest.raises(ModelError, match=r"face\.cards"):
        FaceChain.load(copied.model_copy(update={"cards": Path("/nowhere")}))


def test_without_an_operating_point_nothing_is_compared(copied: FaceSettings) -> None:
    chain = FaceChain.load(copied.model_copy(update={"operating_point": ""}))
    with pytest.raises(ModelError, match="no operating point"):
        chain.compare(template(unit(1)), template(unit(1)))


@pytest.mark.parametrize("data", [b"", b"not a model", b"PK\x03\x04"])
def test_files_that_are_not_models_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="refuses the model"):
        NetworkSession(data, "broken", threads=1, error=ModelError)
    with pytest.raises(ModelError, match="cannot be read"):
        LandmarkPredictor(data, "broken")


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(16, 200), columns=st.integers(16, 200))
def test_any_picture_size_can_be_searched(chain: FaceChain, rows: int, columns: int) -> None:
    chain.find(np.full((rows, columns, 3), 128, np.uint8))
