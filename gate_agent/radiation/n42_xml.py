"""Bounded, forgiving parsing of N42.42 documents: what was wrong is reported, entities are never expanded.

Real instruments write undefined prefixes, stray bytes before the declaration, cut-off ends. A document that
is well formed is parsed strictly; any other is parsed by libxml2's recovery, and every complaint is kept
as a :class:`~gate_agent.radiation.n42_model.Repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from lxml import etree as _etree  # pyright: ignore

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42_model import Repair

etree = cast("Any", _etree)  # it ships no type information
MAX_BYTES = 32 * 1024 * 1024
MAX_ELEMENTS = 1_000_000
MAX_REPAIRS = 64
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

    def repaired(self, where: str, what: str) -> None:
        if len(self.repairs) < MAX_REPAIRS:
            self.repairs.append(Repair(where, what))

    def attempt(self, read: Callable[[], Value]) -> Value | None:
        """The value, or None and a note when it is malformed: one bad value spoils only itself."""
        try:
            return read()
        except N42Error as error:
            self.repaired(error.field or "document", f"left out: {error.what}")
            return None

    def ignore(self, element: Element) -> None:
        if len(self.ignored) < MAX_REPAIRS:
            self.ignored.add(local(element)[:64])


def parse(data: bytes, notes: Notes) -> tuple[Element, int]:
    """The root element and the edition, 2006 or 2011. Raises N42Error."""
    if len(data) > MAX_BYTES:
        raise N42Error(f"larger than {MAX_BYTES} bytes", field="document")
    body = _from_declaration(data, notes)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        # N42.42 has a schema, not a DTD: nothing good needs one here.
        raise N42Error("a document type declaration", field="DOCTYPE", advice="remove it")
    root = _parsed(body, notes)
    if root.getroottree().docinfo.internalDTD is not None:
        raise N42Error("a document type declaration", field="DOCTYPE", advice="remove it")
    count = sum(1 for _ in zip(root.iter(), range(MAX_ELEMENTS + 1), strict=False))
    if count > MAX_ELEMENTS:
        raise N42Error(f"more than {MAX_ELEMENTS} elements", field="document")
    return root, _edition(root, notes)


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
    edition = ROOTS.get(name)
    if edition is None:
        raise N42Error(
            f"the root element is {name[:64]!r}", field="root", advice="is this an N42.42 document?"
        )
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


def path(element: Element) -> str:
    """Where an element is: its ancestors' names, and its id or line."""
    names = [local(element), *(local(ancestor) for ancestor in element.iterancestors())]
    mark = attribute(element, "id") or f"line {element.sourceline}"
    return "/".join(reversed(names)) + f" ({mark})"
