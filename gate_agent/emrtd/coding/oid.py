"""Object identifiers, between their value bytes and dotted form (ISO/IEC 8825-1 §8.19)."""

from __future__ import annotations

from gate_agent.emrtd.coding.tlv import Tlv, TlvError

_TAG = 0x06
_MAX_LENGTH = 32


def dotted(item: Tlv) -> str:
    """``0.4.0.127...`` of an OBJECT IDENTIFIER. Raises TlvError."""
    value = item.value
    if item.tag != _TAG or not 1 <= len(value) <= _MAX_LENGTH or value[-1] & 0x80:
        raise TlvError("is no object identifier", offset=item.start, tag=item.tag)
    arcs: list[int] = []
    arc = 0
    for byte in value:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def encoded(text: str) -> bytes:
    """The value bytes of a dotted identifier."""
    first, second, *rest = map(int, text.split("."))
    return b"".join(_arc(arc) for arc in (40 * first + second, *rest))


def _arc(arc: int) -> bytes:
    parts = [arc & 0x7F]
    while arc := arc >> 7:
        parts.append(arc & 0x7F | 0x80)
    return bytes(reversed(parts))
