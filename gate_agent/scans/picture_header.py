"""What a PNG, JPEG or TIFF says of itself, read before any decoder sees it.

picture_size(data)        format, columns and rows
check_parts(kind, data)   raises unless its parts ask the decoder for no more than its pixels need

Decoders believe lengths: OpenCV allocates and touches as much as a PNG chunk claims to hold, a tile of a TIFF
may be larger than the image, and each scan of a progressive JPEG is one more pass over all of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported
from gate_agent.scans.image import MAX_PIXELS

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_AROUND: Final = 12  # length, type and CRC of a chunk
_MAX_CHUNKS: Final = 65_536
_JPEG_FRAMES: Final = frozenset(
    {*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
)
_JPEG_SCAN: Final = b"\xff\xda"
_JPEG_END: Final = b"\xff\xd9"
_MAX_SEGMENTS: Final = 1024
_MAX_SCANS: Final = 64  # an encoder's usual progression has ten
_MAX_ENTRIES: Final = 256
_TIFF_WIDTH: Final = 256
_TIFF_HEIGHT: Final = 257
_TIFF_BITS: Final = 258
_TIFF_COMPRESSION: Final = 259
_TIFF_SAMPLES: Final = 277
_TIFF_TILE: Final = (322, 323)
_TIFF_TAGS: Final = frozenset(
    {_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_COMPRESSION, _TIFF_SAMPLES, *_TIFF_TILE}
)
_TIFF_KINDS: Final = MappingProxyType({3: "H", 4: "I"})  # SHORT and LONG, the only ones these tags may have
_LOSSLESS: Final = (1, 5, 8, 32_773, 32_946)  # none, LZW, deflate, PackBits, deflate as it was first numbered


def picture_size(data: bytes) -> tuple[str, int, int]:
    """Format, columns and rows, from the header alone. Raises ScanUnsupported or ScanMalformed."""
    for magic, read in _SIZES.items():
        if data.startswith(magic):
            try:
                return read(data)
            except (struct.error, IndexError) as error:
                raise ScanMalformed("the header is cut off", field="header") from error
    raise ScanUnsupported("neither PNG, JPEG nor TIFF", field="header", advice="or DICOS")


def check_parts(kind: str, data: bytes) -> None:
    """Raises ScanMalformed, ScanUnsupported or ScanTooLarge naming the chunk, marker or tag."""
    _CHECKS[kind](data)


def _png_size(data: bytes) -> tuple[str, int, int]:
    """IHDR is the first chunk (PNG, third edition, §11.2.1)."""
    columns, rows = struct.unpack(">II", data[16:24])
    return "PNG", columns, rows


def _png_chunks(data: bytes) -> None:
    """IHDR, whole chunks, IEND (§5.3, §5.6). A chunk that claims more than the file holds is cut off."""
    at = len(_PNG)
    for number in range(_MAX_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:
            break
        length, name = struct.unpack(">I4s", head)
        if (name == b"IHDR") != (number == 0) or (number == 0 and length != 13):
            raise ScanMalformed("is not the first chunk, once", field="IHDR")
        if at + _PNG_AROUND + length > len(data):
            raise ScanMalformed(
                f"a chunk of {length} bytes, {len(data) - at} are left",
                field=name.decode("ascii", "backslashreplace"),
                advice="the file is cut off or damaged",
            )
        if name == b"IEND":
            return
        at += _PNG_AROUND + length
    raise ScanMalformed("no end", field="IEND", advice="the file is cut off or damaged")


def _jpeg_size(data: bytes) -> tuple[str, int, int]:
    """The first frame header (ISO/IEC 10918-1 §B.2.2)."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at] != 0xFF:
            break
        if marker in _JPEG_FRAMES:
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return "JPEG", columns, rows
        at += 2 + length
    raise ScanMalformed("no frame header", field="SOF")


def _jpeg_scans(data: bytes) -> None:
    """Not too many scans, and an end (§B.2.1): decoders paint what is missing grey, and say nothing.

    Within coded data 0xFF is followed by 0 or a restart marker (§B.1.1.5), so what is found are markers.
    """
    if (scans := data.count(_JPEG_SCAN)) > _MAX_SCANS:
        raise ScanTooLarge(f"{scans} scans", field="SOS", advice=f"at most {_MAX_SCANS}")
    if data.rfind(_JPEG_END) <= data.rfind(_JPEG_SCAN):
        raise ScanMalformed("no end", field="EOI", advice="the file is cut off or damaged")


def _tiff_size(data: bytes) -> tuple[str, int, int]:
    """ImageWidth and ImageLength of the first directory (TIFF 6.0 §2)."""
    found = _tiff_directory(data)
    if _TIFF_WIDTH not in found or _TIFF_HEIGHT not in found:
        raise ScanMalformed("no size", field="ImageWidth")
    return "TIFF", found[_TIFF_WIDTH], found[_TIFF_HEIGHT]


def _tiff_layout(data: bytes) -> None:
    found = _tiff_directory(data)
    bits, samples = found.get(_TIFF_BITS, 1), found.get(_TIFF_SAMPLES, 1)
    if bits > 16:
        raise ScanUnsupported(f"{bits} bits", field="BitsPerSample", advice="8 or 16 bits, unsigned")
    if samples > 4:
        raise ScanUnsupported(f"{samples} samples", field="SamplesPerPixel", advice="grey images only")
    if (compression := found.get(_TIFF_COMPRESSION, 1)) not in _LOSSLESS:
        raise ScanUnsupported(
            f"compression {compression}", field="Compression", advice="LZW, deflate or none"
        )
    width, height = (found.get(tag, 1) for tag in _TIFF_TILE)
    if width * height > MAX_PIXELS:
        raise ScanTooLarge(f"tiles of {width} x {height} pixels", field="TileWidth")


def _tiff_directory(data: bytes) -> dict[int, int]:
    """The entries of the first directory that say how large the image is; of several values the largest."""
    order = "<" if data[:2] == b"II" else ">"
    offset = struct.unpack(f"{order}I", data[4:8])[0]
    count = struct.unpack(f"{order}H", data[offset : offset + 2])[0]
    if count > _MAX_ENTRIES:
        raise ScanTooLarge(f"{count} entries", field="IFD")
    found: dict[int, int] = {}
    for index in range(count):
        entry = data[offset + 2 + 12 * index : offset + 14 + 12 * index]
        tag, kind, values = struct.unpack(f"{order}HHI", entry[:8])
        if tag not in _TIFF_TAGS:
            continue
        if tag in found or kind not in _TIFF_KINDS or not 1 <= values <= 16:
            raise ScanMalformed("is there twice, or of a wrong type or count", field=f"tag {tag}")
        layout = struct.Struct(f"{order}{values}{_TIFF_KINDS[kind]}")
        if layout.size > 4:  # longer values are elsewhere (§2, Value/Offset)
            at = struct.unpack(f"{order}I", entry[8:12])[0]
            found[tag] = max(layout.unpack(data[at : at + layout.size]))
        else:
            found[tag] = max(layout.unpack(entry[8 : 8 + layout.size]))
    return found


_SIZES: Mapping[bytes, Callable[[bytes], tuple[str, int, int]]] = MappingProxyType(
    {_PNG: _png_size, b"\xff\xd8\xff": _jpeg_size, b"II*\x00": _tiff_size, b"MM\x00*": _tiff_size}
)
_CHECKS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"PNG": _png_chunks, "JPEG": _jpeg_scans, "TIFF": _tiff_layout}
)
