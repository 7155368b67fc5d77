"""What a device may be: one table, and whatever a wheel brings that the agent never heard of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gate_agent.devices import ChipPresence, DeviceState, DocumentRemoved, MrzReading
from gate_agent.devices.capabilities import CAPABILITIES, Capability, capability
from gate_agent.devices.patience import Patience
from gate_agent.devices.registry import drivers, load_driver
from gate_agent.devices.supervision import Supervisor
from gate_agent.entry_points import BrokenEntry

DRIVER = '''
from dataclasses import dataclass
from gate_agent.devices import DriverConfig

@dataclass(frozen=True)
class Fingerprint:
    finger: int

class FingerReader:
    """Reads fingers."""
    Config = DriverConfig
    capability = "finger_scanner"
    def __init__(self, config): self._left = [2, 7]
    def open(self): ...
    def close(self): ...
    def read(self): return Fingerprint(self._left.pop(0)) if self._left else None
    def show(self, hint): return hint
'''

DECLARED = """
from typing import Protocol
from gate_agent.devices import Device
from gate_agent.devices.capabilities import Capability
from gate_agent.devices.patience import Patience

class FingerScanner(Device, Protocol):
    def read(self) -> Fingerprint | None: ...
    def show(self, hint: str) -> None: ...

CAPABILITY = Capability("finger_scanner", FingerScanner, "a finger", Patience(hung_s=7.0))
"""


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs a distribution of its own, as another project's wheel would be."""

    def install(module: str, source: str, *, declares: bool = False) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        points = f"[gate_agent.drivers]\nfingers = {module}:FingerReader\n"
        if declares:
            points += f"[gate_agent.capabilities]\nfinger_scanner = {module}:CAPABILITY\n"
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


async def _first_two(role: str) -> list[tuple[str, object]]:
    """What the station gets of a device that it knows only by its role."""
    got: list[tuple[str, object]] = []
    driver: Any = load_driver("fingers")
    supervisor: Supervisor[Any] = Supervisor(
        role,
        "fingers",
        lambda: driver(driver.Config()),
        on_reading=lambda reading: got.append((role, reading)),
        on_health=lambda _health: None,
        patience=capability(driver.capability).patience,
    )
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(10):
        while len(got) < 2 or supervisor.health.state is not DeviceState.UP:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await supervisor.call(lambda reader: reader.show("press harder")) == "press harder"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return got


@pytest.mark.parametrize("declares", [False, True])
def test_a_wheel_brings_a_device_that_nobody_heard_of(wheel: Any, declares: bool) -> None:
    module = f"finger_kit_{declares}".lower()
    wheel(module, DRIVER + (DECLARED if declares else ""), declares=declares)
    assert drivers()["fingers"].distribution == module
    found = asyncio.run(_first_two("finger"))
    assert [(role, type(reading).__name__) for role, reading in found] == [("finger", "Fingerprint")] * 2
    assert [getattr(reading, "finger", None) for _, reading in found] == [2, 7]


def test_what_a_wheel_declares_is_what_is_expected_of_its_devices(wheel: Any) -> None:
    wheel("finger_kit_words", DRIVER + DECLARED, declares=True)
    told = capability("finger_scanner")
    assert (told.waits_for, told.patience.hung_s, told.commands) == ("a finger", 7.0, ("show",))
    assert [kind.__name__ for kind in told.readings] == ["Fingerprint"]


def test_a_driver_without_its_capability_s_commands_is_refused(wheel: Any) -> None:
    wheel("finger_kit_mute", DRIVER.replace("def show", "def shout") + DECLARED, declares=True)
    with pytest.raises(BrokenEntry, match=r"no method show\(\)"):
        load_driver("fingers")


@pytest.mark.parametrize("source", ["raise RuntimeError('no licence')", "CAPABILITY = 3"])
def test_a_broken_declaration_is_the_driver_s_fault_with_advice(wheel: Any, source: str) -> None:
    wheel(f"finger_kit_broken_{len(source)}", DRIVER + source, declares=True)
    with pytest.raises(BrokenEntry) as caught:
        load_driver("fingers")
    assert caught.value.advice


def test_a_broken_declaration_says_so_to_whoever_asks_for_it(wheel: Any) -> None:
    wheel("finger_kit_asked", DRIVER + "CAPABILITY = 3", declares=True)
    with pytest.raises(BrokenEntry, match="not a Capability"):
        capability("finger_scanner")


def test_commands_and_readings_are_those_of_the_protocol() -> None:
    assert CAPABILITIES["lane_gate"].commands == ("command_doors", "show")
    assert CAPABILITIES["camera"].commands == ()
    assert CAPABILITIES["document_scanner"].readings == (MrzReading, DocumentRemoved)
    assert CAPABILITIES["chip_reader"].readings == (ChipPresence,)
    assert len(CAPABILITIES["radiation_monitor"].readings) == 6


def test_either_it_waits_for_something_or_its_silence_has_a_limit() -> None:
    with pytest.raises(ValueError, match="silence"):
        Capability("mute")
    with pytest.raises(ValueError, match="silence"):
        Capability("scanner", waits_for="a scan", patience=Patience(silent_s=3.0))
