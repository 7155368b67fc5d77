"""The data groups that states may add (Doc 9303-10 §4.7.3 to §4.7.16), filled with invented contents.

Fingerprints and irises are drawn, not taken from anybody.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gate_simulators.chip import ber
from gate_simulators.issuer.data_groups import DATA_GROUP_TAGS

_FINGER, _IRIS = b"\x08", b"\x10"  # biometric types, ISO/IEC 19785-3
_FINGER_FORMAT, _IRIS_FORMAT = b"\x00\x07", b"\x00\x09"  # ISO/IEC 19794-4 and -6
_OWNER = b"\x01\x01"  # ISO/IEC JTC 1/SC 37
_RIGHT_INDEX, _LEFT_INDEX = b"\x09", b"\x0a"  # biometric subtypes, ISO/IEC 7816-11
_RIGHT_EYE, _LEFT_EYE = b"\x01", b"\x02"


def dg3(seed: int) -> bytes:
    """Two index fingers, each in a template of its own (ISO/IEC 19794-4:2005)."""
    fingers = ((_RIGHT_INDEX, 2), (_LEFT_INDEX, 7))
    return _biometric_groups(
        3,
        [
            _template(_FINGER, subtype, _FINGER_FORMAT, _finger_record(position, _ridges(seed + position)))
            for subtype, position in fingers
        ],
    )


def dg4(seed: int) -> bytes:
    """Both irises (ISO/IEC 19794-6:2005)."""
    eyes = ((_RIGHT_EYE, 1), (_LEFT_EYE, 2))
    return _biometric_groups(
        4,
        [
            _template(_IRIS, subtype, _IRIS_FORMAT, _iris_record(eye, _iris(seed + eye)))
            for subtype, eye in eyes
        ],
    )


def dg5(portrait_jpeg: bytes) -> bytes:
    """The portrait as displayed, JFIF."""
    return _counted(5, ber.encode(0x5F40, portrait_jpeg))


def dg7(seed: int) -> bytes:
    """The usual mark: a drawn signature."""
    return _counted(7, ber.encode(0x5F43, _jpeg(_scribble(seed))))


def dg11(surname: str, given_names: str, born: date, place_of_birth: str) -> bytes:
    """Additional personal details, with another name and a filler in the place of birth."""
    return _with_tag_list(
        11,
        (0x5F0E, f"{surname}<<{given_names.replace(' ', '<')}".encode()),
        (0xA0, ber.encode(0x02, b"\x01") + ber.encode(0x5F0F, f"{surname}<<BEARER".encode())),
        (0x5F10, b"1234567890"),
        (0x5F2B, f"{born:%Y%m%d}".encode()),
        (0x5F11, f"{place_of_birth}<UTOPIA".encode()),
        (0x5F42, b"1 HAUPTSTRASSE<ZENDA"),
        (0x5F13, b"SCHOLAR"),
        (0x5F14, b"DR"),
    )


def dg12(authority: str, issued: date, personalized: datetime) -> bytes:
    """Additional document details."""
    return _with_tag_list(
        12,
        (0x5F19, authority.encode()),
        (0x5F26, f"{issued:%Y%m%d}".encode()),
        (0x5F1B, b"NONE"),
        (0x5F55, f"{personalized:%Y%m%d%H%M%S}".encode()),
        (0x5F56, b"SIMULATOR-1"),
    )


def dg13() -> bytes:
    """Whatever the state likes."""
    return ber.encode(DATA_GROUP_TAGS[13], ber.encode(0x04, b"national data"))


def dg16(recorded: date) -> bytes:
    """One person to notify."""
    person = ber.encode(
        0xA1,
        ber.encode(0x5F50, f"{recorded:%Y%m%d}".encode()),
        ber.encode(0x5F51, b"RASSENDYLL<<RUDOLF"),
        ber.encode(0x5F52, b"15551234567"),
        ber.encode(0x5F53, b"2 HIGH STREET<STRELSAU"),
    )
    return _counted(16, person)


# ---------------------------------------------------------------- structures


def _counted(number: int, *instances: bytes) -> bytes:
    return ber.encode(DATA_GROUP_TAGS[number], ber.encode(0x02, bytes([len(instances)])), *instances)


def _with_tag_list(number: int, *objects: tuple[int, bytes]) -> bytes:
    tags = b"".join(tag.to_bytes(2 if tag > 0xFF else 1, "big") for tag, _ in objects)
    encoded = (ber.encode(tag, value) for tag, value in objects)
    return ber.encode(DATA_GROUP_TAGS[number], ber.encode(0x5C, tags), *encoded)


def _biometric_groups(number: int, templates: list[bytes]) -> bytes:
    group = ber.encode(0x7F61, ber.encode(0x02, bytes([len(templates)])), *templates)
    return ber.encode(DATA_GROUP_TAGS[number], group)


def _template(kind: bytes, subtype: bytes, format_type: bytes, record: bytes) -> bytes:
    """Biometric information template (CBEFF patron format of ISO/IEC 7816-11)."""
    objects: Mapping[int, bytes] = {
        0x80: b"\x01\x01",
        0x81: kind,
        0x82: subtype,
        0x87: _OWNER,
        0x88: format_type,
    }
    header = ber.encode(0xA1, *(ber.encode(tag, value) for tag, value in objects.items()))
    return ber.encode(0x7F60, header, ber.encode(0x5F2E, record))


def _finger_record(position: int, image: NDArray[np.uint8]) -> bytes:
    """ISO/IEC 19794-4:2005 §7: general header of 32 octets, finger header of 14, the image."""
    coded = _jpeg2000(image)
    height, width = image.shape
    view = struct.pack(">IBBBBBHHB", 14 + len(coded), position, 1, 1, 80, 0, width, height, 0)
    general = struct.pack(
        ">HHBBHHHHBBH", 0, 31, 1, 2, 197, 197, 197, 197, 8, 4, 0
    )  # level 31, one finger, pixels per cm, 8 bits, JPEG 2000
    total = 8 + 6 + len(general) + len(view) + len(coded)
    return b"FIR\x00010\x00" + total.to_bytes(6, "big") + general + view + coded


def _iris_record(eye: int, image: NDArray[np.uint8]) -> bytes:
    """ISO/IEC 19794-6:2005 §6: record header of 45 octets, eye header of 3, image header of 11."""
    coded = _jpeg2000(image)
    height, width = image.shape
    image_header = struct.pack(">HBHHI", 1, 80, 0xFFFF, 0xFFFF, len(coded))
    eye_header = struct.pack(">BH", eye, 1)
    body = eye_header + image_header + coded
    fields = struct.pack(
        ">HBHHHHHHBB16s", 0, 1, 45, 0, 0, 0x000E, width, height, 8, 0, b"SIMULATED IRIS 1"
    )  # one eye, mono JPEG 2000
    return b"IIR\x00010\x00" + (12 + len(fields) + len(body)).to_bytes(4, "big") + fields + body


# ---------------------------------------------------------------- drawings


def _ridges(seed: int) -> NDArray[np.uint8]:
    """Wavy lines around a core, such as a finger has."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:300, 0:220].astype(float)
    core_x, core_y = 110 + random.uniform(-15, 15), 150 + random.uniform(-20, 20)
    distance = np.hypot(x - core_x, (y - core_y) * random.uniform(0.6, 0.9))
    phase = distance / random.uniform(1.2, 1.6) + random.uniform(2, 4) * np.arctan2(y - core_y, x - core_x)
    return (127 + 100 * np.sin(phase)).astype(np.uint8)


def _iris(seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:240, 0:320].astype(float)
    radius, angle = np.hypot(x - 160, y - 120), np.arctan2(y - 120, x - 160)
    fibres = sum(np.sin(k * angle + random.uniform(0, 6.28)) for k in range(5, 60, 7))
    picture = np.where(radius < 35, 10, np.where(radius < 95, 110 + 8 * fibres, 230))
    return np.clip(picture, 0, 255).astype(np.uint8)


def _scribble(seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    t = np.linspace(0, 1, 4000)
    x = 20 + 260 * t + 12 * np.sin(random.uniform(30, 50) * t)
    y = 50 + 25 * np.sin(random.uniform(20, 30) * t) * np.cos(random.uniform(5, 9) * t)
    picture = np.full((100, 300), 255, np.uint8)
    picture[y.astype(int), np.clip(x, 0, 299).astype(int)] = 0
    return picture


def _jpeg2000(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG2000", quality_mode="rates", quality_layers=[12])
    return out.getvalue()


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=80)
    return out.getvalue()
