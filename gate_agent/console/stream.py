"""The live view: snapshots as server-sent events (WHATWG HTML §9.2).

Each client gets the newest snapshot and then the newest one after every change. Nothing queues: the loop of a
client waits in ``send`` until its socket takes data, and then skips to what is true by that time. A quiet
stream beats (an event, because a page cannot see comments), so that the page can tell quiet from dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any

from fastapi.responses import Response
from pydantic import TypeAdapter
from starlette.types import Receive, Scope, Send

from gate_agent.console.problems import Problem
from gate_agent.console.settings import ConsoleSettings
from gate_agent.readmodel import Board, Snapshot

_SNAPSHOT = TypeAdapter(Snapshot)

_LEAST_INTERVAL_S = 0.05
"""A lane reports up to 20 times a second; faster than that no eye follows."""


class SnapshotFeed:
    """Hands every client its own stream of one board, and serialises each version once for all that may see
    it whole, and once for the others. `opened` leaves of a snapshot what anybody may read."""

    def __init__(
        self, board: Board, settings: ConsoleSettings, opened: Callable[[Snapshot], Snapshot]
    ) -> None:
        self.board = board
        self.settings = settings
        self.open_streams = 0
        self.closing = asyncio.Event()
        self._opened = opened
        self._json: dict[bool, tuple[Snapshot, bytes]] = {}

    def json(self, *, whole: bool) -> bytes:
        """The newest snapshot as JSON; NaN and infinities become null."""
        snapshot = self.board.snapshot
        made = self._json.get(whole)
        if made is None or made[0] is not snapshot:
            shown = snapshot if whole else self._opened(snapshot)
            # Evidence holds read-only mappings, which pydantic does not know: `fallback` makes them plain.
            made = snapshot, _SNAPSHOT.dump_json(shown, fallback=dict, warnings="none")
            self._json[whole] = made
        return made[1]

    def stream(self, *, whole: bool) -> Response:
        """A response that streams until the client or the server goes. Raises Problem 503 when full."""
        if self.open_streams >= self.settings.max_streams:
            raise Problem(503, code="TOO_MANY_CONSOLES", field="max_streams", headers={"retry-after": "5"})
        return _Stream(self, whole)


class _Stream(Response):
    media_type = "text/event-stream"

    def __init__(self, feed: SnapshotFeed, whole: bool) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._feed.open_streams += 1
        ends = (
            asyncio.create_task(_disconnected(receive)),
            asyncio.create_task(self._feed.closing.wait()),
        )
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _chunk(send, b"retry: 1000\n\n")
            async with aclosing(_snapshots(self._feed.board)) as changes:
                await self._follow(changes, ends, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._feed.open_streams -= 1
            await _cancel(*ends)

    async def _follow(
        self, changes: AsyncGenerator[Snapshot, None], ends: tuple[asyncio.Task[Any], ...], send: Send
    ) -> None:
        change = asyncio.ensure_future(anext(changes))
        try:
            while True:
                await asyncio.wait(
                    {change, *ends},
                    timeout=self._feed.settings.heartbeat_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if any(end.done() for end in ends):
                    return
                if not change.done():
                    await _chunk(send, b"event: beat\ndata: {}\n\n")
                    continue
                version = change.result().version
                change = asyncio.ensure_future(anext(changes))
                await _chunk(
                    send,
                    b"id: %d\nevent: snapshot\ndata: %b\n\n" % (version, self._feed.json(whole=self._whole)),
                )
                await asyncio.wait(set(ends), timeout=_LEAST_INTERVAL_S)
        finally:
            await _cancel(change)


async def _snapshots(board: Board) -> AsyncGenerator[Snapshot, None]:
    async for snapshot in board.changes():
        yield snapshot


async def _chunk(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await task
