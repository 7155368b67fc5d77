"""The files that the simulated authority writes, read by independent decoders."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from gate_agent.emrtd.lds import lds
from gate_simulators.issuer import data_groups, portrait

PHOTOGRAPH = skimage.data.astronaut()
MADE = datetime(2024, 2, 3, 10, 0, tzinfo=UTC)


def dg2() -> bytes:
    return data_groups.dg2(portrait.facial_record(portrait.portrait_jp2(PHOTOGRAPH), "F"), MADE)


def test_doc_9303_11_appendix_d_ef_com_layout() -> None:
    # The file of the worked example is LDS 1.6; the layout is the same.
    expected = bytes.fromhex("60145F0104303130365F36063034303030305C026175").replace(b"0106", b"0107")
    assert data_groups.ef_com([2, 1]) == expected


def test_the_agent_reads_the_version_and_the_list() -> None:
    common = lds.parse_com(data_groups.ef_com([1, 2]))
    assert common.data_groups == (1, 2)


def test_dg1_holds_the_zone() -> None:
    lines = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
    content = data_groups.dg1(lines)
    assert content == bytes.fromhex("615B5F1F58") + "".join(lines).encode()
    assert lds.parse_dg1(content).document_number == "L898902C3"


def test_the_portrait_is_as_large_as_those_in_the_field() -> None:
    assert 12_000 <= len(portrait.portrait_jp2(PHOTOGRAPH)) <= 18_000


def test_opencv_and_pillow_agree_on_the_portrait() -> None:
    image = portrait.portrait_jp2(PHOTOGRAPH)
    by_pillow = np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).astype(int)
    by_opencv = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert by_opencv is not None
    assert by_pillow.shape == (portrait.HEIGHT, portrait.WIDTH, 3)
    assert np.abs(by_pillow - cv2.cvtColor(by_opencv, cv2.COLOR_BGR2RGB).astype(int)).max() <= 1


def test_the_portrait_looks_like_the_photograph() -> None:
    crop = portrait.portrait_crop(PHOTOGRAPH)
    box = (crop.left, crop.top, crop.left + crop.width, crop.top + crop.height)
    original = Image.fromarray(PHOTOGRAPH).resize((portrait.WIDTH, portrait.HEIGHT), box=box)
    coded = Image.open(io.BytesIO(portrait.portrait_jp2(PHOTOGRAPH))).convert("RGB")
    error = np.mean((np.asarray(original).astype(float) - np.asarray(coded).astype(float)) ** 2)
    assert 10 * np.log10(255**2 / error) > 30  # dB


def test_dg2_carries_the_picture_unchanged() -> None:
    read = lds.parse_dg2(dg2())
    assert read.image == portrait.portrait_jp2(PHOTOGRAPH)
    assert read.format is lds.ImageFormat.JP2


def test_the_facial_record_counts_its_own_bytes() -> None:
    record = portrait.facial_record(b"picture", "M")
    assert record[:8] == b"FAC\x00010\x00"
    assert int.from_bytes(record[8:12], "big") == len(record)
    assert int.from_bytes(record[14:18], "big") == len(record) - 14
    assert record[20] == 1  # male
    assert record[-7:] == b"picture"


@pytest.mark.parametrize("size", [(512, 512), (300, 900), (900, 300), (40, 30)])
def test_a_crop_lies_within_any_photograph(size: tuple[int, int]) -> None:
    rows, columns = size
    photograph = np.zeros((rows, columns, 3), np.uint8)
    for crop in (
        portrait.portrait_crop(photograph),
        portrait.crop_around_face(photograph, 0, 0, 20, 25),
        portrait.crop_around_face(photograph, columns - 20, rows - 25, 20, 25),
    ):
        assert crop.left >= 0 and crop.left + crop.width <= columns
        assert crop.top >= 0 and crop.top + crop.height <= rows
        assert crop.width * 4 == pytest.approx(crop.height * 3, abs=4)


def test_a_picture_that_is_not_rgb_is_refused() -> None:
    with pytest.raises(ValueError, match="RGB"):
        portrait.portrait_jp2(np.zeros((10, 10), np.uint8))
