"""What the checks found out, in one vocabulary for every station.

A check never decides. It answers with a :class:`CheckResult`; the results of one transaction
are its :class:`Evidence`, whose digest is what the journal keeps and the hub receives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool
"""What a check may report as measured: never an image, a template, a name or a document number."""

_NOTHING: Mapping[str, Scalar] = MappingProxyType({})
_NO_VERSIONS: Mapping[str, str] = MappingProxyType({})


class Outcome(StrEnum):
    """The four answers a check can give. Only ``passed`` ever helps towards an admit."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_DONE = "not_done"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's answer.

    `check` is the check's id (``face_match``); `reasons` are codes from
    :mod:`gate_agent.policy.reasons`; `measured` holds numbers with the unit in the name
    (``distance``, ``frame_age_ms``); `versions` names the model, threshold, list or rule set used;
    `clause` is the standard's clause, where there is one.
    """

    check: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    measured: Mapping[str, Scalar] = field(default_factory=lambda: _NOTHING)
    versions: Mapping[str, str] = field(default_factory=lambda: _NO_VERSIONS)
    clause: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "check": self.check,
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            "measured": dict(self.measured),
            "versions": dict(self.versions),
            "clause": self.clause,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one transaction established, in the order in which it was established."""

    transaction: str
    checks: tuple[CheckResult, ...]

    def result(self, check: str) -> CheckResult | None:
        """The latest answer of one check, or None when it never ran."""
        return next((c for c in reversed(self.checks) if c.check == check), None)

    def to_json(self) -> dict[str, object]:
        return {"transaction": self.transaction, "checks": [c.to_json() for c in self.checks]}

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON form."""
        return hashlib.sha256(canonical_json(self.to_json())).hexdigest()


# Kept: to make an encoder costs a fifth of using it.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: object) -> bytes:
    """One byte form per value: sorted keys, no spaces, UTF-8, no NaN (RFC 8785 for our types)."""
    return _CANONICAL.encode(value).encode()
