"""Headers of encoded pictures: sizes without decoding, and parts that no decoder should be given."""

from __future__ import annotations

import contextlib
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.errors import BadInput
from gate_agent.image_header import (
    ImageError,
    ImageMalformed,
    ImageTooLarge,
    ImageUnsupported,
    check_parts,
    read_header,
)

MOST = 1_000_000
FORMATS = ("PNG", "JPEG", "TIFF", "JP2", "J2K")
SUFFIX = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "JP2": ".jp2", "J2K": ".jp2"}


def encode(kind: str, *, grey: bool = False, deep: bool = False, progressive: bool = False) -> bytes:
    y, x = np.mgrid[0:96, 0:64]
    pixels = np.stack((x * 3, y * 2, 255 - x - y), axis=2).astype(np.uint8)
    pixels = pixels[:, :, 1] if grey else pixels
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1] if progressive else []
    good, data = cv2.imencode(SUFFIX[kind], pixels.astype(np.uint16) * 257 if deep else pixels, options)
    assert good
    whole = data.tobytes()
    return whole[whole.index(b"\xff\x4f\xff\x51") :] if kind == "J2K" else whole


def judge(data: bytes) -> None:
    check_parts(read_header(data), data, MOST)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("grey", "components"), [(False, 3), (True, 1)])
@pytest.mark.parametrize(("deep", "bits"), [(False, 8), (True, 16)])
def test_the_header_says_what_was_encoded(
    kind: str, grey: bool, components: int, deep: bool, bits: int
) -> None:
    if kind == "JPEG" and deep:
        pytest.skip("baseline JPEG has 8 bits")
    header = read_header(data := encode(kind, grey=grey, deep=deep))
    assert (header.format, header.columns, header.rows) == (kind, 64, 96)
    assert (header.components, header.bits) == (components, bits)
    check_parts(header, data, MOST)


def test_a_jpeg_says_its_process() -> None:
    assert read_header(encode("JPEG")).process == 0xC0
    assert read_header(encode("JPEG", progressive=True)).process == 0xC2


def test_a_progressive_jpeg_is_in_order_and_a_thousand_passes_are_not() -> None:
    data = encode("JPEG", progressive=True)
    judge(data)
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"
    with pytest.raises(ImageTooLarge, match="scans"):
        judge(data[:-2] + scan * 1000 + data[-2:])


@pytest.mark.parametrize("kind", FORMATS[:2] + FORMATS[3:])
@given(share=st.floats(0, 0.995))
@settings(max_examples=50, deadline=None)
def test_what_is_cut_off_is_noticed_before_it_is_decoded(kind: str, share: float) -> None:
    data = encode(kind)
    with pytest.raises(ImageError):
        judge(data[: int(len(data) * share)])


@pytest.mark.parametrize("behind", [b"\n", b"\x00" * 100, b"\x80\x00", b"a vendor's note"])
def test_bytes_behind_the_end_of_a_jpeg_are_no_part_of_it(behind: bytes) -> None:
    judge(encode("JPEG") + behind)


def test_a_thumbnail_is_no_end_of_its_picture() -> None:
    """A JPEG within a segment has scans and an end of its own."""
    data, small = encode("JPEG"), encode("JPEG", grey=True)
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(small)) + small
    judge(data[:2] + segment + data[2:])
    with pytest.raises(ImageMalformed, match="no end"):
        judge(data[:2] + segment + data[2:-2])


def test_fill_bytes_and_markers_without_length_are_passed_over() -> None:
    data = encode("JPEG")
    assert read_header(data[:2] + b"\xff\xff\xff\x01" + b"\xff\xff" + data[2:]).columns == 64


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", ImageUnsupported),
        (b"GIF89a", ImageUnsupported),
        (b"\x89PNG\r\n\x1a\n", ImageMalformed),
        (b"\xff\xd8\xff\xe0", ImageMalformed),
        (b"\xff\xd8" + b"\xff\xe0\x00\x02" * 2000, ImageMalformed),
        (b"\xff\xd8\xff\xe0\x00\x01", ImageMalformed),
        (b"II*\x00\xff\xff\xff\x7f", ImageMalformed),
        (b"II*\x00\x08\x00\x00\x00\xff\xff", ImageTooLarge),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x08free" * 100, ImageMalformed),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00\x00\x00\x04free", ImageMalformed),
        (b"\xff\x4f\xff\x51" + bytes(60), ImageMalformed),
    ],
)
def test_what_is_no_header_says_why(data: bytes, error: type[ImageError]) -> None:
    with pytest.raises(error) as caught:
        judge(data)
    assert caught.value.field
    assert isinstance(caught.value, BadInput)


def test_a_million_tiles_are_refused() -> None:
    data = bytearray(encode("J2K"))
    struct.pack_into(">II", data, 24, 1, 1)
    with pytest.raises(ImageTooLarge, match="tiles"):
        judge(bytes(data))


@pytest.mark.parametrize("kind", FORMATS)
@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damage_gives_a_header_or_a_typed_error(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(encode(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, min(len(damaged) - 1, 200)))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        judge(bytes(damaged))
