"""The rules that every driver keeps, tried on its simulated device over its real wire.

Each test is one rule and runs for every registered driver, and for the worked example of
docs/drivers.md. The scorecard there is this suite's result; GATE_UPDATE_DOCS=1 writes it anew.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from gate_agent.app.doctor import examine_device
from gate_agent.cli.drivers import settings_of
from gate_agent.devices import Device, DeviceError, MrzReading
from gate_agent.devices.capabilities import CAPABILITIES, Capability, capability
from gate_agent.devices.patience import time_outs_cut
from gate_agent.devices.registry import drivers
from gate_simulators.device.benches import Bench, BenchMissing, benches
from gate_simulators.device.faults import FaultKind

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = "mrz-tcp"
PATIENCE_S = 15.0  # never a measure of speed: only what tells "slow machine" from "never"
UNITS = ("_ms", "_s", "_fps", "_bytes", "_hz")


@dataclass
class Subject:
    """One driver on its bench."""

    name: str
    driver_class: type[Device]
    bench: Bench

    def build(self, settings: dict[str, Any] | None = None) -> Any:
        values = self.bench.settings() if settings is None else settings
        return self.driver_class(self.driver_class.Config.model_validate(values))  # type: ignore[call-arg]

    @contextmanager
    def opened(self) -> Iterator[Any]:
        driver = self.build()
        driver.open()
        try:
            yield driver
        finally:
            driver.close()

    @property
    def capability(self) -> Capability:
        return capability(self.driver_class.capability)

    @property
    def readings(self) -> tuple[type, ...]:
        return self.capability.readings

    def needs(self, fault: FaultKind) -> None:
        if fault not in self.bench.device.faults.supported:
            pytest.skip(f"the simulated device cannot {fault.value}")

    def next_reading(self, driver: Any) -> Any:
        self.bench.provoke()
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            reading = driver.read()
            if reading is not None and not self.bench.is_loss(reading):
                return reading
        raise AssertionError(f"{self.name} gave no reading in {PATIENCE_S} s")

    def reopen(self, driver: Any) -> None:
        """As the supervisor does: close, and open until it succeeds."""
        driver.close()
        ends = time.monotonic() + PATIENCE_S
        while True:
            try:
                return driver.open()
            except DeviceError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.05)


def _example_module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, DOCS / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks annotations up there
    spec.loader.exec_module(module)
    return module


def _class_of(name: str) -> type[Device]:
    if name == EXAMPLE:
        return _example_module("mrz_tcp").MrzTcpScanner
    return drivers()[name].load()


def _bench_of(name: str) -> Bench:
    if name == EXAMPLE:
        return _example_module("mrz_tcp_bench").MrzTcpBench()
    known = benches()
    assert name in known, f"{name} has no bench: register one in the group gate_simulators.benches"
    try:
        return known[name]()
    except BenchMissing as missing:
        pytest.skip(str(missing))


NAMES = sorted([*drivers(), EXAMPLE])


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def subject(name: str) -> Iterator[Subject]:
    subject = Subject(name, _class_of(name), _bench_of(name))
    subject.bench.start()
    yield subject
    subject.bench.stop()


# ---------------------------------------------------------------- the scorecard

RULES: list[str] = []
RESULTS: dict[tuple[str, str], str] = {}
KEPT, BROKEN, NOT_APPLICABLE = "✔", "✘", "–"


def rule(test: Callable[..., None]) -> Callable[..., None]:
    """Count the test as a rule and note for the scorecard whether the driver kept it."""
    title = test.__name__.removeprefix("test_").replace("_", " ")
    RULES.append(title)

    @functools.wraps(test)
    def noted(**fixtures: Any) -> None:
        of = fixtures["subject"].name if "subject" in fixtures else fixtures["name"]
        RESULTS[title, of] = BROKEN
        try:
            test(**fixtures)
        except pytest.skip.Exception:
            RESULTS[title, of] = NOT_APPLICABLE
            raise
        RESULTS[title, of] = KEPT

    return noted


# ---------------------------------------------------------------- configuration


@rule
def test_every_setting_is_described_and_bounded(name: str) -> None:
    for setting in settings_of(_class_of(name).Config):
        assert setting.path != "driver", "`driver` names the driver itself in the station's configuration"
        assert len(setting.description) >= 8, f"{setting.path} has no description"
        limits = {type(limit).__name__ for limit in setting.field.metadata}
        if setting.field.annotation in (int, float):
            assert limits & {"Ge", "Gt"}, f"{setting.path} has no lower bound"
            assert limits & {"Le", "Lt"}, f"{setting.path} has no upper bound"
        if setting.path.endswith(UNITS) or "timeout" in setting.path:
            assert setting.path.endswith(UNITS), f"{setting.path} does not name its unit"


@rule
def test_a_mistyped_setting_is_refused(subject: Subject) -> None:
    with pytest.raises(ValidationError, match="no_such_setting"):
        subject.driver_class.Config.model_validate(subject.bench.settings() | {"no_such_setting": 1})


@rule
def test_its_own_time_outs_come_before_the_supervisor_s(subject: Subject) -> None:
    config = subject.driver_class.Config.model_validate(subject.bench.settings())
    assert time_outs_cut(config, subject.capability.patience) == ()


# ---------------------------------------------------------------- life cycle


def held() -> tuple[int, int]:
    """Open file descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208 - a count, not paths


