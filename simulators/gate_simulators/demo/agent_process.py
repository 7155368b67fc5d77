"""The agent as a process beside the simulators: started, asked to end, killed; and its last words."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

_MOST_READ = 256 * 1024
_RAISED = re.compile(r"(\w+\.)*\w*(Error|Exception)\b")  # the line of a traceback that says what was wrong


class AgentProcess:
    """What it writes goes to the file `log`, one start after the other."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._log_before = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """0 before the first start."""
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, command: Sequence[str]) -> None:
        """Call it on the main thread: when that ends, however it does, the kernel ends the agent too."""
        self._log_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def stop(self, timeout_s: float, by: signal.Signals) -> int | None:
        """Ask it to end, and SIGKILL when it does not in time. Its exit status; None: never started."""
        if self._process is None:
            return None
        if self.running:
            self._process.send_signal(by)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        return self._process.returncode

    def last_words(self) -> str:
        """The last error since it was started, as it would be told to a person; empty: it said nothing."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_before, size - _MOST_READ))
            lines = [line.strip(" |") for line in log.read().decode(errors="replace").splitlines()]
        told = [_told(line) for line in lines if line]
        errors = [text for is_error, text in told if is_error]
        raised = [text for text in errors if _RAISED.match(text)]
        return (raised or errors or [text for _, text in told] or [""])[-1]


def _told(line: str) -> tuple[bool, str]:
    """Whether a line of the log is an error, and its text; what is not JSON was meant for people."""
    try:
        entry = json.loads(line)
    except ValueError:
        return True, line
    if not isinstance(entry, dict):
        return True, line
    fields = cast("dict[str, Any]", entry)
    words = [str(fields[name]) for name in ("event", "error", "advice") if fields.get(name)]
    return fields.get("level") in ("error", "critical"), ": ".join(words) or line


def _ends_with_us() -> list[str]:
    """A prefix with which a program gets SIGTERM when this process dies (PR_SET_PDEATHSIG, prctl(2))."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
