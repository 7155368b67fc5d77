"""Keeps each driver alive in a thread of its own: open, read, close, and again after a pause.

A driver may crash, hang, lie or lose its device; the station sees only readings, a state and health.
Commands (``call``) run in the driver's thread between two reads, in the order in which they were
asked for, so that a driver never meets two callers at once. Nothing here waits for a driver
for ever: a thread that does not come back is told to close its device, then left behind.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from gate_agent.devices import (
    Device,
    DeviceDisconnected,
    DeviceError,
    DeviceHealth,
    DeviceState,
    DeviceTimeout,
    GarbledReading,
)
from gate_agent.logs import get_logger

T = TypeVar("T")

log = get_logger(__name__)

MAX_GARBLED = 5
"""So many garbled readings in a row, and the device is opened anew."""

MAX_ABANDONED = 3
"""So many threads of one driver that do not end, and it is not started again until one does."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a supervisor waits. Seconds.

    `silent_s`: a device that must speak by itself and has not for so long is silent (None: it may keep
    quiet); `hung_s`: a read or command that takes so long is given up; `backoff` grows from the
    first to the last pause between two attempts, with full jitter on top of half of it.
    """

    silent_s: float | None = None
    hung_s: float = 5.0
    backoff_first_s: float = 0.2
    backoff_last_s: float = 10.0
    steady_s: float = 5.0
    stop_s: float = 3.0


class Supervisor:
    """One driver under supervision.

    `make` builds a fresh driver (cheap, touches nothing); `on_reading` gets each reading and
    `on_health` each change of state, both on the event loop. A GarbledReading is handed on like a
    reading (the line lives, and somebody stands before the device); many in a row mean the device is
    broken. `run()` belongs in the agent's task group.
    """

    def __init__(
        self,
        name: str,
        driver: str,
        make: Callable[[], Device],
        *,
        on_reading: Callable[[Any], None],
        on_health: Callable[[DeviceHealth], None],
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.driver = driver
        self._make = make
        self._on_reading = on_reading
        self._on_health = on_health
        self._patience = patience or Patience()
        self._attempt: _Attempt | None = None
        self._state = DeviceState.STARTING
        self._error = self._advice = ""
        self._restarts = 0
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
        )

    async def run(self) -> None:
        """Supervise until cancelled; then the device is closed and its thread has ended."""
        pause = self._patience.backoff_first_s
        abandoned: list[_Attempt] = []
        while True:
            await self._until_few(abandoned)
            attempt = _Attempt(self._make, self._patience.hung_s)
            self._attempt = attempt
            started = time.monotonic()
            try:
                await self._supervise(attempt)
            finally:
                self._attempt = None
                await _finished(asyncio.to_thread(attempt.end, self._patience.stop_s))
            if not attempt.ended:
                abandoned.append(attempt)
            if time.monotonic() - started >= self._patience.steady_s:
                pause = self._patience.backoff_first_s
            self._restarts += 1
            waiting = pause * (0.5 + random.random() / 2)  # jitter: not every lane knocks at once
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
            pause = min(pause * 2, self._patience.backoff_last_s)

    async def _until_few(self, abandoned: list[_Attempt]) -> None:
        """A driver that always hangs would leave a thread behind with each attempt: stop in time."""
        while True:
            abandoned[:] = [attempt for attempt in abandoned if not attempt.ended]
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

    def call(self, command: Callable[[Any], T], *, limit_s: float | None = None) -> asyncio.Future[T]:
        """Run `command(driver)` in the driver's thread; the result, or the DeviceError it raised.

        `limit_s` replaces the time after which the call counts as hung.
        """
        attempt = self._attempt
        if attempt is None or self._state is not DeviceState.UP:
            failed: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            failed.set_exception(
                DeviceDisconnected(
                    self._error or "the device is not up", field=self.name, advice=self._advice
                )
            )
            return failed
        return asyncio.wrap_future(attempt.submit(command, limit_s))

    def restart(self, reason: str) -> None:
        """Give up on the device as it is and open it anew (a contradiction, a refused command)."""
        if self._attempt is not None:
            self._attempt.fail(DeviceError(reason, field=self.name))

    async def _supervise(self, attempt: _Attempt) -> None:
        """Follow one attempt until it fails; readings go out as they come."""
        loop = asyncio.get_running_loop()
        attempt.start(self.name, lambda: loop.call_soon_threadsafe(attempt.news.set))
        while True:
            try:
                async with asyncio.timeout(0.25):
                    await attempt.news.wait()
            except TimeoutError:
                pass
            attempt.news.clear()
            if attempt.opened and self._state is not DeviceState.UP and attempt.error is None:
                self._last_reading = time.monotonic()
                self._set(DeviceState.UP)
            while attempt.readings:
                self._last_reading = time.monotonic()
                self._on_reading(attempt.readings.popleft())
            error = attempt.error or attempt.hung() or self._silence()
            if error is not None:
                attempt.fail(error)
                self._set(DeviceState.SILENT if isinstance(error, _Silent) else DeviceState.DOWN, error)
                return

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


_Call: TypeAlias = tuple[Future[Any], Callable[[Any], Any], float | None]
"""The answer to be given, the command, and how long it may take."""


class _Attempt:
    """One life of a driver in one thread. Shared with that thread; each field has one writer."""

    def __init__(self, make: Callable[[], Device], hung_s: float) -> None:
        self.news = asyncio.Event()
        self.readings: deque[Any] = deque(maxlen=256)
        self.opened = False
        self.error: DeviceError | None = None
        self._make = make
        self._hung_s = hung_s
        self._device: Device | None = None
        self._calls: deque[_Call] = deque()
        self._running: Future[Any] | None = None
        self._over = threading.Event()
        self._busy_until = time.monotonic() + hung_s
        self._garbled = 0
        self._thread: threading.Thread | None = None
        self._tell: Callable[[], object] = lambda: None

    def start(self, name: str, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._thread = threading.Thread(target=self._live, name=f"device-{name}", daemon=True)
        self._thread.start()

    def submit(self, command: Callable[[Any], T], limit_s: float | None) -> Future[T]:
        future: Future[T] = Future()
        self._calls.append((future, command, limit_s))
        if self._over.is_set():
            self._drop_calls()
        return future

    def fail(self, error: DeviceError) -> None:
        if self.error is None:
            self.error = error
        self._over.set()
        self._notify()

    def hung(self) -> DeviceError | None:
        if time.monotonic() < self._busy_until:
            return None
        return DeviceError("the driver does not come back", advice="the device is closed and opened anew")

    def end(self, limit_s: float) -> None:
        """Close the device from another thread, which ends a blocked call, and wait, bounded."""
        self._over.set()
        thread, device = self._thread, self._device
        if thread is None:
            return
        thread.join(0.5)  # the usual case: the driver comes back from its read by itself
        if thread.is_alive() and device is not None:
            # In a thread of its own, because a driver may hang in its close as well.
            closing = threading.Thread(
                target=_close, args=(device,), name=f"{thread.name} closing", daemon=True
            )
            closing.start()
            closing.join(limit_s)
            thread.join(limit_s)
        if thread.is_alive():
            log.error("driver thread left behind: it does not end", device=thread.name)
            if (future := self._running) is not None:
                _answer(future, error=DeviceTimeout("the command did not come back"))
        self._drop_calls()

    @property
    def ended(self) -> bool:
        """Whether the driver's thread has come to its end, or never began."""
        return self._thread is None or not self._thread.is_alive()

    def _live(self) -> None:
        try:
            self._device = device = self._make()
            device.open()
            self.opened = True
            self._notify()
            while not self._over.is_set():
                self._serve_calls(device)
                self._busy_until = time.monotonic() + self._hung_s
                reading = self._read(device)
                if reading is not None:
                    self.readings.append(reading)
                    self._notify()
        except DeviceError as error:
            self.fail(error)
        except Exception as error:  # a driver's own defect must not end the station
            log.error("driver crashed", exc_info=error)
            self.fail(DeviceError(f"the driver crashed: {type(error).__name__}", advice="report it"))
        finally:
            if self._device is not None:
                _close(self._device)
            self._over.set()
            self._drop_calls()

    def _read(self, device: Device) -> object:
        try:
            reading: object = device.read()
        except GarbledReading as error:
            self._garbled += 1
            if self._garbled >= MAX_GARBLED:
                raise
            return error
        if reading is not None:
            self._garbled = 0
        return reading

    def _serve_calls(self, device: Device) -> None:
        while not self._over.is_set() and (call := self._next_call()) is not None:
            future, command, limit_s = call
            if not future.set_running_or_notify_cancel():
                continue
            self._busy_until = time.monotonic() + (limit_s or self._hung_s)
            self._running = future
            try:
                result = command(device)
            except Exception as error:
                _answer(future, error=error)
            else:
                _answer(future, result)
            self._running = None

    def _next_call(self) -> _Call | None:
        """The oldest call. Whoever ends an attempt empties the queue too, so it may be gone at any time."""
        try:
            return self._calls.popleft()
        except IndexError:
            return None

    def _drop_calls(self) -> None:
        while (call := self._next_call()) is not None:
            future = call[0]
            if future.set_running_or_notify_cancel():
                future.set_exception(DeviceDisconnected("the device was lost before the command"))

    def _notify(self) -> None:
        try:
            self._tell()
        except RuntimeError:  # the event loop has ended; nobody is waiting any more
            self._over.set()


def _answer(future: Future[Any], result: object = None, *, error: Exception | None = None) -> None:
    """Answer a command once: whoever gives up on it may have been a moment earlier."""
    with suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


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


def _close(device: Device) -> None:
    try:
        device.close()
    except Exception as error:
        log.warning("closing a device failed", exc_info=error)
