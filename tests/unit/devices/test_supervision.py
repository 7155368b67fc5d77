"""A supervisor keeps a driver's misbehaviour to itself: the station sees readings, a state and health.

The drivers here are small and bad in one way each: they crash, hang, garble, fall silent, or raise from a
command.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.devices import (
    CommandRefused,
    DeviceDisconnected,
    DeviceError,
    DeviceHealth,
    DeviceState,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
)
from gate_agent.devices.supervision import MAX_ABANDONED, MAX_GARBLED, Patience, Supervisor

IMPATIENT = Patience(hung_s=0.25, backoff_first_s=0.005, backoff_last_s=0.02, stop_s=0.2)


class Driver:
    """A driver that works: it says a number at each read."""

    Config: ClassVar[type[DriverConfig]] = DriverConfig
    capability: ClassVar[str] = "test"

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.gone = threading.Event()
        self.threads: set[str] = set()
        self._count = 0

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.closed += 1
        self.gone.set()

    def read(self) -> Any:
        self.threads.add(threading.current_thread().name)
        self.gone.wait(0.005)
        self._count += 1
        return self._count


@dataclass
class Watch:
    """What a supervisor told, and the drivers it made."""

    make: Callable[[], Driver]
    patience: Patience = IMPATIENT
    readings: list[Any] = field(default_factory=list[Any])
    health: list[DeviceHealth] = field(default_factory=list[DeviceHealth])
    drivers: list[Driver] = field(default_factory=list[Driver])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        def make() -> Driver:
            self.drivers.append(self.make())
            return self.drivers[-1]

        supervisor = Supervisor(
            "dut",
            "test-driver",
            make,
            on_reading=self.readings.append,
            on_health=self.health.append,
            patience=self.patience,
        )
        task = asyncio.create_task(supervisor.run())
        try:
            yield supervisor
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def states(self) -> list[DeviceState]:
        return [health.state for health in self.health]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - a test may look now and then
                await asyncio.sleep(0.005)

    async def up(self) -> None:
        await self.until(lambda: self.states[-1:] == [DeviceState.UP])


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scene()

    asyncio.run(whole())


def device_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("device-")]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    until = time.monotonic() + 5
    while device_threads() and time.monotonic() < until:
        time.sleep(0.01)
    assert not device_threads()


# ---------------------------------------------------------------- the usual life


def test_readings_come_in_order_and_the_device_is_closed_at_the_end() -> None:
    watch = Watch(Driver)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: len(watch.readings) >= 5)
            assert supervisor.health.state is DeviceState.UP
            assert supervisor.health.restarts == 0
        assert not device_threads(), "the thread has ended when run() has"

    play(scene)
    assert watch.readings == sorted(watch.readings)
    assert watch.readings[0] == 1
    (driver,) = watch.drivers
    assert driver.opened == 1
    assert driver.closed >= 1
    assert driver.threads == {"device-dut"}, "a driver lives in one thread"


@given(st.lists(st.integers(), max_size=30))
def test_calls_run_one_at_a_time_in_the_order_asked(numbers: list[int]) -> None:
    watch = Watch(Driver)
    ran: list[tuple[int, str]] = []

    def command(number: int) -> Callable[[Driver], int]:
        def run(_driver: Driver) -> int:
            ran.append((number, threading.current_thread().name))
            return number

        return run

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            answers = [supervisor.call(command(n)) for n in numbers]
            assert await asyncio.gather(*answers) == numbers

    play(scene)
    assert ran == [(n, "device-dut") for n in numbers], "in the driver's own thread"


# ---------------------------------------------------------------- commands that fail


def test_an_error_of_a_command_is_its_answer_and_the_device_stays_up() -> None:
    watch = Watch(Driver)

    def refuse(_driver: Driver) -> None:
        raise CommandRefused("the other door is open", field="doors")

    def crash(_driver: Driver) -> None:
        raise ZeroDivisionError

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            with pytest.raises(CommandRefused, match="the other door is open"):
                await supervisor.call(refuse)
            with pytest.raises(ZeroDivisionError):
                await supervisor.call(crash)
            assert await supervisor.call(lambda _: "well") == "well"
            assert supervisor.health.restarts == 0

    play(scene)


def test_a_command_to_a_device_that_is_not_up_fails_at_once() -> None:
    class Absent(Driver):
        def open(self) -> None:
            raise DeviceDisconnected("nothing on the line", advice="plug it in")

    watch = Watch(Absent)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: DeviceState.DOWN in watch.states)
            with pytest.raises(DeviceDisconnected) as failed:
                await supervisor.call(lambda _: None)
            assert failed.value.field == "dut"

    play(scene)


def test_a_cancelled_command_that_has_not_begun_never_runs() -> None:
    watch = Watch(Driver)
    ran: list[str] = []
    begin, free = threading.Event(), threading.Event()

    def first(_driver: Driver) -> None:
        begin.set()
        free.wait(5)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            busy = supervisor.call(first, limit_s=10)
            await watch.until(begin.is_set)
            unwanted = supervisor.call(lambda _: ran.append("unwanted"))
            wanted = supervisor.call(lambda _: ran.append("wanted"))
            unwanted.cancel()
            await asyncio.sleep(0)  # wrap_future tells the inner future on the next turn of the loop
            free.set()
            await asyncio.gather(busy, wanted)

    play(scene)
    assert ran == ["wanted"]


def test_commands_that_wait_when_the_device_is_lost_are_answered() -> None:
    class Lost(Driver):
        def read(self) -> Any:
            super().read()
            if going.is_set():
                raise DeviceDisconnected("unplugged")
            return 1

    going = threading.Event()
    watch = Watch(Lost)
    begin, free = threading.Event(), threading.Event()

    def first(_driver: Driver) -> None:
        begin.set()
        free.wait(5)
        raise DeviceDisconnected("unplugged")

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            busy = supervisor.call(first, limit_s=10)
            await watch.until(begin.is_set)
            waiting = [supervisor.call(lambda _: None) for _ in range(3)]
            supervisor.restart("a contradiction")
            free.set()
            answers = await asyncio.gather(busy, *waiting, return_exceptions=True)
            assert all(isinstance(a, DeviceDisconnected) for a in answers), answers

    play(scene)


# ---------------------------------------------------------------- drivers that fail


def test_a_crash_is_a_fault_of_the_device_with_words_for_people() -> None:
    class Crashing(Driver):
        def read(self) -> Any:
            raise KeyError("a defect of the driver")

    watch = Watch(Crashing)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 3)

    play(scene)
    down = [health for health in watch.health if health.state is DeviceState.DOWN]
    assert "crashed: KeyError" in down[0].error
    assert "a defect" not in down[0].error, "a driver's own text may hold a traveller's data"
    assert all(d.closed for d in watch.drivers)


def test_a_device_that_comes_back_is_up_again_and_its_error_forgotten() -> None:
    class Twice(Driver):
        def open(self) -> None:
            super().open()
            if len(watch.drivers) <= 2:
                raise DeviceDisconnected("not there yet", advice="wait")

    watch = Watch(Twice)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            assert supervisor.health.restarts == 2
            assert supervisor.health.error == ""

    play(scene)
    first = watch.health[0]
    assert (first.state, first.error, first.advice) == (DeviceState.DOWN, "not there yet", "wait")


def test_a_restart_that_was_asked_for_opens_the_device_anew() -> None:
    watch = Watch(Driver)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            supervisor.restart("a request failed")
            await watch.until(lambda: len(watch.drivers) == 2)
            await watch.up()

    play(scene)
    assert [h.error for h in watch.health if h.state is DeviceState.DOWN] == ["a request failed"]


def test_one_garbled_reading_is_handed_on_and_many_in_a_row_end_the_attempt() -> None:
    class Noisy(Driver):
        def read(self) -> Any:
            super().read()
            raise GarbledReading("not the protocol", field="frame")

    watch = Watch(Noisy)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 1)

    play(scene)
    assert all(isinstance(r, GarbledReading) for r in watch.readings)
    assert len(watch.readings) % (MAX_GARBLED - 1) == 0, "the last of a row is the error itself"
    assert watch.states[:2] == [DeviceState.UP, DeviceState.DOWN]


def test_garbled_readings_among_good_ones_do_not_add_up() -> None:
    class Crackling(Driver):
        def read(self) -> Any:
            number = super().read()
            if number % 2:
                raise GarbledReading("not the protocol")
            return number

    watch = Watch(Crackling)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: len(watch.readings) > 6 * MAX_GARBLED)
            assert supervisor.health.restarts == 0

    play(scene)


def test_a_device_that_must_speak_and_does_not_is_silent() -> None:
    class Mute(Driver):
        def read(self) -> Any:
            super().read()
            return None

    watch = Watch(Mute, Patience(silent_s=0.1, hung_s=5, backoff_first_s=0.005, backoff_last_s=0.01))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 2)

    play(scene)
    assert watch.states[:2] == [DeviceState.UP, DeviceState.SILENT]
    assert "no reading" in watch.health[1].error


def test_time_without_the_device_does_not_count_as_its_silence() -> None:
    """Opened after a long absence, a device gets its full time to speak."""

    class Slow(Driver):
        def open(self) -> None:
            time.sleep(0.4)

    watch = Watch(Slow, Patience(silent_s=0.3, hung_s=5))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: watch.readings)
            assert supervisor.health.restarts == 0

    play(scene)


# ---------------------------------------------------------------- drivers that hang


class Stuck(Driver):
    """Hangs in `read` until closed; `deaf` even then."""

    def __init__(self, release: threading.Event, *, deaf: bool = False, clinging: bool = False) -> None:
        super().__init__()
        self._release, self._deaf, self._clinging = release, deaf, clinging

    def read(self) -> Any:
        while not self._release.is_set() and (self._deaf or not self.gone.is_set()):
            self._release.wait(0.01)
        if self.gone.is_set():
            raise DeviceDisconnected("closed while reading")
        return None

    def close(self) -> None:
        super().close()
        if self._clinging:
            self._release.wait(20)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Sets hanging drivers free at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def test_a_hung_read_is_ended_by_closing_the_device(release: threading.Event) -> None:
    watch = Watch(lambda: Stuck(release))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 2)
        assert not device_threads()

    play(scene)
    assert "does not come back" in next(h.error for h in watch.health if h.state is DeviceState.DOWN)


@pytest.mark.parametrize("clinging", [False, True])
def test_a_driver_that_cannot_be_ended_is_left_behind_and_the_station_goes_on(
    release: threading.Event, clinging: bool
) -> None:
    """`clinging`: its close hangs as well."""
    watch = Watch(lambda: Stuck(release, deaf=True, clinging=clinging))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 1)

    play(scene)  # and run() itself ended


def test_drivers_left_behind_are_not_piled_up(release: threading.Event) -> None:
    """A driver that always hangs must not fill the process with threads, one for each attempt."""
    watch = Watch(lambda: Stuck(release, deaf=True))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: "too often" in supervisor.health.error)
            await asyncio.sleep(0.5)
            assert len(watch.drivers) == MAX_ABANDONED
            assert "restart the agent" in supervisor.health.advice
            release.set()
            await watch.until(lambda: len(watch.drivers) > MAX_ABANDONED)

    play(scene)


def test_a_hung_command_takes_the_device_down_and_is_given_up(release: threading.Event) -> None:
    watch = Watch(Driver)

    def hang(_driver: Driver) -> str:
        release.wait(20)
        return "late"

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            answer = supervisor.call(hang)
            with pytest.raises(DeviceTimeout, match="did not come back"):
                await answer
            await watch.until(lambda: len(watch.drivers) == 2)
            await watch.up()
            assert await supervisor.call(lambda _: "well") == "well"
            release.set()  # what it says now is not heard

    play(scene)


def test_a_command_may_have_a_longer_limit_of_its_own() -> None:
    watch = Watch(Driver)

    def slow(driver: Driver) -> str:
        driver.gone.wait(3 * IMPATIENT.hung_s)
        return "done"

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            assert await supervisor.call(slow, limit_s=30) == "done"
            assert supervisor.health.restarts == 0

    play(scene)


# ---------------------------------------------------------------- cancellation


def test_cancelled_while_opening_the_device_is_still_closed() -> None:
    opening = threading.Event()

    class Slow(Driver):
        def open(self) -> None:
            super().open()
            opening.set()
            self.gone.wait(5)

    watch = Watch(Slow)

    async def scene() -> None:
        async with watch.running():
            await watch.until(opening.is_set)
        assert not device_threads()

    play(scene)
    assert watch.drivers[0].closed


def test_cancelled_while_the_device_is_being_closed_run_still_waits_for_its_end() -> None:
    closing, may_close = threading.Event(), threading.Event()

    class SlowToClose(Driver):
        def read(self) -> Any:
            raise DeviceError("broken")

        def close(self) -> None:
            super().close()
            closing.set()
            may_close.wait(5)

    watch = Watch(SlowToClose, Patience(stop_s=5))

    async def scene() -> None:
        async with watch.running():
            await watch.until(closing.is_set)
            asyncio.get_running_loop().call_later(0.05, may_close.set)
        assert not device_threads()

    play(scene)


def test_cancelled_between_two_attempts() -> None:
    class Absent(Driver):
        def open(self) -> None:
            raise DeviceDisconnected("nothing there")

    watch = Watch(Absent, Patience(backoff_first_s=60, backoff_last_s=60))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts == 1)

    play(scene)
    assert len(watch.drivers) == 1
