"""One life of a driver in a thread of its own: opened, read, commanded between two reads, closed.

Shared between that thread and the event loop: each field has one writer. Nothing is lost on the way: when the
station does not take its readings, the thread waits, and so does the wire.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Generic, TypeVar

from gate_agent.devices.device import (
    Device,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    GarbledReading,
    LineNoise,
)
from gate_agent.devices.patience import Patience
from gate_agent.logs import get_logger

T = TypeVar("T")
DeviceT = TypeVar("DeviceT", bound=Device)

log = get_logger(__name__)

MAX_GARBLED = 5
"""So many garbled readings in a row, and the device is opened anew."""

MAX_NOISE = 5
NOISE_APART_S = 60.0
"""So many bursts of noise, none so long after the last one and no reading between: the line is broken."""


class DriverThread(Generic[DeviceT]):
    """`news` is set on the event loop whenever there is something to see here."""

    def __init__(self, make: Callable[[], DeviceT], patience: Patience) -> None:
        self.news = asyncio.Event()
        self.error: DeviceError | None = None
        self._make = make
        self._hung_s = patience.hung_s
        self._device: DeviceT | None = None
        self._readings: deque[object] = deque()
        self._room = threading.Semaphore(patience.backlog)
        self._commands: deque[_Command[DeviceT, Any]] = deque()
        self._running: _Command[DeviceT, Any] | None = None
        self._over = threading.Event()
        self._busy_until = time.monotonic() + patience.open_s
        self._opened_at: float | None = None
        self._read_at = 0.0
        self._garbled = self._noise = 0
        self._noise_at = -math.inf
        self._thread: threading.Thread | None = None
        self._tell: Callable[[], object] = lambda: None

    # ------------------------------------------------------------ for the event loop

    def start(self, name: str, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._thread = threading.Thread(target=self._live, name=f"device-{name}", daemon=True)
        self._thread.start()

    @property
    def opened(self) -> bool:
        return self._opened_at is not None

    @property
    def lived_s(self) -> float:
        """From its opening until its last read came back, seconds."""
        return max(0.0, self._read_at - self._opened_at) if self._opened_at is not None else 0.0

    @property
    def ended(self) -> bool:
        """Whether the driver's thread has come to its end, or never began."""
        return self._thread is None or not self._thread.is_alive()

    @property
    def hung(self) -> bool:
        """Whether the driver is over its time: in open, read or a command, never while it waits for us."""
        return time.monotonic() >= self._busy_until

    def take(self) -> Iterator[object]:
        """What waits now; each makes room for another."""
        for _ in range(len(self._readings)):
            reading = self._readings.popleft()
            self._room.release()
            yield reading

    def submit(self, run: Callable[[DeviceT], T], limit_s: float | None) -> Future[T]:
        """`run` between two reads; its result, its error, or DeviceDisconnected when it is never run."""
        command = _Command(run, limit_s or self._hung_s)
        self._commands.append(command)
        if self._over.is_set():
            self._drop_commands()
        return command.answer

    def fail(self, error: DeviceError) -> None:
        """The device is lost; the first reason counts. From any thread."""
        if self.error is None:
            self.error = error
        self._stop()
        self._notify()

    def end(self, limit_s: float) -> int:
        """Close the device from another thread, which ends a blocked call, and wait, bounded.

        How many readings nobody took.
        """
        self._stop()
        thread, device = self._thread, self._device
        if thread is None:
            return 0
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
            if (command := self._running) is not None:
                command.give_up(DeviceTimeout("the command did not come back"))
        self._drop_commands()
        return len(self._readings)

    def _stop(self) -> None:
        self._over.set()
        self._room.release()  # a thread that waits for room ends as well

    # ------------------------------------------------------------ the driver's own thread

    def _live(self) -> None:
        try:
            self._device = device = self._make()
            device.open()
            self._busy_until = time.monotonic() + self._hung_s
            self._opened_at = self._read_at = time.monotonic()
            self._notify()
            while not self._over.is_set():
                self._serve_commands(device)
                self._busy_until = time.monotonic() + self._hung_s
                reading = self._read(device)
                self._read_at = time.monotonic()
                if reading is not None:
                    self._hand_over(reading)
        except DeviceError as error:
            self.fail(error)
        except BaseException as error:  # a driver's own defect, even sys.exit(), is the device's fault
            # First the word, then the log: writing a traceback takes its time, and must not look like a hang.
            self.fail(_crash(error))
            log.error("driver crashed", exc_info=error)
        finally:
            if self._device is not None:
                _close(self._device)
            self._over.set()
            self._drop_commands()

    def _hand_over(self, reading: object) -> None:
        """Wait for room: a station that is busy holds the driver back, and that is not the driver's fault."""
        self._busy_until = math.inf
        self._room.acquire()
        self._readings.append(reading)
        self._notify()

    def _read(self, device: DeviceT) -> object:
        """The next reading, or the error that is none of the device's end."""
        try:
            reading = device.read()
        except GarbledReading as error:
            self._garbled += 1
            if self._garbled >= MAX_GARBLED:
                raise
            return error
        except LineNoise as error:
            now = time.monotonic()
            self._noise = self._noise + 1 if now - self._noise_at < NOISE_APART_S else 1
            self._noise_at = now
            if self._noise >= MAX_NOISE:
                raise
            return error
        if reading is not None:
            self._garbled = self._noise = 0
        return reading

    def _serve_commands(self, device: DeviceT) -> None:
        while not self._over.is_set() and (command := self._next_command()) is not None:
            self._busy_until = time.monotonic() + command.limit_s
            self._running = command
            command.perform(device)
            self._running = None

    def _next_command(self) -> _Command[DeviceT, Any] | None:
        """The oldest. Whoever ends a life empties the queue too, so it may be gone at any time."""
        try:
            return self._commands.popleft()
        except IndexError:
            return None

    def _drop_commands(self) -> None:
        while (command := self._next_command()) is not None:
            command.refuse(DeviceDisconnected("the device was lost before the command"))

    def _notify(self) -> None:
        try:
            self._tell()
        except RuntimeError:  # the event loop has ended; nobody is waiting any more
            self._over.set()


class _Command(Generic[DeviceT, T]):
    """Something to be done with the device, and how long that may take."""

    def __init__(self, run: Callable[[DeviceT], T], limit_s: float) -> None:
        self.answer: Future[T] = Future()
        self.limit_s = limit_s
        self._run = run

    def perform(self, device: DeviceT) -> None:
        """Run it, unless nobody wants it any more."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            result = self._run(device)
        except Exception as error:
            self.give_up(error)
        except BaseException as error:
            self.give_up(_crash(error))
            raise
        else:
            with suppress(InvalidStateError):  # given up a moment earlier
                self.answer.set_result(result)

    def refuse(self, error: DeviceError) -> None:
        """It will not be run."""
        if self.answer.set_running_or_notify_cancel():
            self.answer.set_exception(error)

    def give_up(self, error: Exception) -> None:
        """Answer in its place; whoever answered first was heard."""
        with suppress(InvalidStateError):
            self.answer.set_exception(error)


def _crash(error: BaseException) -> DeviceError:
    return DeviceError(f"the driver crashed: {type(error).__name__}", advice="report it")


def _close(device: Device) -> None:
    try:
        device.close()
    except Exception as error:
        log.warning("closing a device failed", exc_info=error)
