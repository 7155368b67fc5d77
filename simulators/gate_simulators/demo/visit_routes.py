"""Visitors that are sent to a simulated station from another terminal: the routes, and who plays them.

``GET /<whom>`` names the scenarios, ``POST /<whom>`` sends one; they come one after the other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from rich.console import Console

MOST_WAITING: Final = 20


class Call(BaseModel):
    """A visitor to send."""

    scenario: str


class Visit(Protocol):
    """What plays one scenario after another."""

    say: Callable[[str], None]
    stop: threading.Event
    site: Any

    def run(self, scenario: str) -> Any: ...


def waiting_line() -> queue.Queue[str]:
    return queue.Queue(maxsize=MOST_WAITING)


def routes(whom: str, scenarios: Iterable[str], waiting: queue.Queue[str]) -> APIRouter:
    """`whom` is the visitors' word in the path: ``travellers``, ``trucks``."""
    router = APIRouter(tags=[whom])
    known_scenarios = list(scenarios)

    @router.get(f"/{whom}")
    async def known() -> list[str]:
        return known_scenarios

    @router.post(f"/{whom}", status_code=202)
    async def send(call: Call) -> Call:
        if call.scenario not in known_scenarios:
            told = f"no scenario {call.scenario!r}; there are {', '.join(known_scenarios)}"
            raise HTTPException(422, told)
        try:
            waiting.put_nowait(call.scenario)
        except queue.Full:
            raise HTTPException(429, f"{MOST_WAITING} {whom} are waiting already") from None
        return call

    return router


def play(waiting: queue.Queue[str], visit: Visit, lost: type[Exception], console: Console) -> None:
    """Until the visit is stopped. `lost`: the visitor waited in vain for something."""
    visit.say = lambda text: console.print(f"  [dim]{text}[/]")
    while not visit.stop.is_set():
        try:
            scenario = waiting.get(timeout=0.5)
        except queue.Empty:
            continue
        console.print(f"[bold]{scenario}[/]")
        try:
            visit.run(scenario)
        except lost as error:
            console.print(f"  [yellow]waited in vain for {error}[/]")
        visit.site.clear_faults()
