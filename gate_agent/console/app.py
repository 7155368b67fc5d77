"""The console's HTTP interface: the page, the live snapshot, pictures, orders, journal, health, metrics.

| path | needs the token | gives |
|---|---|---|
| ``/``, ``/static/*``, ``/static/kind/*`` | no | the page: plain ES modules, nothing from outside |
| ``/api/snapshot``, ``/api/events`` | for all of it | the read model; else what the kind declares public |
| ``/api/kind``, ``/api/words`` | no | what the page shows of this kind; all words of a language |
| ``/api/pictures/portrait``, ``/live`` | yes | JPEG of the transaction in progress: personal data |
| ``/api/actions`` | yes | takes an officer's order |
| ``/api/alerts/{code}/acknowledge`` | yes | an officer has seen an alert |
| ``/api/journal`` | unless ``public_journal`` | the last records, codes only |
| ``/healthz`` | no | 200 or 503 |
| ``/metrics`` | unless ``public_metrics`` | Prometheus text |

No kind of station is known here: a kind hands in its page, its words, and routes of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from gate_agent.console.body import invalid_input, json_schema, read_json
from gate_agent.console.guard import SECURITY_HEADERS, BearerToken, Guard, RateLimit
from gate_agent.console.language import Languages
from gate_agent.console.messages import (
    Acknowledged,
    AcknowledgeRequest,
    ActionRequest,
    ActionResult,
    Health,
    JournalEntry,
    health_of,
    journal_entries,
)
from gate_agent.console.page import KindPage
from gate_agent.console.problems import Problem, ProblemDetails
from gate_agent.console.settings import ConsoleSettings
from gate_agent.console.stream import SnapshotFeed
from gate_agent.errors import GateError
from gate_agent.readmodel import Board, OfficerAction, OrderResult, Picture, Snapshot
from gate_agent.words import Words

_STATIC = Path(__file__).parent / "static"

Act: TypeAlias = Callable[[OfficerAction], Awaitable[OrderResult]]
"""Carries out an order, and says what became of it."""
Acknowledge: TypeAlias = Callable[[str, str], Awaitable[bool]]
"""An officer (second) has seen the alert of a code (first). False when there is none to be acknowledged."""
Routers: TypeAlias = Callable[[Board, BearerToken], Sequence[APIRouter]]
"""A kind's own part of the interface; what it guards with the token is its business."""

AlertCode = Annotated[str, InPath(pattern=r"^[A-Z][A-Z0-9_]{1,63}(:[A-Za-z0-9_-]{1,64})?$")]


def create_app(
    board: Board,
    act: Act,
    *,
    settings: ConsoleSettings,
    token: str,
    kind: KindPage,
    words: Mapping[str, Words],
    acknowledge: Acknowledge,
    routers: Routers = lambda _board, _bearer: (),
    recent: Callable[[int], list[dict[str, Any]]] | None = None,
    metrics: Callable[[], bytes] | None = None,
    health: Callable[[], dict[str, Any]] | None = None,
) -> FastAPI:
    """The console of one station.

    `kind` is what it shows of its kind, `words` all its languages, English among them; `recent` gives the
    last journal records (called in a worker thread); `metrics` the Prometheus text; `health` overrides what
    is derived from the board and must hold ``ok``, ``phase`` and ``devices``.
    """
    app = FastAPI(
        title="gate-agent console",
        description="Live view of one station and the orders of its officers. Loopback only.",
        version="1",
        docs_url=None,  # its pages need scripts from elsewhere
        redoc_url=None,
        responses={"default": {"model": ProblemDetails, "description": "RFC 9457 problem details"}},
    )
    app.state.feed = SnapshotFeed(board, settings, kind.opened)
    bearer, languages = BearerToken(token), Languages(words)
    app.include_router(_page(languages))
    app.include_router(_live(app.state.feed, bearer))
    app.include_router(_told(kind, languages))
    app.include_router(_pictures(board, bearer))
    app.include_router(_actions(act, kind, languages, bearer, RateLimit(settings.orders_per_minute)))
    app.include_router(_alerts(acknowledge, bearer))
    for router in routers(board, bearer):
        app.include_router(router)
    app.include_router(_journal(recent, None if settings.public_journal else bearer))
    app.include_router(_operations(board, health, metrics, None if settings.public_metrics else bearer))
    app.mount("/static/kind", StaticFiles(directory=str(kind.folder)), name="kind")
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(Guard)
    _answer_errors(app, languages)
    return app


