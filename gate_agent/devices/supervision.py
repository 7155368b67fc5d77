"""Keeps each driver alive in a thread of its own: open, read, close, and again after a pause.

A driver may crash, hang, lie or lose its device; the station sees only readings, a state and health.
Commands (``call``) run in the driver's thread between two reads, in the order in which they were
asked for, so that a driver never meets two callers at once. Nothing here waits for a driver
for ever: a thread that does not come back is told to close its device, then left behind.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from gate_agent.devices.device import (
    DeviceDisconnected,
    DeviceError,
    DeviceHealth,
    DeviceState,
    LineNoise,
)
from gate_agent.devices.driver_thread import DeviceT, DriverThread
from gate_agent.devices.patience import Patience
from gate_agent.logs import get_logger

T = TypeVar("T")

log = get_logger(__name__)

MAX_ABANDONED = 3
"""So many threads of one driver that do not end, and it is not started again until one does."""

LOOK_S = 0.25
"""How often a driver is looked at that gives no sign."""


class Supervisor(Generic[DeviceT]):
    """One driver under supervision.

    `make` builds a fresh driver (cheap, touches nothing); `on_reading` gets each reading and
    `on_health` each change of state, both on the event loop. A GarbledReading is handed on like a
    reading (the line lives, and somebody stands before the device); many in a row mean the device is
    broken. LineNoise is counted and logged. `run()` belongs in the agent's task group.
    """

    def __init__(
        self,
        name: str,
        driver: str,
        make: Callable[[], DeviceT],
        *,
        on_reading: Callable[[object], None],
        on_health: Callable[[DeviceHealth], None],
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.driver = driver
        self._make = make
        self._on_reading = on_reading
        self._on_health = on_health
        self._patience = patience or Patience()
        self._thread: DriverThread[DeviceT] | None = None
        self._state = DeviceState.STARTING
        self._error = self._advice = ""
        self._restarts = self._noise = 0
        self._last_reading = time.monotonic()

    @property
    def health(self) -> DeviceHealth:
        return DeviceHealth(
            device=self.name,
            driver=self.driver,
            state=self._state,
            age_s=round(time.monotonic() - self._last_reading, 3),
            restarts=self._restarts,
            error=self._error,
            advice=self._advice,
            noise=self._noise,
        )

    async def run(self) -> None:
        """Supervise until cancelled; then the device is closed and its thread has ended."""
        failures = 0
        abandoned: list[DriverThread[DeviceT]] = []
        while True:
            await self._until_few(abandoned)
            self._thread = thread = DriverThread(self._make, self._patience)
            try:
                await self._supervise(thread)
            finally:
                self._thread = None
                await _finished(asyncio.to_thread(self._end, thread))
            if not thread.ended:
                abandoned.append(thread)
            if thread.lived_s >= self._patience.steady_s:
                failures = 0
            self._restarts += 1
            waiting = self._patience.backoff.pause(failures, random.random())
            failures += 1
            log.warning(
                "device lost, trying again",
                device=self.name,
                driver=self.driver,
                error=self._error,
                advice=self._advice,
                restarts=self._restarts,
                backoff_s=round(waiting, 3),
            )
            await asyncio.sleep(waiting)

    def _end(self, thread: DriverThread[DeviceT]) -> None:
        """From another thread than the loop's: ending a driver waits for it."""
        untold = thread.end(self._patience.stop_s)
        if untold:
            log.warning("readings of a lost device dropped", device=self.name, readings=untold)

    async def _until_few(self, abandoned: list[DriverThread[DeviceT]]) -> None:
        """A driver that always hangs would leave a thread behind with each attempt: stop in time."""
        while True:
            abandoned[:] = [thread for thread in abandoned if not thread.ended]
            if len(abandoned) < MAX_ABANDONED:
                return
            error = DeviceError(
                "the driver did not come back too often",
                field=self.name,
                advice="check the device, then restart the agent",
            )
            if self._error != error.what:
                log.error("device given up", device=self.name, driver=self.driver, error=error.what)
                self._set(DeviceState.DOWN, error)
            await asyncio.sleep(self._patience.backoff_last_s)

    def call(self, command: Callable[[DeviceT], T], *, limit_s: float | None = None) -> asyncio.Future[T]:
        """Run `command(driver)` in the driver's thread; the result, or the DeviceError it raised.

        `limit_s` replaces the time after which the call counts as hung.
        """
        thread = self._thread
        if thread is None or self._state is not DeviceState.UP:
            failed: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            failed.set_exception(
                DeviceDisconnected(
                    self._error or "the device is not up", field=self.name, advice=self._advice
                )
            )
            return failed
        return asyncio.wrap_future(thread.submit(command, limit_s))

    def restart(self, reason: str) -> None:
        """Give up on the device as it is and open it anew (a contradiction, a refused command)."""
        if self._thread is not None:
            self._thread.fail(DeviceError(reason, field=self.name))

    async def _supervise(self, thread: DriverThread[DeviceT]) -> None:
        """Follow one life of the driver until it fails; readings go out as they come."""
        loop = asyncio.get_running_loop()
        thread.start(self.name, lambda: loop.call_soon_threadsafe(thread.news.set))
        suspected = False
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await thread.news.wait()
            except TimeoutError:
                pass
            thread.news.clear()
            failure = thread.error  # before the readings: none follows it
            if thread.opened and self._state is not DeviceState.UP and failure is None:
                self._last_reading = time.monotonic()
                self._set(DeviceState.UP)
            for reading in thread.take():
                self._take(reading)
            overdue = self._hung(thread) or self._silence()
            # What looks late at once may be a loop that was busy itself: the driver gets another look.
            error = failure or (overdue if suspected else None)
            suspected = overdue is not None
            if error is not None:
                thread.fail(error)
                self._set(DeviceState.SILENT if isinstance(error, _Silent) else DeviceState.DOWN, error)
                return

    def _take(self, reading: object) -> None:
        if not isinstance(reading, LineNoise):
            self._last_reading = time.monotonic()
            self._on_reading(reading)
            return
        self._noise += 1
        if self._noise & (self._noise - 1) == 0:  # the first, then ever fewer: noise may be endless
            log.warning(
                "noise on the line",
                device=self.name,
                error=reading.what,
                advice=reading.advice,
                bursts=self._noise,
            )

    def _hung(self, thread: DriverThread[DeviceT]) -> DeviceError | None:
        if not thread.hung:
            return None
        return DeviceError("the driver does not come back", advice="the device is closed and opened anew")

    def _silence(self) -> DeviceError | None:
        limit = self._patience.silent_s
        if (
            limit is None
            or self._state is not DeviceState.UP
            or time.monotonic() - self._last_reading < limit
        ):
            return None
        return _Silent(f"no reading for {limit:g} s", field=self.name, advice="check the device and its line")

    def _set(self, state: DeviceState, error: DeviceError | None = None) -> None:
        self._error = error.what if error else ""
        self._advice = error.advice if error else ""
        if state is not self._state or error is not None:
            self._state = state
            self._on_health(self.health)


class _Silent(DeviceError):
    """The device is there but says nothing."""


async def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Wait for `work` to its end, even when cancelled meanwhile; the cancellation then goes on."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
