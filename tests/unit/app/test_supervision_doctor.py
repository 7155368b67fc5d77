"""The doctor comes back with a finding for every device, whatever its driver does."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest

from gate_agent.app import doctor
from gate_agent.devices import DeviceDisconnected, DeviceError, DriverConfig, GarbledReading, LineNoise
from gate_agent.devices.capabilities import CAPABILITIES, Capability
from gate_agent.devices.patience import Patience


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


def examine(monkeypatch: pytest.MonkeyPatch, driver: Any) -> doctor.Finding:
    monkeypatch.setattr(doctor, "load_driver", lambda _name: driver)
    hasty = Capability("camera", patience=Patience(silent_s=0.1, open_s=0.3))
    monkeypatch.setattr(doctor, "capability", lambda _name: hasty)
    monkeypatch.setattr(doctor, "CLOSING_S", 0.1)
    return doctor.examine_device("camera", "test-driver", DriverConfig())


def test_a_device_that_gives_readings_works_and_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Driver] = []

    class Noted(Driver):
        def __init__(self, config: DriverConfig) -> None:
            super().__init__(config)
            made.append(self)

    finding = examine(monkeypatch, Noted)
    assert (finding.works, finding.says) == (True, "open, gives readings (str)")
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


@pytest.mark.parametrize("error", [GarbledReading, LineNoise])
def test_one_damaged_reading_is_no_fault_and_nothing_else_is_one(
    monkeypatch: pytest.MonkeyPatch, error: type[DeviceError]
) -> None:
    class Damaged(Driver):
        good_after = 1

        def read(self) -> Any:
            self.good_after -= 1
            if self.good_after >= 0:
                raise error("not the protocol", advice="check the baud rate")
            return "a frame"

    assert examine(monkeypatch, Damaged).works
    Damaged.good_after = 1 << 40
    finding = examine(monkeypatch, Damaged)
    assert not finding.works
    assert "only damaged readings" in finding.says
    assert finding.advice == "check the baud rate"


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


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_d11_what_is_said_of_a_device_is_true_of_its_kind(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A reading is taken of each that speaks by itself; of the others it is said what they wait for."""
    read: list[str] = []

    class Device(Driver):
        capability = name

        def read(self) -> Any:
            read.append(name)
            return "a reading"

    monkeypatch.setattr(doctor, "load_driver", lambda _name: Device)
    finding = doctor.examine_device("device", "test-driver", DriverConfig())
    waits_for = CAPABILITIES[name].waits_for
    assert finding.works
    assert finding.says == (f"open, waits for {waits_for}" if waits_for else "open, gives readings (str)")
    assert bool(read) is not bool(waits_for)
    if name != "document_scanner":
        assert "document" not in finding.says


def test_a_driver_that_cannot_be_loaded_is_a_finding() -> None:
    finding = doctor.examine_device("camera", "opencvv", DriverConfig())
    assert not finding.works
    assert "did you mean" in finding.advice


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