def settle(expected: tuple[int, int]) -> tuple[int, int]:
    """The simulated device's end of a connection closes a moment later."""
    ends = time.monotonic() + PATIENCE_S
    while held() != expected and time.monotonic() < ends:
        time.sleep(0.02)
    return held()


@rule
def test_the_constructor_touches_nothing(subject: Subject) -> None:
    before = settle(held())
    driver = subject.build(subject.bench.settings_of_nothing())
    assert threading.active_count() == before[1]
    driver.close()


@rule
def test_it_fulfils_the_protocol_of_its_capability(subject: Subject) -> None:
    assert isinstance(subject.build(), subject.capability.protocol)


@rule
def test_opening_without_a_device_fails_with_field_and_advice(subject: Subject) -> None:
    driver = subject.build(subject.bench.settings_of_nothing())
    with pytest.raises(DeviceError) as caught:
        driver.open()
    driver.close()
    assert caught.value.what
    assert caught.value.field
    assert caught.value.advice


@rule
def test_readings_have_the_declared_types(subject: Subject) -> None:
    with subject.opened() as driver:
        for _ in range(3):
            assert isinstance(subject.next_reading(driver), subject.readings)


@rule
def test_commands_work_between_readings(subject: Subject) -> None:
    with subject.opened() as driver:
        subject.next_reading(driver)
        if not subject.bench.command(driver):
            pytest.skip(f"a {subject.driver_class.capability} takes no commands")
        subject.next_reading(driver)


@rule
def test_closing_twice_or_before_opening_is_harmless(subject: Subject) -> None:
    driver = subject.build()
    driver.close()
    driver.open()
    driver.close()
    driver.close()


@rule
def test_reading_a_closed_driver_is_a_device_error(subject: Subject) -> None:
    driver = subject.build()
    with pytest.raises(DeviceError):
        driver.read()
    driver.open()
    driver.close()
    with pytest.raises(DeviceError):
        driver.read()


def in_a_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run in a thread as the supervisor does; what it raised is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="conformance", daemon=True)
    thread.start()
    return thread, raised


@rule
def test_a_read_from_a_silent_device_ends(subject: Subject) -> None:
    with subject.opened() as driver:
        subject.next_reading(driver)
        subject.bench.silence()
        thread, raised = in_a_thread(lambda: [driver.read() for _ in range(5)])
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "read() waits without a bound"
        assert all(isinstance(error, DeviceError) for error in raised), raised


@rule
def test_closing_ends_a_read_in_another_thread(subject: Subject) -> None:
    def read_until_closed() -> None:
        while True:
            driver.read()

    with subject.opened() as driver:
        subject.next_reading(driver)
        thread, raised = in_a_thread(read_until_closed)
        driver.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "read() goes on after close()"
        assert [type(error) for error in raised if not isinstance(error, DeviceError)] == []


