"""The agent's last words, as the demonstration tells them when it ends at once (U12)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gate_simulators.demo.agent_process import AgentProcess
from gate_simulators.progress import wait_for

PLAIN = "print('starting'); raise SystemExit('console.port: port 8080 is taken (choose another)')"
LOGGED = """
import json
print(json.dumps({"level": "info", "event": "started"}))
print(json.dumps({"level": "error", "event": "cannot listen", "error": "port 8080 is taken"}))
print(json.dumps({"level": "info", "event": "stopped"}))
"""
RAISED = "raise ExceptionGroup('of a task group', [ValueError('a value nobody thought of')])"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (PLAIN, "console.port: port 8080 is taken (choose another)"),
        (LOGGED, "cannot listen: port 8080 is taken"),
        (RAISED, "ValueError: a value nobody thought of"),
        ("print()", ""),
        ('print(\'{"level": "info", "event": "started"}\')', "started"),
    ],
)
def test_u12_the_last_error_is_told(tmp_path: Path, program: str, words: str) -> None:
    agent = AgentProcess(tmp_path / "agent.log")
    agent.log.write_text("an error of another day\n")
    agent.start([sys.executable, "-c", program])
    wait_for(lambda: not agent.running, "the program to end")
    assert agent.last_words() == words
