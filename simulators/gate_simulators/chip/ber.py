"""BER-TLV as the card and the issuer write it (ISO/IEC 7816-4 §5.2.2, ISO/IEC 8825-1 §8.1).

The simulators keep their own codec: a fault in the reader's codec must not cancel out against the
same fault on the card.
"""

from __future__ import annotations

MAX_LENGTH = 0xFFFFFF


class BerError(ValueError):
    """The bytes are not BER-TLV."""


def encode_length(length: int) -> bytes:
    """The shortest definite form."""
    if not 0 <= length <= MAX_LENGTH:
        raise BerError(f"length {length} is outside 0..{MAX_LENGTH}")
    if length < 0x80:
        return bytes([length])
    octets = (length.bit_length() + 7) // 8
    return bytes([0x80 | octets]) + length.to_bytes(octets, "big")


def encode(tag: int, *values: bytes) -> bytes:
    """One data object whose value is the concatenation of `values`; the tag as written (0x7F61)."""
    value = b"".join(values)
    octets = max(1, (tag.bit_length() + 7) // 8)
    return tag.to_bytes(octets, "big") + encode_length(len(value)) + value


def decode(data: bytes) -> list[tuple[int, bytes]]:
    """The data objects of one level, in order, as (tag, value). Raises BerError."""
    objects: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        if at + length > len(data):
            raise BerError(f"tag {tag:X} says {length} bytes, {len(data) - at} are left")
        objects.append((tag, data[at : at + length]))
        at += length
    return objects


def _tag(data: bytes, at: int) -> tuple[int, int]:
    tag = data[at]
    at += 1
    if tag & 0x1F != 0x1F:
        return tag, at
    for _ in range(2):  # Doc 9303 and ISO/IEC 7816-4 use tags of at most three octets
        if at >= len(data):
            raise BerError("the tag is cut off")
        tag = tag << 8 | data[at]
        at += 1
        if not tag & 0x80:
            return tag, at
    raise BerError(f"tag {tag:X} is longer than three octets")


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise BerError("the length is missing")
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    octets = first & 0x7F
    if not 1 <= octets <= 3 or at + octets > len(data):
        raise BerError(f"length octet {first:02X} is not of a definite form of up to three octets")
    return int.from_bytes(data[at : at + octets], "big"), at + octets
