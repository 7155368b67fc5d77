"""DG3 and DG4: fingers and irises, as far as a gate needs to know what is there (Doc 9303-10 §4.7.3-4.7.4).

Only the biometric information templates (ISO/IEC 7816-11) and the first bytes of each record are looked at;
the samples themselves are not decoded. DG2's faces have a parser of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds.lds_files import DATA_GROUPS

# How each record begins: ISO/IEC 19794-4 §7, 19794-6 §6, and the application tags of 39794-4 and -6.
_FORMATS: Mapping[bytes, str] = MappingProxyType(
    {
        b"FIR\x00": "ISO/IEC 19794-4",
        b"IIR\x00": "ISO/IEC 19794-6",
        b"FAC\x00": "ISO/IEC 19794-5",
    }
)
_EXTENSIBLE = {0x64: "ISO/IEC 39794-4", 0x65: "ISO/IEC 39794-5", 0x66: "ISO/IEC 39794-6"}
_MAX_TEMPLATES = 20  # ten fingers or two irises; some states store each twice


@dataclass(frozen=True, slots=True)
class BiometricTemplate:
    """One stored sample: which (ISO/IEC 7816-11 subtype, 0 when not said), in what format, how large."""

    subtype: int
    format: str
    size: int


def parse_templates(number: int, raw: bytes) -> tuple[BiometricTemplate, ...]:
    """The templates of DG2, DG3 or DG4. An empty group (no fingers to store) is fine. Raises FileError."""
    file = DATA_GROUPS[number]
    where = f"EF.{file.name}"
    try:
        outer = tlv.parse_one(raw, file.tag, limits=tlv.Limits(size=file.max_size))
        group = outer.require(0x7F61)
        templates = [item for item in group.children() if item.tag == 0x7F60]
        stated = group.require(0x02).value
        if len(stated) != 1 or stated[0] != len(templates) or len(templates) > _MAX_TEMPLATES:
            raise FileError(
                f"says another number than its {len(templates)} templates", field=f"{where} tag 02"
            )
        return tuple(_template(item, where) for item in templates)
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"{where} {error.field}") from error


def _template(template: tlv.Tlv, where: str) -> BiometricTemplate:
    header = template.require(0xA1)
    subtype = header.find(0x82)
    block = template.find(0x5F2E) or template.require(0x7F2E)
    known = _FORMATS.get(block.value[:4]) or _extensible(block.value)
    if not known:
        raise FileError("is in no known format", field=f"{where} biometric data block")
    value = b"" if subtype is None else subtype.value
    return BiometricTemplate(int.from_bytes(value[:2], "big"), known, len(block.value))


def _extensible(block: bytes) -> str:
    """The format of an ISO/IEC 39794 data block, bare or within its template's tag A1."""
    header = tlv.read_header(block)
    if header.tag == 0xA1:
        header = tlv.read_header(block, header.header_length)
    return _EXTENSIBLE.get(header.tag, "")
