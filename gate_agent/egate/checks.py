"""The e-gate's own checks: evidence in, :class:`CheckResult` out; none of them decides.

The chip's checks come from :mod:`gate_agent.emrtd.inspection`, the watchlist's from
:mod:`gate_agent.policy.watchlist`, the policy's freshness from the policy itself. No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

from gate_agent.biometrics.face.compare import Comparison
from gate_agent.biometrics.face.liveness import Verdict
from gate_agent.emrtd.lds.mrz import CheckDigitError, Mrz, MrzError, MrzKind, parse
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.policy.watchlist import Watchlist

TRAVEL_DOCUMENTS = frozenset({MrzKind.TD1, MrzKind.TD2, MrzKind.TD3})

LANE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "TAILGATING": "single_occupancy",
        "INTRUSION": "single_occupancy",
        "MRZ_UNREADABLE": "mrz_read",
        "CHIP_NOT_PRESENTED": "chip_read",
        "CHIP_TIMEOUT": "chip_read",
        "CARD_LOST": "document_present",
        "DOCUMENT_CHANGED": "document_present",
        "HUB_HOLD": "hub_verdict",
    }
)
"""Which check a referral by the lane process fails; every other reason fails ``lane_integrity``."""


def zone(lines: tuple[str, ...]) -> tuple[Mrz | None, tuple[CheckResult, ...]]:
    """Parse a machine readable zone: ``mrz_read`` and ``mrz_check_digits`` (Doc 9303-3 §4.9)."""
    try:
        mrz = parse(lines)
    except CheckDigitError as error:
        digits = CheckResult(
            "mrz_check_digits",
            Outcome.FAILED,
            ("MRZ_CHECK_DIGIT",),
            {"fields": error.field},
            clause="9303-3 4.9",
        )
        return None, (CheckResult("mrz_read", Outcome.PASSED, measured={"repaired": 0}), digits)
    except MrzError as error:
        read = CheckResult(
            "mrz_read", Outcome.FAILED, ("MRZ_MALFORMED",), {"field": error.field}, clause="9303-3 4"
        )
        return None, (read, CheckResult("mrz_check_digits", Outcome.NOT_DONE))
    if mrz.kind not in TRAVEL_DOCUMENTS:
        unsupported = CheckResult("mrz_read", Outcome.FAILED, ("DOCUMENT_TYPE_UNSUPPORTED",))
        return None, (unsupported, CheckResult("mrz_check_digits", Outcome.PASSED, clause="9303-3 4.9"))
    return mrz, (
        CheckResult("mrz_read", Outcome.PASSED, measured={"repaired": len(mrz.repaired)}, clause="9303-3 4"),
        CheckResult("mrz_check_digits", Outcome.PASSED, clause="9303-3 4.9"),
    )


def document_expiry(mrz: Mrz, today: date) -> CheckResult:
    """``document_expiry``: valid up to and including the printed day."""
    try:
        last = mrz.expires(today)
    except (MrzError, ValueError):
        return CheckResult("document_expiry", Outcome.INCONCLUSIVE, ("DOCUMENT_EXPIRED",))
    if last is None:
        return CheckResult("document_expiry", Outcome.INCONCLUSIVE, ("DOCUMENT_EXPIRED",))
    left = (last - today).days
    if left < 0:
        return CheckResult("document_expiry", Outcome.FAILED, ("DOCUMENT_EXPIRED",), {"days_left": left})
    return CheckResult("document_expiry", Outcome.PASSED, measured={"days_left": left})


def age(mrz: Mrz, today: date, adult_years: int) -> CheckResult:
    """``age``: old enough by the latest day of birth that the document allows."""
    try:
        earliest, latest = mrz.born_between(today)
    except (MrzError, ValueError):
        return CheckResult("age", Outcome.INCONCLUSIVE, ("AGE_UNKNOWN",))
    years = _years(latest, today)
    if years >= adult_years:
        return CheckResult("age", Outcome.PASSED, measured={"years": years})
    if _years(earliest, today) >= adult_years:
        return CheckResult("age", Outcome.INCONCLUSIVE, ("AGE_UNKNOWN",))
    return CheckResult("age", Outcome.FAILED, ("MINOR",), {"years": years})


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def watchlist(watchlist: Watchlist, mrz: Mrz) -> CheckResult:
    """``watchlist`` for the holder that the zone names."""
    return watchlist.check(
        document_number=mrz.document_number,
        issuing_state=mrz.issuing_state,
        surname=mrz.primary_identifier,
        given_names=mrz.secondary_identifier,
        date_of_birth=mrz.date_of_birth,
    )


def trust_freshness(store: TrustStore, at: datetime, max_age_days: float) -> CheckResult:
    """``trust_freshness``: the issuers' certificates are there, and recent enough."""
    versions = {"trust": store.version}
    held = store.age(at)
    if not store.anchors or held is None:
        return CheckResult("trust_freshness", Outcome.FAILED, ("TRUST_UNAVAILABLE",), versions=versions)
    measured = {"age_days": round(held / timedelta(days=1), 3)}
    if held > timedelta(days=max_age_days):
        return CheckResult("trust_freshness", Outcome.FAILED, ("TRUST_STALE",), measured, versions)
    return CheckResult("trust_freshness", Outcome.PASSED, measured=measured, versions=versions)


