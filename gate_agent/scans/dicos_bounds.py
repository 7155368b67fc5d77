"""Bounds on what a DICOM header may cost to parse: bytes, elements and values.

pydicom reads what a file says is there. A header can say much in little: eight bytes make an element, a
sequence item or four values, each of which becomes objects many times its size. `Bounded` is a file that
ends such a reading; importing this module makes pydicom read every sequence through one, and refuse values
longer than their VR can be in Explicit VR (DICOM PS3.5 §7.1.2), which peers that write Implicit VR keep to.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final, cast

from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_sequence
from pydicom.hooks import hooks, raw_element_value

from gate_agent.scans.dicos_attributes import shown
from gate_agent.scans.errors import ScanTooLarge, ScanUnsupported

MAX_HEADER_BYTES: Final = 16 * 1024 * 1024
"""All elements before the pixels. No header of DICOS is as large: a region's bitmap has a few hundred kB."""
MAX_READS: Final = 100_000
"""An element is read in one to three; a slice of a CT volume, with its item and sequences, in about 14."""
_MAX_SHORT: Final = 65_534
_LONG: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "UR", "UT"})
"""Values with a 32-bit length that stay one piece. SV, UC and UV may be as long, but become a list."""


class Bounded:
    """A stream as pydicom wants it, which raises ScanTooLarge once more than the bounds has been read."""

    __slots__ = ("_bytes", "_reads", "_stream")

    def __init__(self, stream: BinaryIO, limit: int = MAX_HEADER_BYTES) -> None:
        self._stream = stream
        self._bytes = limit
        self._reads = MAX_READS

    def read(self, size: int = -1) -> bytes:
        if size < 0:  # only a deflated data set is read whole; nothing bounds what it expands to
            raise ScanUnsupported("a deflated data set", field="(0002,0010) TransferSyntaxUID")
        self._bytes -= size
        self._reads -= 1
        if self._bytes < 0 or self._reads < 0:
            what = "more bytes or elements than any scanner's file has"
            raise ScanTooLarge(what, field="header", advice="the file is damaged, or made to do harm")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _bounded_value(raw: RawDataElement, data: dict[str, Any], **context: Any) -> None:
    """pydicom's hook for the conversion of one element."""
    vr, stored = str(data["VR"]), raw.value
    if vr == "SQ" and stored:
        stream = cast(BinaryIO, Bounded(io.BytesIO(stored)))
        encoding = cast("str | list[str]", context.get("encoding") or "iso8859")
        data["value"] = read_sequence(
            stream, raw.is_implicit_VR, raw.is_little_endian, len(stored), encoding, raw.value_tell
        )
        return
    if vr not in _LONG and stored and len(stored) > _MAX_SHORT:
        raise ScanTooLarge(f"{len(stored)} bytes of {vr}", field=shown(int(raw.tag)))
    raw_element_value(raw, data, **context)


hooks.register_callback("raw_element_value", _bounded_value)  # type: ignore[reportUnknownMemberType]
