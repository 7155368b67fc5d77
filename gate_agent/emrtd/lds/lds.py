"""The logical data structure: EF.COM, DG1 and DG2 (Doc 9303-10 §4.6-4.7).

A face image is an ISO/IEC 19794-5:2005 record or an ISO/IEC 39794-5 data block, inside the biometric
information template of ISO/IEC 7816-11. Every length is checked before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from gate_agent.emrtd.chip.files import ElementaryFile
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds import mrz

EF_COM = ElementaryFile("COM", 0x011E, 0x1E, 0x60, max_size=1024)
EF_SOD = ElementaryFile("SOD", 0x011D, 0x1D, 0x77)
EF_DG1 = ElementaryFile("DG1", 0x0101, 0x01, 0x61, max_size=1024)
EF_DG2 = ElementaryFile("DG2", 0x0102, 0x02, 0x75, max_size=1 << 18)

# Doc 9303-10 Table 35: tag of the file -> number of the data group.
DATA_GROUP_TAGS = {
    0x61: 1,
    0x75: 2,
    0x63: 3,
    0x76: 4,
    0x65: 5,
    0x66: 6,
    0x67: 7,
    0x68: 8,
    0x69: 9,
    0x6A: 10,
    0x6B: 11,
    0x6C: 12,
    0x6D: 13,
    0x6E: 14,
    0x6F: 15,
    0x70: 16,
}


@dataclass(frozen=True, slots=True)
class CommonData:
    """EF.COM: versions and the data groups that the chip says it has. Not signed by anybody."""

    lds_version: str
    unicode_version: str
    data_groups: tuple[int, ...]


class ImageFormat(StrEnum):
    JPEG = "image/jpeg"
    JP2 = "image/jp2"
    JPEG2000_CODESTREAM = "image/x-jp2-codestream"


# How each format begins: ISO/IEC 10918-1 B.1.1.3, ISO/IEC 15444-1 I.5.1 and A.4.1.
_SIGNATURES = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", ImageFormat.JP2),
    (b"\xff\x4f\xff\x51", ImageFormat.JPEG2000_CODESTREAM),
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """The holder's picture as stored, 0 by 0 where its size is not said. Held for one transaction only."""

    image: bytes = field(repr=False)
    format: ImageFormat
    width: int
    height: int


@contextmanager
def _reading(file: ElementaryFile) -> Generator[None]:
    """Turns what the codecs say into an error that names the file."""
    try:
        yield
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.{file.name} {error.field}") from error
    except (mrz.MrzError, UnicodeDecodeError) as error:
        where = error.field if isinstance(error, mrz.MrzError) else "mrz"
        raise FileError(str(error), field=f"EF.{file.name} {where}") from error


def parse_com(raw: bytes) -> CommonData:
    """EF.COM (§4.6.1). Raises FileError."""
    with _reading(EF_COM):
        outer = tlv.parse_one(raw, EF_COM.tag, limits=tlv.Limits(size=EF_COM.max_size))
        tags = outer.require(0x5C).value
        unknown = [tag for tag in tags if tag not in DATA_GROUP_TAGS]
        if unknown:
            raise FileError(f"lists unknown tag {unknown[0]:02X}", field="EF.COM tag 5C")
        return CommonData(
            lds_version=_digits(outer, 0x5F01, 4),
            unicode_version=_digits(outer, 0x5F36, 6),
            data_groups=tuple(sorted({DATA_GROUP_TAGS[tag] for tag in tags})),
        )


def _digits(outer: tlv.Tlv, tag: int, length: int) -> str:
    value = outer.require(tag).value
    if len(value) != length or not value.isdigit():
        raise FileError(f"is not {length} digits", field=f"EF.COM tag {tag:04X}")
    return value.decode("ascii")


def parse_dg1(raw: bytes) -> mrz.Mrz:
    """DG1 (§4.7.1): the zone, stored without line breaks and never repaired. Raises FileError."""
    with _reading(EF_DG1):
        outer = tlv.parse_one(raw, EF_DG1.tag, limits=tlv.Limits(size=EF_DG1.max_size))
        text = outer.require(0x5F1F).value.decode("ascii")
        return mrz.parse(mrz.split_lines(text), repair=False)


