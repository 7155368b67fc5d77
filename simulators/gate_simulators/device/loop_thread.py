"""A thread with an event loop of its own, for a simulated device that serves asyncio connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

Serve: TypeAlias = Callable[[Callable[[], None], asyncio.Event], Coroutine[Any, Any, None]]
"""Called with `ready`, to call once the device can be reached, and `halt`, which is set when it shall end."""


class LoopThread:
    """Runs ``serve(ready, halt)`` from ``start`` to ``stop``; may be started again afterwards."""

    def __init__(self, name: str, serve: Serve) -> None:
        self._name = name
        self._serve = serve
        self._thread: threading.Thread | None = None
        self._halt: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._ready = threading.Event()
        self._failure: Exception | None = None

    def start(self) -> None:
        """Returns when `serve` is ready; raises what kept it from that. Nothing happens while it runs."""
        if self._thread is not None:
            return
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            raise self._failure

    def stop(self) -> None:
        """Returns when the thread has ended; harmless when none runs."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._halt is not None:
            loop, halt = self._halt
            with suppress(RuntimeError):  # the loop may have ended by itself
                loop.call_soon_threadsafe(halt.set)
        thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as exc:  # address in use, no pseudo-terminal left
            if self._ready.is_set():
                raise
            self._failure = exc
        finally:
            self._ready.set()

    async def _main(self) -> None:
        halt = asyncio.Event()
        self._halt = (asyncio.get_running_loop(), halt)
        await self._serve(self._ready.set, halt)
