"""What the policy decided and why, ready to be committed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a station may do with what stands before it.

    At an e-gate ``ADMIT`` alone opens the exit; a machine admits or refers, and ``REFUSE`` exists for
    officers. At a scanner station ``RELEASE`` alone opens the way to the road; ``REVIEW`` waits for an
    officer's look, ``INSPECT`` sends the cargo to the inspection area.
    """

    ADMIT = "admit"
    REFER = "refer"
    REFUSE = "refuse"
    RELEASE = "release"
    REVIEW = "review"
    INSPECT = "inspect"


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One policy rule that was true for the evidence."""

    rule: str
    version: str
    verdict: Verdict
    reason: str

    def to_json(self) -> dict[str, str]:
        return {
            "rule": self.rule,
            "version": self.version,
            "verdict": self.verdict.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with everything needed to explain it later.

    `decided_by` is ``policy`` or ``officer:<id>``; `policy` is ``<id>@<version>#<digest>``.
    `decided_at` is UTC, RFC 3339 with milliseconds.
    """

    transaction: str
    verdict: Verdict
    reasons: tuple[str, ...]
    rules: tuple[FiredRule, ...]
    policy: str
    evidence_digest: str
    decided_by: str
    decided_at: str

    def to_json(self) -> dict[str, object]:
        return {
            "transaction": self.transaction,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "rules": [r.to_json() for r in self.rules],
            "policy": self.policy,
            "evidence_digest": self.evidence_digest,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at,
        }