def lane_referral(reason: str) -> CheckResult:
    """The check that a referral by the lane process fails, with its reason."""
    return CheckResult(LANE_REASONS.get(reason, "lane_integrity"), Outcome.FAILED, (reason,))


def lane_in_order(persons: int) -> tuple[CheckResult, ...]:
    """What the process established by coming so far as to decide; with nobody inside yet, no occupancy."""
    order = (CheckResult("document_present", Outcome.PASSED), CheckResult("lane_integrity", Outcome.PASSED))
    if persons == 0:
        return (*order, CheckResult("single_occupancy", Outcome.NOT_DONE))
    alone = persons == 1
    outcome, reasons = (Outcome.PASSED, ()) if alone else (Outcome.FAILED, ("TAILGATING",))
    return (*order, CheckResult("single_occupancy", outcome, reasons, {"persons": persons}))


@dataclass(frozen=True, slots=True)
class Capture:
    """What watching the camera came to.

    `best` is the comparison that counts, the matching or else the closest of `comparisons`; `problem` why
    there is none; `liveness` what was seen of a live person or of an attack.
    """

    frames: int
    best: Comparison | None
    frame_age_ms: float = 0.0
    quality: Mapping[str, float] = field(default_factory=dict[str, float])
    liveness: Verdict | None = None
    comparisons: int = 0
    problem: str = ""


def face(capture: Capture) -> tuple[CheckResult, ...]:
    """``face_capture``, ``face_liveness`` and ``face_match`` of one watch."""
    best = capture.best
    if best is None:
        reasons = (capture.problem or "FACE_NOT_FOUND",)
        return (
            CheckResult("face_capture", Outcome.INCONCLUSIVE, reasons, {"frames": capture.frames}),
            CheckResult("face_liveness", Outcome.NOT_DONE, reasons),
            CheckResult("face_match", Outcome.NOT_DONE, reasons),
        )
    taken = CheckResult(
        "face_capture",
        Outcome.PASSED,
        measured={"frames": capture.frames, "frame_age_ms": capture.frame_age_ms, **capture.quality},
    )
    return taken, _liveness(capture.liveness), _match(best, capture.comparisons)


def _liveness(verdict: Verdict | None) -> CheckResult:
    """``face_liveness``: enough frames, and no sign of a presentation attack (ISO/IEC 30107-1)."""
    if verdict is None:
        return CheckResult("face_liveness", Outcome.NOT_DONE, ("LIVENESS_UNCERTAIN",))
    reasons = tuple(suspicion.value for suspicion in verdict.suspicions)
    if verdict.outcome is Outcome.INCONCLUSIVE:
        reasons = ("LIVENESS_UNCERTAIN",)
    return CheckResult(
        "face_liveness",
        verdict.outcome,
        reasons,
        {name: round(value, 4) for name, value in verdict.measured.items()} | {"frames": verdict.frames},
        {"model": verdict.model} if verdict.model else {},
        clause="ISO/IEC 30107-1",
    )


def _match(best: Comparison, comparisons: int) -> CheckResult:
    """``face_match``: `fmr` is the rate at which each of so many comparisons was judged (ISO/IEC 19795-1)."""
    return CheckResult(
        "face_match",
        Outcome.PASSED if best.matched else Outcome.FAILED,
        () if best.matched else ("FACE_MISMATCH",),
        {
            "distance": round(best.distance, 4),
            "threshold": best.threshold,
            "fmr": best.fmr,
            "comparisons": comparisons,
        },
        {"model": best.model, "operating_point": best.operating_point},
        clause="ISO/IEC 19795-1",
    )
