"""The demonstration as anybody runs it: twelve travellers judged, a report, and nothing left running.

``make demo HEADLESS=1`` is ``gate-sim demo --headless --travellers 12 --seed 7``; only state and report are
put elsewhere here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from gate_simulators.egate.travellers import EXPECTED
from gate_simulators.hub.broker import find_mosquitto

ROOT = Path(__file__).parents[2]
DEMO = [str(Path(sys.executable).with_name("gate-sim")), "demo", "--seed", "7"]
DEFAULT_PORTS = (1502, 1883, 8080, 8090, 8554, 35970)


def processes_about(place: Path) -> list[str]:
    """Command lines of processes that name `place`, other than this test's own."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if str(place) in words:
            found.append(words)
    return found


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.1)


# ---------------------------------------------------------------- the scripted dozen


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one headless run."""
    place = tmp_path_factory.mktemp("demo")
    report = place / "report.json"
    words = [
        *DEMO,
        "--headless",
        "--travellers",
        "12",
        "--report",
        str(report),
        "--state",
        str(place / "state"),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12/12 travellers as expected" in done.stdout
    assert "Traceback" not in done.stderr
    assert processes_about(place) == []
    return dict(json.loads(report.read_text()))


pytestmark = pytest.mark.timeout(300)


def test_every_traveller_of_the_dozen_comes_out_as_expected(dozen: dict[str, Any]) -> None:
    assert (dozen["ok"], dozen["as_expected"], dozen["travellers"]) == (True, 12, 12)
    assert dozen["hub_problems"] == []
    results = dozen["results"]
    assert sorted(r["scenario"] for r in results) == sorted(EXPECTED)
    assert results[0]["scenario"] == "genuine"
    for result in results:
        expected = EXPECTED[result["scenario"]]
        assert result["actual"] == expected.verdict, result
        assert expected.reasons <= set(result["reasons"]), result
        assert expected.events <= set(result["events"]), result
        assert result["trouble"] == ""


def test_every_decision_has_a_receipt_of_its_own(dozen: dict[str, Any]) -> None:
    receipts = [r["receipt"] for r in dozen["results"]]
    assert all(receipt.startswith("hub-1-") for receipt in receipts)
    assert len(set(receipts)) == 12
    assert len({r["transaction"] for r in dozen["results"]}) == 12


def test_every_decision_names_the_rules_that_made_it(dozen: dict[str, Any]) -> None:
    assert all(r["rules"] for r in dozen["results"])


def test_every_transaction_says_where_its_time_went(dozen: dict[str, Any]) -> None:
    for result in dozen["results"]:
        steps = result["steps"]
        assert steps, result
        assert steps[0]["start_s"] <= 0.1
        for step, following in pairwise(steps):
            assert step["end_s"] == pytest.approx(following["start_s"], abs=0.002), "no time is lost between"
        assert 0 <= steps[-1]["end_s"] <= result["total_s"] + 0.002
        assert 0 < result["software_share"] < 1, result
        assert result["software_s"] == pytest.approx(sum(s["software_s"] for s in steps), abs=0.02)


def test_an_admitted_traveller_passed_every_phase(dozen: dict[str, Any]) -> None:
    genuine = dozen["results"][0]
    named = [step["step"] for step in genuine["steps"]]
    way = ["reading", "entry_opening", "entry_occupied", "entry_closing", "capturing", "deciding"]
    way += ["exit_opening", "leaving"]
    places = [named.index(phase) for phase in way]
    assert places == sorted(places), named


# ---------------------------------------------------------------- Ctrl-C


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The demonstration without an end, as in a terminal."""
    taken = [port for port in DEFAULT_PORTS if _taken(port)]
    if taken:
        pytest.skip(f"the default ports {taken} are taken on this machine")
    with (tmp_path / "said.log").open("wb") as log:
        demo = subprocess.Popen(
            [*DEMO, "--pace", "3", "--state", str(tmp_path / "state")],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    yield demo
    if demo.poll() is None:
        demo.kill()
        demo.wait()


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _interrupt(demo: subprocess.Popen[bytes]) -> int:
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to everything in the foreground
    return demo.wait(60)


def _nothing_stays(tmp_path: Path) -> None:
    said = (tmp_path / "said.log").read_text(errors="replace")
    assert "Traceback" not in said, said
    assert processes_about(tmp_path) == []
    assert [port for port in DEFAULT_PORTS if _taken(port)] == []


def test_ctrl_c_ends_the_endless_demonstration_with_everything_in_it(
    endless: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    wait_until(_decided, "a traveller's decision")
    assert _interrupt(endless) == 0
    _nothing_stays(tmp_path)


def _snapshot() -> dict[str, Any]:
    try:
        return dict(httpx.get("http://127.0.0.1:8080/api/snapshot", timeout=2.0).json())
    except httpx.HTTPError:
        return {}


def _serving() -> bool:
    return _snapshot().get("phase", "starting") not in ("starting", "out_of_service")


def _decided() -> bool:
    return bool((_snapshot().get("transaction") or {}).get("verdict"))


MOSQUITTO = pytest.mark.skipif(
    find_mosquitto(ROOT / ".cache/mosquitto") is None, reason="no mosquitto: another broker serves"
)


@pytest.mark.parametrize("sign", [pytest.param("mosquitto", marks=MOSQUITTO), "run"])
def test_ctrl_c_while_it_is_set_up_leaves_nothing(
    endless: subprocess.Popen[bytes], tmp_path: Path, sign: str
) -> None:
    """`sign`: which program has just been started."""
    wait_until(lambda: any(sign in words for words in _children(tmp_path)), f"{sign} to be started")
    assert _interrupt(endless) != 0, "it never played"
    _nothing_stays(tmp_path)


def _children(tmp_path: Path) -> list[str]:
    return [words for words in processes_about(tmp_path) if "gate-sim" not in words]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv: the kernel cannot be asked")
def test_a_demonstration_that_is_killed_takes_broker_and_agent_along(
    endless: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    wait_until(_serving, "a lane in service")
    endless.kill()
    endless.wait()
    wait_until(lambda: processes_about(tmp_path) == [], "broker and agent to end")


@pytest.mark.parametrize("port", [1883, 1502, 8554, 8090])
def test_a_port_that_is_taken_is_told_in_words(tmp_path: Path, port: int) -> None:
    """Broker, door controller, camera, control interface: whichever cannot listen, all else is taken down."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if any(_taken(p) for p in DEFAULT_PORTS):
            pytest.skip("the default ports are taken on this machine")
        holder.bind(("127.0.0.1", port))
        holder.listen()
        words = [*DEMO, "--state", str(tmp_path / "state")]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "cannot run" in done.stderr
    assert "another simulation" in done.stderr or str(port) in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_about(tmp_path) == []
