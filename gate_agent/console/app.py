"""The console's HTTP interface: the page, the live snapshot, pictures, orders, journal, health, metrics.

| path | needs the token | gives |
|---|---|---|
| ``/``, ``/static/*`` | no | the page: plain ES modules, nothing from outside |
| ``/api/snapshot``, ``/api/events`` | no | the read model: no name, number, picture or template is in it |
| ``/api/words`` | no | reason and instruction codes in plain words |
| ``/api/pictures/portrait``, ``/live`` | yes | JPEG of the transaction in progress: personal data |
| ``/api/actions`` | yes | takes an officer's order |
| ``/api/journal`` | unless ``public_journal`` | the last records, codes only |
| ``/healthz`` | no | 200 or 503 |
| ``/metrics`` | unless ``public_metrics`` | Prometheus text |

A kind of station adds its own.
"""

# Route functions are used by their decorators.
# pyright: reportUnusedFunction=false

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from gate_agent.console.body import invalid_input, json_schema, read_json
from gate_agent.console.guard import SECURITY_HEADERS, BearerToken, Guard, RateLimit
from gate_agent.console.messages import (
    ActionRequest,
    ActionResult,
    Health,
    JournalEntry,
    health_of,
    redacted,
)
from gate_agent.console.problems import Problem, ProblemDetails
from gate_agent.console.settings import ConsoleSettings
from gate_agent.console.stream import SnapshotFeed
from gate_agent.errors import GateError
from gate_agent.readmodel import Board, OfficerAction, OrderResult, Picture, Snapshot

_STATIC = Path(__file__).parent / "static"

Act = Callable[[OfficerAction], Awaitable[OrderResult]]
"""Carries out an order, by the rules of who may."""


def create_app(
    board: Board,
    act: Act,
    *,
    settings: ConsoleSettings,
    token: str,
    words: Mapping[str, str],
    recent: Callable[[int], list[dict[str, Any]]] | None = None,
    metrics: Callable[[], bytes] | None = None,
    health: Callable[[], dict[str, Any]] | None = None,
    public: Collection[str] = (),
    routers: Callable[[Board, BearerToken], Sequence[APIRouter]] = lambda _board, _bearer: (),
) -> FastAPI:
    """The console of one station.

    `words` puts reason and instruction codes in plain words; `recent` gives the last journal records (called
    in a worker thread); `metrics` the Prometheus text; `health` overrides what is derived from the board and
    must hold ``ok``, ``phase`` and ``devices``; `public` are the things seen that may be shown without the
    token; `routers` are the kind's own parts."""
    app = FastAPI(
        title="gate-agent console",
        description="Live view of one station and the orders of its officers. Loopback only.",
        version="1",
        docs_url=None,  # its pages need scripts from elsewhere
        redoc_url=None,
        responses={"default": {"model": ProblemDetails, "description": "RFC 9457 problem details"}},
    )
    app.state.feed = SnapshotFeed(board, settings, frozenset(public))
    bearer = BearerToken(token)
    app.include_router(_page())
    app.include_router(_live(app.state.feed, words))
    app.include_router(_pictures(board, bearer))
    app.include_router(_actions(board, act, bearer, RateLimit(settings.orders_per_minute)))
    for router in routers(board, bearer):
        app.include_router(router)
    app.include_router(_journal(recent, None if settings.public_journal else bearer))
    app.include_router(_operations(board, health, metrics, None if settings.public_metrics else bearer))
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(Guard)
    _answer_errors(app)
    return app


def _page() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def page() -> FileResponse:
        return FileResponse(_STATIC / "index.html", headers={"cache-control": "no-cache"})

    return router


def _live(feed: SnapshotFeed, words: Mapping[str, str]) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["live"])

    @router.get("/snapshot", response_model=Snapshot)
    async def snapshot() -> Response:
        """The station as it is now."""
        return Response(feed.json(), media_type="application/json")

    @router.get(
        "/events",
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "`snapshot` and `beat` events"}
        },
    )
    async def events() -> Response:
        """The snapshot now and after every change, as server-sent events."""
        return feed.stream()

    @router.get("/words")
    async def plain_words() -> dict[str, str]:
        """Codes in plain words."""
        return dict(words)

    return router


