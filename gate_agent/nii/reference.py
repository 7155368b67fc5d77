"""The data that a scanner station decides with: its signed policy, and the manifests that arrive."""

from __future__ import annotations

from datetime import datetime, timedelta

from gate_agent.cargo.store import ManifestSettings, ManifestStore
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.logs import get_logger
from gate_agent.nii.facts import NII_CHECKS
from gate_agent.policy import Policy, PolicySettings
from gate_agent.station.signed import SignedData, Source, inside, policy_source

log = get_logger(__name__)


class YardReference(SignedData):
    """Policy and manifests of one scanner station."""

    def __init__(self, policy: PolicySettings, manifests: ManifestSettings) -> None:
        self._policy = policy_source(policy, NII_CHECKS)
        self.manifests = ManifestStore(manifests.directory)
        manifest = Source[ManifestStore](
            "manifest",
            lambda: inside(manifests.directory),
            self._refreshed,
            lambda store, at: manifest_freshness(store, at, manifests.max_age_days),
        )
        super().__init__((self._policy, manifest))

    @property
    def policy(self) -> Policy | None:
        return self._policy.value

    def _refreshed(self) -> ManifestStore:
        """Look at the folder. A manifest that cannot be used is named; what it said before still holds."""
        for problem in self.manifests.refresh():
            log.error("manifest refused", error=problem.what, field=problem.field, advice=problem.advice)
        return self.manifests


def manifest_freshness(store: ManifestStore, at: datetime, max_age_days: float) -> CheckResult:
    """``manifest_freshness``: something was declared lately, so the way that manifests take is open."""
    age = store.age(at)
    if age is None:
        return CheckResult("manifest_freshness", Outcome.FAILED, ("MANIFEST_UNAVAILABLE",))
    measured = {"age_days": round(age / timedelta(days=1), 3)}
    if age > timedelta(days=max_age_days):
        return CheckResult("manifest_freshness", Outcome.FAILED, ("MANIFEST_STALE",), measured)
    return CheckResult("manifest_freshness", Outcome.PASSED, measured=measured)
