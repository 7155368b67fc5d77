"""DICOS V03 Threat Detection Reports (NEMA IIC 1 v03, TDR IOD): what a machine or an operator found in a
scan.

A report refers to the scan's instances; each Potential Threat Object has a region in their pixels (base and
extents in voxels x, y, z; a bitmap with the first voxel in the least significant bit) and an assessment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from gate_agent.scans.dicos_attributes import (
    ABILITIES,
    ASSESSMENT_FLAGS,
    IMAGE_SCALE,
    PTO_END,
    PTO_START,
    PTO_TOTAL_MS,
    SOP_DX_PROCESSING,
    SOP_TDR,
    TDR_TYPES,
    THREAT_CATEGORIES,
    shown,
)
from gate_agent.scans.dicos_file import guarded, items, number, open_dicos, text, texts, value, whole
from gate_agent.scans.dicos_header import Equipment, Scan, header, save
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported
from gate_agent.scans.image import MAX_SIDE, Mask

MAX_OBJECTS: Final = 256
MAX_REGION_PIXELS: Final = 4_000_000
_PROBABILITY_UNKNOWN: Final = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class ThreatObject:
    """One Potential Threat Object. `bitmap` covers the region (rows, columns); None is "all of it".

    `probability` is None when the algorithm gives none; `mass_g` and `density` (g/cm³) 0 when not known.
    """

    identifier: int
    column: int
    row: int
    width: int
    height: int
    category: str
    flag: str
    description: str
    probability: float | None = None
    ability: str = "NO_INTERFERENCE"
    mass_g: float = 0.0
    density: float = 0.0
    bitmap: Mask | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ThreatReport:
    """A whole TDR. `references` are the SOP Instance UIDs of the scan's images; `scale` is millimetres a
    pixel."""

    container: str
    study_uid: str
    references: tuple[str, ...]
    objects: tuple[ThreatObject, ...]
    algorithm: tuple[str, ...]
    tdr_type: str = "MACHINE"
    processing_ms: float = 0.0
    scale: float = 1.0
    operator: str = ""
    abort_reason: str = ""
    instance_uid: str = ""
    decided_at: str = ""

    @property
    def alarm(self) -> bool:
        return any(found.flag != "NO_THREAT" for found in self.objects)


def write_tdr(report: ThreatReport, path: Path, *, scan: Scan, equipment: Equipment, at: datetime) -> None:
    """Write one report. Raises ScanMalformed when it contradicts itself."""
    _check(report)
    dataset = header(SOP_TDR, scan, equipment, at, modality="TDR")
    dataset.ReferencedStudySequence = [_reference(uid) for uid in report.references]
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PositionReferenceIndicator = ""
    dataset.ThreatSequence = [_threat(found, report, at) for found in report.objects]
    dataset.AbortFlag = "ABORT" if report.abort_reason else "SUCCESS"
    if report.abort_reason:
        dataset.AbortReason = report.abort_reason
    dataset.TDRType = report.tdr_type
    if report.operator:
        dataset.OperatorIdentificationSequence = [_operator(report.operator)]
    dataset.ThreatDetectionAlgorithmAndVersion = list(report.algorithm)
    dataset.AlarmDecisionTime = f"{at.astimezone(UTC):%Y%m%d%H%M%S.%f}+0000"
    dataset.AlarmDecision = "ALARM" if report.alarm else "CLEAR"
    dataset.NumberOfTotalObjects = len(report.objects)
    dataset.NumberOfAlarmObjects = sum(found.flag != "NO_THREAT" for found in report.objects)
    dataset.TotalProcessingTime = report.processing_ms
    dataset.AdditionalScreeningPerformed = "NO"
    dataset.add_new(IMAGE_SCALE, "FD", report.scale)
    save(dataset, path)


def _check(report: ThreatReport) -> None:
    if report.tdr_type not in TDR_TYPES:
        raise ScanMalformed(f"{report.tdr_type!r}", field=shown(0x40101027), advice=", ".join(TDR_TYPES))
    if report.tdr_type == "OPERATOR" and not report.operator:
        raise ScanMalformed("an operator's report without operator", field=shown(0x00081072))
    if not report.scale > 0:
        raise ScanMalformed("must be greater than 0", field=shown(IMAGE_SCALE))
    if not report.references:
        raise ScanMalformed("refers to no image", field=shown(0x00081110))
    if len(report.objects) > MAX_OBJECTS:
        raise ScanTooLarge(f"{len(report.objects)} objects", field=shown(0x40101011))
    if len({found.identifier for found in report.objects}) != len(report.objects):
        raise ScanMalformed("two objects share an identifier", field=shown(0x40101010))
    for found in report.objects:
        _check_object(found)


def _check_object(found: ThreatObject) -> None:
    for tag, word, words in (
        (0x40101012, found.category, THREAT_CATEGORIES),
        (0x40101015, found.flag, ASSESSMENT_FLAGS),
        (0x40101014, found.ability, ABILITIES),
    ):
        if word not in words:
            raise ScanMalformed(f"{word[:32]!r}", field=shown(tag), advice=", ".join(words))
    if min(found.column, found.row) < 0 or min(found.width, found.height) < 1:
        raise ScanMalformed("a region outside the image", field=shown(0x40101004))
    if found.bitmap is not None and found.bitmap.shape != (found.height, found.width):
        raise ScanMalformed(f"a bitmap of {found.bitmap.shape}", field=shown(0x40101006))


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = SOP_DX_PROCESSING
    item.ReferencedSOPInstanceUID = uid
    return item


def _operator(name: str) -> Dataset:
    """Operator Identification (PS3.3 Table 10-1) with the badge or user id; DICOS needs no name."""
    code, item = Dataset(), Dataset()
    # PS3.3 Table 8.8-1: a code of more than 16 characters has an attribute of its own; cut, it is another's.
    if len(name) > 16:
        code.LongCodeValue = name
    else:
        code.CodeValue = name
    code.CodingSchemeDesignator, code.CodeMeaning = "99LOCAL", name[:64]
    item.PersonIdentificationCodeSequence = [code]
    item.InstitutionName = ""
    return item


def _operator_code(code: Dataset) -> str:
    return text(code, 0x00080119, 64) or text(code, 0x00080100, 16)


def _threat(found: ThreatObject, report: ThreatReport, at: datetime) -> Dataset:
    region, representation, assessment, threat = Dataset(), Dataset(), Dataset(), Dataset()
    region.ThreatROIBase = [float(found.column), float(found.row), 0.0]
    region.ThreatROIExtents = [float(found.width), float(found.height), 1.0]
    bits = np.ones((found.height, found.width), np.bool_) if found.bitmap is None else found.bitmap
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    region.ThreatROIBitmap = packed + b"\0" * (len(packed) % 2)
    representation.ReferencedInstanceSequence = [_reference(uid) for uid in report.references]
    representation.ThreatROIVoxelSequence = [region]
    representation.Mass = found.mass_g
    representation.Density = found.density
    assessment.ThreatCategory = found.category
    assessment.ThreatCategoryDescription = found.description
    assessment.ATDAbilityAssessment = found.ability
    assessment.ATDAssessmentFlag = found.flag
    known = found.probability is not None
    assessment.ATDAssessmentProbability = found.probability if known else _PROBABILITY_UNKNOWN
    threat.PotentialThreatObjectID = found.identifier
    threat.PTORepresentationSequence = [representation]
    threat.ATDAssessmentSequence = [assessment]
    moment = f"{at:%Y%m%d%H%M%S.%f}"
    threat.add_new(PTO_START, "DT", moment)
    threat.add_new(PTO_END, "DT", moment)
    threat.add_new(PTO_TOTAL_MS, "FL", report.processing_ms)
    return threat


def read_tdr(path: Path) -> ThreatReport:
    """One report of any maker. Raises ScanMalformed, ScanUnsupported or ScanTooLarge."""
    opened = open_dicos(path)
    dataset = opened.dataset
    if opened.kind != "TDR":
        raise ScanUnsupported(f"a {opened.kind}", field=shown(0x00080016), advice="a TDR")
    threats = items(dataset, 0x40101011)
    if len(threats) > MAX_OBJECTS:
        raise ScanTooLarge(f"{len(threats)} objects", field=shown(0x40101011))
    if text(dataset, 0x40101031) == "ALARM" and not threats:
        raise ScanMalformed("an ALARM without an object", field=shown(0x40101011))
    operators = [item for each in items(dataset, 0x00081072) for item in items(each, 0x00401101)]
    return ThreatReport(
        container=text(dataset, 0x00100020, 64),
        study_uid=text(dataset, 0x0020000D, 128),
        references=tuple(text(item, 0x00081155, 128) for item in items(dataset, 0x00081110)),
        objects=tuple(_object(threat) for threat in threats),
        algorithm=tuple(texts(dataset, 0x40101029, 64)),
        tdr_type=text(dataset, 0x40101027, 16),
        processing_ms=number(dataset, 0x40101069, 0.0),
        scale=number(dataset, IMAGE_SCALE, 1.0),
        operator=_operator_code(operators[0]) if operators else "",
        abort_reason=text(dataset, 0x40101021, 64),
        instance_uid=text(dataset, 0x00080018, 128),
        decided_at=text(dataset, 0x4010102B, 32),
    )


def _object(threat: Dataset) -> ThreatObject:
    representation = next(iter(items(threat, 0x40101037)), Dataset())
    region = next(iter(items(representation, 0x40101001)), Dataset())
    assessment = next(iter(items(threat, 0x40101038)), Dataset())
    column, row, _ = _triple(region, 0x40101004, low=0.0)
    width, height, depth = _triple(region, 0x40101005, low=1.0)
    probability = number(assessment, 0x40101016, _PROBABILITY_UNKNOWN)
    return ThreatObject(
        identifier=whole(threat, 0x40101010, 0, 65535),
        column=column,
        row=row,
        width=width,
        height=height,
        category=text(assessment, 0x40101012, 16),
        flag=text(assessment, 0x40101015, 16),
        description=text(assessment, 0x40101013, 1024),
        probability=probability if 0 <= probability <= 1 else None,
        ability=text(assessment, 0x40101014, 16),
        mass_g=number(representation, 0x40101017, 0.0),
        density=number(representation, 0x40101018, 0.0),
        bitmap=_bitmap(value(region, 0x40101006), width, height) if depth == 1 else None,
    )


def _triple(region: Dataset, tag: int, low: float) -> tuple[int, int, int]:
    found = value(region, tag)
    if found is None or isinstance(found, str) or len(found) != 3:
        raise ScanMalformed("needs three numbers", field=shown(tag))
    x, y, z = guarded(shown(tag), lambda: tuple(float(part) for part in found))
    if not all(math.isfinite(part) and low <= part <= MAX_SIDE for part in (x, y, z)):
        raise ScanMalformed(f"is not from {low:g} to {MAX_SIDE}", field=shown(tag))
    return int(x), int(y), int(z)


def _bitmap(packed: object, width: int, height: int) -> NDArray[np.bool_] | None:
    if not isinstance(packed, bytes) or not packed:
        return None
    size = width * height
    if size > MAX_REGION_PIXELS:
        raise ScanTooLarge(f"a region of {width} x {height}", field=shown(0x40101005))
    if len(packed) < (size + 7) // 8:
        raise ScanMalformed(f"{len(packed)} bytes for {size} bits", field=shown(0x40101006))
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=size, bitorder="little")
    return bits.astype(np.bool_).reshape(height, width)
