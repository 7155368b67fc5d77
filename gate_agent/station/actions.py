"""What a row of any station's table may do: change what the process remembers, ask for effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gate_agent.station import vocabulary as v
from gate_agent.station.skeleton import Remembered, changed

S = TypeVar("S", bound=Remembered)
F = TypeVar("F")


def note(*names: str) -> Callable[[S, object], tuple[S, tuple[()]]]:
    """These fields of the state become True."""
    return _set("note", dict.fromkeys(names, True))


def forget(*names: str) -> Callable[[S, object], tuple[S, tuple[()]]]:
    """These fields of the state become False."""
    return _set("forget", dict.fromkeys(names, False))


def _set(verb: str, values: dict[str, bool]) -> Callable[[S, object], tuple[S, tuple[()]]]:
    def remember(state: S, _event: object) -> tuple[S, tuple[()]]:
        return changed(state, **values), ()

    remember.__name__ = f"{verb} {', '.join(values)}"
    return remember


def ask(work: Callable[[int], F]) -> Callable[[S, object], tuple[S, tuple[F]]]:
    """Ask for this work, under the newest ticket."""

    def asking(state: S, _event: object) -> tuple[S, tuple[F]]:
        return state, (work(state.ticket),)

    asking.__name__ = f"ask {work.__name__}"
    return asking


def stop(state: S, _event: object) -> tuple[S, tuple[v.Stop]]:
    return state, (v.Stop(),)


def alarm_fault(state: S, event: v.Fault) -> tuple[S, tuple[v.Alarm]]:
    return state, (v.Alarm(f"DEVICE_FAULT:{event.source}"),)
