"""Waiting for what other programs do: as long as they get on, and no longer.

A busy machine makes everything slower, so a deadline in seconds tells nothing of what is waited for. Here the
wait ends in vain only when no sign of it has changed for a while: a log that grows, a phase, a count, or
processor time that is used up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_WORK_S: Final = 3.0  # so much processor time is a step forward; an idle agent needs minutes for it


class Stalled(Exception):
    """Nothing moves any more. The text says what was waited for, and what was seen last."""


def wait_for(
    condition: Callable[[], T],
    what: str,
    *signs: Callable[[], object],
    patience_s: float = 30.0,
    look_s: float = 0.05,
) -> T:
    """What `condition` says once it is true. Raises Stalled when no sign changed for `patience_s`."""
    last = [sign() for sign in signs]
    moved = time.monotonic()
    while not (answer := condition()):
        now = [sign() for sign in signs]
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > patience_s:
            raise Stalled(f"waited in vain for {what}; nothing moved for {patience_s:.0f} s: {last}")
        time.sleep(look_s)
    return answer


def size_of(path: Path) -> Callable[[], object]:
    """A sign: the file grows."""
    return lambda: path.stat().st_size if path.exists() else -1


def work_of(pid: int) -> Callable[[], object]:
    """A sign: the process, with its threads and the children it waited for, uses up processor time."""
    return lambda: int(processor_seconds(pid) / _WORK_S)


def processor_seconds(pid: int) -> float:
    """Used by a process so far; 0.0 when it is gone (proc_pid_stat(5): utime, stime, cutime, cstime)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS_A_SECOND
