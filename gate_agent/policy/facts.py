"""What a policy may ask about: the checks of a station and the values that each may measure.

The table is the contract between checks and rules. A rule that reads anything else does not load; a
check that reports anything else makes the decision a referral (``EVIDENCE_MALFORMED``), because a policy
that cannot see a fact cannot weigh it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from gate_agent.decision import Verdict
from gate_agent.errors import GateError
from gate_agent.evidence import Evidence, Outcome, Scalar
from gate_agent.policy.reasons import POLICY_REASONS

ScalarType: TypeAlias = type[bool] | type[int] | type[float] | tuple[str, ...]
"""The type of a measured value; a tuple lists the texts that a value can have."""


class EvidenceError(GateError):
    """The evidence holds a check or a value that the station's table does not declare."""


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One check: its id, what it asks, and the declared measured values with their types."""

    check: str
    asks: str
    measured: Mapping[str, ScalarType]

    @classmethod
    def of(cls, check: str, asks: str, **measured: ScalarType) -> CheckKind:
        return cls(check, asks, MappingProxyType(measured))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a machine may decide at one kind of station.

    `passes` needs every required check; `holds` are the others in order of rising severity. The first of
    them is the answer to whatever is missing, wrong or out of date.
    """

    passes: Verdict
    holds: tuple[Verdict, ...]

    @property
    def hold(self) -> Verdict:
        return self.holds[0]

    def gravest(self, verdicts: Iterable[Verdict]) -> Verdict:
        """The verdict that stands when rules disagree."""
        return max(verdicts, key=(self.passes, *self.holds).index)

    def __contains__(self, verdict: Verdict) -> bool:
        return verdict is self.passes or verdict in self.holds

    def __str__(self) -> str:
        held = ", ".join(repr(verdict.value) for verdict in self.holds)
        return f"{held} or {self.passes.value!r}"


@dataclass(frozen=True, slots=True)
class CheckTable:
    """All checks of one kind of station, what may be decided on them, and the reason codes that may be
    given."""

    station: str
    verdicts: Verdicts
    checks: Mapping[str, CheckKind]
    reasons: frozenset[str]

    @classmethod
    def of(
        cls, station: str, verdicts: Verdicts, kinds: Iterable[CheckKind], reasons: Iterable[str]
    ) -> CheckTable:
        """The table of a kind of station; the policy's own reasons are always among its reasons."""
        checks = MappingProxyType({kind.check: kind for kind in kinds})
        return cls(station, verdicts, checks, frozenset(reasons) | POLICY_REASONS)

    def view(self, evidence: Evidence) -> dict[str, Any]:
        """The evidence as a rule sees it: every declared check, ``not_done`` where it never ran.

        A declared value that was not measured is absent (``has()`` asks for it); undeclared
        measurements stay in the evidence but are invisible to rules. Raises EvidenceError.
        """
        for result in evidence.checks:
            if result.check not in self.checks:
                raise EvidenceError(f"{result.check!r} is not a check of this station", field=result.check)
        return {check: self._fact(kind, evidence) for check, kind in self.checks.items()}

    def _fact(self, kind: CheckKind, evidence: Evidence) -> dict[str, Any]:
        result = evidence.result(kind.check)
        if result is None:
            return {"outcome": Outcome.NOT_DONE.value, "reasons": [], "measured": {}}
        measured = {n: v for n, v in result.measured.items() if n in kind.measured}
        for name, value in measured.items():
            if not _is(value, kind.measured[name]):
                raise EvidenceError("has the wrong type", field=f"{kind.check}.measured.{name}")
        return {
            "outcome": str(result.outcome.value),
            "reasons": list(result.reasons),
            "measured": measured,
        }


def _is(value: Scalar, kind: ScalarType) -> bool:
    if kind is float:
        # Whole numbers are fine where a fraction may stand; NaN would make every comparison false.
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str) if isinstance(kind, tuple) else type(value) is kind
