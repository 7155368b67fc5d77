"""The 8-bit embedder: the bytes its card pins, near the single-precision one, and never mixed with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gate_agent.biometrics.face.cards import default_cards, default_models
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.errors import TemplateError
from gate_agent.biometrics.face.pixels import Pixels
from gate_agent.errors import BadInput, GateError
from gate_models.build import BuildError, build
from gate_models.cli import app
from gate_models.quantise import observe, quantised
from gate_simulators.egate.photographs import photographs

EMBEDDER = "dlib-resnet-v1-int8"


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceChain, FaceChain]:
    """Single precision, 8 bits."""
    try:
        build(default_models())
        photographs()
    except GateError as error:
        pytest.skip(f"no models or photographs: {error}")
    models = shutil.copytree(default_models(), tmp_path_factory.mktemp("int8") / "models")
    (models / f"{EMBEDDER}.onnx").unlink(missing_ok=True)
    run = CliRunner().invoke(app, ["quantise", "--quiet", "--cache", str(models)])
    assert run.exit_code == 0, run.exception
    return FaceChain.load(FaceSettings()), FaceChain.load(FaceSettings(models=models, embedder=EMBEDDER))


@pytest.fixture(scope="module")
def people() -> dict[str, Pixels]:
    return {person: pictures[0] for person, pictures in photographs().items()}


def test_it_is_a_quarter_of_the_size(chains: tuple[FaceChain, FaceChain]) -> None:
    sizes = [(c.settings.models / c.card.file).stat().st_size for c in chains]
    assert sizes[1] < sizes[0] / 3.5
    assert [c.card.variant for c in chains] == ["fp32", "int8"]


def test_its_embeddings_point_the_same_way(
    chains: tuple[FaceChain, FaceChain], people: dict[str, Pixels]
) -> None:
    for pixels in people.values():
        face = chains[0].single(chains[0].find(pixels))
        a, b = (chain.template(pixels, face).vector for chain in chains)
        assert float(a @ b) > 0.998


def test_it_tells_people_apart_at_its_own_threshold(
    chains: tuple[FaceChain, FaceChain], people: dict[str, Pixels]
) -> None:
    chain = chains[1]
    one, two = (photographs()["president_a"][n] for n in (0, 1))
    a, b, c = (chain.template(p, chain.single(chain.find(p))) for p in (one, two, people["president_b"]))
    assert chain.compare(a, b).matched
    assert not chain.compare(a, c).matched


def test_templates_of_the_two_are_never_compared(
    chains: tuple[FaceChain, FaceChain], people: dict[str, Pixels]
) -> None:
    pixels = people["astronaut"]
    face = chains[0].single(chains[0].find(pixels))
    a, b = (chain.template(pixels, face) for chain in chains)
    with pytest.raises(TemplateError, match="different models"):
        chains[1].compare(a, b)


def test_other_ranges_make_another_model_which_the_card_refuses(
    chains: tuple[FaceChain, FaceChain], tmp_path: Path
) -> None:
    cards = shutil.copytree(default_cards(), tmp_path / "cards")
    model = (chains[0].settings.models / "dlib-resnet-v1.onnx").read_bytes()
    random = np.random.default_rng(1)
    chips = iter(random.integers(0, 256, (3, 1, 150, 150, 3), dtype=np.uint8))
    observe(model, chips, cards / f"{EMBEDDER}.ranges.json")
    command = ["quantise", "--cards", str(cards), "--cache", str(chains[1].settings.models)]
    run = CliRunner().invoke(app, command)
    assert isinstance(run.exception, BuildError)
    assert "not the card's" in str(run.exception)


@pytest.mark.parametrize("text", ["", "{", '{"data": 1'])
def test_ranges_that_are_none_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "ranges.json").write_text(text)
    with pytest.raises(BadInput, match=r"ranges\.json"):
        quantised(b"", tmp_path / "ranges.json")
    with pytest.raises(BadInput, match="nowhere"):
        quantised(b"", tmp_path / "nowhere.json")
