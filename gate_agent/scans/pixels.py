"""Stored pixels to float32, in bounded memory: large images are averaged down while they are read.

Native pixel data is mapped and worked on in bands of rows, so that a 500 MB image costs its binned
size. Encapsulated pixel data is decoded elsewhere (:mod:`gate_agent.scans.dicos_compressed`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRBigEndian

from gate_agent.scans.dicos_attributes import shown
from gate_agent.scans.dicos_compressed import decode_frames
from gate_agent.scans.dicos_file import PIXEL_DATA, DicosFile, guarded, text, value, whole
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported
from gate_agent.scans.image import MAX_PIXELS, MAX_SIDE, FloatImage, Mask, check_size

_BAND_VALUES: Final = 4_000_000
_MAX_BINNING: Final = 16


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """The Image Pixel macro (DICOM PS3.3 C.7.6.3) of one object, checked."""

    rows: int
    columns: int
    frames: int
    allocated: int
    stored: int
    signed: bool
    big_endian: bool

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(
            f"{'>' if self.big_endian else '<'}{'i' if self.signed else 'u'}{self.allocated // 8}"
        )

    @property
    def top(self) -> int:
        """The largest value that can be stored."""
        return (1 << (self.stored - 1)) - 1 if self.signed else (1 << self.stored) - 1


def pixel_format(opened: DicosFile) -> PixelFormat:
    dataset = opened.dataset
    samples = whole(dataset, 0x00280002, 1, 4, default=1)
    if samples != 1:
        raise ScanUnsupported(
            f"{samples} samples per pixel", field=shown(0x00280002), advice="grey images only"
        )
    if (meaning := text(dataset, 0x00280004)) not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise ScanUnsupported(f"photometric interpretation {meaning[:16]}", field=shown(0x00280004))
    allocated = whole(dataset, 0x00280100, 1, 64)
    if allocated not in (8, 16, 32):
        raise ScanUnsupported(f"{allocated} bits allocated", field=shown(0x00280100), advice="8, 16 or 32")
    stored = whole(dataset, 0x00280101, 1, allocated, default=allocated)
    if whole(dataset, 0x00280102, 0, 63, default=stored - 1) != stored - 1:
        raise ScanUnsupported("the pixel's bits are not the low ones", field=shown(0x00280102))
    return PixelFormat(
        rows=whole(dataset, 0x00280010, 1, 65535),
        columns=whole(dataset, 0x00280011, 1, 65535),
        frames=whole(dataset, 0x00280008, 1, 65535, default=1),
        allocated=allocated,
        stored=stored,
        signed=whole(dataset, 0x00280103, 0, 1, default=0) == 1,
        big_endian=opened.transfer_syntax == ExplicitVRBigEndian,
    )


def binning_for(rows: int, columns: int) -> int:
    """The smallest factor with which the image fits this agent's bound."""
    if rows > MAX_SIDE or columns > MAX_SIDE:
        raise ScanTooLarge(f"{columns} x {rows} pixels", field=shown(0x00280011))
    factor = max(1, math.ceil(math.sqrt(rows * columns / MAX_PIXELS)))
    if factor > _MAX_BINNING:
        raise ScanTooLarge(f"{columns} x {rows} pixels", field=shown(0x00280011))
    return factor


def read_frame(opened: DicosFile) -> tuple[FloatImage, Mask, int]:
    """Stored values of the one frame as float32, which of them are at the top, and the binning."""
    layout = pixel_format(opened)
    if layout.frames != 1:
        raise ScanUnsupported(
            f"{layout.frames} frames", field=shown(0x00280008), advice="one projection a file"
        )
    factor = binning_for(layout.rows, layout.columns)
    check_size((layout.rows // factor, layout.columns // factor))
    if not opened.native:
        decoded = _stored(opened, layout)[0]
        values, saturated = _binned(lambda start, end: decoded[start:end], layout, factor)
    else:
        values, saturated = _binned(lambda start, end: _mapped(opened, layout, start, end), layout, factor)
    return values, saturated, factor


def _stored(opened: DicosFile, layout: PixelFormat) -> NDArray[np.generic]:
    shape = (layout.frames, layout.rows, layout.columns)
    if not opened.native:
        found = decode_frames(opened, shape, layout.allocated)
        return found.astype(layout.dtype.newbyteorder("="), copy=False)
    return _mapped(opened, layout, 0, layout.frames * layout.rows).reshape(shape)


def _mapped(opened: DicosFile, layout: PixelFormat, start: int, end: int) -> NDArray[np.generic]:
    """Rows of native pixel data (of all frames, one after the other) as a map, which holds no more memory
    than what is used of it, and none once it is dropped."""
    row_bytes = layout.columns * layout.allocated // 8
    needed = layout.frames * layout.rows * row_bytes
    if opened.pixel_bytes < needed:
        raise ScanMalformed(
            f"{opened.pixel_bytes} bytes for {needed}", field=shown(PIXEL_DATA), advice="have it sent again"
        )
    offset, shape = opened.pixel_offset + start * row_bytes, (end - start, layout.columns)
    return guarded(
        shown(PIXEL_DATA),
        lambda: np.memmap(opened.path, layout.dtype, mode="r", offset=offset, shape=shape),
    )


def _binned(
    take: Callable[[int, int], NDArray[np.generic]], layout: PixelFormat, factor: int
) -> tuple[FloatImage, Mask]:
    """Averages of factor x factor values, a band of rows at a time; `take` gives the stored rows."""
    rows, columns = layout.rows // factor, layout.columns // factor
    values = np.empty((rows, columns), np.float32)
    saturated = np.empty((rows, columns), np.bool_)
    step = max(1, _BAND_VALUES // (layout.columns * factor))
    for start in range(0, rows, step):
        end = min(start + step, rows)
        band = np.asarray(take(start * factor, end * factor)[:, : columns * factor])
        at_top: Mask = np.greater_equal(band, layout.top)
        if factor == 1:
            values[start:end], saturated[start:end] = band, at_top
            continue
        blocks = (end - start, factor, columns, factor)
        values[start:end] = band.astype(np.float32).reshape(blocks).mean(axis=(1, 3))
        saturated[start:end] = at_top.reshape(blocks).any(axis=(1, 3))
    return values, saturated


def pixel_spacing(opened: DicosFile) -> tuple[float, float]:
    """Row and column spacing in millimetres; zeros when nobody says, or says nonsense."""
    for tag in (0x00280030, 0x00181164):  # Pixel Spacing, Imager Pixel Spacing
        found = value(opened.dataset, tag)
        if found is None or isinstance(found, str) or len(found) != 2:
            continue
        row, column = (guarded(shown(tag), lambda part=part: float(part)) for part in found)
        if 0.01 <= row <= 1000 and 0.01 <= column <= 1000:
            return row, column
    return 0.0, 0.0
