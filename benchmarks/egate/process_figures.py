"""What Linux says of a running process: processor time and resident memory (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1024  # KiB


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MiB. `pss_mib` counts shared pages in proportion; None where unreadable."""

    rss_mib: float
    pss_mib: float | None


def cpu_seconds(pid: int) -> float:
    """User and system time of all the process's threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> Memory:
    try:
        pss = _kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss") / MIB
    except OSError:  # another user's process, or a kernel without it
        pss = None
    return Memory(_kib(Path(f"/proc/{pid}/status"), "VmRSS") / MIB, pss)


def _kib(file: Path, name: str) -> float:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return float(value.split()[0])
    raise OSError(f"{file} has no {name}")
