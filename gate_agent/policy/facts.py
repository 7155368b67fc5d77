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
    """All checks of one kind of station, and what may be decided on them."""

    station: str
    verdicts: Verdicts
    checks: Mapping[str, CheckKind]

    @classmethod
    def of(cls, station: str, verdicts: Verdicts, *kinds: CheckKind) -> CheckTable:
        return cls(station, verdicts, MappingProxyType({kind.check: kind for kind in kinds}))

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


def _check(check: str, asks: str, **measured: ScalarType) -> CheckKind:
    return CheckKind(check, asks, MappingProxyType(measured))


EGATE_CHECKS = CheckTable.of(
    "egate",
    Verdicts(Verdict.ADMIT, (Verdict.REFER,)),
    _check("mrz_read", "Was a complete machine readable zone read?", repaired=int),
    _check("mrz_check_digits", "Do its check digits and field rules hold (Doc 9303-3)?"),
    _check("document_expiry", "Is the document still valid today?", days_left=int),
    _check(
        "chip_access",
        "Did the chip open with the key of the printed zone?",
        procedure=("BAC", "PACE", "PACE-CAM"),
    ),
    _check("chip_read", "Were all needed files of the chip read?", bytes=int),
    _check("passive_authentication", "Did a trusted issuer sign the chip (Doc 9303-11 §5.1)?"),
    _check("dg_hashes", "Are the data groups those that were signed?"),
    _check("dg1_matches_mrz", "Does the chip say the same as the printed zone?"),
    _check(
        "chip_authentication",
        "Is it the chip that was issued (Doc 9303-11 §6.2, §4.4.3.5)?",
        procedure=("CA", "CAM"),
    ),
    _check("active_authentication", "Did the chip sign our challenge (Doc 9303-11 §6.1)?"),
    _check("terminal_authentication", "Did the chip accept this station (Doc 9303-11 §7.1)?"),
    _check("watchlist", "Is neither document nor person on the watchlist?"),
    _check("age", "Is the traveller old enough to pass alone?", years=int),
    _check("policy_freshness", "Is the policy within its validity?", days_left=float),
    _check("trust_freshness", "Are the issuer certificates recent enough?", age_days=float),
    _check("watchlist_freshness", "Is the watchlist recent enough?", age_days=float),
    _check("face_capture", "Was a usable picture of one face taken?", frames=int, frame_age_ms=float),
    _check(
        "face_liveness",
        "Is it a live person, as far as can be told (ISO/IEC 30107-1)?",
        frames=int,
        repetition=float,
        temporal_noise=float,
        moire=float,
        turning=float,
        flatness=float,
        attack_score=float,
    ),
    _check(
        "face_match",
        "Is it the person in the chip?",
        distance=float,
        threshold=float,
        fmr=float,
        comparisons=int,
    ),
    _check("single_occupancy", "Is exactly one person between the doors?", persons=int),
    _check("document_present", "Did the document stay on the reader while it was read?"),
    _check("hub_verdict", "Does the hub let the transaction go on?"),
    _check("lane_integrity", "Are doors, sensors and controller consistent?"),
)