def _pictures(board: Board, bearer: BearerToken) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["live"])

    @router.get("/pictures/{which}", responses={200: {"content": {"image/jpeg": {}}}})
    async def picture(which: Picture, request: Request) -> Response:
        """The chip's portrait or the live capture of the transaction in progress."""
        bearer.require(request.headers.get("authorization"))
        jpeg = board.picture(which)
        if jpeg is None:
            raise Problem(404, f"there is no {which} picture now", field="which")
        return Response(jpeg, media_type="image/jpeg")

    return router


def _actions(board: Board, act: Act, bearer: BearerToken, orders: RateLimit) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["orders"])

    @router.post("/actions", openapi_extra=json_schema(ActionRequest))
    async def order(request: Request) -> ActionResult:
        """An officer's order. The token is checked before a byte of the body is read."""
        bearer.require(request.headers.get("authorization"))
        wait_s = orders.take()
        if wait_s:
            raise Problem(429, "too many orders in a minute", headers={"retry-after": str(math.ceil(wait_s))})
        wanted = await read_json(request, ActionRequest)
        current = board.snapshot.transaction
        if wanted.transaction is not None and (current is None or current.id != wanted.transaction):
            raise Problem(
                409,
                "this transaction is over: another one is at the station",
                field="transaction",
                advice="look at the station again before ordering",
            )
        try:
            order = OfficerAction(wanted.action, wanted.officer, wanted.reason, wanted.transaction or "")
            done = await act(order)
        except GateError as error:
            raise Problem(503, error.what, field=error.field, advice=error.advice) from error
        if done.objection is not None:
            raise Problem(409, done.objection.code, field="action")
        return ActionResult(action=wanted.action, officer=wanted.officer, note=done.note)

    return router


def _journal(recent: Callable[[int], list[dict[str, Any]]] | None, bearer: BearerToken | None) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["journal"])

    @router.get("/journal")
    async def journal(request: Request, last: Annotated[int, Query(ge=1, le=100)] = 20) -> list[JournalEntry]:
        """The newest records first: codes, ids and times only."""
        if bearer is not None:
            bearer.require(request.headers.get("authorization"))
        if recent is None:
            return []
        try:
            records = await run_in_threadpool(recent, last)
        except GateError as error:
            raise Problem(503, error.what, field=error.field, advice=error.advice) from error
        entries = [redacted(record) for record in records[:last]]
        return sorted(entries, key=lambda e: (e.epoch or 0, e.seq or 0), reverse=True)

    return router


def _operations(
    board: Board,
    health: Callable[[], dict[str, Any]] | None,
    metrics: Callable[[], bytes] | None,
    bearer: BearerToken | None,
) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", responses={503: {"model": Health}})
    async def healthz(response: Response) -> Health:
        """200 while the station can work, 503 with the same body while it cannot."""
        report = health_of(board.snapshot) if health is None else Health.model_validate(health())
        response.status_code = 200 if report.ok else 503
        return report

    @router.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
    async def prometheus(request: Request) -> Response:
        """Prometheus text format; no personal data."""
        if bearer is not None:
            bearer.require(request.headers.get("authorization"))
        if metrics is None:
            raise Problem(404, "this agent measures nothing")
        return Response(metrics(), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    return router


def _answer_errors(app: FastAPI) -> None:
    """Every error leaves as problem details, with the security headers, and without a traceback."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return invalid_input(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return Problem(error.status_code, str(error.detail), headers=error.headers).response()

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        # Starlette answers this one outside of the middleware, and raises it again for the log.
        name = type(error).__name__
        return Problem(500, f"the console failed ({name})", headers=SECURITY_HEADERS).response()
