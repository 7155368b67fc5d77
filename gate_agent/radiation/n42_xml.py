"""Bounded, forgiving parsing of N42.42 documents: what was wrong is reported, entities are never expanded.

Real instruments write undefined prefixes, stray bytes before the declaration, cut-off ends, and put the
document into an envelope of their own (RadSeeker: ``<Event>``). A document that is well formed is parsed
strictly; any other is parsed by libxml2's recovery, and every complaint is kept as a
:class:`~gate_agent.radiation.n42_model.Repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from lxml import etree as _etree  # pyright: ignore

from gate_agent.radiation.errors import N42Error, N42TooLarge
from gate_agent.radiation.n42_model import Repair

etree = cast("Any", _etree)  # it ships no type information
MAX_BYTES = 32 * 1024 * 1024
MAX_ELEMENTS = 1_000_000
MAX_REPAIRS = 64
MAX_ALL_CHANNELS = 2**26
"""Of all spectra together, 512 MiB: a few bytes of CountedZeroes stand for 65,536 channels."""
NAMESPACES = {
    2011: "http://physics.nist.gov/N42/2011/N42",
    2006: "http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242",
}
ROOTS = {"RadInstrumentData": 2011, "N42InstrumentData": 2006}
Element = Any
Value = TypeVar("Value")


class Notes:
    """What was repaired and what has no place in the model, each bounded."""

    def __init__(self) -> None:
        self.repairs: list[Repair] = []
        self.ignored: set[str] = set()
        self._channels = 0

    def repaired(self, where: str, what: str, *, harmless: bool = False) -> None:
        if len(self.repairs) < MAX_REPAIRS:
            self.repairs.append(Repair(where, what, harmless))
        elif (
            more := Repair("document", f"and more after {MAX_REPAIRS} notes", harmless)
        ) not in self.repairs:
            self.repairs.append(more)

    def attempt(self, read: Callable[[], Value]) -> Value | None:
        """The value, or None and a note when it is malformed: one bad value spoils only itself."""
        try:
            return read()
        except N42TooLarge:
            raise
        except N42Error as error:
            self.repaired(error.field or "document", f"left out: {error.what}")
            return None

    def charge(self, channels: int) -> None:
        """Count the channels of one more spectrum. Raises N42Error for none, N42TooLarge for too many."""
        if not channels:
            raise N42Error("no channel", field="ChannelData")  # nothing is not zero
        self._channels += channels
        if self._channels > MAX_ALL_CHANNELS:
            raise N42TooLarge(f"more than {MAX_ALL_CHANNELS} channels in all", field="ChannelData")

    def ignore(self, element: Element) -> None:
        if len(self.ignored) < MAX_REPAIRS:
            self.ignored.add(local(element)[:64])


def parse(data: bytes, notes: Notes) -> tuple[Element, int]:
    """The document's element and the edition, 2006 or 2011. Raises N42Error."""
    if len(data) > MAX_BYTES:
        raise N42Error(f"larger than {MAX_BYTES} bytes", field="document")
    root = _tree(_from_declaration(data, notes), notes)
    if local(root) not in ROOTS:
        root = _unwrapped(root, notes)
    return root, _edition(root, notes)


def _tree(body: bytes, notes: Notes) -> Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        # N42.42 has a schema, not a DTD: nothing good needs one here.
        raise N42Error("a document type declaration", field="DOCTYPE", advice="remove it")
    root = _parsed(body, notes)
    if root.getroottree().docinfo.internalDTD is not None:
        raise N42Error("a document type declaration", field="DOCTYPE", advice="remove it")
    count = sum(1 for _ in zip(root.iter(), range(MAX_ELEMENTS + 1), strict=False))
    if count > MAX_ELEMENTS:
        raise N42Error(f"more than {MAX_ELEMENTS} elements", field="document")
    return root


def _unwrapped(root: Element, notes: Notes) -> Element:
    """The document in an envelope: an element inside it, or text that is one (CDATA, escaped). One level."""
    inside = [found for found in root.iter() if local(found) in ROOTS]
    if not inside and (letter := _letter(root)):
        inside = [found for found in _tree(letter, notes).iter() if local(found) in ROOTS]
    if not inside:
        raise N42Error(
            f"the root element is {local(root)[:64]!r}, and no N42.42 document is inside it",
            field="root",
            advice="is this an N42.42 document?",
        )
    where, document = local(root)[:64], inside[0]
    notes.repaired(where, f"an envelope around {local(document)}, which was read", harmless=True)
    if any(document not in other.iterancestors() for other in inside[1:]):
        notes.repaired(where, "more than one document in the envelope: only the first was read")
    return document


