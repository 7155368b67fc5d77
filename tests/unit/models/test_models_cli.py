"""`gate-models` as an operator runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate_agent.biometrics.face.cards import default_cards
from gate_models.build import BuildError, weights_folder


def gate_models(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gate_models.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        weights_folder()
    except BuildError as error:
        pytest.skip(str(error))
    return tmp_path_factory.mktemp("models")


def test_a_quiet_build_says_nothing(models: Path) -> None:
    run = gate_models("build", "--quiet", "--cache", str(models))
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert (models / "dlib-resnet-v1.onnx").is_file()


def test_a_build_tells_where_the_models_are(models: Path) -> None:
    run = gate_models("build", "--cache", str(models))
    assert run.returncode == 0
    assert models.name in run.stderr


def test_a_build_that_the_cards_do_not_know_fails(models: Path, tmp_path: Path) -> None:
    cards = shutil.copytree(default_cards(), tmp_path / "cards")
    card = cards / "dlib-mmod-face.toml"
    card.write_text(card.read_text().replace('sha256 = "1b01', 'sha256 = "0000'))
    run = gate_models("build", "--quiet", "--cache", str(models), "--cards", str(cards))
    assert run.returncode == 1
    assert "not the card's" in run.stderr


def test_a_folder_that_cannot_be_made_is_named(models: Path) -> None:
    run = gate_models("build", "--quiet", "--cache", "/proc/nowhere")
    assert run.returncode == 1
    assert "/proc/nowhere" in run.stderr
    assert "Traceback" not in run.stderr


def test_calibrating_an_empty_folder_names_it(models: Path, tmp_path: Path) -> None:
    run = gate_models("calibrate", str(tmp_path), "--data-set", "nobody", "--quiet", "--cache", str(models))
    assert run.returncode == 1
    assert "no pictures" in run.stderr
    assert "Traceback" not in run.stderr
