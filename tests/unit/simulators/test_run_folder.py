"""Simulations on one machine: each has its folder and its ports, and is found while it runs and no longer."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gate_simulators.demo.run_folder import RunFolder, RunFolderError, Simulation, running, the_running_one
from gate_simulators.device.ports import PortClaims


def simulation(station: str, port: int) -> Simulation:
    return Simulation(station, station.partition("-")[0], port, f"http://127.0.0.1:{port}")


def test_a_running_simulation_is_found_until_it_ends(tmp_path: Path) -> None:
    folder = RunFolder.claim(tmp_path / "egate")
    assert running(tmp_path) == [], "it has not told yet how it is reached"
    folder.tell(simulation("egate-1", 8090))
    assert running(tmp_path) == [simulation("egate-1", 8090)]
    assert the_running_one(runs=tmp_path).control == "http://127.0.0.1:8090"
    folder.release()
    assert running(tmp_path) == []
    with pytest.raises(RunFolderError, match=r"no simulation runs.*make demo"):
        the_running_one(runs=tmp_path)


KILLED = """
import sys, time
from pathlib import Path
from gate_simulators.demo.run_folder import RunFolder, Simulation
folder = RunFolder.claim(Path(sys.argv[1]))
folder.tell(Simulation("egate-1", "egate", 1, "http://127.0.0.1:1"))
print("told", flush=True)
time.sleep(600)
"""


def test_a_killed_simulation_leaves_nothing_that_misleads(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED, str(tmp_path / "egate")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"told\n"
            assert [s.station for s in running(tmp_path)] == ["egate-1"]
            with pytest.raises(RunFolderError, match="another simulation"):
                RunFolder.claim(tmp_path / "egate")
        finally:
            other.kill()
    assert running(tmp_path) == []
    RunFolder.claim(tmp_path / "egate").release()


def test_d18_a_second_lane_on_the_machine_keeps_its_state_beside_the_first(tmp_path: Path) -> None:
    folders = [RunFolder.claim(tmp_path / "egate", others=True) for _ in range(3)]
    assert [folder.path.name for folder in folders] == ["egate", "egate-2", "egate-3"]
    folders[1].release()
    assert RunFolder.claim(tmp_path / "egate", others=True).path.name == "egate-2"


def test_which_of_two_is_asked_with_what_can_be_answered(tmp_path: Path) -> None:
    folders = {name: RunFolder.claim(tmp_path / name) for name in ("egate-1", "nii-1")}
    for (name, folder), port in zip(folders.items(), (8090, 8091), strict=True):
        folder.tell(simulation(name, port))
    with pytest.raises(RunFolderError, match=r"which station.*egate-1 .*8090.*nii-1 .*8091"):
        the_running_one(runs=tmp_path)
    assert the_running_one("nii", tmp_path).control.endswith("8091")
    assert the_running_one("egate-1", tmp_path).control.endswith("8090")
    assert the_running_one("8091", tmp_path).station == "nii-1", "by its process"
    with pytest.raises(RunFolderError, match=r"no kiosk runs here.*egate-1"):
        the_running_one("kiosk", tmp_path)


# ---------------------------------------------------------------- ports


def test_d18_a_taken_port_gives_way_to_the_next_free_one() -> None:
    claims = PortClaims()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port < claims.claim(port) <= port + 200
    claims.release()


def test_two_that_start_together_never_choose_the_same_port() -> None:
    """Neither listens yet: each only says that it will."""
    first, second = PortClaims(), PortClaims()
    wanted = first.claim(0)
    assert second.claim(wanted) != wanted
    first.release()
    third = PortClaims()
    assert third.claim(wanted) == wanted
    second.release()
    third.release()


def test_a_claim_ends_with_the_process_that_made_it() -> None:
    program = "from gate_simulators.device.ports import PortClaims; c = PortClaims(); print(c.claim(0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    claims = PortClaims()
    assert claims.claim(int(done.stdout)) == int(done.stdout)
    claims.release()