# ---------------------------------------------------------------- faults


def read_until_lost(subject: Subject, driver: Any) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            if subject.bench.is_loss(driver.read()):
                return
        except DeviceError as error:
            assert error.what
            assert error.advice, f"{error} says nothing about what to do"
            return
    raise AssertionError("the driver did not notice that its device was unplugged")


@rule
def test_it_notices_unplugging_and_works_again_afterwards(subject: Subject) -> None:
    subject.needs(FaultKind.UNPLUG)
    with subject.opened() as driver:
        subject.next_reading(driver)
        subject.bench.device.faults.inject(FaultKind.UNPLUG)
        read_until_lost(subject, driver)
        subject.bench.device.faults.clear()
        subject.reopen(driver)
        assert isinstance(subject.next_reading(driver), subject.readings)


@rule
def test_it_survives_garbage(subject: Subject) -> None:
    subject.needs(FaultKind.GARBLE)
    with subject.opened() as driver:
        for ratio in (0.002, 0.05, 0.6):
            subject.bench.device.faults.inject(FaultKind.GARBLE, parameters={"ratio": ratio})
            for _ in range(subject.bench.rounds):
                subject.bench.provoke()
                try:
                    reading = driver.read()
                    assert reading is None or isinstance(reading, subject.readings)
                except DeviceError:
                    driver.close()
                    break
            subject.bench.device.faults.clear()
            subject.reopen(driver)
        assert isinstance(subject.next_reading(driver), subject.readings)


@rule
def test_it_leaks_nothing(subject: Subject) -> None:
    def life() -> None:
        with subject.opened() as driver:
            subject.next_reading(driver)
        with pytest.raises(DeviceError):
            subject.build(subject.bench.settings_of_nothing()).open()

    life()  # libraries keep what they set up at first use
    time.sleep(0.3)
    before = held()
    for _ in range(3):
        life()
    assert settle(before) == before


# ---------------------------------------------------------------- what the doctor says of it


def test_d11_the_doctor_says_what_is_true_of_it(subject: Subject) -> None:
    if subject.name == EXAMPLE:
        pytest.skip("the worked example is not registered")
    config = subject.driver_class.Config.model_validate(subject.bench.settings())
    finding = examine_device(subject.name, subject.name, config)
    expected = subject.capability
    assert finding.works, finding
    if expected.speaks:
        assert finding.says in {f"open, gives readings ({kind.__name__})" for kind in subject.readings}
    else:
        assert finding.says == f"open, waits for {expected.waits_for}"


# ---------------------------------------------------------------- does the suite catch anything?


class ExampleWithDefects:
    """The worked example, with one rule broken at a time."""

    @staticmethod
    def touches_in_constructor(driver: Any) -> type:
        class Defective(driver):
            def __init__(self, config: Any) -> None:
                super().__init__(config)
                self._thread = threading.Thread(target=time.sleep, args=(0.5,))
                self._thread.start()

        return Defective

    @staticmethod
    def gives_no_advice(driver: Any) -> type:
        class Defective(driver):
            def open(self) -> None:
                try:
                    super().open()
                except DeviceError as error:
                    raise DeviceError(error.what) from error

        return Defective

    @staticmethod
    def lets_library_errors_out(driver: Any) -> type:
        class Defective(driver):
            def open(self) -> None:
                try:
                    super().open()
                except DeviceError as error:
                    raise ConnectionError(error.what) from error

        return Defective

    @staticmethod
    def leaks_a_socket(driver: Any) -> type:
        class Defective(driver):
            kept: ClassVar[list[Any]] = []

            def close(self) -> None:
                if self._wire is not None:
                    self.kept.append(self._wire.dup())
                super().close()

        return Defective

    @staticmethod
    def reads_what_it_should_not(driver: Any) -> type:
        class Defective(driver):
            def read(self) -> Any:
                reading = super().read()
                return list(reading.lines) if isinstance(reading, MrzReading) else reading

        return Defective

    @staticmethod
    def hides_that_the_device_is_gone(driver: Any) -> type:
        class Defective(driver):
            def read(self) -> Any:
                try:
                    return super().read()
                except DeviceError:
                    time.sleep(0.01)
                    return None

        return Defective


