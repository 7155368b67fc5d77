"""Which attributes a DICOS V03 object must have (NEMA IIC 1 v03), as tables that writer, reader and linter
share.

Types are DICOM's: 1 = present with a value, 2 = present but perhaps empty. An attribute that DICOS redefines
(same tag as DICOM, other VR or meaning) has ``vr`` as DICOS has it. Groups without a DICOS dictionary entry
in pydicom are named here. Every requirement was confirmed against an independent industry implementation by
leaving the attribute out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR

SOP_CT: Final = "1.2.840.10008.5.1.4.1.1.501.1"
SOP_DX_PRESENTATION: Final = "1.2.840.10008.5.1.4.1.1.501.2.1"
SOP_DX_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.501.2.2"
SOP_TDR: Final = "1.2.840.10008.5.1.4.1.1.501.3"

KINDS: Mapping[str, str] = MappingProxyType(
    {SOP_CT: "CT", SOP_DX_PRESENTATION: "DX", SOP_DX_PROCESSING: "DX", SOP_TDR: "TDR"}
)
"""SOP class to IOD. Peers also propose 501.1.1 to 501.1.3 for CT."""
CT_VARIANTS: Final = tuple(f"{SOP_CT}.{n}" for n in (1, 2, 3))

IMAGE_ORIGIN: Final = 0x00080118
COORDINATE_SYSTEM: Final = 0x00082108
EFFECTIVE_ENERGY: Final = 0x43000902
META_DICOS_VERSION: Final = 0x00020004
NUMBER_OF_FRAMES: Final = 0x00280008
PTO_START: Final = 0x40101080
PTO_END: Final = 0x40101081
PTO_TOTAL_MS: Final = 0x40101082
IMAGE_SCALE: Final = 0x40101075

_OWN: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        IMAGE_ORIGIN: ("ImageOrigin", "CS"),
        NUMBER_OF_FRAMES: ("NumberOfFrames", "US"),
        COORDINATE_SYSTEM: ("CoordinateSystem", "CS"),
        EFFECTIVE_ENERGY: ("EffectiveEnergy", "FL"),
        PTO_START: ("PTOProcessingStartTime", "DT"),
        PTO_END: ("PTOProcessingEndTime", "DT"),
        PTO_TOTAL_MS: ("PTOProcessingTotalTime", "FL"),
        IMAGE_SCALE: ("ImageScaleRepresentation", "FD"),
    }
)
"""What pydicom's dictionary does not know, or has with DICOM's VR."""

VERSIONS: Final = ("V02", "V02A", "V03")
MAX_LINTED_ITEMS: Final = 512


@dataclass(frozen=True, slots=True)
class Attribute:
    """One requirement. `values` are the enumerated ones, where the standard enumerates."""

    tag: int
    type: str = "1"
    values: tuple[str, ...] = ()
    items: tuple[Attribute, ...] = ()

    @property
    def keyword(self) -> str:
        return keyword(self.tag)

    @property
    def vr(self) -> str:
        return vr(self.tag)


def keyword(tag: int) -> str:
    """DICOS's keyword, else DICOM's, else nothing."""
    if tag in _OWN:
        return _OWN[tag][0]
    return dictionary_keyword(tag) if dictionary_has_tag(tag) else ""


def vr(tag: int) -> str:
    """DICOS's value representation, else DICOM's. `UN` when neither knows the tag."""
    if tag in _OWN:
        return _OWN[tag][1]
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"


def shown(tag: int) -> str:
    """``(0018,0060) KVP``."""
    name = keyword(tag)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})" + (f" {name}" if name else "")


def _rows(type_: str, *tags: int) -> tuple[Attribute, ...]:
    return tuple(Attribute(tag, type_) for tag in tags)


OOI_TYPES: Final = ("CARGO", "BAGGAGE", "PERSON", "BIO_SAMPLE", "ANIMAL", "OTHER")
ACQUISITION_STATUS: Final = (
    "SUCCESSFUL",
    "JAM",
    "OVERSIZE",
    "SLIP",
    "INCOMPLETE",
    "CUT",
    "MERGED",
    "STITCHED",
)
TDR_TYPES: Final = ("MACHINE", "OPERATOR", "GROUND TRUTH", "AGGREGATE", "UNDEFINED")
ASSESSMENT_FLAGS: Final = ("HIGH_THREAT", "THREAT", "NO_THREAT")
THREAT_CATEGORIES: Final = (
    "EXPLOSIVE",
    "PI",
    "CONTRABAND",
    "ANOMALY",
    "LAPTOP",
    "OTHER",
    "PHARMACEUTICAL",
)
ABILITIES: Final = ("NO_INTERFERENCE", "SHIELD")

# SOP Common, Object of Inspection, General Scan (study), General Series, General Equipment modules.
COMMON: Final = (
    *_rows("1", 0x00080012, 0x00080013, 0x00080016, 0x00080018),
    *_rows("1", 0x00080020, 0x00080021, 0x00080023, 0x00080030, 0x00080031, 0x00080033),
    *_rows("2", 0x00080070, 0x00080080, 0x00080081, 0x00081010, 0x00081090, 0x00181000, 0x00181020),
    *_rows("1", 0x00100020, 0x00100021),
    Attribute(0x00100022, "1", ("TEXT", "RFID", "BARCODE", "MRP")),
    *_rows("1", 0x00181200, 0x00181201),
    *_rows("1", 0x0020000D, 0x0020000E, 0x00200010, 0x00200013),
    Attribute(0x4010103A, "1", VERSIONS),
    Attribute(0x40101042, "1", OOI_TYPES),
    Attribute(0x40101044, "1", ACQUISITION_STATUS),
    Attribute(0x40101048, "1"),
)

# Image Pixel macro (NEMA IIC 1, as DICOM PS3.3 C.7.6.3).
PIXELS: Final = (
    Attribute(0x00280002, "1", ("1",)),
    Attribute(0x00280004, "1", ("MONOCHROME1", "MONOCHROME2")),
    *_rows("1", 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102),
    Attribute(0x00280103, "1", ("0", "1")),
    Attribute(0x00280301, "1", ("YES", "NO")),
    *_rows("1", 0x7FE00010),
)

DX: Final = (
    *COMMON,
    *_rows("1", 0x00080008),
    Attribute(0x00080060, "1", ("XRAY",)),
    Attribute(0x00080068, "1", ("FOR PROCESSING", "FOR PRESENTATION")),
    Attribute(IMAGE_ORIGIN),
    Attribute(COORDINATE_SYSTEM),
    *_rows("1", 0x00180060),
    *_rows("2", 0x00187004),
    *_rows("1", 0x00188151, 0x00189309, 0x00200032, 0x00200037),
    *PIXELS,
    Attribute(0x00281040, "1", ("LIN", "LOG")),
    Attribute(0x00281041, "1", ("1", "-1")),
    Attribute(0x00281052, "1", ("0",)),
    Attribute(0x00281053, "1", ("1",)),
    *_rows("1", 0x00281054),
    Attribute(0x00282110, "1", ("00", "01")),
    *_rows("2", 0x00400555),
    *_rows("1", 0x40101062),
    Attribute(EFFECTIVE_ENERGY),
    Attribute(0x20500020, "1", ("IDENTITY", "INVERSE")),
)

CT: Final = (
    *COMMON,
    *_rows("1", 0x00080008, 0x0008002A),
    Attribute(0x00080060, "1", ("CT",)),
    Attribute(IMAGE_ORIGIN),
    Attribute(COORDINATE_SYSTEM),
    *_rows("1", 0x00089205, 0x00089206, 0x00089207, 0x00189073, 0x00200052),
    *_rows("2", 0x00201040),
    Attribute(NUMBER_OF_FRAMES),
    *PIXELS,
    *_rows("2", 0x00400555),
    Attribute(0x20500020, "1", ("IDENTITY", "INVERSE")),
    Attribute(
        0x52009229,
        items=(
            Attribute(0x00209116, items=_rows("1", 0x00200037)),
            Attribute(0x00289110, items=_rows("1", 0x00180050, 0x00280030)),
            Attribute(0x00289145, items=_rows("1", 0x00281052, 0x00281053, 0x00281054)),
        ),
    ),
    Attribute(0x52009230, items=(Attribute(0x00209113, items=_rows("1", 0x00200032)),)),
)

PTO: Final = (
    *_rows("1", 0x40101010),
    Attribute(
        0x40101037,
        items=(
            Attribute(0x0008114A, items=_rows("1", 0x00081150, 0x00081155)),
            Attribute(0x40101001, items=_rows("1", 0x40101004, 0x40101005, 0x40101006)),
        ),
    ),
    Attribute(
        0x40101038,
        items=(
            Attribute(0x40101012, "1", THREAT_CATEGORIES),
            Attribute(0x40101014, "1", ABILITIES),
            Attribute(0x40101015, "1", ASSESSMENT_FLAGS),
            *_rows("1", 0x40101016),
        ),
    ),
)
"""One Potential Threat Object (an item of the Threat Sequence)."""

TDR: Final = (
    *COMMON,
    Attribute(0x00080060, "1", ("TDR",)),
    Attribute(0x00081110, "2", items=_rows("1", 0x00081150, 0x00081155)),
    *_rows("1", 0x00200052),
    *_rows("2", 0x00201040),
    Attribute(0x40101011, "2", items=PTO),
    Attribute(0x40101024, "1", ("SUCCESS", "ABORT")),
    Attribute(0x40101027, "1", TDR_TYPES),
    *_rows("1", 0x40101029, 0x4010102B),
    Attribute(0x40101031, "1", ("ALARM", "CLEAR")),
    *_rows("1", 0x40101033, 0x40101034, 0x40101069),
    Attribute(0x4010106D, "1", ("YES", "NO")),
    Attribute(IMAGE_SCALE),
)

REQUIREMENTS: Mapping[str, tuple[Attribute, ...]] = MappingProxyType({"DX": DX, "CT": CT, "TDR": TDR})
