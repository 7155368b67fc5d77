"""What a row of any station's table may ask: named, total, without effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gate_agent.decision import Verdict
from gate_agent.station import vocabulary as v
from gate_agent.station.skeleton import Remembered

S = TypeVar("S")
E = TypeVar("E")


def always(_state: object, _event: object) -> bool:
    return True


def both(first: Callable[[S, E], bool], second: Callable[[S, E], bool]) -> Callable[[S, E], bool]:
    def guard(state: S, event: E) -> bool:
        return first(state, event) and second(state, event)

    guard.__name__ = f"{first.__name__} and {second.__name__}"
    return guard


def order(*orders: str) -> Callable[[object, v.OfficerRequest], bool]:
    def ordered(_state: object, event: v.OfficerRequest) -> bool:
        return event.order in orders

    ordered.__name__ = "order_" + "_or_".join(orders)
    return ordered


def fault_of(source: str) -> Callable[[object, v.Fault], bool]:
    def failed(_state: object, event: v.Fault) -> bool:
        return event.source == source

    failed.__name__ = f"{source}_fault"
    return failed


def committed(verdict: Verdict) -> Callable[[object, v.DecisionCommitted], bool]:
    def decided(_state: object, event: v.DecisionCommitted) -> bool:
        return event.verdict is verdict

    decided.__name__ = f"committed_{verdict.value}"
    return decided


# ---------------------------------------------------------------- while what an alarm lasts


def latched(state: Remembered, _event: object) -> bool:
    return state.latched


def case_open(state: Remembered, _event: object) -> bool:
    return state.open


def no_journal(state: Remembered, _event: object) -> bool:
    return "journal" in state.faults
