"""The scanner station as anybody runs it: trucks judged on simulated devices, with the real agent and broker.

``make demo STATION=nii HEADLESS=1`` plays every scenario; here one of each verdict, and one that two officers
release. What a report is like in general is in test_station_demo.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gate_agent.errors import GateError
from gate_agent.scans.triage.detector import load_default_detector
from gate_simulators.nii.truck_drivers import SCENARIOS
from gate_simulators.progress import size_of, wait_for, work_of

ROOT = Path(__file__).parents[2]
GATE_SIM = str(Path(sys.executable).with_name("gate-sim"))
PLAYED = ("general_cargo", "hidden_object", "gamma_source", "officers_release")

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one headless run."""
    try:
        load_default_detector()
    except GateError as error:
        pytest.skip(f"no threat detector: {error}")
    place = tmp_path_factory.mktemp("nii")
    report = place / "report.json"
    words = [GATE_SIM, "demo", "--station", "nii", "--headless", "--state", str(place / "state")]
    words += ["--report", str(report), *(f"--scenario={name}" for name in PLAYED)]
    said = place / "said.log"
    with said.open("wb") as output:
        demo = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        ended = lambda: demo.poll() is not None  # noqa: E731
        wait_for(ended, "the last truck", size_of(said), work_of(demo.pid), patience_s=90)
    finally:
        demo.kill()
    log = place / "state/agent.log"
    told = said.read_text() + (log.read_text() if log.exists() else "")
    assert demo.wait() == 0, told
    assert "Traceback" not in told
    return dict(json.loads(report.read_text())) | {"state": place / "state"}


def _of(played: dict[str, Any], scenario: str) -> dict[str, Any]:
    return next(result for result in played["results"] if result["scenario"] == scenario)


def test_every_truck_comes_out_as_expected(played: dict[str, Any]) -> None:
    assert (played["ok"], played["as_expected"], played["trucks"]) == (True, len(PLAYED), len(PLAYED))
    assert [result["scenario"] for result in played["results"]] == list(PLAYED)
    for result in played["results"]:
        expected = SCENARIOS[result["scenario"]]
        assert result["actual"] == expected.verdict, result
        assert expected.reasons <= set(result["reasons"]), result
        assert result["verdicts"][-1] == expected.closing, result
        assert result["trouble"] == ""


def test_the_hub_has_every_decision_once(played: dict[str, Any]) -> None:
    assert played["hub_problems"] == []
    receipts = [result["receipt"] for result in played["results"]]
    assert all(receipt.startswith("hub-1-") for receipt in receipts)
    assert len(set(receipts)) == len({r["transaction"] for r in played["results"]}) == len(PLAYED)


def test_a_hold_names_the_rules_that_made_it(played: dict[str, Any]) -> None:
    assert "dense-material" in _of(played, "hidden_object")["rules"]
    assert "radiation" in _of(played, "gamma_source")["rules"]
    assert _of(played, "general_cargo")["rules"] == ["all-in-order"]


def test_what_failed_a_check_is_released_by_two_decisions_of_the_same_case(played: dict[str, Any]) -> None:
    assert _of(played, "officers_release")["verdicts"] == ["review", "release"]


def test_every_inspection_says_where_its_time_went(played: dict[str, Any]) -> None:
    for result in played["results"]:
        steps = result["steps"]
        assert steps, result
        for step, following in pairwise(steps):
            assert step["end_s"] == pytest.approx(following["start_s"], abs=0.002), "no time is lost between"
        assert 0 < result["software_share"] < 1, result


def test_a_released_truck_passed_every_phase(played: dict[str, Any]) -> None:
    named = [step["step"] for step in _of(played, "general_cargo")["steps"]]
    way = ["entry_opening", "scanning", "gathering", "deciding", "releasing"]
    places = [named.index(phase) for phase in way]
    assert places == sorted(places), named


def test_every_truck_leaves_an_inspection_record(played: dict[str, Any]) -> None:
    folders = {each.name for each in (played["state"] / "records").iterdir()}
    assert {result["transaction"] for result in played["results"]} <= folders


def test_a_scenario_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    words = [
        GATE_SIM,
        "demo",
        "--station",
        "nii",
        "--headless",
        "--state",
        str(tmp_path),
        "--scenario=nobody",
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "there is no nobody" in done.stderr
    assert "general_cargo" in done.stderr
