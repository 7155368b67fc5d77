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
    LineNoise,
    driver_thread,
)
from gate_agent.devices.capabilities import CAPABILITIES
from gate_agent.devices.driver_thread import MAX_GARBLED, MAX_NOISE
from gate_agent.devices.patience import Patience
from gate_agent.devices.supervision import MAX_ABANDONED, Supervisor

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
    async def running(self) -> AsyncIterator[Supervisor[Driver]]:
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


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Sets hanging drivers free at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


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


@pytest.mark.parametrize("where", ["open", "read"])
def test_h5_a_crash_is_told_as_one_however_long_its_traceback_takes(
    where: str, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load, writing the log took longer than a read may; the crash then counted as a hang."""

    class Crashing(Driver):
        pass

    def crash(_self: Driver) -> None:
        raise KeyError

    setattr(Crashing, where, crash)
    monkeypatch.setattr(driver_thread.log, "error", lambda *_, **__: release.wait(10))
    watch = Watch(Crashing, Patience(hung_s=0.1, open_s=0.1, stop_s=0.1))

    async def scene() -> None:
        async with watch.running():
            await watch.until(lambda: DeviceState.DOWN in watch.states)
            release.set()

    play(scene)
    (down, *_) = [health for health in watch.health if health.state is DeviceState.DOWN]
    assert down.error == "the driver crashed: KeyError"


@pytest.mark.parametrize("of", ["read", "command"])
def test_h5_a_driver_that_would_end_the_process_has_crashed(of: str) -> None:
    class Exiting(Driver):
        def read(self) -> Any:
            if of == "read":
                raise SystemExit(3)
            return super().read()

    watch = Watch(Exiting)

    def leave(_driver: Driver) -> None:
        raise SystemExit(3)

    async def scene() -> None:
        async with watch.running() as supervisor:
            if of == "command":
                await watch.up()
                with pytest.raises(DeviceError, match="crashed: SystemExit"):
                    await supervisor.call(leave)
            await watch.until(lambda: DeviceState.DOWN in watch.states)

    play(scene)
    assert "crashed: SystemExit" in next(h.error for h in watch.health if h.error)


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


# ---------------------------------------------------------------- a busy station


class Burst(Driver):
    """Says 700 numbers as fast as it is asked, as a device that held back its readings does."""

    SIZE = 700

    def read(self) -> Any:
        if self._count < self.SIZE:
            self._count += 1
            return self._count
        self.gone.wait(0.01)
        return None


@pytest.mark.parametrize("capability", sorted(CAPABILITIES))
def test_d1_a_burst_while_the_station_is_busy_loses_nothing(capability: str) -> None:
    watch = Watch(Burst, CAPABILITIES[capability].patience)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: watch.drivers)
            time.sleep(0.3)  # noqa: ASYNC251 - this is a busy loop
            await watch.until(lambda: len(watch.readings) >= Burst.SIZE)
            assert supervisor.health.restarts == 0

    play(scene)
    assert watch.readings == list(range(1, Burst.SIZE + 1))


def test_d1_a_driver_that_waits_for_a_busy_station_is_not_hung() -> None:
    watch = Watch(Burst, Patience(hung_s=0.1, silent_s=0.3, backlog=4))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            for _ in range(3):
                time.sleep(0.5)  # noqa: ASYNC251 - longer than the driver may take, and than it may be silent
                await asyncio.sleep(0)
            await watch.until(lambda: len(watch.readings) >= 20)
            assert supervisor.health.restarts == 0

    play(scene)


@pytest.mark.parametrize("ended_by", ["cancelled", "restarted"])
def test_d1_a_driver_that_waits_for_a_busy_station_can_be_ended(ended_by: str) -> None:
    watch = Watch(Burst, Patience(backlog=1, backoff_first_s=0.005, backoff_last_s=0.01))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            time.sleep(0.1)  # noqa: ASYNC251 - the driver's thread waits for room by now
            if ended_by == "restarted":
                supervisor.restart("a contradiction")
                await watch.until(lambda: len(watch.drivers) == 2 and watch.drivers[0].closed)
        assert not device_threads()

    play(scene)
    assert all(driver.closed for driver in watch.drivers)


def test_what_a_driver_said_before_it_failed_is_heard() -> None:
    class LastWords(Burst):
        def read(self) -> Any:
            reading = super().read()
            if reading is None:
                raise DeviceDisconnected("unplugged")
            return reading

    watch = Watch(LastWords, Patience(backlog=8, backoff_first_s=30, backoff_last_s=30))

    async def scene() -> None:
        async with watch.running():
            await watch.until(lambda: DeviceState.DOWN in watch.states)

    play(scene)
    assert watch.readings == list(range(1, Burst.SIZE + 1))


# ---------------------------------------------------------------- noise


def test_d6_noise_is_counted_and_logged_and_no_reading(capsys: pytest.CaptureFixture[str]) -> None:
    class Crackling(Driver):
        def read(self) -> Any:
            number = super().read()
            if number % 2:
                raise LineNoise("byte FF between frames", advice="check the cable")
            return number

    watch = Watch(Crackling)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.noise > 2 * MAX_NOISE)
            assert supervisor.health.restarts == 0
            assert supervisor.health.state is DeviceState.UP

    play(scene)
    assert watch.readings, "what is good between the noise"
    assert not any(isinstance(reading, DeviceError) for reading in watch.readings)


def test_d6_nothing_but_noise_takes_the_device_down_with_its_words() -> None:
    class Wrong(Driver):
        def read(self) -> Any:
            super().read()
            raise LineNoise("byte FF between frames", advice="check the baud rate")

    watch = Watch(Wrong)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 1)

    play(scene)
    down = next(health for health in watch.health if health.state is DeviceState.DOWN)
    assert (down.error, down.advice) == ("byte FF between frames", "check the baud rate")
    assert watch.readings == []


def test_d6_noise_that_comes_seldom_is_no_broken_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_thread, "NOISE_APART_S", 0.0)

    class Seldom(Driver):
        def read(self) -> Any:
            super().read()
            raise LineNoise("byte FF between frames")

    watch = Watch(Seldom)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.noise > 3 * MAX_NOISE)
            assert supervisor.health.restarts == 0

    play(scene)


# ---------------------------------------------------------------- patience


def test_d2_a_driver_may_take_its_own_time_to_open() -> None:
    class Slow(Driver):
        def open(self) -> None:
            super().open()
            self.gone.wait(4 * IMPATIENT.hung_s)

    watch = Watch(Slow)

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.up()
            assert supervisor.health.restarts == 0

    play(scene)
    assert len(watch.drivers) == 1


def test_d2_what_a_driver_says_of_its_opening_is_what_people_read() -> None:
    class Unreachable(Driver):
        def open(self) -> None:
            self.gone.wait(4 * IMPATIENT.hung_s)
            raise DeviceTimeout("the camera did not answer in time", advice="check its power")

    watch = Watch(Unreachable)

    async def scene() -> None:
        async with watch.running():
            await watch.until(lambda: DeviceState.DOWN in watch.states)

    play(scene)
    assert [(h.error, h.advice) for h in watch.health] == [
        ("the camera did not answer in time", "check its power")
    ]


def test_an_open_without_end_is_given_up() -> None:
    class Endless(Driver):
        def open(self) -> None:
            self.gone.wait(30)

    watch = Watch(Endless, Patience(open_s=0.2, backoff_first_s=0.005, backoff_last_s=0.01))

    async def scene() -> None:
        async with watch.running() as supervisor:
            await watch.until(lambda: supervisor.health.restarts >= 2)

    play(scene)
    assert "does not come back" in watch.health[0].error


@dataclass
class Pauses:
    """The failures that each pause was asked for."""

    failures: list[int] = field(default_factory=list[int])

    def pause(self, failures: int, _chance: float) -> float:
        self.failures.append(failures)
        return 0.001


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    asked = Pauses()
    monkeypatch.setattr(Patience, "backoff", asked)
    return asked


class SlowToFail(Driver):
    """Takes longer to fail than a device must live to count as steady."""

    def open(self) -> None:
        super().open()
        self.gone.wait(0.1)
        raise DeviceDisconnected("nothing there")


class HangsAtOnce(Driver):
    """Opens, and never comes back from its first read."""

    def read(self) -> Any:
        self.gone.wait(30)
        raise DeviceDisconnected("closed")


class LivesAWhile(Driver):
    """Is open and read for longer than that."""

    def read(self) -> Any:
        if super().read() >= 40:
            raise DeviceDisconnected("unplugged")
        return 1


@pytest.mark.parametrize(
    ("driver", "expected"),
    [(SlowToFail, [0, 1, 2, 3]), (HangsAtOnce, [0, 1, 2, 3]), (LivesAWhile, [0, 0, 0, 0])],
)
def test_d2_only_a_device_that_was_open_and_read_begins_anew(
    pauses: Pauses, driver: type[Driver], expected: list[int]
) -> None:
    watch = Watch(driver, Patience(hung_s=0.25, steady_s=0.05))

    async def scene() -> None:
        async with watch.running():
            await watch.until(lambda: len(pauses.failures) >= 4)

    play(scene)
    assert pauses.failures[:4] == expected


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
