"""What a document says in words: DG11 about its holder, DG12 about itself, DG16 whom to notify; and the
displayed images of DG5 and DG7 (Doc 9303-10 §4.7.5-4.7.16).

Texts are UTF-8, fillers become spaces, dates are kept as written. Everything is optional; what is unknown
is left out, what is malformed raises. The holder's data: in memory only, for one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds.lds_files import DATA_GROUPS

_PERSONAL: Mapping[int, str] = MappingProxyType(
    {
        0x5F0E: "full_name",
        0x5F0F: "other_name",
        0x5F10: "personal_number",
        0x5F2B: "date_of_birth",
        0x5F11: "place_of_birth",
        0x5F42: "address",
        0x5F12: "telephone",
        0x5F13: "profession",
        0x5F14: "title",
        0x5F15: "personal_summary",
        0x5F17: "other_travel_documents",
        0x5F18: "custody",
    }
)
_DOCUMENT: Mapping[int, str] = MappingProxyType(
    {
        0x5F19: "issuing_authority",
        0x5F26: "date_of_issue",
        0x5F1A: "other_person",
        0x5F1B: "endorsements",
        0x5F1C: "tax_or_exit_requirements",
        0x5F55: "personalization_time",
        0x5F56: "personalization_system",
    }
)
_NOTIFY: Mapping[int, str] = MappingProxyType(
    {0x5F50: "date_recorded", 0x5F51: "name", 0x5F52: "telephone", 0x5F53: "address"}
)
_IMAGES: Mapping[int, str] = MappingProxyType(
    {0x5F16: "proof_of_citizenship", 0x5F1D: "front", 0x5F1E: "rear", 0x5F40: "portrait", 0x5F43: "signature"}
)
_TAG_LIST, _GROUP, _COUNT = 0x5C, 0xA0, 0x02
_DATES = frozenset({"date_of_birth", "date_of_issue", "personalization_time", "date_recorded"})
_MAX_INSTANCES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Details:
    """`texts` by element name, one or several each; `images` as stored."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    images: Mapping[str, bytes] = field(default_factory=dict[str, bytes])

    def first(self, name: str) -> str:
        return self.texts.get(name, ("",))[0]


def parse_dg11(raw: bytes) -> Details:
    """Additional personal details (§4.7.11). Raises FileError."""
    return _details(11, raw, _PERSONAL)


def parse_dg12(raw: bytes) -> Details:
    """Additional document details (§4.7.12). Raises FileError."""
    return _details(12, raw, _DOCUMENT)


def parse_dg16(raw: bytes) -> tuple[Details, ...]:
    """Persons to notify (§4.7.16), each a group of its own. Raises FileError."""
    with_groups = _outer(16, raw)
    return tuple(
        _collected(tuple(group.children()), _NOTIFY, "EF.DG16")
        for group in with_groups
        if group.tag in range(0xA1, 0xB0)
    )


def parse_images(number: int, raw: bytes) -> tuple[bytes, ...]:
    """The displayed portraits (DG5) or signatures (DG7) (§4.7.5, §4.7.7). Raises FileError."""
    images = tuple(item.value for item in _outer(number, raw) if item.tag in _IMAGES)
    if not images:
        raise FileError("holds no image", field=f"EF.{DATA_GROUPS[number].name}")
    return images


def _details(number: int, raw: bytes, names: Mapping[int, str]) -> Details:
    return _collected(_outer(number, raw), names, f"EF.{DATA_GROUPS[number].name}")


def _outer(number: int, raw: bytes) -> tuple[tlv.Tlv, ...]:
    file = DATA_GROUPS[number]
    try:
        return tlv.parse_one(raw, file.tag, limits=tlv.Limits(size=file.max_size, depth=3)).children()
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.{file.name} {error.field}") from error


def _collected(objects: tuple[tlv.Tlv, ...], names: Mapping[int, str], where: str) -> Details:
    texts: dict[str, tuple[str, ...]] = {}
    images: dict[str, bytes] = {}
    try:
        for item in _flattened(objects):
            if item.tag in _IMAGES:
                images[_IMAGES[item.tag]] = item.value
            elif item.tag in names:
                name = names[item.tag]
                texts[name] = (*texts.get(name, ()), _text(item, name))
                if len(texts[name]) > _MAX_INSTANCES:
                    raise FileError(f"more than {_MAX_INSTANCES} times", field=f"{where} {name}")
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"{where} {error.field}") from error
    except UnicodeDecodeError as error:
        raise FileError("is not UTF-8", field=where) from error
    return Details(texts, images)


def _flattened(objects: tuple[tlv.Tlv, ...]) -> Iterator[tlv.Tlv]:
    """The elements, those of group A0 (other names, other persons) among them."""
    for item in objects:
        if item.tag == _GROUP:
            yield from (child for child in item.children() if child.tag != _COUNT)
        elif item.tag != _TAG_LIST:
            yield item


def _text(item: tlv.Tlv, name: str) -> str:
    if name in _DATES and len(item.value) in (4, 7):
        return item.value.hex()  # some states write dates as binary coded decimals
    return " ".join(item.value.decode("utf-8").replace("<", " ").split())
