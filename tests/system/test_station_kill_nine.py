"""kill -9 for the agent, the broker and the hub, in turn, while travellers pass: thirty times.

Nothing that was committed is lost, doubled or out of order at the hub; nobody stays shut in; and the doors
keep their interlock, whoever is dead at the moment. The agent dies in every phase that a traveller passes.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_agent.journal import verify
from gate_agent.journal.outbox import read_recent
from gate_simulators.demo.scenario import WaitedInVain
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.officers import Officer
from gate_simulators.egate.plant import Person, Zone
from gate_simulators.egate.travellers import ScriptedTraveller
from gate_simulators.hub.hub_store import HubStore

STATION = "egate-1"
ROUNDS = 10
SEED = 20260301
PHASES = (
    "capturing",
    "exit_opening",
    "reading",
    "entry_occupied",
    "idle",
    "entry_opening",
    "leaving",
    "deciding",
    "entry_closing",
    "exit_closing",
)
"""In which phase the agent dies, round by round; a phase that passes unseen dies where it is looked for."""

HUB = """
import sys
from pathlib import Path
from gate_simulators.hub.hub_console import run_hub
run_hub(Path(sys.argv[1]), port=int(sys.argv[2]), version5=sys.argv[3] == "True", show=False)
"""


class HubProcess:
    """The station's hub as a process of its own, so that it can be killed."""

    def __init__(self, environment: EgateEnvironment) -> None:
        broker = environment.broker
        database = str(environment.state / "hub.sqlite")
        self._command = [sys.executable, "-c", HUB, database, str(broker.port), str(broker.version5)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "the hub ended by itself"
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)


class Crowd:
    """Genuine travellers, one after another. `trapped` names who found no way out."""

    def __init__(self, environment: EgateEnvironment) -> None:
        self.through = self.back = 0
        self.trapped: list[str] = []
        self._stage = environment
        self._walk = ScriptedTraveller(environment.site, environment.people, pace=3.0, patience_s=20.0)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._come_and_go, name="crowd")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the one on the way finish."""
        self._enough.set()
        self._thread.join(60)

    def _come_and_go(self) -> None:
        while not self._enough.is_set():
            person = _Followed()
            try:
                self._walk.run("genuine", person.join)
            except WaitedInVain as lost:
                if person.where is Zone.INSIDE:
                    self.trapped.append(str(lost))
            if person.where is Zone.GONE:
                self.through += 1
            else:
                self.back += 1


class _Followed:
    """Keeps an eye on one traveller."""

    def __init__(self) -> None:
        self._person: Person | None = None

    def join(self, person: Person) -> None:
        self._person = person

    @property
    def where(self) -> Zone:
        return self._person.zone if self._person is not None else Zone.AWAY


@pytest.fixture
def hub(station: EgateEnvironment) -> Iterator[HubProcess]:
    """A hub process in the place of the environment's own, on the same database."""
    station.stop_hub()
    process = HubProcess(station)
    process.start()
    yield process
    process.stop()
    station.start_hub()


@pytest.mark.timeout(600)
def test_thirty_kills_lose_nothing_double_nothing_and_shut_nobody_in(
    station: EgateEnvironment, hub: HubProcess, officer: Officer
) -> None:
    moments = random.Random(SEED)
    crowd = Crowd(station)
    crowd.start()
    try:
        for phase in PHASES[:ROUNDS]:
            _wait_briefly_for(station, phase)
            station.kill_agent()
            station.start_agent()
            time.sleep(moments.uniform(0.05, 0.8))
            station.broker.kill()
            station.broker.start()
            time.sleep(moments.uniform(0.05, 0.8))
            hub.kill()
            hub.start()
    finally:
        crowd.stop()
    assert crowd.trapped == []
    station.wait_for_phase("idle", patience_s=30)
    station.wait_until(lambda s: s["hub"]["outbox"] == 0, "an empty outbox", patience_s=30)
    assert station.stop_agent() == 0
    hub.stop()

    assert crowd.through > 0, "nobody was admitted between the kills"
    _check_books(station, crowd)
    print(f"{ROUNDS * 3} kills, {crowd.through} went through, {crowd.back} went back")


def _wait_briefly_for(station: EgateEnvironment, phase: str) -> None:
    until = time.monotonic() + 3.0
    while time.monotonic() < until:
        if station.snapshot().get("phase") == phase:
            return
        time.sleep(0.02)


def _check_books(station: EgateEnvironment, crowd: Crowd) -> None:
    """The agent's journal and the hub's database tell the same story, and the story is sound."""
    journal = station.state / "journal.sqlite"
    assert _journal_verify(journal) == 0
    proof = verify(journal)
    assert proof.outbox == 0
    committed = [record.entry for record in reversed(read_recent(journal, 10_000))]
    assert len(committed) == proof.records

    store = HubStore(station.state / "hub.sqlite", "hub-1")
    received, problems, heads = store.received(STATION), store.problems(), list(store.heads.values())
    store.close()
    assert [(r.epoch, r.seq) for r in received] == [(proof.epoch, n + 1) for n in range(proof.records)]
    assert [r.entry for r in received] == committed, "exactly once, in order, and as it was committed"
    assert not problems
    assert [head.root for head in heads] == [proof.root], "the witness has the station's root"
    admitted = [r for r in received if r.kind == "decision" and _verdict(r.entry) == "admit"]
    assert crowd.through <= len(admitted), "the exit opened for somebody without a committed admit"


def _verdict(entry: dict[str, object]) -> str:
    body = entry["body"]
    assert isinstance(body, dict)
    return str(body["decision"]["verdict"])


def _journal_verify(journal: Path) -> int:
    program = Path(sys.executable).with_name("gate-agent")
    done = subprocess.run(
        [program, "journal", "verify", journal], capture_output=True, text=True, check=False
    )
    assert "sound" in done.stdout, done.stdout + done.stderr
    return done.returncode
