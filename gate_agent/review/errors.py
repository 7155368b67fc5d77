"""What review may have against a question or an order."""

from __future__ import annotations

from gate_agent.errors import GateError


class NotThere(GateError):
    """There is no such scan, plane, case or report."""


class NotAllowed(GateError):
    """Review's rules are against it: who may decide, what training may reach."""
