"""H10: the exit status is the agent's own word, also where nothing of what it says can be written.

A service manager and a script act on it. The interpreter, left to itself, ends with 120 when it cannot write
out what its streams still hold.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GATE_AGENT = Path(sys.executable).with_name("gate-agent")
FULL = Path("/dev/full")
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full: Linux has one")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["run", "--config", "absent.toml"], 1),
        (["check-config", "absent.toml"], 1),
        (["--help"], 1),  # done, but nobody was told
    ],
)
def test_h10_the_exit_status_on_a_full_disk_is_the_agents_own(
    words: list[str], status: int, tmp_path: Path
) -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [GATE_AGENT, *words], cwd=tmp_path, env=BUFFERED, stdout=full, stderr=full, check=False
        )
    assert done.returncode == status


def test_h10_a_reader_that_leaves_is_no_fault_of_the_interpreter(tmp_path: Path) -> None:
    """As in ``gate-agent process egate | head -1``."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(
            [GATE_AGENT, "process", "egate"], cwd=tmp_path, env=BUFFERED, stdout=theirs,
            stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
