"""Encapsulated DICOS pixels (DICOM PS3.5 Annex A.4): RLE always, JPEG Lossless with its extra, nothing else.

The JPEG Lossless files are dcmtk's (``dcmcjpeg +e1``), not our own. Where the decoder is not installed, the
tests of what it decodes skip: ``pip install gate-agent[jpeg-lossless]``.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEG2000Lossless, JPEGLossless, JPEGLosslessSV1, RLELossless

from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import read_projection, read_scan, write_scan
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported
from gate_agent.scans.image import Calibration, transmission_image

AT = datetime(2026, 3, 1, 10, 11, 12, tzinfo=UTC)
DECODES = get_decoder(JPEGLosslessSV1).is_available
needs_decoder = pytest.mark.skipif(not DECODES, reason="the extra jpeg-lossless is not installed")


@pytest.fixture
def native(tmp_path: Path) -> Path:
    """A DX of 16-bit noise behind air, where no bit is like its neighbour's."""
    picture = np.ones((70, 131), np.float32)
    picture[10:60, 20:110] = np.random.default_rng(5).random((50, 90), np.float32)
    image = transmission_image((picture,), calibration=Calibration.KNOWN, peaks_kev=(6000,))
    equipment = Equipment("Maker", "Model", "SN1", "LANE1", AT)
    (path,) = write_scan(image, tmp_path, scan=Scan("MSKU9070323", "1.2.3", "S1"), equipment=equipment, at=AT)
    return path


def encapsulated(native: Path, syntax: UID, fragment: bytes, **changes: object) -> Path:
    dataset = pydicom.dcmread(native)
    dataset.PixelData = encapsulate([fragment])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = syntax
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    path = native.with_name("encapsulated.dcs")
    dataset.save_as(path)
    return path


def jpeg_lossless(native: Path, option: str) -> Path:
    if (encoder := shutil.which("dcmcjpeg")) is None:
        pytest.skip("dcmtk's dcmcjpeg is not installed")
    path = native.with_name("jpeg.dcs")
    subprocess.run([encoder, option, "+ua", str(native), str(path)], check=True, timeout=60)
    return path


# ---------------------------------------------------------------- what is read


@needs_decoder
@pytest.mark.parametrize(("option", "syntax"), [("+e1", JPEGLosslessSV1), ("+el", JPEGLossless)])
def test_jpeg_lossless_of_dcmtk_is_read_to_the_pixel(native: Path, option: str, syntax: UID) -> None:
    path = jpeg_lossless(native, option)
    assert pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
    found, sent = read_scan([path]), read_scan([native])
    assert np.array_equal(found.high, sent.high)
    assert np.array_equal(found.saturated, sent.saturated)
    assert (found.calibration, found.bits) == (sent.calibration, sent.bits)


def test_rle_is_read_to_the_pixel(native: Path) -> None:
    dataset = pydicom.dcmread(native)
    dataset.compress(RLELossless)
    path = native.with_name("rle.dcs")
    dataset.save_as(path)
    assert np.array_equal(read_projection(path).transmission, read_projection(native).transmission)
    assert lint(path) == []


# ---------------------------------------------------------------- what is refused, and with which advice


@pytest.mark.skipif(DECODES, reason="the decoder is installed")
def test_without_decoder_the_error_names_the_extra(native: Path) -> None:
    with pytest.raises(ScanUnsupported, match="JPEG Lossless") as caught:
        read_projection(encapsulated(native, JPEGLosslessSV1, b"\xff\xd8\xff\xd9"))
    assert caught.value.field == "(0002,0010) TransferSyntaxUID"
    assert "gate-agent[jpeg-lossless]" in caught.value.advice


def test_what_dicos_peers_do_not_send_is_not_decoded_even_where_it_could_be(native: Path) -> None:
    with pytest.raises(ScanUnsupported, match="JPEG 2000") as caught:
        read_projection(encapsulated(native, JPEG2000Lossless, b"\xff\x4f\xff\x51"))
    assert "RLE or JPEG Lossless" in caught.value.advice


@needs_decoder
def test_a_jpeg_of_another_size_than_the_header_says_is_not_decoded(native: Path) -> None:
    frame = b"\xff\xd8\xff\xc3\x00\x0b\x10\xff\xff\xff\xff\x01\x01\x11\x00\xff\xd9"
    with pytest.raises(ScanMalformed, match="65535 x 65535"):
        read_projection(encapsulated(native, JPEGLosslessSV1, frame))


@needs_decoder
@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_cut_off_jpeg_is_malformed(native: Path, kept: float) -> None:
    data = pydicom.dcmread(jpeg_lossless(native, "+e1"))
    frame = next(generate_frames(data.PixelData, number_of_frames=1))
    with pytest.raises(ScanMalformed):
        read_projection(encapsulated(native, JPEGLosslessSV1, frame[: int(kept * len(frame))]))


def test_more_compressed_bytes_than_any_encoder_makes_of_the_pixels_are_refused(native: Path) -> None:
    with pytest.raises(ScanTooLarge, match="bytes for") as caught:
        read_projection(encapsulated(native, RLELossless, bytes(1_000_000)))
    assert "(7FE0,0010)" in caught.value.field
    with pytest.raises(ScanTooLarge):
        read_projection(encapsulated(native, RLELossless, bytes(1000), Rows=60_000, Columns=60_000))
