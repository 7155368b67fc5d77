"""The reason codes that a policy or a watchlist gives by itself; all others are their checks' own."""

from __future__ import annotations

POLICY_REASONS = frozenset(
    {
        "POLICY_STALE",
        "POLICY_NOT_YET_VALID",
        "POLICY_UNAVAILABLE",
        "RULE_ERROR",
        "EVIDENCE_MALFORMED",
        "CHECK_MISSING",
        "CHECK_NOT_PASSED",
        "NO_RULE_ADMITS",
        "ALL_CHECKS_PASSED",
        "WATCHLIST_HIT",
        "WATCHLIST_STALE",
        "WATCHLIST_UNAVAILABLE",
    }
)
