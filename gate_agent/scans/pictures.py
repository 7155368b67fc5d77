"""Scans that come as pictures: 16-bit TIFF and PNG, 8-bit JPEG, PNG and TIFF, decoded by OpenCV.

The picture's header and parts are looked at before it is decoded (:mod:`gate_agent.image_header`), so
that a small file cannot ask for gigabytes. A 16-bit picture is proportional to dose only where its scanner
says so (`linear`); an 8-bit one has been made for the eye (gamma, stretched contrast, JPEG) and its
calibration is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.files import read_bounded
from gate_agent.image_header import check_parts, read_header
from gate_agent.scans.calibration import air_level
from gate_agent.scans.dicos_image import digest
from gate_agent.scans.errors import ScanMalformed, ScanUnsupported, image_errors
from gate_agent.scans.image import (
    MAX_PIXELS,
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
_GREY_TOLERANCE: Final = 12
_FORMATS: Final = frozenset({"PNG", "JPEG", "TIFF"})


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
    data = read_bounded(path, MAX_PICTURE_BYTES, ScanMalformed, field=path.name)
    with image_errors():
        header = read_header(data)
        kind, columns, rows = header.format, header.columns, header.rows
        if kind not in _FORMATS:
            raise ScanUnsupported(f"a {kind}: neither PNG, JPEG nor TIFF", field="header", advice="or DICOS")
        check_size((rows, columns))
        check_parts(header, data, MAX_PIXELS)
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
