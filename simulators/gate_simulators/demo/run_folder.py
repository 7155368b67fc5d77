"""The folder in which one simulation keeps its state: whose it is now, and how that simulation is reached.

``gate-sim walk`` and ``gate-sim fault`` find running simulations by the file that lies in each such folder.
It is locked as long as the simulation runs, so one that was killed leaves nothing that could mislead.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BufferedRandom
from itertools import chain, count
from pathlib import Path
from typing import Final

from gate_agent.errors import GateError

RUNS: Final = Path(".run")
_FILE: Final = "simulation.json"
_LOCK_TRIES: Final = 20  # somebody who only looks holds it for an instant


class RunFolderError(GateError):
    """Another simulation has the folder, or none is running, or more than one."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A running one: its station, its control interface, and the console of its agent (empty: none)."""

    station: str
    kind: str
    pid: int
    control: str
    console: str = ""


class RunFolder:
    """Held from :meth:`claim` until :meth:`release`."""

    def __init__(self, path: Path, lock: BufferedRandom) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, wanted: Path, *, others: bool = False) -> RunFolder:
        """Take `wanted`, or with `others` the first that is free of ``wanted``, ``wanted-2``, ``wanted-3``...

        Raises RunFolderError when another simulation has it.
        """
        numbered = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
        for path in chain((wanted,), numbered if others else ()):
            path.mkdir(parents=True, exist_ok=True)
            if (lock := _locked(path / _FILE)) is not None:
                return cls(path.absolute(), lock)
        raise RunFolderError(
            "another simulation keeps its state here",
            field=str(wanted),
            advice="end it, or give another folder",
        )

    def tell(self, simulation: Simulation) -> None:
        """Let others find it."""
        self._write(json.dumps(asdict(simulation)) + "\n")

    def release(self) -> None:
        self._write("")
        self._lock.close()

    def _write(self, text: str) -> None:
        self._lock.truncate(0)
        self._lock.write(text.encode())
        self._lock.flush()


def _locked(file: Path) -> BufferedRandom | None:
    lock = file.open("a+b")
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)  # what a simulation that was killed told
            return lock
        except OSError:
            time.sleep(0.01)
    lock.close()
    return None


def running(runs: Path = RUNS) -> list[Simulation]:
    """The simulations that run in folders below `runs`, by station."""
    return sorted(_running(runs), key=lambda simulation: (simulation.station, simulation.pid))


def _running(runs: Path) -> Iterator[Simulation]:
    for file in runs.glob(f"*/{_FILE}"):
        with file.open("rb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:  # somebody has it: that one runs
                text = held.read()
                if text:
                    yield Simulation(**json.loads(text))


def the_running_one(station: str = "", runs: Path = RUNS) -> Simulation:
    """The one that runs; with `station` (its id, kind or process) among several. Raises RunFolderError."""
    found = running(runs)
    chosen = [s for s in found if station in ("", s.station, s.kind, str(s.pid))]
    if len(chosen) == 1:
        return chosen[0]
    if not found:
        raise RunFolderError(
            f"no simulation runs below {runs}",
            advice="start `make demo` or `gate-sim KIND`, or give --control URL",
        )
    each = ", ".join(f"{s.station} (process {s.pid}, {s.control})" for s in found)
    if not chosen:
        raise RunFolderError(f"no {station} runs here", advice=f"running: {each}")
    raise RunFolderError("which station?", advice=f"--station, with the name or process: {each}")
