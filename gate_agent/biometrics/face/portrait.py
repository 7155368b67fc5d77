"""Decodes an encoded portrait (chip DG2, officer's file) to RGB, after its header was judged.

JPEG (ISO/IEC 10918-1) and JPEG 2000, boxed (JP2, ISO/IEC 15444-1 Annex I) or raw codestream (Annex A),
are what Doc 9303-10 allows in DG2. Decoders allocate what a header asks for and OpenCV answers None, or
a half-grey picture, for truncated data: so dimensions, depth, components and the end of the data are
checked first, without decoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np

from gate_agent.biometrics.face.errors import PictureError, PortraitError
from gate_agent.biometrics.face.pixels import Pixels, require_pixels, require_size

MAX_BYTES = 8 * 1024 * 1024
MAX_SEGMENTS = 1024
MAX_BOXES = 64
JPEG_START = b"\xff\xd8"
END = b"\xff\xd9"  # EOI of JPEG and EOC of JPEG 2000 alike
JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM_START = b"\xff\x4f\xff\x51"  # SOC, then SIZ must follow (15444-1 §A.4.1)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SUPPORTED_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman-coded
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN = 0xDA
_JPEG_SIZE, _JP2_SIZE, _JP2_BOX = struct.Struct(">BHHB"), struct.Struct(">IIII"), struct.Struct(">I4s")


@dataclass(frozen=True, slots=True)
class PortraitHeader:
    """What the encoded picture says of itself. `format` is ``jpeg``, ``jp2`` or ``j2k``."""

    format: str
    width: int
    height: int
    components: int
    bits: int


def decode_portrait(data: bytes, field: str = "portrait") -> Pixels:
    """RGB uint8 pixels; grey is replicated, EXIF rotation applied. Raises PortraitError."""
    header = read_header(data, field)
    if header.bits != 8:
        raise PortraitError(f"{header.bits} bits a channel where 8 are supported", field=field)
    if header.components not in (1, 3):
        raise PortraitError(f"{header.components} components; grey and RGB are supported", field=field)
    try:
        require_size(header.width, header.height, field)
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
    if sorted(decoded.shape[:2]) != sorted((header.height, header.width)):
        raise PortraitError("the decoded size is not the header's", field=field)
    return require_pixels(np.repeat(decoded[:, :, None], 3, axis=2) if grey else decoded, field)


def read_header(data: bytes, field: str = "portrait") -> PortraitHeader:
    """Format and dimensions, from bounded parsing alone. Raises PortraitError."""
    if not data:
        raise PortraitError("empty", field=field)
    if len(data) > MAX_BYTES:
        raise PortraitError(f"{len(data)} bytes; at most {MAX_BYTES} are accepted", field=field)
    try:
        if data.startswith(JPEG_START):
            return _jpeg(data, field)
        if data.startswith(JP2_SIGNATURE):
            return _jp2(data, field)
        if data.startswith(CODESTREAM_START):
            return _codestream(data, "j2k", field)
    except (struct.error, IndexError) as error:
        raise PortraitError("truncated within the header", field=field) from error
    raise PortraitError("neither JPEG nor JPEG 2000", field=field)


def _require_end(data: bytes, field: str) -> None:
    # Some encoders and readers pad with zeros behind the end marker.
    if not data.rstrip(b"\x00").endswith(END):
        raise PortraitError("truncated: the end marker is missing", field=field)


def _jpeg(data: bytes, field: str) -> PortraitHeader:
    """Walks the marker segments to the start of the first scan (10918-1 §B.1.1)."""
    _require_end(data, field)
    at, frame = len(JPEG_START), None
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise PortraitError("a JPEG marker is missing", field=f"{field}@{at}")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        at += 2
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise PortraitError("a JPEG segment reaches beyond the data", field=f"{field}@{at}")
        if marker in _START_OF_FRAME:
            if marker not in _SUPPORTED_FRAMES or frame is not None:
                raise PortraitError("an unsupported or second JPEG frame", field=f"{field}@{at}")
            bits, height, width, components = _JPEG_SIZE.unpack_from(data, at + 2)
            frame = PortraitHeader("jpeg", width, height, components, bits)
        elif marker == _START_OF_SCAN and frame is not None:
            return frame
        at += length
    raise PortraitError("no JPEG frame found", field=field)


def _jp2(data: bytes, field: str) -> PortraitHeader:
    """Finds the codestream box (15444-1 §I.4); the codestream's own SIZ is what a decoder obeys."""
    at = 0
    for _ in range(MAX_BOXES):
        length, kind = _JP2_BOX.unpack_from(data, at)
        begin = at + _JP2_BOX.size
        if length == 1:  # extended length
            (length,) = struct.unpack_from(">Q", data, begin)
            begin += 8
        end = len(data) if length == 0 else at + length
        if end > len(data) or end < begin:
            raise PortraitError("a JP2 box reaches beyond the data", field=f"{field}@{at}")
        if kind == b"jp2c":
            return _codestream(data[begin:end], "jp2", field)
        at = end
    raise PortraitError("no JPEG 2000 codestream found", field=field)


def _codestream(data: bytes, kind: str, field: str) -> PortraitHeader:
    """The SIZ marker segment (15444-1 §A.5.1): reference grid, tiles, and each component's depth."""
    if not data.startswith(CODESTREAM_START):
        raise PortraitError("a JPEG 2000 codestream must start with SOC and SIZ", field=field)
    _require_end(data, field)
    right, bottom, left, top = _JP2_SIZE.unpack_from(data, 8)
    tile_width, tile_height, tile_left, tile_top = _JP2_SIZE.unpack_from(data, 24)
    (components,) = struct.unpack_from(">H", data, 40)
    if left >= right or top >= bottom or not 1 <= components <= 4:
        raise PortraitError("a JPEG 2000 size that cannot be", field=f"{field}: SIZ")
    if not tile_width or not tile_height or tile_left > left or tile_top > top:
        raise PortraitError("JPEG 2000 tiles that cannot be", field=f"{field}: SIZ")
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    if tiles > MAX_SEGMENTS:
        raise PortraitError(f"{tiles} JPEG 2000 tiles", field=f"{field}: SIZ")
    depths: set[int] = set()
    for number in range(components):
        depth, step_x, step_y = struct.unpack_from(">BBB", data, 42 + 3 * number)
        if not step_x or not step_y:
            raise PortraitError("a JPEG 2000 sampling that cannot be", field=f"{field}: SIZ")
        depths.add((depth & 0x7F) + 1)
    return PortraitHeader(kind, right - left, bottom - top, components, max(depths))
