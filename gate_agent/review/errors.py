"""What review may have against a question or an order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.errors import GateError


class NotThere(GateError):
    """There is no such scan, plane, case or report."""


class NotAllowed(GateError):
    """Review's rules are against it: who may decide, what training may reach. `code` and `fills` are the
    objection's in the words, where officers meet it."""

    def __init__(
        self,
        what: str,
        *,
        code: str = "",
        fills: Mapping[str, str] = MappingProxyType({}),
        field: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(what, field=field, advice=advice)
        self.code = code
        self.fills = fills
