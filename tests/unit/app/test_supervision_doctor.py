"""The doctor comes back with a finding for every device, whatever its driver does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from gate_agent.app import doctor
from gate_agent.devices import DeviceDisconnected, DriverConfig


class Driver:
    """A camera that works."""

    Config: ClassVar[type[DriverConfig]] = DriverConfig
    capability: ClassVar[str] = "camera"

    def __init__(self, _config: DriverConfig) -> None:
        self.closed = 0

    def open(self) -> None:
        pass

    def read(self) -> Any:
        return "a frame"

    def close(self) -> None:
        self.closed += 1


def examine(monkeypatch: pytest.MonkeyPatch, driver: Callable[[DriverConfig], Any]) -> doctor.Finding:
    monkeypatch.setattr(doctor, "load_driver", lambda _name: driver)
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.1)
    monkeypatch.setattr(doctor, "HUNG_S", 0.5)
    return doctor.examine_device("camera", "test-driver", DriverConfig())


def test_a_device_that_gives_readings_works_and_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Driver] = []

    def make(config: DriverConfig) -> Driver:
        made.append(Driver(config))
        return made[-1]

    finding = examine(monkeypatch, make)
    assert (finding.works, finding.says) == (True, "open, gives readings")
    assert made[0].closed == 1


def test_a_device_that_is_away_comes_with_its_drivers_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(Driver):
        def open(self) -> None:
            raise DeviceDisconnected("nothing answers", advice="check the cable")

    finding = examine(monkeypatch, Away)
    assert (finding.works, finding.says, finding.advice) == (False, "nothing answers", "check the cable")


def test_a_device_that_must_speak_and_does_not_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(Driver):
        def read(self) -> Any:
            threading.Event().wait(0.01)
            return None

    finding = examine(monkeypatch, Mute)
    assert not finding.works
    assert "no reading" in finding.says


@pytest.mark.parametrize("where", ["open", "read", "close"])
def test_a_driver_that_crashes_is_a_finding(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    class Crashing(Driver):
        pass

    def crash(_self: Driver) -> None:
        raise ZeroDivisionError

    setattr(Crashing, where, crash)
    finding = examine(monkeypatch, Crashing)
    assert not finding.works
    assert "crashed: ZeroDivisionError" in finding.says
    assert finding.advice


def test_a_driver_that_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    class Hanging(Driver):
        def open(self) -> None:
            release.wait(10)

    finding = examine(monkeypatch, Hanging)
    release.set()
    assert not finding.works
    assert "does not come back" in finding.says
    assert finding.advice


def test_every_device_is_examined_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    class Binding:
        driver = "test-driver"
        config = DriverConfig()

    class Config:
        devices: ClassVar[dict[str, Binding]] = {"camera": Binding(), "lane": Binding()}

    monkeypatch.setattr(doctor, "load_driver", lambda _name: Driver)
    config: Any = Config()
    assert [(each.device, each.works) for each in doctor.findings(config)] == [
        ("camera", True),
        ("lane", True),
    ]
