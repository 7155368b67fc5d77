"""Decodes an encoded portrait (chip DG2, officer's file) to RGB, after its header was judged.

JPEG (ISO/IEC 10918-1) and JPEG 2000, boxed or as a raw codestream, are what Doc 9303-10 allows in DG2.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from gate_agent.biometrics.face.errors import PictureError, PortraitError
from gate_agent.biometrics.face.pixels import MAX_PIXELS, Pixels, require_pixels, require_size
from gate_agent.image_header import ImageError, ImageHeader, ImageUnsupported, check_parts, read_header

MAX_BYTES: Final = 8 * 1024 * 1024
_FORMATS: Final = frozenset({"JPEG", "JP2", "J2K"})
_JPEG_PROCESSES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman-coded


def decode_portrait(data: bytes, field: str = "portrait") -> Pixels:
    """RGB uint8 pixels; grey is replicated, EXIF rotation applied. Raises PortraitError."""
    header = _header(data, field)
    if header.process and header.process not in _JPEG_PROCESSES:
        raise PortraitError("arithmetic or lossless JPEG", field=f"{field}: SOF")
    if header.bits != 8:
        raise PortraitError(f"{header.bits} bits a channel where 8 are supported", field=field)
    if header.components not in (1, 3):
        raise PortraitError(f"{header.components} components; grey and RGB are supported", field=field)
    try:
        require_size(header.columns, header.rows, field)
    except PictureError as error:
        raise PortraitError(error.what, field=field) from error
    grey = header.components == 1  # OpenCV refuses a grey codestream where colour is asked for
    flags = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB
    try:
        decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        raise PortraitError(f"damaged {header.format} data: {error.err}", field=field) from error
    if decoded is None:
        raise PortraitError(f"truncated or damaged {header.format} data", field=field)
    if sorted(decoded.shape[:2]) != sorted((header.rows, header.columns)):
        raise PortraitError("the decoded size is not the header's", field=field)
    return require_pixels(np.repeat(decoded[:, :, None], 3, axis=2) if grey else decoded, field)


def _header(data: bytes, field: str) -> ImageHeader:
    """Format and dimensions, without decoding. Raises PortraitError."""
    if not data:
        raise PortraitError("empty", field=field)
    if len(data) > MAX_BYTES:
        raise PortraitError(f"{len(data)} bytes; at most {MAX_BYTES} are accepted", field=field)
    try:
        header = read_header(data)
        if header.format not in _FORMATS:
            raise ImageUnsupported(f"a {header.format}: neither JPEG nor JPEG 2000")
        check_parts(header, data, MAX_PIXELS)
    except ImageError as error:
        raise PortraitError(
            error.what, field=f"{field}: {error.field}" if error.field else field, advice=error.advice
        ) from error
    return header
