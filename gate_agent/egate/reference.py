"""The signed data that an e-gate decides with: policy, watchlist, issuers' certificates."""

from __future__ import annotations

from pathlib import Path

from gate_agent.egate.checks import trust_freshness
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.policy import Policy, PolicySettings
from gate_agent.policy.watchlist import Watchlist, WatchlistSettings
from gate_agent.station.signed import SignedData, Source, inside, policy_source


class ReferenceData(SignedData):
    """Policy, trust and watchlist of one lane."""

    def __init__(
        self,
        policy: PolicySettings,
        watchlist: WatchlistSettings,
        trust_directory: Path,
        trust_max_age_days: float,
    ) -> None:
        lists = watchlist
        self._policy = policy_source(policy, EGATE_CHECKS)
        self._trust = Source[TrustStore](
            "trust",
            lambda: inside(trust_directory),
            lambda: load_trust_directory(trust_directory),
            lambda store, at: trust_freshness(store, at, trust_max_age_days),
        )
        self._watchlist = Source[Watchlist](
            "watchlist",
            lambda: (lists.file, lists.file.with_name(lists.file.name + ".sig")),
            lambda: Watchlist.load(lists.file, lists.public_key, max_age_days=lists.max_age_days),
            lambda listed, at: listed.freshness(at),
        )
        super().__init__((self._policy, self._trust, self._watchlist))

    @property
    def policy(self) -> Policy | None:
        return self._policy.value

    @property
    def trust(self) -> TrustStore | None:
        return self._trust.value

    @property
    def watchlist(self) -> Watchlist | None:
        return self._watchlist.value
