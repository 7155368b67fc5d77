"""What an encoded picture says of itself, read before any decoder sees it.

read_header(data)                 format, size, components and bits
check_parts(header, data, most)   raises unless its parts ask the decoder for no more than its pixels need

PNG (third edition), JPEG (ISO/IEC 10918-1), TIFF 6.0 and JPEG 2000 (ISO/IEC 15444-1), boxed or not.
Decoders believe lengths: OpenCV allocates and touches as much as a PNG chunk claims to hold, a tile of a TIFF
may be larger than the image, each scan of a progressive JPEG is one more pass over all of it, and what is
missing at the end is painted grey without a word.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gate_agent.errors import BadInput

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_AROUND: Final = 12  # length, type and CRC of a chunk
_PNG_COMPONENTS: Final = MappingProxyType({0: 1, 2: 3, 3: 3, 4: 2, 6: 4})  # colour type (§11.2.1)
_MAX_CHUNKS: Final = 65_536
_JPEG: Final = b"\xff\xd8\xff"
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_SCAN: Final = b"\xff\xda"
_END: Final = b"\xff\xd9"  # EOI of JPEG and EOC of JPEG 2000 alike
_MAX_SEGMENTS: Final = 1024
_MAX_SCANS: Final = 64  # an encoder's usual progression has ten
_JP2: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODESTREAM: Final = b"\xff\x4f\xff\x51"  # SOC, then SIZ must follow (15444-1 §A.4.1)
_MAX_BOXES: Final = 64
_MAX_TILES: Final = 1024
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


class ImageError(BadInput):
    """An encoded picture that no decoder should be given. `field` names the chunk, marker, box or tag."""


class ImageMalformed(ImageError):
    """Truncated, damaged or contradictory."""


class ImageUnsupported(ImageError):
    """Of no format that is known here, or a kind of it that is not decoded."""


class ImageTooLarge(ImageError):
    """Its parts ask the decoder for more than its pixels need."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Sizes in pixels, `bits` of a component. `format` is PNG, JPEG, TIFF, JP2 or J2K (a bare codestream);
    `process` the marker of a JPEG's frame (10918-1 table B.1), else 0."""

    format: str
    columns: int
    rows: int
    components: int
    bits: int
    process: int = 0


def read_header(data: bytes) -> ImageHeader:
    """From bounded parsing of the header alone. Raises ImageUnsupported, ImageMalformed or ImageTooLarge."""
    for magic, read in _HEADERS.items():
        if data.startswith(magic):
            try:
                return read(data)
            except (struct.error, IndexError) as error:
                raise ImageMalformed("the header is cut off", field="header") from error
    raise ImageUnsupported("neither PNG, JPEG, JPEG 2000 nor TIFF", field="header")


def check_parts(header: ImageHeader, data: bytes, most_pixels: int) -> None:
    """Raises an ImageError for parts that are cut off, or that would cost a decoder more than the picture;
    `most_pixels` bounds a tile."""
    try:
        _CHECKS[header.format](data, most_pixels)
    except (struct.error, IndexError) as error:
        raise ImageMalformed("the header is cut off", field="header") from error


def _png_header(data: bytes) -> ImageHeader:
    """IHDR is the first chunk (PNG, third edition, §11.2.1)."""
    columns, rows, bits, colour = struct.unpack(">IIBB", data[16:26])
    return ImageHeader("PNG", columns, rows, _PNG_COMPONENTS.get(colour, 0), bits)


