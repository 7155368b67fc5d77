"""Scans that come as pictures: 16-bit TIFF and PNG, 8-bit JPEG, PNG and TIFF, decoded by OpenCV.

The picture's size is read from its own header before it is decoded, so that a small file cannot ask for
gigabytes. A 16-bit picture is proportional to dose only where its scanner says so (`linear`); an 8-bit one
has been made for the eye (gamma, stretched contrast, JPEG) and its calibration is unknown.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.calibration import air_level
from gate_agent.scans.dicos_image import digest
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported
from gate_agent.scans.image import (
    MAX_SIDE,
    NO_GEOMETRY,
    Calibration,
    FloatImage,
    Geometry,
    Provenance,
    ScanImage,
    check_size,
    transmission_image,
)

MAX_PICTURE_BYTES: Final = 512 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES: Final = frozenset(
    {*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
)
_TIFF_WIDTH: Final = 256
_TIFF_HEIGHT: Final = 257
_GREY_TOLERANCE: Final = 12


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the operator of a scanner knows about its pictures and the file does not say.

    `linear`: 16-bit values are proportional to dose. `dark_is_air`: the picture is inverted (air is black).
    `peak_kev`: beam energy; `geometry`: pixel size.
    """

    linear: bool = False
    dark_is_air: bool = False
    peak_kev: float = 0.0
    geometry: Geometry = NO_GEOMETRY


def read_picture(path: Path, facts: PictureFacts | None = None, *, container: str = "") -> ScanImage:
    """A single-energy scan. Raises ScanMalformed, ScanUnsupported, ScanTooLarge or ScanUnusable."""
    facts = facts or PictureFacts()
    grey, kind = decode_picture(path)
    top = 65_535 if grey.dtype == np.uint16 else 255
    bits = 16 if top > 255 else 8
    image = grey.astype(np.float32)
    if facts.dark_is_air:
        image = np.float32(top) - image
    saturated = np.asarray(grey == top)
    calibrated = _calibrated(image, facts.linear and bits == 16 and kind != "JPEG")
    if calibrated is None:
        scale = float(np.percentile(image, 99.9)) or 1.0
        transmission, calibration = image / np.float32(scale), Calibration.UNKNOWN
        saturated = np.zeros_like(saturated)  # white is air in a display picture, not an overload
    else:
        transmission, calibration = calibrated, Calibration.KNOWN
    return transmission_image(
        (transmission,),
        calibration=calibration,
        peaks_kev=(facts.peak_kev,),
        saturated=saturated,
        geometry=facts.geometry,
        container=container,
        provenance=Provenance(format=f"{kind} {bits}-bit", digest=digest([path])),
        bits=bits,
    )


def _calibrated(image: FloatImage, linear: bool) -> FloatImage | None:
    if not linear:
        return None
    level = air_level(image)
    return image / np.float32(level.level) if level.found else None


def decode_picture(path: Path) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], str]:
    """Grey values as stored, and the format's name. Colour is taken only where it is grey in disguise."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_PICTURE_BYTES else b""
    except OSError as error:
        raise ScanMalformed(f"cannot be read: {error.strerror}", field=path.name) from error
    if not data:
        raise ScanTooLarge("empty, or larger than any scanner's picture", field=path.name)
    kind, columns, rows = picture_size(data)
    if columns > MAX_SIDE or rows > MAX_SIDE:
        raise ScanTooLarge(f"{columns} x {rows} pixels", field=path.name)
    check_size((rows, columns))
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ScanMalformed(f"cannot be decoded: {error.err}", field=path.name) from error
    if decoded is None:
        raise ScanMalformed("cannot be decoded", field=path.name, advice="the file is cut off or damaged")
    if decoded.shape[:2] != (rows, columns) and decoded.shape[:2] != (columns, rows):
        raise ScanMalformed(f"is {decoded.shape[:2]}, its header says {(rows, columns)}", field=path.name)
    if decoded.dtype.name not in ("uint8", "uint16"):
        raise ScanUnsupported(f"pixels of {decoded.dtype}", field=path.name, advice="8 or 16 bits, unsigned")
    return _grey(decoded, path.name), kind


def _grey(decoded: NDArray[np.generic], name: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if decoded.ndim == 2:
        return decoded  # type: ignore[return-value]
    colours = decoded[:, :, :3]
    sample = colours[::8, ::8].astype(np.int32)
    if int(np.percentile(sample.max(axis=2) - sample.min(axis=2), 99)) > _GREY_TOLERANCE:
        raise ScanUnsupported(
            "a coloured picture", field=name, advice="set the scanner to export grey values"
        )
    return np.ascontiguousarray(colours[:, :, 1])  # type: ignore[return-value]


def picture_size(data: bytes) -> tuple[str, int, int]:
    """Format, columns and rows, from the header alone. Raises ScanUnsupported or ScanMalformed."""
    for magic, read in _HEADERS.items():
        if data.startswith(magic):
            try:
                return read(data)
            except (struct.error, IndexError) as error:
                raise ScanMalformed("the header is cut off", field="header") from error
    raise ScanUnsupported("neither PNG, JPEG nor TIFF", field="header", advice="or DICOS")


def _png_size(data: bytes) -> tuple[str, int, int]:
    """IHDR is the first chunk (PNG, third edition, §11.2.1)."""
    columns, rows = struct.unpack(">II", data[16:24])
    return "PNG", columns, rows


def _jpeg_size(data: bytes) -> tuple[str, int, int]:
    """The first frame header (ISO/IEC 10918-1 §B.2.2)."""
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at] != 0xFF:
            break
        if marker in _JPEG_FRAMES:
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return "JPEG", columns, rows
        at += 2 + length
    raise ScanMalformed("no frame header", field="SOF")


def _tiff_size(data: bytes) -> tuple[str, int, int]:
    """ImageWidth and ImageLength of the first directory (TIFF 6.0 §2)."""
    order = "<" if data[:2] == b"II" else ">"
    offset = struct.unpack(f"{order}I", data[4:8])[0]
    count = struct.unpack(f"{order}H", data[offset : offset + 2])[0]
    found: dict[int, int] = {}
    for index in range(min(count, 256)):
        entry = data[offset + 2 + 12 * index : offset + 14 + 12 * index]
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            found[tag] = struct.unpack(
                f"{order}H" if kind == 3 else f"{order}I", entry[8 : 10 if kind == 3 else 12]
            )[0]
    if len(found) != 2:
        raise ScanMalformed("no size", field="ImageWidth")
    return "TIFF", found[_TIFF_WIDTH], found[_TIFF_HEIGHT]


_HEADERS: Mapping[bytes, Callable[[bytes], tuple[str, int, int]]] = MappingProxyType(
    {_PNG: _png_size, b"\xff\xd8\xff": _jpeg_size, b"II*\x00": _tiff_size, b"MM\x00*": _tiff_size}
)
