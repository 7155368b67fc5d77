"""LDIF as the ICAO public key directory publishes it (RFC 2849; Doc 9303-12 §6): binary attributes only.

Lines are unfolded, base64 values decoded, and everything that is no certificate, revocation list or master
list is passed over.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from gate_agent.errors import BadInput

MAX_SIZE = 256 << 20

_ATTRIBUTES = {
    "usercertificate;binary": "certificate",
    "cacertificate;binary": "certificate",
    "certificaterevocationlist;binary": "crl",
    "pkdmasterlistcontent": "master-list",
    "cscamasterlistdata": "master-list",
}


class LdifError(BadInput):
    """The file is no LDIF. `field` names the line."""


@dataclass(frozen=True, slots=True)
class LdifValue:
    """One binary value: `kind` is certificate, crl or master-list; `line` where it begins."""

    kind: str
    line: int
    value: bytes


def parse_ldif(text: str) -> Iterator[LdifValue]:
    """The values in order. Raises LdifError at the first that is not well-formed."""
    for number, line in _unfolded(text):
        name, separator, encoded = line.partition("::")
        kind = _ATTRIBUTES.get(name.strip().lower())
        if not separator or kind is None:
            continue
        try:
            yield LdifValue(kind, number, base64.b64decode(encoded.strip(), validate=True))
        except binascii.Error as error:
            raise LdifError("is not base64", field=f"line {number}") from error


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first: a line that begins with a space goes on (§2)."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(" "):
            parts.append(line[1:])
            continue
        if parts and not parts[0].startswith("#"):
            yield start, "".join(parts)
        parts, start = [line], number
    if parts and not parts[0].startswith("#"):
        yield start, "".join(parts)
