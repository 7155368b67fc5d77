"""EF.COM, DG1 and DG2 (Doc 9303-10 §4.6.1, §4.7.1, §4.7.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from gate_simulators.chip import ber

LDS_VERSION = "0107"
UNICODE_VERSION = "040000"

DATA_GROUP_TAGS: Mapping[int, int] = {
    number: tag
    for number, tag in enumerate(
        (0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70), 1
    )
}
"""Application tag of each data group (Doc 9303-10 §4)."""

_FACIAL_FEATURES = b"\x02"  # biometric type, ISO/IEC 19785-3
_ICAO_FORMAT_OWNER = b"\x01\x01"  # ISO/IEC JTC 1/SC 37
_FACE_FORMAT = b"\x00\x08"  # ISO/IEC 19794-5
_FACE_39794_FORMAT = b"\x00\x2a"  # ISO/IEC 39794-5


def ef_com(data_groups: Iterable[int], lds_version: str = LDS_VERSION) -> bytes:
    """Versions and the list of data groups present."""
    return ber.encode(
        0x60,
        ber.encode(0x5F01, lds_version.encode()),
        ber.encode(0x5F36, UNICODE_VERSION.encode()),
        ber.encode(0x5C, bytes(DATA_GROUP_TAGS[number] for number in sorted(data_groups))),
    )


def dg1(lines: Iterable[str]) -> bytes:
    """The machine readable zone's lines, one behind the other."""
    return ber.encode(DATA_GROUP_TAGS[1], ber.encode(0x5F1F, "".join(lines).encode("ascii")))


def dg2(facial_record: bytes, made: datetime) -> bytes:
    """One face in the biometric information group template (CBEFF patron format of ISO/IEC 7816-11)."""
    header = ber.encode(
        0xA1,
        ber.encode(0x80, b"\x01\x01"),  # patron header version
        ber.encode(0x81, _FACIAL_FEATURES),
        ber.encode(0x82, b"\x00"),  # no subtype for a face
        ber.encode(0x83, bytes.fromhex(f"{made:%Y%m%d%H%M%S}")),  # binary coded decimal
        ber.encode(0x87, _ICAO_FORMAT_OWNER),
        ber.encode(0x88, _FACE_FORMAT),
    )
    template = ber.encode(0x7F60, header, ber.encode(0x5F2E, facial_record))
    return ber.encode(DATA_GROUP_TAGS[2], ber.encode(0x7F61, ber.encode(0x02, b"\x01"), template))


def dg2_iso39794(face_image_data_block: bytes) -> bytes:
    """One face in ISO/IEC 39794-5 (Doc 9303-10 §4.7.2): a constructed biometric data block."""
    header = ber.encode(0xA1, ber.encode(0x87, _ICAO_FORMAT_OWNER), ber.encode(0x88, _FACE_39794_FORMAT))
    block = ber.encode(0x7F2E, ber.encode(0xA1, face_image_data_block))
    template = ber.encode(0x7F60, header, block)
    return ber.encode(DATA_GROUP_TAGS[2], ber.encode(0x7F61, ber.encode(0x02, b"\x01"), template))
