"""Visitors that are sent to a simulated station from another terminal, one after the other.

``GET /visitors`` names the scenarios, ``POST /visitors`` sends one.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

MOST_WAITING: Final = 20


class VisitorSent(BaseModel):
    """A visitor to send."""

    scenario: str


def waiting_line() -> queue.Queue[str]:
    return queue.Queue(maxsize=MOST_WAITING)


def visit_routes(scenarios: Iterable[str], waiting: queue.Queue[str]) -> APIRouter:
    router = APIRouter(tags=["visitors"])
    known_scenarios = list(scenarios)

    @router.get("/visitors")
    async def known() -> list[str]:
        return known_scenarios

    @router.post("/visitors", status_code=202)
    async def send(visitor: VisitorSent) -> VisitorSent:
        if visitor.scenario not in known_scenarios:
            told = f"no scenario {visitor.scenario!r}; there are {', '.join(known_scenarios)}"
            raise HTTPException(422, told)
        try:
            waiting.put_nowait(visitor.scenario)
        except queue.Full:
            raise HTTPException(429, f"{MOST_WAITING} are waiting already") from None
        return visitor

    return router
