"""What can be wrong with radiation data."""

from __future__ import annotations

from gate_agent.errors import BadInput


class N42Error(BadInput):
    """Bytes that are no N42.42 document that may be read. `field` names the element or the line."""


class N42TooLarge(N42Error):
    """A document that asks for more memory than any real one needs: none of it is read."""
