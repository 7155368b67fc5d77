"""The root of every error the agent raises on purpose.

Each room has one small hierarchy below :class:`GateError`. An error says what happened, where
(`field`: a configuration path, a tag, an offset, a register) and what to do (`advice`). Nothing
at the gate is ever answered with a traceback: the conductor turns each of these into evidence
or into a device fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pydantic import ValidationError

_LONGEST = 200


class GateError(Exception):
    """What happened, where, and what to do about it."""

    def __init__(self, what: str, *, field: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.field = field
        self.advice = advice

    @classmethod
    def complaint(cls, error: ValidationError, source: str = "") -> Self:
        """The first thing that a pydantic model has against its input, without repeating the input.

        `source` is the file or message; the path within it follows, as in ``list.json: entries.3.reference``.
        """
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")[:_LONGEST]
        return cls(what, field=": ".join(part for part in (source, where) if part))

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        advice = f" ({self.advice})" if self.advice else ""
        return f"{where}{self.what}{advice}"


class BadInput(GateError):
    """Input from outside that is truncated, oversized, malformed or contradictory."""
