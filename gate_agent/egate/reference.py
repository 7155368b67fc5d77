"""The signed data that an e-gate decides with: policy, watchlist, issuers' certificates.

Loaded at start and again whenever a file changes; a new file that does not verify never replaces a good one.
What is missing, unsigned or too old is named as a source of fault, with which the lane goes out of service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gate_agent.egate.checks import trust_freshness
from gate_agent.emrtd.trust import TrustStore
from gate_agent.emrtd.trust_directory import load_trust_directory
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.logs import get_logger
from gate_agent.policy import Policy, PolicySettings, load_policy
from gate_agent.policy.watchlist import Watchlist, WatchlistSettings

log = get_logger(__name__)

SOURCES = ("policy", "trust", "watchlist")


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
    _stamps: dict[str, float] = field(default_factory=dict[str, float])
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
        self._reload("trust", (self.trust_directory,), lambda: load_trust_directory(self.trust_directory))
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
        stamp = max((p.stat().st_mtime for p in paths if p.exists()), default=0.0)
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


def _unavailable(source: str) -> CheckResult:
    return CheckResult(f"{source}_freshness", Outcome.FAILED, (f"{source.upper()}_UNAVAILABLE",))
