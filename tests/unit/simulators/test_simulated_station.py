"""Kinds of stations are found by entry point; one that another wheel brings is simulated like the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_simulators.demo.run_folder import running
from gate_simulators.demo.simulated_station import NoSuchStation, kinds, simulated
from gate_simulators.progress import wait_for

ROOT = Path(__file__).parents[3]
GATE_SIM = str(Path(sys.executable).with_name("gate-sim"))

KIOSK = """
import threading
from dataclasses import replace
from pathlib import Path
from gate_simulators.demo.scenario import Expected
from gate_simulators.device.site import Site
from gate_simulators.egate.station import STATION as EGATE


class Caller:
    def __init__(self, site):
        self.site, self.say, self.stop, self.patience_s = site, print, threading.Event(), 1.0

    def run(self, scenario):
        self.say("rings the bell")
        return ""


KIOSK = replace(
    EGATE,
    kind="kiosk",
    title="kiosk",
    visitors="callers",
    scenarios={"rings": Expected("admit", frozenset())},
    site=lambda loaded, pace, seed: Site(()),
    visitor=lambda site, state, pace, seed: Caller(site),
)
"""


@pytest.fixture
def another_wheel(tmp_path: Path) -> Path:
    """What an installed distribution leaves on the path: a module, and its entry points."""
    wheel = tmp_path / "wheel"
    info = wheel / "kiosk-1.0.dist-info"
    info.mkdir(parents=True)
    (wheel / "kiosk.py").write_text(KIOSK)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kiosk\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gate_simulators.stations]\nkiosk = kiosk:KIOSK\n")
    return wheel


@pytest.fixture
def installed(another_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(another_wheel))
    yield
    sys.modules.pop("kiosk", None)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_says_all_about_itself(kind: str) -> None:
    station = simulated(kind)
    assert station.kind == kind
    assert (ROOT / station.config).is_file()
    assert station.scenarios, "somebody comes"
    assert all(expected.verdict for expected in station.scenarios.values())
    assert station.environment.ports, "two of them can stand side by side"
    assert station.draw({}), "it can be drawn before anything is seen"


@pytest.mark.usefixtures("installed")
def test_a_third_kind_is_found_beside_the_others() -> None:
    assert kinds() == ("egate", "kiosk", "nii")
    assert simulated("kiosk").visitors == "callers"


def test_a_kind_that_is_none_is_told_with_those_that_are() -> None:
    with pytest.raises(NoSuchStation, match=r"no 'kiosk'.*egate, nii"):
        simulated("kiosk")


def test_a_third_kind_is_simulated_and_sent_visitors(another_wheel: Path, tmp_path: Path) -> None:
    """``gate-sim kiosk`` in one terminal, ``gate-sim walk rings`` in another."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    paths = {**os.environ, "PYTHONPATH": str(another_wheel), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    said = tmp_path / "said.log"

    def walk(scenario: str) -> subprocess.CompletedProcess[str]:
        words = [GATE_SIM, "walk", scenario]
        return subprocess.run(words, cwd=tmp_path, env=paths, capture_output=True, text=True, check=False)

    with said.open("wb") as log:
        words = [GATE_SIM, "kiosk", "--config", "config/egate.toml"]
        kiosk = subprocess.Popen(words, cwd=tmp_path, env=paths, stdout=log, stderr=log)
    try:
        wait_for(lambda: running(tmp_path / ".run") or kiosk.poll(), "the kiosk to stand", patience_s=60)
        assert [s.kind for s in running(tmp_path / ".run")] == ["kiosk"], said.read_text()
        sent = walk("rings")
        assert sent.returncode == 0, sent.stderr
        wait_for(lambda: "rings the bell" in said.read_text(), "the caller", patience_s=60)
        refused = walk("genuine")
        assert refused.returncode == 1
        assert "no scenario 'genuine'; there are rings" in refused.stderr
    finally:
        kiosk.terminate()
        assert kiosk.wait(60) == 0, said.read_text()
