"""The recogniser: cards and networks first, then codes in drawn pictures, then pictures that hold none."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gate_agent.cli.vehicle import app
from gate_agent.networks import NetworkError
from gate_agent.vehicle.cards import RecogniserSettings, default_models, load_model, read_card
from gate_agent.vehicle.correction import ALPHABET
from gate_agent.vehicle.errors import PictureError
from gate_agent.vehicle.iso6346 import complete
from gate_agent.vehicle.lines import LINE_WIDTHS, FoundLine, lines_of, straightened
from gate_agent.vehicle.recogniser import CodeRecogniser, decoded
from gate_agent.vehicle.voting import Support, vote
from gate_simulators.vehicle.container_side import Layout, Side, drawn_side, render

SETTINGS = RecogniserSettings()
NAMES = (SETTINGS.finder, SETTINGS.row_reader, SETTINGS.column_reader)


@pytest.fixture(scope="module")
def recogniser() -> CodeRecogniser:
    return CodeRecogniser.load(SETTINGS)


def random_code(rng: np.random.Generator) -> str:
    owner = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3))
    return str(complete(owner + "U", f"{rng.integers(1_000_000):06d}"))


# ---------------------------------------------------------------- cards


@pytest.mark.parametrize("name", NAMES)
def test_a_card_states_origin_limits_and_rates_with_their_number(name: str) -> None:
    card = read_card(default_models(), name)
    assert card.sha256 == hashlib.sha256((default_models() / f"{name}.onnx").read_bytes()).hexdigest()
    assert card.limitations
    assert "train" in card.script
    assert card.evaluation
    assert all(row.n >= 500 and row.rate_low <= row.rate <= row.rate_high for row in card.evaluation)


def test_networks_are_small_enough_to_travel_with_the_code() -> None:
    assert sum((default_models() / f"{name}.onnx").stat().st_size for name in NAMES) < 5_000_000


def test_an_altered_network_is_refused(tmp_path: Path) -> None:
    for name in NAMES:
        for ending in ("toml", "onnx"):
            shutil.copy(default_models() / f"{name}.{ending}", tmp_path)
    assert load_model(tmp_path, NAMES[0])
    (tmp_path / f"{NAMES[0]}.onnx").write_bytes(b"something else")
    with pytest.raises(NetworkError, match="SHA-256"):
        CodeRecogniser.load(RecogniserSettings(models=tmp_path))


@pytest.mark.parametrize("text", ["", "id = 3", "[broken", "a" * 70_000])
def test_a_malformed_card_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "x1.toml").write_text(text)
    with pytest.raises(NetworkError) as caught:
        read_card(tmp_path, "x1")
    assert "x1.toml" in caught.value.field


def test_a_missing_card_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as caught:
        read_card(tmp_path, "absent")
    assert caught.value.advice


# ---------------------------------------------------------------- the parts


def test_a_line_is_found_where_its_core_is_marked() -> None:
    marks = np.zeros((2, 60, 80), np.float32)
    marks[0, 20:23, 10:50] = 0.9
    marks[1, 5:45, 60:63] = 0.9
    across, down = lines_of(marks, 4.0, 0.5)
    assert (across.vertical, down.vertical) == (False, True)
    assert across.quad[0] == pytest.approx([across.quad[:, 0].min(), across.quad[:, 1].min()])
    assert across.length > 160 and 18 <= across.thickness <= 30
    # A column is read downwards, its right side first.
    assert down.quad[0][0] > down.quad[3][0] and down.quad[1][1] > down.quad[0][1]


def test_specks_and_steep_marks_are_no_lines() -> None:
    marks = np.zeros((2, 60, 80), np.float32)
    marks[0, 10, 10:13] = 0.9
    for n in range(40):
        marks[0, 10 + n, 20 + n : 23 + n] = 0.9
    assert lines_of(marks, 4.0, 0.5) == []


@pytest.mark.parametrize("vertical", [False, True])
def test_a_line_is_cut_out_straight_whatever_its_corners(vertical: bool) -> None:
    grey = np.random.default_rng(0).integers(0, 255, (200, 300), np.uint8)
    for quad in ([(10, 10), (200, 14), (200, 40), (10, 36)], [(-50, -50), (500, 0), (500, 90), (0, 90)]):
        line = straightened(grey, np.array(quad, np.float32), vertical)
        assert line.shape == (32, LINE_WIDTHS[vertical])
        assert np.isfinite(line).all()


def test_ctc_merges_repetitions_and_drops_blanks() -> None:
    steps = [0, 13, 13, 0, 13, 2, 2, 0]
    scores = np.full((37, len(steps)), 1e-3, np.float32)
    for step, kind in enumerate(steps):
        scores[kind, step] = 0.9
    line = FoundLine(np.zeros((4, 2), np.float32), False, 1.0)
    text = decoded(line, scores)
    assert text.text == "CC1"
    assert ALPHABET[int(text.places[0].argmax())] == "C"
    assert all(place.sum() == pytest.approx(1) for place in text.places)


# ---------------------------------------------------------------- whole pictures


@pytest.mark.parametrize("layout", ["horizontal", "stacked", "vertical"])
def test_clean_codes_are_read_in_every_layout(recogniser: CodeRecogniser, layout: Layout) -> None:
    picture = render(Side("CSQU3054383", layout=layout, wear=0.0, letter_height=32))
    reads = recogniser.read(picture)
    assert str(reads[0].code) == "CSQU3054383"
    assert reads[0].vertical == (layout == "vertical")
    assert reads[0].size_type == "22G1"


def test_worn_tilted_and_dark_sides_are_mostly_read_and_seldom_misread(recogniser: CodeRecogniser) -> None:
    rng = np.random.default_rng(77)
    became: Counter[str] = Counter()
    layouts: tuple[Layout, ...] = ("horizontal", "stacked", "vertical")
    for number in range(60):
        code = random_code(rng)
        reads = recogniser.read(render(drawn_side(rng, code, layouts[number % 3])))
        became["right" if reads and str(reads[0].code) == code else "wrong" if reads else "none"] += 1
    assert became["right"] >= 54, became


def test_two_views_confirm_what_one_does_not(recogniser: CodeRecogniser) -> None:
    left = recogniser.read(render(Side("CSQU3054383", seed=1)))
    rear = recogniser.read(render(Side("CSQU3054383", layout="stacked", seed=2)))
    assert vote({"left": left}).support is Support.SINGLE
    assert vote({"left": left, "rear": rear}).support is Support.VIEWS
    assert vote({"left": left}, ("CSQU3054383",)).support is Support.DECLARED


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_bare_wall_has_no_code(recogniser: CodeRecogniser, level: int) -> None:
    assert recogniser.read(np.full((240, 320, 3), level, np.uint8)) == ()


def test_noise_has_no_code(recogniser: CodeRecogniser) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        assert recogniser.read(rng.integers(0, 256, (240, 320, 3), np.uint8)) == ()


def test_a_bare_container_with_other_writing_has_no_code(recogniser: CodeRecogniser) -> None:
    assert recogniser.read(render(Side("", seed=4))) == ()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((240, 320), np.uint8),
        np.zeros((240, 320, 4), np.uint8),
        np.zeros((240, 320, 3), np.float32),
        np.zeros((10, 320, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(recogniser: CodeRecogniser, pixels: np.ndarray) -> None:
    with pytest.raises(PictureError):
        recogniser.read(pixels)


# ---------------------------------------------------------------- the command


def test_the_command_checks_codes_and_reads_pictures(tmp_path: Path) -> None:
    import cv2

    run = CliRunner()
    assert run.invoke(app, ["code", "CSQU 305438 3"]).exit_code == 0
    assert run.invoke(app, ["code", "CSQU 305438 4"]).exit_code == 1
    assert run.invoke(app, ["code", "nonsense"]).exit_code == 2
    names = [str(tmp_path / f"{n}.png") for n in range(2)]
    for n, layout in enumerate(("horizontal", "vertical")):
        picture = render(Side("CSQU3054383", layout=layout, wear=0.0, letter_height=32, seed=n))
        cv2.imwrite(names[n], picture[:, :, ::-1])
    confirmed = run.invoke(app, ["read", *names])
    assert confirmed.exit_code == 0
    assert "CSQU 305438 3" in confirmed.output
    assert run.invoke(app, ["read", names[0]]).exit_code == 1
    assert run.invoke(app, ["read", str(tmp_path / "absent.png")]).exit_code == 2
