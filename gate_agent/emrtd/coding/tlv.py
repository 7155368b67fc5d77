"""BER-TLV data objects, bounded (ISO/IEC 7816-4 §5.2.2, ISO/IEC 8825-1; Doc 9303-10 §4).

Chips and their files come from outside: definite lengths of at most four bytes, tags of at most three
bytes, and limits on size, count and depth hold before anything is looked at. Values are the raw
bytes as received; nothing here re-encodes what it parsed, because hashes are made over raw bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gate_agent.errors import BadInput


class TlvError(BadInput):
    """A data object is truncated, oversized or malformed. Offsets count from the outermost object."""

    def __init__(self, what: str, *, offset: int, tag: int | None = None, name: str = "TLV") -> None:
        where = name if tag is None else f"{name} tag {tag:02X}"
        super().__init__(what, field=f"{where} at offset {offset}")
        self.offset = offset
        self.tag = tag


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted at most. `size` is bytes of the whole input, `count` objects per level."""

    size: int = 1 << 20
    count: int = 256
    depth: int = 8


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. `tag` keeps its bytes as written (0x5F1F, 0x7F61); `start` is where it begins
    in the outermost input and `value_start` where its value does."""

    tag: int
    value: bytes
    start: int = 0
    value_start: int = 0
    depth: int = 0
    limits: Limits = field(default=DEFAULT_LIMITS, repr=False, compare=False)

    def children(self) -> tuple[Tlv, ...]:
        """The data objects in the value, whatever the constructed bit says (Doc 9303-10 uses both)."""
        return parse(self.value, limits=self.limits, depth=self.depth + 1, base=self.value_start)

    def find(self, tag: int) -> Tlv | None:
        """The first child with this tag."""
        return next((child for child in self.children() if child.tag == tag), None)

    def require(self, tag: int) -> Tlv:
        """The first child with this tag; raises TlvError naming the parent when it is missing."""
        found = self.find(tag)
        if found is None:
            raise TlvError(f"data object {tag:02X} is missing", offset=self.start, tag=self.tag)
        return found


@dataclass(frozen=True, slots=True)
class Header:
    """Tag and length of a data object whose value may not have arrived yet."""

    tag: int
    header_length: int
    value_length: int

    @property
    def total_length(self) -> int:
        return self.header_length + self.value_length


def parse(data: bytes, *, limits: Limits = DEFAULT_LIMITS, depth: int = 0, base: int = 0) -> tuple[Tlv, ...]:
    """All data objects of one level. Raises TlvError for anything that is not exactly that."""
    if depth > limits.depth:
        raise TlvError(f"nested deeper than {limits.depth} levels", offset=base)
    if len(data) > limits.size:
        raise TlvError(f"{len(data)} bytes where at most {limits.size} are allowed", offset=base)
    return tuple(_objects(data, limits, depth, base))


def parse_one(data: bytes, tag: int | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Tlv:
    """Exactly one data object (with this tag, when given) and nothing behind it."""
    objects = parse(data, limits=limits)
    if len(objects) != 1:
        raise TlvError(f"one data object expected, {len(objects)} found", offset=0)
    if tag is not None and objects[0].tag != tag:
        raise TlvError(f"tag {tag:02X} expected", offset=0, tag=objects[0].tag)
    return objects[0]


def _objects(data: bytes, limits: Limits, depth: int, base: int) -> Iterator[Tlv]:
    position = 0
    count = 0
    while position < len(data):
        count += 1
        if count > limits.count:
            raise TlvError(f"more than {limits.count} data objects on one level", offset=base + position)
        header = read_header(data, position, base=base)
        start = position + header.header_length
        if header.value_length > len(data) - start:
            raise TlvError(
                f"length says {header.value_length} bytes, {len(data) - start} are there",
                offset=base + position,
                tag=header.tag,
            )
        value = data[start : start + header.value_length]
        yield Tlv(header.tag, value, base + position, base + start, depth, limits)
        position = start + header.value_length


def read_header(data: bytes, position: int = 0, *, base: int = 0) -> Header:
    """Tag and length at `position`. Raises TlvError when they are incomplete or not allowed."""
    tag, after_tag = _read_tag(data, position, base)
    if after_tag >= len(data):
        raise TlvError("the length is missing", offset=base + position, tag=tag)
    first = data[after_tag]
    if first < 0x80:
        return Header(tag, after_tag + 1 - position, first)
    width = first & 0x7F
    if width == 0 or width > 4:
        # Indefinite lengths are BER but not allowed in DER nor in ISO/IEC 7816-4 data objects.
        raise TlvError(f"length form {first:02X} is not allowed", offset=base + after_tag, tag=tag)
    end = after_tag + 1 + width
    if end > len(data):
        raise TlvError("the length is cut off", offset=base + after_tag, tag=tag)
    return Header(tag, end - position, int.from_bytes(data[after_tag + 1 : end], "big"))


def _read_tag(data: bytes, position: int, base: int) -> tuple[int, int]:
    if position >= len(data):
        raise TlvError("the tag is missing", offset=base + position)
    end = position + 1
    if data[position] & 0x1F == 0x1F:
        while True:
            if end >= len(data):
                raise TlvError("the tag is cut off", offset=base + position)
            if end - position >= 3:
                raise TlvError("the tag is longer than three bytes", offset=base + position)
            end += 1
            if not data[end - 1] & 0x80:
                break
    return int.from_bytes(data[position:end], "big"), end


def encode(tag: int, value: bytes) -> bytes:
    """One data object with the shortest definite length (DER)."""
    return tag.to_bytes(_tag_width(tag), "big") + encode_length(len(value)) + value


def encode_length(length: int) -> bytes:
    """The shortest definite length field."""
    if length < 0x80:
        return bytes([length])
    width = (length.bit_length() + 7) // 8
    return bytes([0x80 | width]) + length.to_bytes(width, "big")


def _tag_width(tag: int) -> int:
    return max(1, (tag.bit_length() + 7) // 8)