@pytest.mark.parametrize(
    ("defect", "broken_rule"),
    [
        (ExampleWithDefects.touches_in_constructor, test_the_constructor_touches_nothing),
        (ExampleWithDefects.gives_no_advice, test_opening_without_a_device_fails_with_field_and_advice),
        (
            ExampleWithDefects.lets_library_errors_out,
            test_opening_without_a_device_fails_with_field_and_advice,
        ),
        (ExampleWithDefects.leaks_a_socket, test_it_leaks_nothing),
        (ExampleWithDefects.reads_what_it_should_not, test_readings_have_the_declared_types),
        (ExampleWithDefects.hides_that_the_device_is_gone, test_reading_a_closed_driver_is_a_device_error),
    ],
)
def test_a_defective_driver_breaks_its_rule(
    monkeypatch: pytest.MonkeyPatch, defect: Callable[[Any], type], broken_rule: Callable[..., None]
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PATIENCE_S", 1.0)
    bench = _bench_of(EXAMPLE)
    subject = Subject(EXAMPLE, defect(_class_of(EXAMPLE)), bench)
    bench.start()
    try:
        with pytest.raises((AssertionError, ConnectionError, pytest.fail.Exception)):
            broken_rule.__wrapped__(subject=subject)  # type: ignore[attr-defined]
    finally:
        bench.stop()
        for kept in getattr(subject.driver_class, "kept", ()):
            kept.close()


# ---------------------------------------------------------------- docs/drivers.md

MANUAL = DOCS / "drivers.md"


def region(text: str, name: str) -> re.Match[str]:
    found = re.search(rf"(?s)(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text)
    assert found is not None, f"docs/drivers.md has no region {name}"
    return found


def check_region(name: str, wanted: str) -> None:
    text = MANUAL.read_text()
    found = region(text, name)
    if found.group() != wanted and os.environ.get("GATE_UPDATE_DOCS"):
        MANUAL.write_text(text[: found.start()] + wanted + text[found.end() :])
        return
    assert found.group() == wanted, f"docs/drivers.md: {name} is out of date (GATE_UPDATE_DOCS=1 renews it)"


def known_marks(table: str) -> dict[tuple[str, str], str]:
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
    if len(rows) < 3:
        return {}
    return {(row[0], of): mark for row in rows[2:] for of, mark in zip(rows[0][1:], row[1:], strict=True)}


def test_the_scorecard_in_the_manual_is_current() -> None:
    if {title for title, _ in RESULTS} != set(RULES):
        pytest.skip("only a part of the suite was run")
    # What this computer cannot try (a driver without its bench) stays as it was.
    marks = known_marks(region(MANUAL.read_text(), "scorecard").group()) | RESULTS
    lines = [" | ".join(["| rule", *NAMES]) + " |", "|---" * (len(NAMES) + 1) + "|"]
    lines += [
        " | ".join([f"| {title}", *(marks.get((title, n), "") for n in NAMES)]) + " |" for title in RULES
    ]
    check_region("scorecard", "\n".join(lines) + "\n")


def _row(known: Capability) -> str:
    readings = ", ".join(f"`{kind.__name__}`" for kind in known.readings)
    commands = ", ".join(f"`{name}`" for name in known.commands)
    speaks = f"silent after {known.patience.silent_s:g} s" if known.speaks else f"waits for {known.waits_for}"
    return f"| `{known.name}` | `{known.protocol.__name__}` | {readings} | {commands} | {speaks} |\n"


def test_the_capabilities_in_the_manual_are_those_of_the_table() -> None:
    head = "| capability | Protocol | readings from `read()` | commands | |\n|---|---|---|---|---|\n"
    check_region("capabilities", head + "".join(map(_row, CAPABILITIES.values())))


def test_the_worked_example_in_the_manual_is_the_one_that_was_tried() -> None:
    source = (DOCS / "examples" / "mrz_tcp.py").read_text()
    check_region("example", f"```python\n{source}```\n")
