"""Encoded portraits: what Doc 9303-10 allows is decoded, everything else gives a typed error, unallocated."""

from __future__ import annotations

import contextlib
import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gate_agent.biometrics.face.errors import PictureError, PortraitError
from gate_agent.biometrics.face.pixels import require_pixels
from gate_agent.biometrics.face.portrait import MAX_BYTES, decode_portrait

FORMATS = ("jpeg", "jp2", "j2k")


def picture() -> NDArray[np.uint8]:
    """Smooth colours, so that a lossy codec keeps them."""
    y, x = np.mgrid[0:96, 0:64]
    return np.stack((x * 3, y * 2, 255 - x - y), axis=2).astype(np.uint8)


def encode(kind: str, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    swapped = pixels[:, :, ::-1] if pixels.ndim == 3 else pixels
    good, data = cv2.imencode(".jpg" if kind == "jpeg" else ".jp2", swapped)
    assert good
    whole = data.tobytes()
    return whole[whole.index(b"\xff\x4f\xff\x51") :] if kind == "j2k" else whole  # the last box's content


@pytest.mark.parametrize("kind", FORMATS)
def test_colour_portraits_decode_to_rgb(kind: str) -> None:
    decoded = decode_portrait(encode(kind, picture()))
    assert decoded.shape == (96, 64, 3)
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("kind", FORMATS)
def test_grey_portraits_become_rgb(kind: str) -> None:
    decoded = decode_portrait(encode(kind, picture()[:, :, 1]))
    assert decoded.shape == (96, 64, 3)
    assert (decoded[:, :, 0] == decoded[:, :, 2]).all()


@pytest.mark.parametrize("kind", FORMATS)
@given(share=st.floats(0, 0.995))
@settings(max_examples=60, deadline=None)
def test_a_truncated_portrait_is_never_a_picture(kind: str, share: float) -> None:
    data = encode(kind, picture())
    with pytest.raises(PortraitError):
        decode_portrait(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", FORMATS)
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_bytes_give_a_picture_or_a_typed_error(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(encode(kind, picture()))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        require_pixels(decode_portrait(bytes(damaged)))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51"]))
def test_garbage_is_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(PortraitError):
        decode_portrait(start + data)


def test_empty_and_oversized_data_are_refused_before_parsing() -> None:
    with pytest.raises(PortraitError, match="empty"):
        decode_portrait(b"")
    with pytest.raises(PortraitError, match="at most"):
        decode_portrait(b"\xff\xd8" + bytes(MAX_BYTES))


def patched_size(kind: str, width: int, height: int) -> bytes:
    """A picture whose header claims another size."""
    data = bytearray(encode(kind, picture()))
    if kind == "jpeg":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    else:
        siz = data.index(b"\xff\x4f\xff\x51")
        struct.pack_into(">II", data, siz + 8, width, height)
        struct.pack_into(">II", data, siz + 24, width, height)
    return bytes(data)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(65_000, 65_000), (9000, 100), (8000, 8000), (8, 96)])
def test_a_decompression_bomb_is_refused_by_its_header(kind: str, width: int, height: int) -> None:
    with pytest.raises(PortraitError, match=r"too (many|few)"):
        decode_portrait(patched_size(kind, width, height))


def test_a_bomb_of_tiles_is_refused() -> None:
    data = bytearray(encode("j2k", picture()))
    struct.pack_into(">II", data, 24, 1, 1)
    with pytest.raises(PortraitError, match="tiles"):
        decode_portrait(bytes(data))


@pytest.mark.parametrize("kind", ("jp2", "j2k"))
def test_sixteen_bits_a_channel_are_refused(kind: str) -> None:
    with pytest.raises(PortraitError, match="16 bits"):
        decode_portrait(encode(kind, picture().astype(np.uint16) * 257))


def test_cmyk_is_refused() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow writes the CMYK picture")
    buffer = io.BytesIO()
    image.fromarray(picture()).convert("CMYK").save(buffer, "JPEG")
    with pytest.raises(PortraitError, match="4 components"):
        decode_portrait(buffer.getvalue())


def test_other_image_formats_are_refused() -> None:
    for suffix in (".png", ".bmp", ".webp"):
        good, data = cv2.imencode(suffix, picture())
        assert good
        with pytest.raises(PortraitError, match=r"neither .*JPEG 2000"):
            decode_portrait(data.tobytes())


@pytest.mark.parametrize(
    "pixels",
    [
        None,
        [[0, 0, 0]],
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint16),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((8, 64, 3), np.uint8),
        np.broadcast_to(np.uint8(0), (20_000, 20_000, 3)),
    ],
    ids=["none", "list", "grey", "rgba", "float", "16-bit", "empty", "tiny", "huge"],
)
def test_only_rgb_pictures_within_bounds_pass(pixels: object) -> None:
    with pytest.raises(PictureError, match="pixels"):
        require_pixels(pixels)
