"""Starting and ending: signals, a second agent, doctor, wrong configuration, embedded broker, two terminals.

Everything is done as an operator does it, with the programs themselves, and judged by exit status and words.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from gate_agent.devices import Light
from gate_agent.journal.outbox import read_recent
from gate_simulators.device.faults import FaultKind
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.plant import Person, Zone
from gate_simulators.egate.travellers import ScriptedTraveller

STATION = "egate-1"
BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
DEFAULT_PORTS = (1502, 1883, 8080, 8090, 8554, 35970)
WIDE = {**os.environ, "COLUMNS": "300", "NO_COLOR": "1"}


def call(words: list[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, env=WIDE, timeout=timeout, check=False)


def lifecycle(environment: EgateEnvironment, newest: int = 20) -> list[str]:
    """The newest lifecycle events of the agent itself in the journal, oldest first."""
    records = reversed(read_recent(environment.state / "journal.sqlite", newest))
    entries = [record.entry or {} for record in records]
    bodies: list[Any] = [e["body"] for e in entries if e["kind"] == "lifecycle" and not e["transaction"]]
    return [body["event"] for body in bodies]


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda by: by.name)
def test_a_signal_ends_an_idle_station_in_good_order(station: EgateEnvironment, by: signal.Signals) -> None:
    assert station.stop_agent(by=by) == 0
    assert lifecycle(station)[-1] == "stopped"
    station.start_agent()
    assert lifecycle(station)[-2:] == ["stopped", "started"]
    log = (station.state / "agent.log").read_text(errors="replace")
    assert "Traceback" not in log
    assert "driver crashed" not in log


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name)
def test_d16_a_signal_with_somebody_inside_opens_the_way_back_first(
    station: EgateEnvironment, by: signal.Signals
) -> None:
    person = Person("genuine", station.people.appearance("genuine"))
    plant = station.site.plant
    with plant.lock:
        plant.persons.append(person)
    walk = ScriptedTraveller(station.site, station.people, pace=3.0)
    walk.come(person)
    walk.show_document("genuine")
    assert walk.let_in()
    walk.enter(person)
    person.facing = False  # looks elsewhere, so that the capture takes its time
    station.wait_for_phase("capturing")
    assert plant.entry.closed

    assert station.stop_agent(by=by) == 0
    assert plant.entry.passable, "the agent does not leave before the entry is open"
    assert plant.exit.closed
    assert lifecycle(station)[-1] == "stopped"
    # The controller's watchdog sees the agent gone; the entry stays open while somebody is inside.
    walk.until(lambda: plant.lights.inside == Light.OFFICER, "the controller to notice")
    assert plant.entry.passable
    walk.leave(person)
    assert person.zone is Zone.AWAY


# ---------------------------------------------------------------- one journal, one agent


def test_a_second_agent_on_the_same_journal_is_refused(station: EgateEnvironment) -> None:
    done = call([*station.agent_command(), "--set", "console.port=0"])
    assert done.returncode == 1
    assert "another agent (process" in done.stderr
    assert str(station.agent_pid) in done.stderr
    assert "Traceback" not in done.stderr
    assert station.snapshot()["phase"] == "idle", "the first one does not notice"


# ---------------------------------------------------------------- the doctor


def test_the_doctor_finds_a_healthy_station_healthy(station: EgateEnvironment) -> None:
    station.stop_agent()
    done = call(station.agent_command("doctor"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("works") == 4


def test_the_doctor_says_what_is_wrong_and_what_to_do(station: EgateEnvironment) -> None:
    station.stop_agent()
    station.site.controller.faults.inject(FaultKind.UNPLUG)
    station.site.camera.faults.inject(FaultKind.UNPLUG)
    station.site.scanner.faults.inject(FaultKind.UNPLUG)
    time.sleep(0.5)
    done = call(station.agent_command("doctor"))
    assert done.returncode == 1
    rows = {name: _row(done.stdout, name) for name in ("mrz", "chip", "camera", "lane")}
    assert "works" in rows["chip"]
    for name in ("mrz", "camera", "lane"):
        assert "fails" in rows[name], done.stdout
        assert rows[name].split("│")[-2].strip(), f"advice for {name}: {done.stdout}"
    assert "Traceback" not in done.stderr


def _row(table: str, name: str) -> str:
    return next(line for line in table.splitlines() if f" {name} " in line)


def test_the_doctor_beside_a_running_agent_names_the_device_that_is_in_use(station: EgateEnvironment) -> None:
    done = call(station.agent_command("doctor"))
    assert done.returncode == 1
    assert "cannot listen" in _row(done.stdout, "chip")
    assert "Traceback" not in done.stderr
    station.wait_for_phase("idle")


# ---------------------------------------------------------------- configuration


def test_a_wrong_configuration_is_told_whole_with_line_numbers(tmp_path: Path) -> None:
    text = (ROOT / "config/egate.toml").read_text()
    text = text.replace("port = 1502", "port = 150200")
    text = text.replace('driver = "vpcd"', 'driver = "vpdc"')
    text = text.replace("max_age_days = 90", 'max_age_days = "old"')
    text += "\ncolour = 1\n"
    file = tmp_path / "egate.toml"
    file.write_text(text)
    lines = text.splitlines()
    done = call([str(BIN / "gate-agent"), "check-config", str(file)])
    assert done.returncode == 1
    for wrong in ("port = 150200", 'driver = "vpdc"', 'max_age_days = "old"', "colour = 1"):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(wrong))
        assert f":{number}" in done.stdout or f"line {number}" in done.stdout, (wrong, done.stdout)
    run = call([str(BIN / "gate-agent"), "run", "--config", str(file)])
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    for wrong in ("devices.lane.port", "devices.chip.driver", "trust.max_age_days"):
        assert wrong in done.stdout
        assert wrong in run.stderr


def test_the_sample_configuration_is_in_order_once_there_are_certificates(
    shared_station: EgateEnvironment, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    check = [str(BIN / "gate-agent"), "check-config", str(tmp_path / "config/egate.toml")]
    done = call(check)
    assert done.returncode == 1
    assert "trust.directory" in done.stdout
    assert "gate-sim egate" in done.stdout, "it says what makes them"
    shutil.copytree(shared_station.state / "trust", tmp_path / ".run/egate/trust")
    done = call(check)
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------- another broker


@pytest.mark.skipif(find_spec("amqtt") is None, reason="amqtt, the embedded broker, is not installed")
def test_a_traveller_passes_with_the_embedded_broker(environment: EgateEnvironment) -> None:
    environment.broker_kind = "embedded"
    with environment:
        assert environment.broker.kind == "embedded"
        ScriptedTraveller(environment.site, environment.people, pace=3.0).run("genuine")
        environment.wait_for_phase("idle")
        environment.wait_until(lambda s: s["hub"]["outbox"] == 0, "an empty outbox")
        decisions = [r for r in environment.hub.received(STATION) if r.kind == "decision"]
        bodies: list[Any] = [r.entry["body"] for r in decisions]
        assert [body["decision"]["verdict"] for body in bodies] == ["admit"]
        assert not environment.hub.problems()


# ---------------------------------------------------------------- two terminals


def free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a program as in a terminal of its own; all are ended by Ctrl-C, and must end well."""
    running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        name = " ".join(Path(word).name for word in words[:2])
        with (tmp_path / f"{name}.log").open("wb") as log:
            program = subprocess.Popen(
                words, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        running.append((name, program))
        return program

    with ExitStack() as stack:
        stack.callback(lambda: [p.kill() for _, p in running if p.poll() is None])
        yield start
        for name, program in reversed(running):
            program.send_signal(signal.SIGINT)
            said = (tmp_path / f"{name}.log").read_text(errors="replace")
            assert program.wait(20) == 0, f"{name}: {said}"
            assert "Traceback" not in said, said


def test_the_lane_the_hub_and_the_agent_in_terminals_of_their_own(
    terminal: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    taken = [port for port in DEFAULT_PORTS if not free(port)]
    if taken:
        pytest.skip(f"the default ports {taken} are taken on this machine")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    config = "config/egate.toml"
    gate_sim, gate_agent = str(BIN / "gate-sim"), str(BIN / "gate-agent")
    terminal(gate_sim, "hub")
    terminal(gate_sim, "egate", "--config", config, "--pace", "3")
    _wait_for("http://127.0.0.1:8090/visitors", lambda _: True)
    terminal(gate_agent, "run", "--config", config)
    _wait_for("http://127.0.0.1:8080/api/snapshot", lambda s: s["phase"] == "idle")
    sent = call([gate_sim, "walk", "genuine", "--control", "http://127.0.0.1:8090"])
    assert sent.returncode == 0, sent.stderr
    shown = _wait_for(
        "http://127.0.0.1:8080/api/snapshot",
        lambda s: bool(s["transaction"] and s["transaction"]["finished"] and s["phase"] == "idle"),
    )
    assert shown["transaction"]["verdict"] == "admit"
    _wait_for(
        "http://127.0.0.1:8080/api/snapshot", lambda s: s["hub"]["connected"] and not s["hub"]["outbox"]
    )
    assert "genuine" in (tmp_path / "gate-sim egate.log").read_text()


def _wait_for(url: str, condition: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + 40
    seen: Any = None
    while time.monotonic() < until:
        try:
            seen = httpx.get(url, timeout=2.0).raise_for_status().json()
        except httpx.HTTPError:
            seen = None
        if seen is not None and condition(seen):
            return seen
        time.sleep(0.1)
    raise AssertionError(f"{url} does not come to what was expected: {seen}")


def test_a_walk_without_a_lane_says_so() -> None:
    done = call([str(BIN / "gate-sim"), "walk", "genuine", "--control", "http://127.0.0.1:9"])
    assert done.returncode == 1
    assert "no simulators at http://127.0.0.1:9" in done.stderr
