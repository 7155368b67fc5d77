"""The DICOS linter: every missing, empty or wrong attribute of a DX, CT or TDR, named with tag and keyword.

Structural requirements come from :mod:`gate_agent.scans.dicos_attributes`; rules between attributes (an ALARM
needs a threat object, an abort needs its reason) are the functions below. Raises nothing that the file could
cause: what cannot even be opened is a finding as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset

from gate_agent.scans import dicos_file
from gate_agent.scans.dicos_attributes import (
    IMAGE_SCALE,
    MAX_LINTED_ITEMS,
    META_DICOS_VERSION,
    REQUIREMENTS,
    Attribute,
    shown,
)
from gate_agent.scans.dicos_file import DicosFile, items, open_dicos, text
from gate_agent.scans.errors import ScanError

PIXEL_DATA: Final = dicos_file.PIXEL_DATA
MAX_FINDINGS: Final = 1000
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_UID_TAGS: Final = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00200052)


class Severity(StrEnum):
    """``ERROR``: a conforming reader may refuse the object. ``WARNING``: tolerated, but not conforming."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is the path of tags, as ``(4010,1011) ThreatSequence[0] > (4010,1010) …``."""

    severity: Severity
    where: str
    requirement: str
    what: str

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.where}: {self.what} [{self.requirement}]"

    def to_json(self) -> dict[str, str]:
        return {
            "severity": self.severity.value,
            "where": self.where,
            "requirement": self.requirement,
            "what": self.what,
        }


def lint(path: Path) -> list[Finding]:
    """Every finding of one file, at most MAX_FINDINGS."""
    try:
        opened = open_dicos(path)
    except ScanError as error:
        return [Finding(Severity.ERROR, error.field or path.name, "readable", error.what)]
    found: list[Finding] = []
    for finding in _all(opened):
        found.append(finding)
        if len(found) >= MAX_FINDINGS:
            break
    return found


def _all(opened: DicosFile) -> Iterator[Finding]:
    has_pixels = _has_pixels(opened)
    yield from _structure(opened.dataset, REQUIREMENTS[opened.kind], "", has_pixels=has_pixels)
    for rule in (_version, _uids, *_RULES[opened.kind]):
        try:
            yield from rule(opened)
        except ScanError as error:  # a value that the rule needs cannot be decoded
            yield Finding(Severity.ERROR, error.field, "decodable", error.what)


def _has_pixels(opened: DicosFile) -> bool:
    """The header was read without the pixels; encapsulated ones have no length of their own."""
    return opened.pixel_bytes > 0 or (not opened.native and opened.pixel_offset < opened.file_bytes)


def _structure(
    dataset: Dataset, wanted: tuple[Attribute, ...], above: str, *, has_pixels: bool = True
) -> Iterator[Finding]:
    for attribute in wanted:
        where = above + shown(attribute.tag)
        requirement = f"type {attribute.type}, VR {attribute.vr}"
        if attribute.tag == PIXEL_DATA:
            if not has_pixels:
                yield Finding(Severity.ERROR, where, requirement, "is missing")
            continue
        if attribute.tag not in dataset:
            yield Finding(Severity.ERROR, where, requirement, "is missing")
            continue
        yield from _element(dataset, attribute, where, requirement)


def _element(dataset: Dataset, attribute: Attribute, where: str, requirement: str) -> Iterator[Finding]:
    try:
        element = dataset[attribute.tag]
        values = _values(element.value)
        first = _plain(values[0]) if values and attribute.values else ""
    except Exception as error:  # pydicom converts values only now; its errors have no common root
        yield Finding(Severity.ERROR, where, requirement, f"cannot be decoded: {type(error).__name__}")
        return
    if str(element.VR) not in (attribute.vr, "UN") and not _interchangeable(str(element.VR), attribute.vr):
        yield Finding(Severity.ERROR, where, requirement, f"has VR {element.VR}")
    if attribute.items:
        yield from _sequence(dataset, attribute, where, requirement)
    elif attribute.type == "1" and not any(v != "" for v in values):
        yield Finding(Severity.ERROR, where, requirement, "is empty")
    elif attribute.values and values and first not in attribute.values:
        allowed = ", ".join(attribute.values)
        yield Finding(Severity.ERROR, where, f"one of {allowed}", f"is {first[:32]!r}")


def _sequence(dataset: Dataset, attribute: Attribute, where: str, requirement: str) -> Iterator[Finding]:
    inside = items(dataset, attribute.tag)
    if attribute.type == "1" and not inside:
        yield Finding(Severity.ERROR, where, requirement, "has no item")
    for index, item in enumerate(inside[:MAX_LINTED_ITEMS]):
        yield from _structure(item, attribute.items, f"{where}[{index}] > ")


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)


