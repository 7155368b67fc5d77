"""Decisions: refer beats admit, everything missing refers, every fired rule is named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.decision import Decision, Verdict
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.egate.reasons import INSTRUCTIONS, REASONS
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.policy import Policy, load_policy
from gate_agent.policy.facts import EvidenceError

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "config/policies/egate.toml"
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SAMPLE, ROOT / "config/keys/sample.pub.pem", table=EGATE_CHECKS)


def passed(*, without: tuple[str, ...] = ()) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(check, Outcome.PASSED) for check in EGATE_CHECKS.checks if check not in without)


def final(policy: Policy, *checks: CheckResult, at: datetime = AT) -> Decision:
    decision = policy.decide(Evidence("t-1", checks), "final", at=at)
    assert decision is not None
    return decision


def test_admits_when_everything_passed(policy: Policy) -> None:
    decision = final(policy, *passed())
    assert decision.verdict is Verdict.ADMIT
    assert decision.reasons == ("ALL_CHECKS_PASSED",)
    assert [f.rule for f in decision.rules] == ["all-in-order"]
    assert decision.policy.startswith("egate@2026.3#")
    assert decision.decided_at == "2026-06-01T12:00:00.000Z"


def test_says_nothing_at_the_document_stage_while_nothing_refers(policy: Policy) -> None:
    assert policy.decide(Evidence("t-1", passed()), "document", at=AT) is None


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("document_expiry", "DOCUMENT_EXPIRED"),
        ("age", "MINOR"),
        ("passive_authentication", "CSCA_UNKNOWN"),
        ("dg_hashes", "DG_HASH_MISMATCH"),
        ("chip_read", "CHIP_UNREADABLE"),
    ],
)
def test_document_stage_refers_outside_with_the_checks_own_reason(
    policy: Policy, check: str, reason: str
) -> None:
    checks = (*passed(without=(check,)), CheckResult(check, Outcome.FAILED, (reason,)))
    decision = policy.decide(Evidence("t-1", checks), "document", at=AT)
    assert decision is not None
    assert (decision.verdict, decision.reasons) == (Verdict.REFER, (reason,))


def test_a_watchlist_hit_is_let_in_and_held_inside(policy: Policy) -> None:
    hit = CheckResult("watchlist", Outcome.FAILED, ("WATCHLIST_HIT",))
    checks = (*passed(without=("watchlist",)), hit)
    assert policy.decide(Evidence("t-1", checks), "document", at=AT) is None
    assert final(policy, *checks).reasons == ("WATCHLIST_HIT",)


def test_the_final_stage_weighs_document_rules_too(policy: Policy) -> None:
    expired = CheckResult("document_expiry", Outcome.FAILED, ("DOCUMENT_EXPIRED",))
    decision = final(policy, *passed(), expired)
    assert decision.verdict is Verdict.REFER
    assert {"document-expired", "required:document_expiry", "all-in-order"} <= {
        f.rule for f in decision.rules
    }


# What not every hub asks for, and not every document offers.
OPTIONAL = {"hub_verdict", "chip_authentication", "active_authentication", "terminal_authentication"}


@pytest.mark.parametrize("check", [c for c in EGATE_CHECKS.checks if c not in OPTIONAL])
def test_each_required_check_is_missed(policy: Policy, check: str) -> None:
    decision = final(policy, *passed(without=(check,)))
    assert decision.verdict is Verdict.REFER
    assert decision.reasons == ("CHECK_MISSING",)
    assert f"missing:{check}" in {f.rule for f in decision.rules}


def test_the_latest_answer_of_a_check_counts(policy: Policy) -> None:
    lost = CheckResult("chip_read", Outcome.INCONCLUSIVE, ("CARD_LOST",))
    assert final(policy, lost, *passed()).verdict is Verdict.ADMIT
    assert final(policy, *passed(), lost).reasons == ("CARD_LOST",)


def test_checks_that_never_ran_are_not_named_beside_a_cause(policy: Policy) -> None:
    frozen = CheckResult("face_capture", Outcome.FAILED, ("CAMERA_FROZEN",))
    assert final(policy, *passed(without=("face_capture", "face_match")), frozen).reasons == (
        "CAMERA_FROZEN",
    )


def test_an_undeclared_check_refers(policy: Policy) -> None:
    decision = final(policy, *passed(), CheckResult("aura", Outcome.PASSED))
    assert decision.reasons == ("EVIDENCE_MALFORMED",)


@pytest.mark.parametrize("distance", ["near", True])
def test_a_value_of_the_wrong_type_refers(policy: Policy, distance: str | float) -> None:
    odd = CheckResult("face_match", Outcome.PASSED, measured={"distance": distance})
    assert final(policy, *passed(), odd).reasons == ("EVIDENCE_MALFORMED",)


@pytest.mark.parametrize("distance", [float("nan"), float("inf")])
def test_evidence_that_cannot_be_written_down_is_a_typed_error(policy: Policy, distance: float) -> None:
    odd = CheckResult("face_match", Outcome.PASSED, measured={"distance": distance})
    with pytest.raises(EvidenceError):
        final(policy, *passed(), odd)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (datetime(2036, 1, 1, tzinfo=UTC), "POLICY_STALE"),
        (datetime(2025, 1, 1, tzinfo=UTC), "POLICY_NOT_YET_VALID"),
    ],
)
def test_outside_its_validity_a_policy_refers_everybody_at_once(
    policy: Policy, at: datetime, reason: str
) -> None:
    decision = policy.decide(Evidence("t-1", passed()), "document", at=at)
    assert decision is not None
    assert decision.reasons == (reason,)
    assert final(policy, *passed(), at=at).verdict is Verdict.REFER
    freshness = policy.freshness(at)
    assert (freshness.outcome, freshness.reasons) == (Outcome.FAILED, (reason,))


def test_validity_ends_at_its_very_moment(policy: Policy) -> None:
    last = policy.valid_until - timedelta(milliseconds=1)
    assert policy.freshness(last).outcome is Outcome.PASSED
    assert policy.freshness(policy.valid_until).outcome is Outcome.FAILED


def test_without_an_admitting_rule_nobody_is_admitted(policy: Policy) -> None:
    silent = replace(policy, rules=tuple(r for r in policy.rules if r.verdict is not Verdict.ADMIT))
    decision = final(silent, *passed())
    assert (decision.verdict, decision.reasons) == (Verdict.REFER, ("NO_RULE_ADMITS",))


def test_a_moment_without_time_zone_is_a_programming_error(policy: Policy) -> None:
    with pytest.raises(ValueError, match="time zone"):
        final(policy, *passed(), at=datetime(2026, 6, 1))


results = st.builds(
    CheckResult,
    check=st.sampled_from(sorted(EGATE_CHECKS.checks)),
    outcome=st.sampled_from(Outcome),
    reasons=st.lists(st.sampled_from(sorted(REASONS)) | st.text(max_size=8), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(st.lists(results, max_size=25))
def test_admit_means_that_every_required_check_passed_last(policy: Policy, checks: list[CheckResult]) -> None:
    evidence = Evidence("t-1", tuple(checks))
    decision = policy.decide(evidence, "final", at=AT)
    assert decision is not None
    assert decision.verdict is not Verdict.REFUSE
    assert decision.reasons and decision.rules
    everything = all(
        (r := evidence.result(check)) is not None and r.outcome is Outcome.PASSED for check in policy.required
    )
    hub = evidence.result("hub_verdict")
    held = hub is not None and hub.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE)
    assert (decision.verdict is Verdict.ADMIT) == (everything and not held)


@settings(deadline=None)
@given(st.lists(results, max_size=25))
def test_who_is_referred_at_the_document_stage_is_never_admitted(
    policy: Policy, checks: list[CheckResult]
) -> None:
    evidence = Evidence("t-1", tuple(checks))
    if policy.decide(evidence, "document", at=AT) is not None:
        assert final(policy, *checks).verdict is Verdict.REFER


@settings(deadline=None)
@given(st.lists(results, max_size=25), results)
def test_taking_a_check_away_never_turns_a_referral_into_an_admit(
    policy: Policy, checks: list[CheckResult], extra: CheckResult
) -> None:
    """Only evidence that a check passed helps: silence about a check is never better than its answer."""
    quiet = CheckResult(extra.check, Outcome.NOT_DONE)
    if final(policy, *checks, extra).verdict is Verdict.REFER and extra.check != "hub_verdict":
        assert final(policy, *checks, quiet).verdict is Verdict.REFER


def test_a_check_not_done_may_say_why_when_nothing_else_does(policy: Policy) -> None:
    unavailable = CheckResult("face_match", Outcome.NOT_DONE, ("FACE_MODEL_UNAVAILABLE",))
    assert final(policy, *passed(without=("face_match",)), unavailable).reasons == ("FACE_MODEL_UNAVAILABLE",)


def test_the_lane_says_nothing_that_has_no_words() -> None:
    """Codes and instructions written in the e-gate's transition table."""
    sources = [file.read_text() for file in (ROOT / "gate_agent/egate").glob("*.py")]
    said = {code for text in sources for code in re.findall(r'(?:refer|alarm)\("([A-Z_]+)"\)', text)}
    shown = {code for text in sources for code in re.findall(r'Light\.[A-Z]+, "([A-Z_]+)"\)', text)}
    assert said <= set(REASONS)
    assert shown <= set(INSTRUCTIONS)


def test_the_manual_lists_every_fact() -> None:
    manual = (ROOT / "docs/policy.md").read_text()
    for kind in EGATE_CHECKS.checks.values():
        [row] = [line for line in manual.splitlines() if line.startswith(f"| `{kind.check}` | {kind.asks} |")]
        assert [name for name in kind.measured if f"`{name}`" not in row] == []


def test_the_manual_explains_every_alarm_of_the_lane() -> None:
    manual = (ROOT / "docs/operations.md").read_text()
    table = (ROOT / "gate_agent/egate/table.py").read_text()
    assert [code for code in re.findall(r'a\.alarm\("([A-Z_]+)"\)', table) if f"`{code}" not in manual] == []