def _png_chunks(data: bytes, _most: int) -> None:
    """IHDR, whole chunks, IEND (§5.3, §5.6). A chunk that claims more than the file holds is cut off."""
    at = len(_PNG)
    for number in range(_MAX_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:
            break
        length, name = struct.unpack(">I4s", head)
        if (name == b"IHDR") != (number == 0) or (number == 0 and length != 13):
            raise ImageMalformed("is not the first chunk, once", field="IHDR")
        if at + _PNG_AROUND + length > len(data):
            raise ImageMalformed(
                f"a chunk of {length} bytes, {len(data) - at} are left",
                field=name.decode("ascii", "backslashreplace"),
                advice="the file is cut off or damaged",
            )
        if name == b"IEND":
            return
        at += _PNG_AROUND + length
    raise ImageMalformed("no end", field="IEND", advice="the file is cut off or damaged")


def _jpeg_header(data: bytes) -> ImageHeader:
    """The frame header (ISO/IEC 10918-1 §B.2.2)."""
    for marker, at in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            bits, rows, columns, components = struct.unpack_from(">BHHB", data, at + 4)
            return ImageHeader("JPEG", columns, rows, components, bits, marker)
    raise ImageMalformed("no frame header", field="SOF")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of each segment before the first scan's data (§B.1.1.4)."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise ImageMalformed("a marker is missing", field=f"byte {at}")
        while data[at + 1] == 0xFF:  # fill bytes (§B.1.1.2)
            at += 1
        marker = data[at + 1]
        if marker in _JPEG_STANDALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or at + 2 + length > len(data):
            raise ImageMalformed("a segment reaches beyond the data", field=f"byte {at}")
        yield marker, at
        if marker == _JPEG_SCAN[1]:
            return
        at += 2 + length


def _jpeg_scans(data: bytes, _most: int) -> None:
    """Not too many scans, and an end (§B.2.1): decoders paint what is missing grey, and say nothing.

    Within coded data 0xFF is followed by 0 or a restart marker (§B.1.1.5), so what is found are markers.
    What follows the end is no part of the picture.
    """
    segments = dict(_jpeg_segments(data))
    if len(_JPEG_FRAMES & segments.keys()) != 1 or (first := segments.get(_JPEG_SCAN[1])) is None:
        raise ImageMalformed("no scan of the one frame", field="SOS")
    if (scans := data.count(_JPEG_SCAN, first)) > _MAX_SCANS:
        raise ImageTooLarge(f"{scans} scans", field="SOS", advice=f"at most {_MAX_SCANS}")
    if data.rfind(_END, first) <= data.rfind(_JPEG_SCAN):
        raise ImageMalformed("no end", field="EOI", advice="the file is cut off or damaged")


def _jp2_header(data: bytes) -> ImageHeader:
    """Of the codestream box (15444-1 §I.4): the codestream's own SIZ is what a decoder obeys."""
    return _siz(_jp2_codestream(data), "JP2")


def _jp2_codestream(data: bytes) -> bytes:
    at = 0
    for _ in range(_MAX_BOXES):
        length, kind = struct.unpack_from(">I4s", data, at)
        begin = at + 8
        if length == 1:  # extended length
            (length,) = struct.unpack_from(">Q", data, begin)
            begin += 8
        end = len(data) if length == 0 else at + length
        if end > len(data) or end < begin:
            raise ImageMalformed("a box reaches beyond the data", field=f"byte {at}")
        if kind == b"jp2c":
            return data[begin:end]
        at = end
    raise ImageMalformed("no codestream", field="jp2c")


def _j2k_header(data: bytes) -> ImageHeader:
    return _siz(data, "J2K")


def _siz(data: bytes, kind: str) -> ImageHeader:
    """The SIZ marker segment (15444-1 §A.5.1): reference grid, tiles, and each component's depth."""
    if not data.startswith(_CODESTREAM):
        raise ImageMalformed("a codestream must start with SOC and SIZ", field="SOC")
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">8IH", data, 8
    )
    if left >= right or top >= bottom or not 1 <= components <= 4:
        raise ImageMalformed("a size that cannot be", field="SIZ")
    if not tile_width or not tile_height or tile_left > left or tile_top > top:
        raise ImageMalformed("tiles that cannot be", field="SIZ")
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    if tiles > _MAX_TILES:
        raise ImageTooLarge(f"{tiles} tiles", field="SIZ")
    depths: set[int] = set()
    for number in range(components):
        depth, step_x, step_y = struct.unpack_from(">BBB", data, 42 + 3 * number)
        if not step_x or not step_y:
            raise ImageMalformed("a sampling that cannot be", field="SIZ")
        depths.add((depth & 0x7F) + 1)
    return ImageHeader(kind, right - left, bottom - top, components, max(depths))


