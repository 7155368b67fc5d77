"""The demonstration as anybody runs it: twelve travellers judged, a report, and nothing left running.

``make demo HEADLESS=1`` is ``gate-sim demo --headless --seed 7``; only state and report lie elsewhere here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from gate_simulators.demo.environment import SetUpError
from gate_simulators.demo.run_folder import Simulation, running
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.travellers import SCENARIOS
from gate_simulators.progress import size_of, wait_for, work_of

ROOT = Path(__file__).parents[2]
DEMO = [str(Path(sys.executable).with_name("gate-sim")), "demo", "--seed", "7"]
DEFAULT_PORTS = (1502, 1883, 8080, 8090, 8554, 35970)
STOP_S = 1200  # for the test runner; what is judged here is progress


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


def finished(words: list[str], log: Path, cwd: Path = ROOT) -> str:
    """What a program said until it ended by itself, which it must as long as it gets on."""
    with log.open("wb") as output:
        program = subprocess.Popen(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        ended = lambda: program.poll() is not None  # noqa: E731
        wait_for(ended, f"the end of {words}", size_of(log), work_of(program.pid), patience_s=90)
    finally:
        program.kill()
    said = log.read_text(errors="replace")
    assert "Traceback" not in said, said
    assert program.wait() == 0, said
    return said


# ---------------------------------------------------------------- the scripted dozen


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one headless run."""
    place = tmp_path_factory.mktemp("demo")
    report = place / "report.json"
    words = [*DEMO, "--headless", "--visitors", "12", "--report", str(report)]
    said = finished([*words, "--state", str(place / "state")], place / "said.log")
    assert "12/12 travellers as expected" in said
    assert len([line for line in said.splitlines() if line.startswith("✓")]) == 12, "one line each"
    assert processes_about(place) == []
    assert (place / "state/demo-report.json").read_text() == report.read_text()
    return dict(json.loads(report.read_text()))


pytestmark = pytest.mark.timeout(STOP_S)


def test_every_traveller_of_the_dozen_comes_out_as_expected(dozen: dict[str, Any]) -> None:
    assert (dozen["ok"], dozen["as_expected"], dozen["travellers"]) == (True, 12, 12)
    assert dozen["hub_problems"] == []
    results = dozen["results"]
    assert sorted(r["scenario"] for r in results) == sorted(SCENARIOS)
    assert results[0]["scenario"] == "genuine"
    for result in results:
        expected = SCENARIOS[result["scenario"]]
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
    wait_for(lambda: demo.poll() is not None, "the demonstration to end", work_of(demo.pid), patience_s=60)
    return demo.wait()


def _nothing_stays(tmp_path: Path, held: list[int]) -> None:
    """`held`: ports that the demonstration listened on."""
    said = (tmp_path / "said.log").read_text(errors="replace")
    assert "Traceback" not in said, said
    assert processes_about(tmp_path) == []
    assert [port for port in held if _taken(port)] == []


def _ports(simulation: Simulation) -> list[int]:
    return [int(url.rpartition(":")[2]) for url in (simulation.control, simulation.console)]


def _moves(demo: subprocess.Popen[bytes], tmp_path: Path) -> tuple[Callable[[], object], ...]:
    return work_of(demo.pid), size_of(tmp_path / "said.log"), size_of(tmp_path / "state/agent.log")


def _in_service(demo: subprocess.Popen[bytes], tmp_path: Path) -> Simulation:
    found = wait_for(lambda: running(tmp_path), "a lane in service", *_moves(demo, tmp_path), patience_s=60)
    return found[0]


def test_ctrl_c_ends_the_endless_demonstration_with_everything_in_it(
    endless: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    simulation = _in_service(endless, tmp_path)

    def decided() -> bool:
        try:
            shown = httpx.get(f"{simulation.console}/api/snapshot", timeout=2.0).json()
        except httpx.HTTPError:
            return False
        return bool((shown.get("transaction") or {}).get("verdict"))

    wait_for(decided, "a traveller's decision", *_moves(endless, tmp_path), patience_s=60)
    assert _interrupt(endless) == 0
    _nothing_stays(tmp_path, _ports(simulation))
    assert running(tmp_path) == []


@pytest.mark.parametrize("sign", ["broker", "run"])
def test_ctrl_c_while_it_is_set_up_leaves_nothing(
    endless: subprocess.Popen[bytes], tmp_path: Path, sign: str
) -> None:
    """`sign`: what has just been started, the broker (any) or the agent's ``run``."""

    def started() -> bool:
        if sign == "broker":
            return (tmp_path / "state/broker/broker.log").exists()
        return any(sign in words.split() and "gate-sim" not in words for words in processes_about(tmp_path))

    wait_for(started, f"{sign} to be started", *_moves(endless, tmp_path), patience_s=60)
    assert _interrupt(endless) != 0, "it never played"
    _nothing_stays(tmp_path, [])


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv: the kernel cannot be asked")
def test_a_demonstration_that_is_killed_takes_broker_and_agent_along(
    endless: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    _in_service(endless, tmp_path)
    endless.kill()
    endless.wait()

    def gone() -> bool:
        return processes_about(tmp_path) == []

    wait_for(gone, "broker and agent to end", lambda: processes_about(tmp_path), patience_s=60)


# ---------------------------------------------------------------- a machine that is in use


def test_u12_taken_ports_give_way_to_free_ones_and_are_told(tmp_path: Path) -> None:
    """Broker, door controller, chip, camera, console, control interface: each may be somebody else's."""
    with ExitStack() as others:
        for port in DEFAULT_PORTS:
            if not _taken(port):
                others.enter_context(socket.create_server(("127.0.0.1", port)))
        words = [*DEMO, "--visitors", "1", "--pace", "3", "--report", str(tmp_path / "report.json")]
        said = finished([*words, "--state", str(tmp_path / "state")], tmp_path / "said.log")
    assert "1/1 travellers as expected" in said
    for port in DEFAULT_PORTS:
        assert f"port {port} is taken: " in said


@pytest.mark.parametrize(
    ("others", "folders"),
    [
        (["--station", "nii"], ["demo-egate", "demo-nii"]),
        ([], ["demo-egate", "demo-egate-2"]),
    ],
    ids=["another kind", "a second lane"],
)
def test_d18_two_stations_run_side_by_side(others: list[str], folders: list[str], tmp_path: Path) -> None:
    """Started together, in one folder, with nothing said of ports; each does its work."""
    (tmp_path / "config").symlink_to(ROOT / "config")
    (tmp_path / ".cache").symlink_to(ROOT / ".cache")
    with ThreadPoolExecutor(2) as terminals:
        said = [
            terminals.submit(
                finished,
                [*DEMO, "--headless", "--visitors", "1", *more],
                tmp_path / f"said-{number}.log",
                tmp_path,
            )
            for number, more in enumerate(([], others))
        ]
    assert all("1/1" in each.result() for each in said)
    kept = sorted(path.parent.name for path in tmp_path.glob(".run/*/demo-report.json"))
    assert kept == folders


def test_u12_an_agent_that_ends_at_once_is_told_with_its_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lane = EgateEnvironment(
            ROOT / "config/egate.toml", tmp_path, private_ports=True, settings={"console.port": port}
        )
        with pytest.raises(SetUpError) as told, lane:
            pass
    assert "the agent ended at once" in str(told.value)
    assert str(port) in str(told.value), "which port, in the agent's own words"
    assert processes_about(tmp_path) == []
