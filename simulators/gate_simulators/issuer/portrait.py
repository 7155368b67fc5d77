"""The portrait on the chip: a JPEG 2000 picture in a facial record (ISO/IEC 19794-5:2005 §5).

Doc 9303-9 wants the face compressed to 15-20 KB at most; passports in the field carry 12-18 KB.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gate_simulators.chip import ber

WIDTH, HEIGHT = 240, 320
TARGET_BYTES = 15_000

_GENDER = {"M": 1, "F": 2}
_FULL_FRONTAL = 1
_JPEG, _JPEG2000 = 0, 1
_39794_JPEG, _39794_JPEG2000_LOSSY = 2, 3
_SRGB24 = 1
_STATIC_DIGITAL_CAMERA = 2


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a photograph that becomes the portrait, in pixels."""

    left: int
    top: int
    width: int
    height: int


def portrait_crop(photograph: NDArray[np.uint8]) -> Crop:
    """The largest 3:4 part, centred across and from the top down, where a photographer puts a head."""
    height, width = photograph.shape[:2]
    across = min(width, height * WIDTH // HEIGHT)
    down = min(height, across * HEIGHT // WIDTH)
    return Crop((width - across) // 2, 0, across, down)


def crop_around_face(photograph: NDArray[np.uint8], left: int, top: int, width: int, height: int) -> Crop:
    """The 3:4 part of a photograph in which a detected face takes up half the height, as portraits do."""
    rows, columns = photograph.shape[:2]
    down = min(2 * height, rows, columns * HEIGHT // WIDTH)
    across = down * WIDTH // HEIGHT
    centre_x, centre_y = left + width // 2, top + height // 2
    return Crop(
        left=min(max(0, centre_x - across // 2), columns - across),
        top=min(max(0, centre_y - down // 2), rows - down),
        width=across,
        height=down,
    )


def portrait_jp2(
    photograph: NDArray[np.uint8],
    crop: Crop | None = None,
    target_bytes: int = TARGET_BYTES,
    *,
    codestream: bool = False,
) -> bytes:
    """A 240x320 JPEG 2000 file of about `target_bytes` from an RGB photograph (uint8, HxWx3).

    `codestream` leaves out the file format's boxes (ISO/IEC 15444-1 Annex I), as many passports do.
    """
    picture = _cropped(photograph, crop)
    ratio = WIDTH * HEIGHT * 3 / target_bytes
    out = io.BytesIO()
    picture.save(
        out,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[ratio],
        irreversible=True,
        no_jp2=codestream,
    )
    return out.getvalue()


def portrait_jpeg(photograph: NDArray[np.uint8], crop: Crop | None = None, quality: int = 85) -> bytes:
    """The same picture as a JPEG file (JFIF)."""
    out = io.BytesIO()
    _cropped(photograph, crop).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _cropped(photograph: NDArray[np.uint8], crop: Crop | None) -> Image.Image:
    if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3:
        raise ValueError(f"need RGB uint8 (height, width, 3), got {photograph.dtype} {photograph.shape}")
    area = crop or portrait_crop(photograph)
    box = (area.left, area.top, area.left + area.width, area.top + area.height)
    return Image.fromarray(photograph).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=box)


class Coding(StrEnum):
    """How the picture is compressed."""

    JP2 = "JP2"
    CODESTREAM = "JPEG 2000 codestream"
    JPEG = "JPEG"


def coded(photograph: NDArray[np.uint8], crop: Crop | None, coding: Coding) -> bytes:
    """The portrait in that coding."""
    if coding is Coding.JPEG:
        return portrait_jpeg(photograph, crop)
    return portrait_jp2(photograph, crop, codestream=coding is Coding.CODESTREAM)


def facial_record(image: bytes, sex: str, coding: Coding = Coding.JP2) -> bytes:
    """The biometric data block: facial record header, facial information, image information, image."""
    information = struct.pack(
        ">HBBB3sH3s3s",
        0,  # feature points
        _GENDER.get(sex, 0),
        0,  # eye colour unspecified
        0,  # hair colour unspecified
        bytes(3),  # property mask: nothing specified
        0,  # expression unspecified
        bytes(3),  # pose angles unspecified
        bytes(3),
    )
    picture = struct.pack(
        ">BBHHBBHH",
        _FULL_FRONTAL,
        _JPEG if coding is Coding.JPEG else _JPEG2000,
        WIDTH,
        HEIGHT,
        _SRGB24,
        _STATIC_DIGITAL_CAMERA,
        0,
        0,
    )
    body = information + picture + image
    record = struct.pack(">I", 4 + len(body)) + body
    header_length = 14
    return b"FAC\x00010\x00" + struct.pack(">IH", header_length + len(record), 1) + record


def face_image_data_block(image: bytes, coding: Coding = Coding.JP2) -> bytes:
    """The same in ISO/IEC 39794-5:2019, with the mandatory fields of ICAO's profile alone."""
    code = _39794_JPEG if coding is Coding.JPEG else _39794_JPEG2000_LOSSY
    image_format = ber.encode(0xA1, ber.encode(0xA0, ber.encode(0x80, bytes([code]))))
    two_dimensional = ber.encode(0xA0, ber.encode(0x80, image), image_format)
    representation = ber.encode(
        0x30, ber.encode(0x80, b"\x00"), ber.encode(0xA1, ber.encode(0xA0, two_dimensional))
    )
    version = ber.encode(0xA0, ber.encode(0x80, b"\x03"), ber.encode(0x81, (2019).to_bytes(2, "big")))
    return ber.encode(0x65, version, ber.encode(0xA1, representation))
