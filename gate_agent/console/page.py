"""What the console is told of a kind of station: it knows none by itself.

Whoever puts the station together makes a :class:`KindPage` of the kind; the page gets it as ``/api/kind``,
its modules from ``/static/kind/``, and its words from :mod:`gate_agent.words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.resources.abc import Traversable
from typing import Any

from gate_agent.evidence import CheckResult, Scalar
from gate_agent.readmodel import Snapshot


@dataclass(frozen=True, slots=True)
class OrderLook:
    """How an order looks. `decides`: it is about the case on the screen, and no other; `opens`: it lets
    somebody pass, so it is asked twice."""

    tone: str = "calm"
    decides: bool = False
    opens: bool = False


@dataclass(frozen=True, slots=True)
class KindPage:
    """A kind of station, as far as its page shows it.

    `folder` holds ``page.js`` and ``page.css``; `phases` and `verdicts` have a tone each (idle, calm, good,
    warn or bad); `groups` are checks that stand together, `columns` lists which groups stand in which column.
    `public` are the things, seen or shown, that may leave the station on the open stream, and `texts` what a
    check may measure that is a text; the default of both is nothing.
    """

    name: str
    folder: Traversable
    phases: Mapping[str, str]
    verdicts: Mapping[str, str]
    orders: Mapping[str, OrderLook]
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    public: frozenset[str] = frozenset()
    texts: frozenset[str] = field(default=frozenset())

    def told(self) -> dict[str, Any]:
        """What the page is given."""
        return {
            "kind": self.name,
            "phases": dict(self.phases),
            "verdicts": dict(self.verdicts),
            "orders": [{"order": order, **asdict(look)} for order, look in self.orders.items()],
            "groups": self.groups,
            "columns": self.columns,
        }

    def opened(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot as anybody at this machine may read it: of what the station sees, shows and measures
        only what the kind declares public; numbers, and no text that is not one of a list; no alert's
        detail."""
        transaction = snapshot.transaction
        return replace(
            snapshot,
            seen={name: thing for name, thing in snapshot.seen.items() if name in self.public},
            shown={name: value for name, value in snapshot.shown.items() if name in self.public},
            alerts=tuple(replace(alert, detail="") for alert in snapshot.alerts),
            transaction=transaction
            and replace(transaction, checks=tuple(self._figures(check) for check in transaction.checks)),
        )

    def _figures(self, check: CheckResult) -> CheckResult:
        kept = {name: value for name, value in check.measured.items() if self._is_open(value)}
        return check if len(kept) == len(check.measured) else replace(check, measured=kept)

    def _is_open(self, value: Scalar) -> bool:
        return not isinstance(value, str) or value in self.texts
