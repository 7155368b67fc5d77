"""Encapsulated pixel data: RLE and JPEG Lossless (DICOM PS3.5 §8.2, Annex A.4), decoded by pydicom's
plug-ins.

JPEG Lossless needs the extra ``gate-agent[jpeg-lossless]``. What a decoder would allocate is bounded first:
the compressed bytes by the pixels, and the size in each JPEG by the size in the header.
"""

from __future__ import annotations

import math
from typing import BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.filereader import read_partial
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.tag import BaseTag
from pydicom.uid import UID, JPEGLossless, JPEGLosslessSV1, RLELossless

from gate_agent.image_header import check_parts, read_header
from gate_agent.scans.dicos_attributes import shown
from gate_agent.scans.dicos_bounds import Bounded
from gate_agent.scans.dicos_file import PIXEL_DATA, DicosFile, guarded
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported, image_errors
from gate_agent.scans.image import MAX_PIXELS

_JPEG: Final = (JPEGLossless, JPEGLosslessSV1)
_SLACK: Final = 64 * 1024  # offset table, item tags, and what a tiny picture's tables take
_SYNTAX: Final = "(0002,0010) TransferSyntaxUID"


def decode_frames(opened: DicosFile, shape: tuple[int, int, int], allocated: int) -> NDArray[np.generic]:
    """Stored values as (frames, rows, columns). Raises ScanMalformed, ScanUnsupported or ScanTooLarge."""
    syntax = UID(opened.transfer_syntax)
    _check_syntax(syntax)
    if math.prod(shape) > MAX_PIXELS:
        raise ScanTooLarge(
            "a compressed image of this size", field=shown(PIXEL_DATA), advice="send it native"
        )
    compressed = opened.file_bytes - opened.pixel_offset
    # No encoder makes a picture longer than RLE can: two bytes for one.
    if compressed > math.prod(shape) * allocated // 4 + _SLACK:
        raise ScanTooLarge(f"{compressed} bytes for {shape}", field=shown(PIXEL_DATA))

    def decode() -> NDArray[np.generic]:
        with opened.path.open("rb") as stream:
            bounded = cast(BinaryIO, Bounded(stream, opened.file_bytes + _SLACK))
            dataset = read_partial(bounded, _after_pixels, force=True)
        if syntax in _JPEG:
            _check_sizes(dataset, shape)
        return cast("NDArray[np.generic]", pixel_array(dataset, raw=True))

    found = guarded(shown(PIXEL_DATA), decode)
    if found.size != math.prod(shape):
        raise ScanMalformed(f"decodes to {found.shape}, not {shape}", field=shown(PIXEL_DATA))
    return found.reshape(shape)


def _check_syntax(syntax: UID) -> None:
    compressed = f"compressed as {syntax.name[:64]}"
    if syntax != RLELossless and syntax not in _JPEG:
        advice = "have the scanner send Explicit VR Little Endian, RLE or JPEG Lossless"
        raise ScanUnsupported(compressed, field=_SYNTAX, advice=advice)
    if not get_decoder(syntax).is_available:
        advice = "install gate-agent[jpeg-lossless], or have the scanner send it native"
        raise ScanUnsupported(compressed, field=_SYNTAX, advice=advice)


def _after_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag > PIXEL_DATA


def _check_sizes(dataset: Dataset, shape: tuple[int, int, int]) -> None:
    """The decoder allocates what the JPEG's own frame header says (ISO/IEC 10918-1 §B.2.2)."""
    for frame in generate_frames(dataset.PixelData, number_of_frames=shape[0]):
        with image_errors():
            header = read_header(frame)
        if (header.rows, header.columns) != shape[1:]:
            raise ScanMalformed(
                f"a JPEG of {header.columns} x {header.rows} pixels, the header says {shape[2]} x {shape[1]}",
                field=shown(PIXEL_DATA),
            )
        with image_errors():
            check_parts(header, frame, MAX_PIXELS)
