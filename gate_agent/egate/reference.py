"""The signed data that an e-gate decides with: policy, watchlist, issuers' certificates.

Loaded at start and again whenever a file changes; a new file that does not verify never replaces a good one.
What is missing, unsigned or too old is named as a source of fault, with which the lane goes out of service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from gate_agent.egate import vocabulary as v
from gate_agent.egate.checks import trust_freshness
from gate_agent.egate.display import Display
from gate_agent.egate.transaction import utc_now
from gate_agent.egate.vocabulary import Event
from gate_agent.emrtd.trust import TrustStore
from gate_agent.emrtd.trust_directory import load_trust_directory
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.logs import get_logger
from gate_agent.policy import Policy, PolicySettings, load_policy
from gate_agent.policy.watchlist import Watchlist, WatchlistSettings

log = get_logger(__name__)

REFRESH_S = 2.0
"""How often signed data is looked at again."""

SOURCES = ("policy", "trust", "watchlist")

Stamp: TypeAlias = tuple[tuple[int, ...], ...]
"""How the files of one source looked when they were loaded last."""


@dataclass(slots=True)
class ReferenceData:
    """`refresh` reloads what changed and tells what cannot be used, source by source."""

    policy_settings: PolicySettings
    watchlist_settings: WatchlistSettings
    trust_directory: Path
    trust_max_age_days: float
    policy: Policy | None = None
    watchlist: Watchlist | None = None
    trust: TrustStore | None = None
    _stamps: dict[str, Stamp] = field(default_factory=dict[str, Stamp])
    _errors: dict[str, str] = field(default_factory=dict[str, str])

    def refresh(self, at: datetime) -> dict[str, str]:
        """Reload what changed on disk. Source -> why it cannot be used; empty when all is well."""
        policy = self.policy_settings
        lists = self.watchlist_settings
        self._reload(
            "policy",
            (policy.file, policy.file.with_name(policy.file.name + ".sig")),
            lambda: load_policy(policy.file, policy.public_key, allow_unsigned=policy.allow_unsigned),
        )
        self._reload(
            "watchlist",
            (lists.file, lists.file.with_name(lists.file.name + ".sig")),
            lambda: Watchlist.load(lists.file, lists.public_key, max_age_days=lists.max_age_days),
        )
        self._reload(
            "trust", _inside(self.trust_directory), lambda: load_trust_directory(self.trust_directory)
        )
        problems = dict(self._errors)
        for result in self.freshness(at):
            if result.outcome is not Outcome.PASSED:
                problems.setdefault(result.check.removesuffix("_freshness"), ", ".join(result.reasons))
        return problems

    def freshness(self, at: datetime) -> tuple[CheckResult, ...]:
        """``policy_freshness``, ``trust_freshness`` and ``watchlist_freshness`` at this moment."""
        return (
            self.policy.freshness(at) if self.policy else _unavailable("policy"),
            trust_freshness(self.trust, at, self.trust_max_age_days) if self.trust else _unavailable("trust"),
            self.watchlist.freshness(at) if self.watchlist else _unavailable("watchlist"),
        )

    def _reload(self, source: str, paths: tuple[Path, ...], load: Callable[[], Any]) -> None:
        stamp = tuple(_stamp(path) for path in paths)
        if self._stamps.get(source) == stamp:
            return
        self._stamps[source] = stamp
        try:
            setattr(self, source, load())
        except GateError as error:
            kept = getattr(self, source) is not None
            log.error(
                "signed data refused", kind=source, error=error.what, field=error.field, advice=error.advice
            )
            if not kept:
                self._errors[source] = error.what
        else:
            self._errors.pop(source, None)


async def watch_reference(reference: ReferenceData, post: Callable[[Event], None], display: Display) -> None:
    """Reload signed data that changed, and tell the process when it cannot be used, or can again."""
    faulty: set[str] = set(SOURCES)
    while True:
        problems = await _problems(reference)
        for source in SOURCES:
            if source in problems and source not in faulty:
                post(v.Fault(source))
            elif source not in problems and source in faulty:
                post(v.Recovered(source))
            if source in problems:
                display.alert(f"{source.upper()}_UNAVAILABLE", problems[source])
        faulty = set(problems)
        await asyncio.sleep(REFRESH_S)


async def _problems(reference: ReferenceData) -> dict[str, str]:
    try:
        return await asyncio.to_thread(reference.refresh, utc_now())
    except Exception as error:  # what cannot even be looked at must not serve, nor end the station
        log.error("looking at signed data failed", exc_info=error)
        return dict.fromkeys(SOURCES, f"cannot be looked at: {type(error).__name__}")


def _inside(directory: Path) -> tuple[Path, ...]:
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


def _unavailable(source: str) -> CheckResult:
    return CheckResult(f"{source}_freshness", Outcome.FAILED, (f"{source.upper()}_UNAVAILABLE",))