def _page(languages: Languages) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    page = (_STATIC / "index.html").read_text(encoding="utf-8")

    @router.get("/")
    async def index(request: Request) -> HTMLResponse:
        words = languages.of(request)
        own = {"language": words.language, "direction": words.direction}

        def told(found: re.Match[str]) -> str:
            return escape(own.get(found[1]) or words.text(f"page.{found[1]}"))

        headers = {"cache-control": "no-cache", "vary": "accept-language"}
        return HTMLResponse(re.sub(r"\{\{(\w+)\}\}", told, page), headers=headers)

    return router


def _live(feed: SnapshotFeed, bearer: BearerToken) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["live"])

    def whole(request: Request) -> bool:
        """Whether all may be seen: with the token. A wrong one is refused, not taken for none."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            return False
        bearer.require(authorization)
        return True

    @router.get("/snapshot", response_model=Snapshot)
    async def snapshot(request: Request) -> Response:
        """The station as it is now; without the token what its kind declares public."""
        return Response(feed.json(whole=whole(request)), media_type="application/json")

    @router.get(
        "/events",
        responses={
            200: {"content": {"text/event-stream": {}}, "description": "`snapshot` and `beat` events"}
        },
    )
    async def events(request: Request) -> Response:
        """The snapshot now and after every change, as server-sent events."""
        return feed.stream(whole=whole(request))

    return router


def _told(kind: KindPage, languages: Languages) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["live"])

    @router.get("/kind")
    async def this_kind() -> dict[str, Any]:
        """What the page shows of this kind of station, and the languages that it speaks."""
        return {**kind.told(), "languages": languages.names()}

    @router.get("/words")
    async def words(request: Request, language: Annotated[str, Query(max_length=64)] = "") -> dict[str, Any]:
        """All words of a language: the one asked for, else what ``Accept-Language`` prefers, else English."""
        found = languages.of(request)
        return {"language": found.language, "direction": found.direction, **found.tables()}

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


def _actions(
    act: Act, kind: KindPage, languages: Languages, bearer: BearerToken, orders: RateLimit
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["orders"])

    @router.post("/actions", openapi_extra=json_schema(ActionRequest))
    async def order(request: Request) -> ActionResult:
        """An officer's order. The token is checked before a byte of the body is read."""
        bearer.require(request.headers.get("authorization"))
        wait_s = orders.take()
        if wait_s:
            raise Problem(429, code="TOO_MANY_ORDERS", headers={"retry-after": str(math.ceil(wait_s))})
        wanted = await read_json(request, ActionRequest)
        if wanted.action not in kind.orders:
            raise Problem(422, code="ORDER_UNKNOWN", field="action")
        order = OfficerAction(wanted.action, wanted.officer, wanted.reason, wanted.transaction or "")
        try:
            done = await act(order)
        except GateError as error:
            raise Problem(503, error.what, field=error.field, advice=error.advice) from error
        if done.objection is not None:
            raise Problem(409, code=done.objection.code, fills=done.objection.fills, field="action")
        note = languages.of(request).text(f"notes.{done.note}") if done.note else ""
        return ActionResult(action=wanted.action, officer=wanted.officer, note=note)

    return router


def _alerts(acknowledge: Acknowledge, bearer: BearerToken) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["orders"])

    @router.post("/alerts/{code}/acknowledge", openapi_extra=json_schema(AcknowledgeRequest))
    async def seen(code: AlertCode, request: Request) -> Acknowledged:
        """An officer has seen an alert; it stays listed while what it tells of lasts."""
        bearer.require(request.headers.get("authorization"))
        wanted = await read_json(request, AcknowledgeRequest)
        if not await acknowledge(code, wanted.officer):
            raise Problem(409, code="ALERT_UNKNOWN", field="code")
        return Acknowledged(code=code, officer=wanted.officer)

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
            records = await run_in_threadpool(recent, 2 * last)  # with their outcomes
        except GateError as error:
            raise Problem(503, error.what, field=error.field, advice=error.advice) from error
        return journal_entries(records)[:last]

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


def _answer_errors(app: FastAPI, languages: Languages) -> None:
    """Every error leaves as problem details, with the security headers, and without a traceback; what has a
    code is told in the language of whoever asked."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        if error.code:
            error.what = languages.of(request).objection(error.code, error.fills)
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