def parse_dg2(raw: bytes) -> Portrait:
    """The first face image of DG2 (§4.7.2). Raises FileError."""
    with _reading(EF_DG2):
        outer = tlv.parse_one(raw, EF_DG2.tag, limits=tlv.Limits(size=EF_DG2.max_size))
        group = outer.require(0x7F61)
        count = group.require(0x02).value
        if len(count) != 1 or not 1 <= count[0] <= 9:
            raise FileError("the number of faces is not 1 to 9", field="EF.DG2 tag 02")
        template = group.require(0x7F60)
        block = template.find(0x5F2E) or template.require(0x7F2E)
        if block.value.startswith(b"FAC"):
            return _parse_face_record(block.value)
        return _parse_face_data_block(block.value)


# ISO/IEC 19794-5:2005 §5.3-5.7: record header, facial information, image information (big endian).
_RECORD_HEADER = struct.Struct(">4s4sIH")
_FACIAL_INFORMATION = struct.Struct(">IHBBB3sH3s3s")
_FEATURE_POINT_LENGTH = 8
_IMAGE_INFORMATION = struct.Struct(">BBHHBBHH")


def _parse_face_record(record: bytes) -> Portrait:
    where = "EF.DG2 face record"
    if len(record) < _RECORD_HEADER.size + _FACIAL_INFORMATION.size + _IMAGE_INFORMATION.size:
        raise FileError(f"{len(record)} bytes are too few", field=where)
    magic, version, length, images = _RECORD_HEADER.unpack_from(record)
    if magic != b"FAC\x00" or not version.startswith(b"0"):
        raise FileError("is not an ISO/IEC 19794-5 record", field=where)
    if length != len(record) or images < 1:
        raise FileError(f"says {length} bytes and {images} images, has {len(record)} bytes", field=where)
    position = _RECORD_HEADER.size
    block_length, points = _FACIAL_INFORMATION.unpack_from(record, position)[:2]
    end = position + block_length
    image_header = position + _FACIAL_INFORMATION.size + points * _FEATURE_POINT_LENGTH
    image_start = image_header + _IMAGE_INFORMATION.size
    if not image_start < end <= len(record):
        raise FileError("the lengths of its first image contradict each other", field=where)
    _, _, width, height, *_ = _IMAGE_INFORMATION.unpack_from(record, image_header)
    image = record[image_start:end]
    return Portrait(image, image_format(image), width, height)


_FACE_IMAGE_DATA_BLOCK = 0x65  # [APPLICATION 5], ISO/IEC 39794-5 §8.1
_DATA_BLOCK_LIMITS = tlv.Limits(size=EF_DG2.max_size, depth=12)


def _parse_face_data_block(block: bytes) -> Portrait:
    """ISO/IEC 39794-5 as Doc 9303 profiles it: one representation, one 2D image, in DER."""
    (outer,) = tlv.parse(block, limits=_DATA_BLOCK_LIMITS)[:1] or (None,)
    if outer is None or outer.tag not in (0xA1, _FACE_IMAGE_DATA_BLOCK):
        raise FileError("holds neither kind of face record", field="EF.DG2 biometric data block")
    face = outer if outer.tag == _FACE_IMAGE_DATA_BLOCK else outer.require(_FACE_IMAGE_DATA_BLOCK)
    representation = face.require(0xA1).require(0x30)
    image_2d = representation.require(0xA1).require(0xA0).require(0xA0)
    image = image_2d.require(0x80).value
    size = image_2d.require(0xA1).find(0xA7)
    width, height = (0, 0) if size is None else (_small(size, 0x80), _small(size, 0x81))
    return Portrait(image, image_format(image), width, height)


def _small(parent: tlv.Tlv, tag: int) -> int:
    value = parent.require(tag).value
    if len(value) > 3:
        raise FileError("is not a size of an image", field=f"EF.DG2 tag {tag:02X}")
    return int.from_bytes(value, "big")


def image_format(image: bytes) -> ImageFormat:
    """The format by its first bytes; what the record's type field says is often wrong."""
    for signature, found in _SIGNATURES:
        if image.startswith(signature):
            return found
    raise FileError("is neither JPEG nor JPEG 2000", field="EF.DG2 image")
