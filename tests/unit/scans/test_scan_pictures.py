"""The image model, and scans that come as pictures: what is known about them, and what is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gate_agent.scans.calibration import air_level
from gate_agent.scans.errors import ScanError, ScanMalformed, ScanTooLarge, ScanUnsupported, ScanUnusable
from gate_agent.scans.image import (
    MAX_TRANSMISSION,
    Calibration,
    Channel,
    Geometry,
    ScanImage,
    transmission_image,
)
from gate_agent.scans.intake import load_scan, media_type
from gate_agent.scans.pictures import PictureFacts, read_picture


def scene(rows: int = 80, columns: int = 160) -> np.ndarray:
    image = np.ones((rows, columns), np.float32)
    image[20:70, 40:130] = 0.5
    image[50:68, 60:110] = 0.1
    return image


# ---------------------------------------------------------------- the model


def test_nan_and_infinity_become_dead_pixels() -> None:
    image = scene()
    image[3, 4], image[5, 6] = np.nan, np.inf
    scan = transmission_image((image,), calibration=Calibration.KNOWN)
    assert scan.dead.sum() == 2
    assert np.isfinite(scan.low).all()
    assert not scan.usable[3, 4]


@pytest.mark.parametrize("shape", [(80, 0), (0, 80), (80, 3), (3, 80)])
def test_a_scan_without_width_is_unusable(shape: tuple[int, int]) -> None:
    with pytest.raises(ScanUnusable):
        transmission_image((np.ones(shape, np.float32),), calibration=Calibration.KNOWN)


def test_a_scan_of_nothing_but_nan_is_unusable() -> None:
    with pytest.raises(ScanUnusable, match="no pixel"):
        transmission_image((np.full((40, 40), np.nan, np.float32),), calibration=Calibration.KNOWN)


def test_a_scan_beyond_the_bound_is_refused() -> None:
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (8000, 8000), (0, 0))
    with pytest.raises(ScanTooLarge):
        transmission_image((huge,), calibration=Calibration.KNOWN)


def test_channels_must_fit_each_other() -> None:
    with pytest.raises(ScanMalformed, match="channels of"):
        transmission_image((scene(), scene(40, 40)), calibration=Calibration.KNOWN)
    mask = np.zeros((80, 160), np.bool_)
    with pytest.raises(ScanMalformed, match="ascending"):
        ScanImage((Channel(scene(), 9000), Channel(scene(), 6000)), mask, mask, Calibration.KNOWN)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(16, 40), st.integers(16, 40))))
def test_whatever_was_measured_the_model_holds_finite_bounded_numbers(measured: np.ndarray) -> None:
    try:
        scan = transmission_image((measured,), calibration=Calibration.UNKNOWN)
    except ScanUnusable:
        assert not np.isfinite(measured).any()
        return
    assert scan.low.min() >= 0
    assert scan.low.max() <= MAX_TRANSMISSION


# ---------------------------------------------------------------- the air level


def test_air_is_found_where_the_border_shows_it() -> None:
    noisy = scene() * 41_000 * np.random.default_rng(1).normal(1, 0.01, (80, 160))
    level = air_level(noisy.astype(np.float32))
    assert level.found
    assert level.level == pytest.approx(41_000, rel=0.01)


def test_no_air_is_found_where_cargo_reaches_every_border() -> None:
    texture = np.random.default_rng(1).uniform(0.1, 0.9, (80, 160)).astype(np.float32)
    assert not air_level(texture).found


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_pictures_of_a_linear_scanner_are_transmissions(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    cv2.imwrite(str(path), (scene() * 50_000).astype(np.uint16))
    scan = load_scan([path], PictureFacts(linear=True, peak_kev=6000, geometry=Geometry(5, 4)))
    assert (scan.calibration, scan.bits, scan.geometry.known) == (Calibration.KNOWN, 16, True)
    np.testing.assert_allclose(scan.low, scene(), atol=1e-4)


def test_without_the_operator_s_word_a_16_bit_picture_is_of_unknown_calibration(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    cv2.imwrite(str(path), (scene() * 50_000).astype(np.uint16))
    assert load_scan([path]).calibration is Calibration.UNKNOWN


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_8_bit_pictures_are_of_unknown_calibration_whatever_anybody_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    cv2.imwrite(str(path), (scene() * 250).astype(np.uint8))
    scan = load_scan([path], PictureFacts(linear=True), container="MSKU9070323")
    assert (scan.calibration, scan.bits, scan.container) == (Calibration.UNKNOWN, 8, "MSKU9070323")
    assert not scan.saturated.any()
    np.testing.assert_allclose(scan.low, scene(), atol=0.05)


def test_an_inverted_picture_is_turned_round(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    cv2.imwrite(str(path), 255 - (scene() * 250).astype(np.uint8))
    np.testing.assert_allclose(load_scan([path], PictureFacts(dark_is_air=True)).low, scene(), atol=0.05)


def test_grey_in_three_channels_is_taken_and_colour_refused(tmp_path: Path) -> None:
    grey, colour = tmp_path / "grey.png", tmp_path / "colour.png"
    picture = (scene() * 250).astype(np.uint8)
    cv2.imwrite(str(grey), np.dstack([picture] * 3))
    cv2.imwrite(str(colour), np.dstack([picture, 255 - picture, picture]))
    assert load_scan([grey]).shape == (80, 160)
    with pytest.raises(ScanUnsupported, match="coloured"):
        load_scan([colour])


# ---------------------------------------------------------------- hostile pictures


def test_a_small_file_cannot_ask_for_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 130_000, 130_000, 16, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    with pytest.raises(ScanTooLarge):
        read_picture(path)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00\xff\xff\xff\x7f"]
)
def test_what_is_no_picture_is_a_scan_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(content)
    with pytest.raises(ScanError):
        load_scan([path])


def test_a_missing_file_is_a_scan_error(tmp_path: Path) -> None:
    with pytest.raises(ScanMalformed):
        media_type(tmp_path / "absent")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from([".png", ".tif", ".jpg"]))
def test_damaged_pictures_give_a_scan_error_or_an_image(
    tmp_path: Path, data: st.DataObject, suffix: str
) -> None:
    ok, encoded = cv2.imencode(suffix, (scene() * 250).astype(np.uint8))
    assert ok
    damaged = bytearray(encoded.tobytes())
    for _ in range(data.draw(st.integers(0, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.bin"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        assert min(load_scan([path]).shape) > 0
    except ScanError as error:
        assert error.what
