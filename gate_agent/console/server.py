"""Serves the console inside the agent's event loop: uvicorn without its signal handlers.

The agent owns signals and the order of shutting down; ``run()`` is one supervised task that serves until it
is cancelled, ends open event streams, and leaves no connection behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from gate_agent.console.settings import ConsoleError, ConsoleSettings

_LARGEST_HEAD_BYTES = 16 * 1024
_MOST_CONNECTIONS = 64
_GRACE_S = 2


class ConsoleServer:
    """One console on one loopback port."""

    def __init__(self, app: FastAPI, settings: ConsoleSettings) -> None:
        self._app = app
        self._settings = settings
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where the page is; with port 0 only known after bind()."""
        port = self._socket.getsockname()[1] if self._socket else self._settings.port
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{port}"

    def bind(self) -> None:
        """Take the port now, so that a clash is known before anything starts. Raises ConsoleError."""
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted connections inherit both: small events leave at once (RFC 896 would hold them back),
            # and the kernel drops a client that takes no data (RFC 5482).
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stall_ms = int(self._settings.stall_s * 1000)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall_ms)
            listener.bind((self._settings.host, self._settings.port))
            listener.listen(_MOST_CONNECTIONS)
        except OSError as error:
            listener.close()
            raise ConsoleError(
                f"cannot listen on {self._settings.host}:{self._settings.port}: {error.strerror}",
                field="console.port",
                advice="stop the other program on this port, or choose another port",
            ) from error
        self._socket = listener

    async def run(self) -> None:
        """Serve until cancelled. Raises ConsoleError when the port is taken."""
        self.bind()
        assert self._socket is not None
        self._app.state.feed.closing.clear()
        server = _Server(
            uvicorn.Config(
                self._app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[self._socket]), name="console-http")
        try:
            await asyncio.shield(serving)
        finally:
            self._app.state.feed.closing.set()
            server.should_exit = True
            try:
                await serving
            finally:
                server.abort_connections()
                self._socket.close()
                self._socket = None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the agent's: it drains the lane before it ends its tasks."""
        yield

    def abort_connections(self) -> None:
        """Cut what is still open, such as a client that stopped reading with data on the way."""
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
