"""Waiting as long as something moves: not cut short on a busy machine, and not for ever on a dead one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from gate_simulators.progress import Stalled, processor_seconds, size_of, wait_for, work_of


def test_it_waits_longer_than_its_patience_while_a_sign_changes() -> None:
    begun, steps = time.monotonic(), count()
    answer = wait_for(
        lambda: next(steps) > 40, "forty steps", lambda: next(steps), patience_s=0.2, look_s=0.02
    )
    assert answer
    assert time.monotonic() - begun > 0.2


def test_it_gives_up_when_nothing_moves_and_says_what_it_saw() -> None:
    with pytest.raises(Stalled, match=r"waited in vain for the bus.*'asleep'"):
        wait_for(lambda: False, "the bus", lambda: "asleep", patience_s=0.1)


def test_the_answer_is_what_the_condition_said() -> None:
    assert wait_for(lambda: {"phase": "idle"}, "a snapshot")["phase"] == "idle"


def test_a_log_that_grows_is_a_sign(tmp_path: Path) -> None:
    sign = size_of(tmp_path / "agent.log")
    before = sign()
    (tmp_path / "agent.log").write_text("started")
    assert sign() != before


def test_processor_time_is_a_sign_and_sleeping_is_none() -> None:
    busy = "import time\nwhile True: pass"
    idle = "import time\ntime.sleep(600)"
    with (
        subprocess.Popen([sys.executable, "-c", busy]) as worker,
        subprocess.Popen([sys.executable, "-c", idle]) as sleeper,
    ):
        try:
            work, sleep = work_of(worker.pid), work_of(sleeper.pid)
            before = work(), sleep()
            wait_for(lambda: work() != before[0], "work to show", lambda: processor_seconds(worker.pid))
            assert sleep() == before[1]
        finally:
            worker.kill()
            sleeper.kill()
    assert processor_seconds(worker.pid) == 0.0, "it is gone"
    assert processor_seconds(os.getpid()) > 0.0
