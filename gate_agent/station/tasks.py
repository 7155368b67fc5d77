"""Work beside the event loop's main course: every task is kept, and none ends unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from gate_agent.logs import get_logger
from gate_agent.station.case import Case

T = TypeVar("T")

log = get_logger(__name__)


class BackgroundTasks:
    """Runs coroutines as tasks, each for one case or (None) for the station."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], Case | None] = {}

    def start(
        self, work: Coroutine[Any, Any, None], failed: Callable[[], None], owner: Case | None = None
    ) -> None:
        """Run `work`; whatever it raises is logged and answered by `failed`, so that nobody waits for it."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                log.error("work failed", exc_info=error, transaction=owner.id if owner else "")
                failed()

        self.keep(guarded(), owner)

    def keep(self, work: Coroutine[Any, Any, T], owner: Case | None) -> asyncio.Task[T]:
        """Run `work` for somebody who awaits it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = owner
        task.add_done_callback(self._tasks.pop)
        return task

    async def finished(self, owner: Case, timeout_s: float) -> None:
        """Wait, bounded, for everything else that runs for a case."""
        current = asyncio.current_task()
        others = [task for task, whose in self._tasks.items() if whose is owner and task is not current]
        if others:
            await asyncio.wait(others, timeout=timeout_s)

    async def dismiss(self) -> None:
        """Cancel what still runs, and wait for it to end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