def _plain(value: Any) -> str:
    """A decimal string may be written 1, 1.0 or 1e0. A sequence is not shown: it may hold anything."""
    if isinstance(value, Dataset):
        return "a sequence"
    return f"{float(value):g}" if isinstance(value, (int, float)) else str(value)


def _interchangeable(found: str, wanted: str) -> bool:
    """Implicit VR files and old peers confuse these; readers take both."""
    return {found, wanted} <= {"OB", "OW"} or {found, wanted} <= {"US", "SS", "IS"}


def _version(opened: DicosFile) -> Iterator[Finding]:
    meta = getattr(opened.dataset, "file_meta", None)
    if meta is None or not text(meta, META_DICOS_VERSION):
        yield Finding(Severity.WARNING, "(0002,0004)", "type 1 in the file meta information", "is missing")


def _uids(opened: DicosFile) -> Iterator[Finding]:
    for tag in _UID_TAGS:
        uid = text(opened.dataset, tag)
        if uid and (len(uid) > 64 or not _UID.fullmatch(uid)):
            what = f"{uid[:70]!r} has a component with a leading zero, or is longer than 64 characters"
            yield Finding(Severity.WARNING, shown(tag), "PS3.5 §9.1", what)


# ---------------------------------------------------------------- rules between attributes


def _pixels_fit(opened: DicosFile) -> Iterator[Finding]:
    """Rows x columns x bits must be what the Pixel Data holds."""
    if not opened.native or not opened.pixel_bytes:
        return
    try:
        rows = dicos_file.whole(opened.dataset, 0x00280010, 1, 65535)
        columns = dicos_file.whole(opened.dataset, 0x00280011, 1, 65535)
        frames = dicos_file.whole(opened.dataset, 0x00280008, 1, 65535, default=1)
        allocated = dicos_file.whole(opened.dataset, 0x00280100, 8, 32)
    except ScanError as error:
        yield Finding(Severity.ERROR, error.field, "within its bounds", error.what)
        return
    needed = rows * columns * frames * allocated // 8
    if opened.pixel_bytes not in (needed, needed + 1):  # padded to even length
        what = f"has {opened.pixel_bytes} bytes for {columns} x {rows} x {frames} of {allocated} bits"
        yield Finding(Severity.ERROR, shown(PIXEL_DATA), f"{needed} bytes", what)


def _spacing_is_explained(opened: DicosFile) -> Iterator[Finding]:
    if 0x00280030 in opened.dataset and not text(opened.dataset, 0x00280A04):
        where, need = shown(0x00280A04), "type 1C: when PixelSpacing is present"
        yield Finding(Severity.ERROR, where, need, "is missing")


def _positive(tag: int) -> Callable[[DicosFile], Iterator[Finding]]:
    def rule(opened: DicosFile) -> Iterator[Finding]:
        if tag not in opened.dataset:
            return
        try:
            fits = dicos_file.number(opened.dataset, tag) > 0
        except ScanError:
            fits = False
        if not fits:
            yield Finding(Severity.ERROR, shown(tag), "greater than 0", "is not")

    return rule


def _alarm_has_objects(opened: DicosFile) -> Iterator[Finding]:
    threats = items(opened.dataset, 0x40101011)
    if text(opened.dataset, 0x40101031) == "ALARM" and not threats:
        yield Finding(Severity.ERROR, shown(0x40101011), "an item when AlarmDecision is ALARM", "has no item")
    try:
        counted = dicos_file.whole(opened.dataset, 0x40101033, 0, 65535, default=0)
        alarming = dicos_file.whole(opened.dataset, 0x40101034, 0, 65535, default=0)
    except ScanError as error:
        yield Finding(Severity.ERROR, error.field, "0 to 65535", error.what)
        return
    if alarming > counted:
        what = f"{alarming} alarm objects of {counted}"
        yield Finding(Severity.ERROR, shown(0x40101034), "at most NumberOfTotalObjects", what)


def _operator_is_named(opened: DicosFile) -> Iterator[Finding]:
    if text(opened.dataset, 0x40101027) == "OPERATOR" and not items(opened.dataset, 0x00081072):
        where, need = shown(0x00081072), "type 1C: when TDRType is OPERATOR"
        yield Finding(Severity.ERROR, where, need, "is missing")


def _abort_has_reason(opened: DicosFile) -> Iterator[Finding]:
    if text(opened.dataset, 0x40101024) == "ABORT" and not text(opened.dataset, 0x40101021):
        yield Finding(Severity.ERROR, shown(0x40101021), "type 1C: when AbortFlag is ABORT", "is missing")


_RULES: Final = {
    "DX": (_pixels_fit, _spacing_is_explained, _positive(0x00180060)),
    "CT": (_pixels_fit, _positive(0x00189073)),
    "TDR": (_positive(IMAGE_SCALE), _alarm_has_objects, _operator_is_named, _abort_has_reason),
}
