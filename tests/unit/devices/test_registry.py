"""Drivers arrive by entry point: found without importing, loaded on demand, a broken one reported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gate_agent import entry_points
from gate_agent.cli.drivers import app, example_toml, settings_of
from gate_agent.devices import registry
from gate_agent.devices.registry import drivers, load_driver
from gate_agent.entry_points import BrokenEntry, UnknownName
from gate_agent.settings import Settings
from gate_drivers.cameras.opencv import OpenCvCamera

Register = Callable[[str, str], None]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Register:
    """Add one entry point whose module has the given source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    real = entry_points.entry_points
    added: list[EntryPoint] = []
    monkeypatch.setattr(entry_points, "entry_points", lambda group: [*real(group=group), *added])

    def add(name: str, source: str) -> None:
        module = f"driver_under_test_{len(added)}"
        (tmp_path / f"{module}.py").write_text(source)
        sys.modules.pop(module, None)
        added.append(EntryPoint(name, f"{module}:Driver", registry.GROUP))

    return add


def test_the_repository_s_drivers_are_registered() -> None:
    assert {"mrz-serial", "vpcd", "pcsc", "opencv", "modbus-lane"} <= set(drivers())
    assert drivers()["opencv"].target == "gate_drivers.cameras.opencv:OpenCvCamera"
    assert drivers()["opencv"].distribution == "gate-agent"


def test_listing_imports_nothing(register: Register) -> None:
    register("explosive", "raise SystemError('imported')")
    assert "explosive" in drivers()


def test_a_driver_is_loaded_by_its_name() -> None:
    assert load_driver("opencv") is OpenCvCamera


def test_an_unknown_name_is_answered_with_the_known_ones_and_the_closest() -> None:
    with pytest.raises(UnknownName) as caught:
        load_driver("opencvv")
    assert "modbus-lane" in caught.value.what
    assert caught.value.advice == "did you mean 'opencv'?"


def test_an_endless_name_is_not_repeated_in_full() -> None:
    with pytest.raises(UnknownName) as caught:
        load_driver("x" * 100_000)
    assert len(str(caught.value)) < 1000


CONFIG = "from gate_agent.devices import DriverConfig\n"
METHODS = "    def open(self): ...\n    def close(self): ...\n    def read(self): ...\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_library", "no_such_library"),
        ("raise RuntimeError('no hardware key')", "no hardware key"),
        ("", "Driver"),
        ("Driver = 3", "not a class"),
        ("class Driver: pass", "Config is not a DriverConfig"),
        (CONFIG + "class Driver:\n    Config = DriverConfig\n    capability = 'A toaster'\n", "A toaster"),
        (CONFIG + "class Driver:\n    Config = DriverConfig\n    capability = 3\n", "no name of one"),
        (
            CONFIG + "class Driver:\n    Config = DriverConfig\n    capability = 'camera'\n",
            "no method open()",
        ),
        (
            CONFIG + "class Driver:\n    Config = DriverConfig\n    capability = 'chip_reader'\n" + METHODS,
            "no method transmit()",
        ),
    ],
)
def test_what_cannot_be_a_driver_is_reported_and_does_not_harm_the_others(
    register: Register, source: str, says: str
) -> None:
    register("broken", source)
    with pytest.raises(BrokenEntry) as caught:
        load_driver("broken")
    assert says in caught.value.what
    assert caught.value.advice
    assert load_driver("opencv") is OpenCvCamera


# ---------------------------------------------------------------- the manual


def test_list_shows_good_and_broken_drivers(register: Register) -> None:
    register("broken", "import no_such_library")
    shown = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "opencv" in shown.output
    assert "no_such_library" in shown.output


def test_show_is_the_driver_s_manual() -> None:
    shown = CliRunner().invoke(app, ["show", "opencv"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    for part in ("source[mjpeg].url", "frozen_after_s", "2.0", "milliseconds", 'driver = "opencv"'):
        assert part in shown.output


def test_show_of_an_unknown_driver_exits_with_the_names() -> None:
    shown = CliRunner().invoke(app, ["show", "opencvv"], env={"COLUMNS": "1000"})
    assert shown.exit_code == 2
    assert "did you mean 'opencv'?" in shown.output


def test_the_manual_reaches_nested_settings_and_alternatives() -> None:
    paths = [setting.path for setting in settings_of(OpenCvCamera.Config)]
    assert {"source", "source[rtsp].url", "source[v4l2].index", "region.width"} <= set(paths)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(("driver", "table"), [("mrz-serial", "mrz"), ("modbus-lane", "lane")])
def test_the_example_names_the_device_as_the_station_does(driver: str, table: str) -> None:
    assert f"[devices.{table}]" in CliRunner().invoke(app, ["show", driver]).output


def test_the_example_is_toml_that_the_driver_accepts() -> None:
    import tomllib

    block = example_toml("opencv", OpenCvCamera, "camera").replace("# ", "")
    table = tomllib.loads(block)["devices"]["camera"]
    assert table.pop("driver") == "opencv"
    config = OpenCvCamera.Config.model_validate(table)
    assert isinstance(config, Settings)
