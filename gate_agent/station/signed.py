"""The signed or dated data that a station decides with: loaded at start, and again when a file changes.

A new file that does not verify never replaces a good one. What is missing, unsigned or too old is named as a
source of fault, with which the station goes out of service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.logs import get_logger
from gate_agent.policy import CheckTable, Policy, PolicySettings, load_policy
from gate_agent.station.display import Display
from gate_agent.station.vocabulary import Fault, Recovered
from gate_agent.times import utc_now

T = TypeVar("T")

log = get_logger(__name__)

REFRESH_S = 2.0
"""How often signed data is looked at again."""

Stamp: TypeAlias = tuple[tuple[int, ...], ...]
"""How the files of one source looked when they were loaded last."""


@dataclass(slots=True)
class Source(Generic[T]):
    """One kind of data: `paths` are watched, `load` reads and verifies them (raises GateError), `fresh`
    answers the check ``<name>_freshness`` at a moment."""

    name: str
    paths: Callable[[], tuple[Path, ...]]
    load: Callable[[], T]
    fresh: Callable[[T, datetime], CheckResult]
    value: T | None = None
    error: str = ""
    _stamp: Stamp | None = None

    def refresh(self) -> None:
        """Load again if a file changed. The value that is held stays when the new one is refused."""
        stamp = tuple(_stamp(path) for path in self.paths())
        if self._stamp == stamp:
            return
        self._stamp = stamp
        try:
            self.value = self.load()
        except GateError as error:
            told = {"error": error.what, "field": error.field, "advice": error.advice}
            log.error("signed data refused", kind=self.name, **told)
            if self.value is None:
                self.error = error.what
        else:
            self.error = ""

    def freshness(self, at: datetime) -> CheckResult:
        if self.value is None:
            reason = f"{self.name.upper()}_UNAVAILABLE"
            return CheckResult(f"{self.name}_freshness", Outcome.FAILED, (reason,))
        return self.fresh(self.value, at)


def policy_source(settings: PolicySettings, table: CheckTable) -> Source[Policy]:
    """The station's policy and its signature."""
    file = settings.file
    return Source(
        "policy",
        lambda: (file, file.with_name(file.name + ".sig")),
        lambda: load_policy(file, settings.public_key, allow_unsigned=settings.allow_unsigned, table=table),
        lambda policy, at: policy.freshness(at),
    )


@dataclass(slots=True)
class SignedData:
    """All sources of one station. `refresh` reloads what changed and tells what cannot be used."""

    sources: tuple[Source[Any], ...]
    _last: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self.sources)

    def refresh(self, at: datetime) -> dict[str, str]:
        """Reload what changed on disk. Source -> why it cannot be used; empty when all is well."""
        problems: dict[str, str] = {}
        for source in self.sources:
            source.refresh()
            if source.error:
                problems[source.name] = source.error
            elif (fresh := source.freshness(at)).outcome is not Outcome.PASSED:
                problems[source.name] = ", ".join(fresh.reasons)
        return problems

    def freshness(self, at: datetime) -> tuple[CheckResult, ...]:
        """The check ``<name>_freshness`` of every source at this moment."""
        return tuple(source.freshness(at) for source in self.sources)

    async def watch(self, post: Callable[[Fault | Recovered], None], display: Display) -> None:
        """Reload what changed, and tell the process when a source cannot be used, or can again."""
        faulty: set[str] = set(self.names)
        while True:
            problems = await self._problems()
            for name in self.names:
                if name in problems and name not in faulty:
                    post(Fault(name))
                elif name not in problems and name in faulty:
                    post(Recovered(name))
                if name in problems:
                    display.alert(f"{name.upper()}_UNAVAILABLE", problems[name])
                else:
                    display.withdraw(f"{name.upper()}_UNAVAILABLE")
            faulty = set(problems)
            await asyncio.sleep(REFRESH_S)

    async def _problems(self) -> dict[str, str]:
        try:
            return await asyncio.to_thread(self.refresh, utc_now())
        except Exception as error:  # what cannot even be looked at must not serve, nor end the station
            log.error("looking at signed data failed", exc_info=error)
            return dict.fromkeys(self.names, f"cannot be looked at: {type(error).__name__}")


def inside(directory: Path) -> tuple[Path, ...]:
    """A directory and its files: one that is written over in place leaves its directory as it was."""
    try:
        return (directory, *sorted(directory.iterdir()))
    except OSError:
        return (directory,)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced, even by one with an older date; nothing when it is gone."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
