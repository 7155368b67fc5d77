"""The data groups as files: identifiers, tags and the largest size accepted (Doc 9303-10 §3.12, §4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.emrtd.chip.files import ElementaryFile
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds.lds import DATA_GROUP_TAGS, EF_DG1, EF_DG2
from gate_agent.emrtd.lds.security_infos import SecurityInfos, parse_security_infos

_KEY_FILE = 8 * 1024
_LARGEST = 1 << 18


def _data_group(number: int, tag: int) -> ElementaryFile:
    size = _KEY_FILE if number in (14, 15) else _LARGEST
    return ElementaryFile(f"DG{number}", 0x0100 | number, number, tag, max_size=size)


DATA_GROUPS: Mapping[int, ElementaryFile] = MappingProxyType(
    {
        **{number: _data_group(number, tag) for tag, number in DATA_GROUP_TAGS.items()},
        1: EF_DG1,
        2: EF_DG2,
    }
)

EF_CVCA = ElementaryFile("CVCA", 0x011C, 0x1C, 0x42, max_size=36)
EF_DG14 = DATA_GROUPS[14]
EF_DG15 = DATA_GROUPS[15]


def parse_dg14(raw: bytes) -> SecurityInfos:
    """DG14 (§4.7.14): the SecurityInfos that the issuer signed. Raises FileError."""
    try:
        outer = tlv.parse_one(raw, EF_DG14.tag, limits=tlv.Limits(size=EF_DG14.max_size))
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.DG14 {error.field}") from error
    return parse_security_infos(outer.value, "EF.DG14")