def _letter(root: Element) -> bytes:
    """The first text in an envelope that looks like a document; what it declares of its encoding is over."""
    for element in root.iter():
        body = (element.text or "").strip()
        if body.startswith("<") and any(name in body for name in ROOTS):
            declared = body.find("?>") + 2 if body.startswith("<?xml") else 0
            return body[declared:].strip().encode()
    return b""


def _from_declaration(data: bytes, notes: Notes) -> bytes:
    body = data.removeprefix(b"\xef\xbb\xbf")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: as bytes it would hide a DOCTYPE
        try:
            body = body.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise N42Error("neither UTF-8 nor UTF-16", field="document") from error
        end = body.find(b"?>")
        if body.startswith(b"<?xml") and end > 0:
            body = body[end + 2 :]
    begin = body.find(b"<")
    if begin < 0:
        raise N42Error("no XML at all", field="document")
    if begin:
        notes.repaired("line 1", f"{begin} bytes before the document ignored")
    return body[begin:]


def _parsed(body: bytes, notes: Notes) -> Element:
    common: dict[str, Any] = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
    }
    try:
        return etree.fromstring(body, etree.XMLParser(**common))
    except (etree.XMLSyntaxError, ValueError):
        pass
    parser = etree.XMLParser(recover=True, **common)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise N42Error(f"not XML: {str(error)[:120]}", field="document") from error
    for entry in list(parser.error_log)[:MAX_REPAIRS]:
        notes.repaired(f"line {entry.line}", str(entry.message)[:160])
    if root is None:
        raise N42Error("nothing of it can be recovered", field="document")
    return root


def _edition(root: Element, notes: Notes) -> int:
    name = local(root)
    edition = ROOTS[name]
    namespace = _namespace(root)
    if namespace != NAMESPACES[edition]:
        notes.repaired(name, f"read as edition {edition} although its namespace is {namespace[:96]!r}")
    return edition


def local(element: Element) -> str:
    """The element's name without namespace, or without a prefix that nobody declared."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _namespace(element: Element) -> str:
    tag = cast("str", element.tag)
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if local(child) == name)


def child(element: Element, name: str) -> Element | None:
    return next(children(element, name), None)


def child_text(element: Element, name: str) -> str | None:
    """The text of the first child of that name; None when there is none."""
    found = child(element, name)
    return None if found is None else (found.text or "")


def descendants(element: Element, name: str) -> Iterator[Element]:
    return (found for found in element.iter() if local(found) == name)


def attribute(element: Element, name: str) -> str:
    """An attribute by local name, whatever the case of its first letter; empty when absent."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2].casefold() == name.casefold():
            return str(value)[:256]
    return ""


class Said:
    """What elements say by attributes and children, each element looked through once.

    A value's detector, time and occupancy are often said far above it, beside thousands of its like.
    """

    def __init__(self) -> None:
        self._children: dict[Element, dict[str, Element]] = {}
        self._attributes: dict[Element, dict[str, str]] = {}

    def child(self, place: Element, name: str) -> Element | None:
        """The first child of that name."""
        if place not in self._children:
            self._children[place] = {local(found): found for found in reversed(place)}
        return self._children[place].get(name)

    def text(self, place: Element, name: str) -> str | None:
        """The text of the first child of that name; None when there is none."""
        found = self.child(place, name)
        return None if found is None else (found.text or "")

    def every(self, element: Element, name: str) -> Iterator[tuple[Element, str]]:
        """What an element and all above it say by an attribute or child of that name, the nearest first."""
        for place in (element, *element.iterancestors()):
            value = self._attribute(place, name) or self.text(place, name) or ""
            if value.strip():
                yield place, value.strip()

    def nearest(self, element: Element, name: str) -> str:
        return next((value for _, value in self.every(element, name)), "")

    def _attribute(self, place: Element, name: str) -> str:
        if place not in self._attributes:
            told = reversed([(str(key), str(value)[:256]) for key, value in place.attrib.items()])
            self._attributes[place] = {key.rpartition("}")[2].casefold(): value for key, value in told}
        return self._attributes[place].get(name.casefold(), "")


def path(element: Element) -> str:
    """Where an element is: its ancestors' names, and its id or line."""
    names = [local(element), *(local(ancestor) for ancestor in element.iterancestors())]
    mark = attribute(element, "id") or f"line {element.sourceline}"
    return "/".join(reversed(names)) + f" ({mark})"
