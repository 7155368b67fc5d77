"""What other packages bring, by entry point: found by name, imported only when asked for.

Listing imports nothing, so that one package whose library is missing never keeps the others from working.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from gate_agent.errors import GateError

T = TypeVar("T")


class UnknownName(GateError):
    """No installed package registers anything of this name."""


class BrokenEntry(GateError):
    """It is registered, but cannot be loaded, or is not what it must be."""


class Registry(Generic[T]):
    """The entry points of one `group`; each is an object of type `of`. `what` names such a thing in words."""

    def __init__(self, group: str, of: type[T], *, what: str, see: str) -> None:
        self._group, self._of, self._what, self._see = group, of, what, see

    def points(self) -> dict[str, EntryPoint]:
        """Every entry point by name, in alphabetical order; imports none of them."""
        return {p.name: p for p in sorted(entry_points(group=self._group), key=lambda point: point.name)}

    def names(self) -> tuple[str, ...]:
        return tuple(self.points())

    def load(self, name: str) -> T:
        """The object of this name. Raises UnknownName or BrokenEntry."""
        points = self.points()
        point = points.get(name)
        if point is None:
            close = difflib.get_close_matches(name, points, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"see {self._see}"
            known = ", ".join(points) or "none"
            raise UnknownName(f"no {self._what} is called {name[:80]!r}; known: {known}", advice=advice)
        try:
            found: object = point.load()
        except Exception as error:
            brought = point.dist.name if point.dist is not None else "its package"
            raise BrokenEntry(
                f"{self._what} {name!r} cannot be loaded from {point.value}: {type(error).__name__}: {error}",
                advice=f"install what {brought} needs for it",
            ) from error
        if not isinstance(found, self._of):
            raise BrokenEntry(f"{point.value} is not a {self._of.__name__}", advice=f"see {self._see}")
        return found
