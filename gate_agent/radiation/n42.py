"""Reads and writes N42.42 radiation documents: the editions of 2006 and 2011 in, 2011 out.

document = read(data)          # raises N42Error; document.repairs says what was wrong and read all the same
data = write(document)         # valid against the published schema
"""

from __future__ import annotations

from dataclasses import replace

from gate_agent.radiation import n42_2006, n42_2011
from gate_agent.radiation.n42_model import N42Document
from gate_agent.radiation.n42_references import settled
from gate_agent.radiation.n42_write import write
from gate_agent.radiation.n42_xml import Notes, parse

__all__ = ["read", "write"]


def read(data: bytes) -> N42Document:
    """Read a document of either edition. Raises N42Error when it is none, too large or has a DOCTYPE."""
    notes = Notes()
    root, edition = parse(data, notes)
    document = settled((n42_2011 if edition == 2011 else n42_2006).read(root, notes), notes)
    return replace(document, repairs=tuple(notes.repairs), ignored=tuple(sorted(notes.ignored)))
