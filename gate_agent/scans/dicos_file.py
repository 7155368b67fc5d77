"""Opens a DICOS file within bounds: the header, and where the pixels are, without reading them.

pydicom does the parsing (DICOM PS3.5, PS3.10). What this module adds is a bound on everything that a hostile
or truncated file could ask for, one error type for whatever pydicom raises, and tolerance for what real
peers emit: UIDs whose components begin with zero, files without preamble.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast

import pydicom
from pydicom import config as pydicom_config
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from gate_agent.scans.dicos_attributes import CT_VARIANTS, KINDS, shown
from gate_agent.scans.dicos_bounds import Bounded
from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnsupported

MAX_FILE_BYTES: Final = 2 * 1024**3
PIXEL_DATA: Final = 0x7FE00010
NATIVE: Final = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_UNDEFINED_LENGTH: Final = 0xFFFFFFFF

# Peers emit UIDs with leading zeros and overlong strings. What matters is checked here and by the linter;
# a Python warning in the middle of a scan helps nobody.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE

T = TypeVar("T")

dcmread = cast("Callable[..., Dataset]", pydicom.dcmread)  # type: ignore[reportUnknownMemberType]


@dataclass(frozen=True, slots=True)
class DicosFile:
    """A parsed header. `pixel_offset` and `pixel_bytes` locate native pixel data; encapsulated ones and none
    have ``pixel_bytes`` 0."""

    path: Path
    dataset: Dataset
    kind: str
    transfer_syntax: str
    pixel_offset: int
    pixel_bytes: int
    file_bytes: int

    @property
    def native(self) -> bool:
        return self.transfer_syntax in NATIVE


def open_dicos(path: Path) -> DicosFile:
    """Read everything before the pixels. Raises ScanMalformed, ScanUnsupported or ScanTooLarge."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            if size > MAX_FILE_BYTES:
                raise ScanTooLarge(f"{size} bytes", field=path.name, advice="larger than any scanner's file")
            return _parse(path, stream, size)
    except OSError as error:
        raise ScanMalformed(f"cannot be read: {error.strerror}", field=path.name) from error


def _parse(path: Path, stream: BinaryIO, size: int) -> DicosFile:
    bare = _lacks_preamble(stream)
    dataset = guarded(
        path.name,
        lambda: dcmread(Bounded(stream), stop_before_pixels=True, force=bare),
    )
    meta = getattr(dataset, "file_meta", Dataset())
    syntax = text(meta, 0x00020010) or str(ImplicitVRLittleEndian)
    offset, length = _pixels(
        stream, implicit=syntax == ImplicitVRLittleEndian, big=syntax == ExplicitVRBigEndian
    )
    if length and offset + length > size:
        raise ScanMalformed(
            f"{offset + length - size} bytes of the pixels are missing",
            field=shown(PIXEL_DATA),
            advice="the file is cut off; have it sent again",
        )
    return DicosFile(path, dataset, _kind(dataset), syntax, offset, length, size)


def _lacks_preamble(stream: BinaryIO) -> bool:
    """True for a bare data set as some peers write it (PS3.10 §7.1 wants 128 bytes and DICM)."""
    head = stream.read(132)
    stream.seek(0)
    if head[128:132] == b"DICM":
        return False
    if head[:2] in (b"\x08\x00", b"\x02\x00"):
        return True
    raise ScanMalformed("no DICM prefix", field="preamble", advice="this is not a DICOS or DICOM file")


def _kind(dataset: Dataset) -> str:
    sop_class = text(dataset, 0x00080016)
    if sop_class in CT_VARIANTS:
        return "CT"
    if sop_class not in KINDS:
        raise ScanUnsupported(
            f"SOP class {sop_class[:64] or '(none)'}", field=shown(0x00080016), advice="DICOS DX, CT or TDR"
        )
    return KINDS[sop_class]


def _pixels(stream: BinaryIO, *, implicit: bool, big: bool) -> tuple[int, int]:
    """Offset and length of the Pixel Data's value; the stream stands before that element (PS3.5 §7.1)."""
    order = ">" if big else "<"
    head = stream.read(12)
    if len(head) < 12 or struct.unpack(f"{order}HH", head[:4]) != (PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF):
        return stream.tell(), 0
    if implicit:
        length = struct.unpack(f"{order}I", head[4:8])[0]
        start = stream.tell() - 4
    else:
        length = struct.unpack(f"{order}I", head[8:12])[0]
        start = stream.tell()
    return start, 0 if length == _UNDEFINED_LENGTH else length


def guarded(field: str, parse: Callable[[], T]) -> T:
    """Whatever a parser of foreign bytes raises becomes ScanMalformed."""
    try:
        return parse()
    except (ScanMalformed, ScanUnsupported, ScanTooLarge):
        raise
    except Exception as error:  # the library's errors have no common root
        raise ScanMalformed(
            f"not well-formed: {type(error).__name__}: {str(error)[:120]}",
            field=field,
            advice="have it sent again; if it persists, tell the scanner's maker",
        ) from error


def value(dataset: Dataset, tag: int) -> Any:
    """An element's value, None when absent or empty. Raises ScanMalformed when it cannot be decoded."""
    if tag not in dataset:
        return None
    found = guarded(shown(tag), lambda: dataset[tag].value)
    return None if found is None or (isinstance(found, str) and not found) else found


def text(dataset: Dataset, tag: int, limit: int = 256) -> str:
    found = value(dataset, tag)
    if isinstance(found, Sequence):  # in words it would be many times as long as it is
        raise ScanMalformed("is a sequence", field=shown(tag))
    return "" if found is None else str(found)[:limit].strip()


def texts(dataset: Dataset, tag: int, limit: int = 256) -> list[str]:
    """Each of an element's values, of which there may be several."""
    found = value(dataset, tag)
    if found is None or isinstance(found, (str, bytes, Sequence)) or not hasattr(found, "__iter__"):
        return [one] if (one := text(dataset, tag, limit)) else []
    return [str(part)[:limit].strip() for part in cast("list[Any]", found)]


def number(dataset: Dataset, tag: int, default: float | None = None) -> float:
    """One finite number. Without `default`, absent is malformed."""
    found = value(dataset, tag)
    if found is None:
        if default is not None:
            return default
        raise ScanMalformed("is missing", field=shown(tag))
    if isinstance(found, (list, tuple)) or (hasattr(found, "__iter__") and not isinstance(found, str)):
        values = list(cast("list[Any]", found))
        found = values[0] if values else None
    result = guarded(shown(tag), lambda: float(cast(Any, found)))
    if not math.isfinite(result):
        raise ScanMalformed("is not a finite number", field=shown(tag))
    return result


def whole(dataset: Dataset, tag: int, low: int, high: int, default: int | None = None) -> int:
    """An integer within its bounds."""
    found = number(dataset, tag, None if default is None else float(default))
    if found != int(found) or not low <= found <= high:
        raise ScanMalformed(f"{found:g} is not from {low} to {high}", field=shown(tag))
    return int(found)


def items(dataset: Dataset, tag: int) -> list[Dataset]:
    """A sequence's items; none when it is absent or not a sequence."""
    found = value(dataset, tag)
    if found is None or not hasattr(found, "__iter__") or isinstance(found, (str, bytes)):
        return []
    return [item for item in cast("list[Any]", found) if isinstance(item, Dataset)]
