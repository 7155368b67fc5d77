"""What officers may order at a kind of station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gate_agent.decision import Verdict

Tone: TypeAlias = Literal["idle", "calm", "good", "warn", "bad"]
"""How much a phase, a verdict or an order wants to be looked at."""


@dataclass(frozen=True, slots=True)
class OrderKind:
    """An order of officers. `verdict`: it decides the running case so; `asked`: the phases that wait for it;
    `remote`: the hub may give it, too."""

    verdict: Verdict | None = None
    asked: frozenset[str] = frozenset()
    remote: bool = False
    tone: Tone = "calm"


def service_orders(*, out_of_service: str, emergency: str = "") -> dict[str, OrderKind]:
    """The orders that every kind takes: start afresh, close, and open again."""
    return {
        "reset": OrderKind(asked=frozenset({emergency})),
        "out_of_service": OrderKind(remote=True, tone="warn"),
        "in_service": OrderKind(asked=frozenset({out_of_service}), remote=True),
    }