def _jp2_end(data: bytes, most: int) -> None:
    _j2k_end(_jp2_codestream(data), most)


def _j2k_end(data: bytes, _most: int) -> None:
    # Some encoders and readers pad with zeros behind the end marker.
    if not data.rstrip(b"\x00").endswith(_END):
        raise ImageMalformed("no end", field="EOC", advice="the file is cut off or damaged")


def _tiff_header(data: bytes) -> ImageHeader:
    """ImageWidth and ImageLength of the first directory (TIFF 6.0 §2)."""
    found = _tiff_directory(data)
    if _TIFF_WIDTH not in found or _TIFF_HEIGHT not in found:
        raise ImageMalformed("no size", field="ImageWidth")
    samples, bits = found.get(_TIFF_SAMPLES, 1), found.get(_TIFF_BITS, 1)
    return ImageHeader("TIFF", found[_TIFF_WIDTH], found[_TIFF_HEIGHT], samples, bits)


def _tiff_layout(data: bytes, most: int) -> None:
    found = _tiff_directory(data)
    bits, samples = found.get(_TIFF_BITS, 1), found.get(_TIFF_SAMPLES, 1)
    if bits > 16:
        raise ImageUnsupported(f"{bits} bits", field="BitsPerSample", advice="8 or 16 bits, unsigned")
    if samples > 4:
        raise ImageUnsupported(f"{samples} samples", field="SamplesPerPixel", advice="at most 4")
    if (compression := found.get(_TIFF_COMPRESSION, 1)) not in _LOSSLESS:
        raise ImageUnsupported(
            f"compression {compression}", field="Compression", advice="LZW, deflate or none"
        )
    width, height = (found.get(tag, 1) for tag in _TIFF_TILE)
    if width * height > most:
        raise ImageTooLarge(f"tiles of {width} x {height} pixels", field="TileWidth")


def _tiff_directory(data: bytes) -> dict[int, int]:
    """The entries of the first directory that say how large the image is; of several values the largest."""
    order = "<" if data[:2] == b"II" else ">"
    offset = struct.unpack(f"{order}I", data[4:8])[0]
    count = struct.unpack(f"{order}H", data[offset : offset + 2])[0]
    if count > _MAX_ENTRIES:
        raise ImageTooLarge(f"{count} entries", field="IFD")
    found: dict[int, int] = {}
    for index in range(count):
        entry = data[offset + 2 + 12 * index : offset + 14 + 12 * index]
        tag, kind, values = struct.unpack(f"{order}HHI", entry[:8])
        if tag not in _TIFF_TAGS:
            continue
        if tag in found or kind not in _TIFF_KINDS or not 1 <= values <= 16:
            raise ImageMalformed("is there twice, or of a wrong type or count", field=f"tag {tag}")
        layout = struct.Struct(f"{order}{values}{_TIFF_KINDS[kind]}")
        if layout.size > 4:  # longer values are elsewhere (§2, Value/Offset)
            at = struct.unpack(f"{order}I", entry[8:12])[0]
            found[tag] = max(layout.unpack(data[at : at + layout.size]))
        else:
            found[tag] = max(layout.unpack(entry[8 : 8 + layout.size]))
    return found


_HEADERS: Mapping[bytes, Callable[[bytes], ImageHeader]] = MappingProxyType(
    {
        _PNG: _png_header,
        _JPEG: _jpeg_header,
        b"II*\x00": _tiff_header,
        b"MM\x00*": _tiff_header,
        _JP2: _jp2_header,
        _CODESTREAM: _j2k_header,
    }
)
_CHECKS: Mapping[str, Callable[[bytes, int], None]] = MappingProxyType(
    {"PNG": _png_chunks, "JPEG": _jpeg_scans, "TIFF": _tiff_layout, "JP2": _jp2_end, "J2K": _j2k_end}
)
