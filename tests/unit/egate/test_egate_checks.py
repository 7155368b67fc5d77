"""The e-gate's own checks, on the specimens of Doc 9303 and on the days at which answers change."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.biometrics.face.compare import Comparison
from gate_agent.biometrics.face.liveness import Signs, judge
from gate_agent.biometrics.face.pad import AttackScore
from gate_agent.decision import Decision, Verdict
from gate_agent.egate import checks
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.egate.process import PROCESS
from gate_agent.egate.reasons import REASONS
from gate_agent.egate.table import TABLE
from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.policy import load_policy
from gate_simulators.issuer.passports import PassportOffice

# Doc 9303-4 Appendix B, 9303-5 Appendix B.
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SAMPLE_POLICY = Path(__file__).parents[3] / "config/policies/egate.toml"


def specimen(**changes: str) -> Mrz:
    mrz, _ = checks.zone(TD3)
    assert mrz is not None
    return replace(mrz, **changes)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the printed zone


@pytest.mark.parametrize("lines", [TD3, TD1], ids=["TD3", "TD1"])
def test_the_specimens_of_doc_9303_read(lines: tuple[str, ...]) -> None:
    mrz, results = checks.zone(lines)
    assert mrz is not None
    assert mrz.primary_identifier == "ERIKSSON"
    assert [(r.check, r.outcome) for r in results] == [
        ("mrz_read", Outcome.PASSED),
        ("mrz_check_digits", Outcome.PASSED),
    ]


def test_a_wrong_check_digit_is_named_and_gives_no_key_to_the_chip() -> None:
    mrz, (_, digits) = checks.zone((TD3[0], TD3[1].replace("7408122", "7408123")))
    assert mrz is None
    assert (digits.outcome, digits.reasons) == (Outcome.FAILED, ("MRZ_CHECK_DIGIT",))
    assert "date_of_birth" in str(digits.measured["fields"])


@pytest.mark.parametrize(
    "lines", [(), ("",), ("P<UTO",), TD3[:1], (*TD3, *TD3), ("é" * 44,) * 2, ("<" * 44,) * 2]
)
def test_what_is_no_zone_fails_without_a_traceback(lines: tuple[str, ...]) -> None:
    mrz, results = checks.zone(lines)
    assert mrz is None
    assert any(r.outcome is Outcome.FAILED for r in results)


@given(st.lists(st.text(max_size=60), max_size=4).map(tuple))
def test_no_text_breaks_it(lines: tuple[str, ...]) -> None:
    _, results = checks.zone(lines)
    assert {r.check for r in results} == {"mrz_read", "mrz_check_digits"}


# ---------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("expiry", "today", "outcome", "left"),
    [
        ("260601", TODAY, Outcome.PASSED, 0),  # valid up to and including the printed day
        ("260531", TODAY, Outcome.FAILED, -1),
        ("260602", TODAY, Outcome.PASSED, 1),
        ("360601", TODAY, Outcome.PASSED, 3653),
        ("280229", date(2028, 2, 29), Outcome.PASSED, 0),
        ("2606<<", date(2026, 6, 30), Outcome.PASSED, 0),  # an unknown day: the whole month
        ("2606<<", date(2026, 7, 1), Outcome.FAILED, -1),
        ("991231", date(2000, 1, 1), Outcome.FAILED, -1),  # the century nearest to today
        ("000101", date(1999, 12, 31), Outcome.PASSED, 1),
    ],
)
def test_expiry(expiry: str, today: date, outcome: Outcome, left: int) -> None:
    result = checks.document_expiry(specimen(date_of_expiry=expiry), today)
    assert (result.outcome, result.measured["days_left"]) == (outcome, left)
    assert bool(result.reasons) is (outcome is not Outcome.PASSED)


@pytest.mark.parametrize("expiry", ["<<<<<<", "260230", "261301", "2606AB"])
def test_an_expiry_that_is_no_day_is_inconclusive(expiry: str) -> None:
    result = checks.document_expiry(specimen(date_of_expiry=expiry), TODAY)
    assert (result.outcome, result.reasons) == (Outcome.INCONCLUSIVE, ("DOCUMENT_EXPIRED",))


@pytest.mark.parametrize(
    ("birth", "today", "outcome", "years"),
    [
        ("080601", TODAY, Outcome.PASSED, 18),
        ("080602", TODAY, Outcome.FAILED, 17),
        # Born on 29 February: of age on 1 March, never a day early.
        ("080229", date(2026, 2, 28), Outcome.FAILED, 17),
        ("080229", date(2026, 3, 1), Outcome.PASSED, 18),
        ("080229", date(2028, 2, 29), Outcome.PASSED, 20),
        # Two digits of a year: the latest century in which the holder is born by now (9303-3 §4.8).
        ("260601", TODAY, Outcome.FAILED, 0),
        ("260602", TODAY, Outcome.PASSED, 99),
        ("740812", TODAY, Outcome.PASSED, 51),
        # Unknown day or month: of age by the latest day that the document allows.
        ("0805<<", TODAY, Outcome.PASSED, 18),
        ("07<<<<", TODAY, Outcome.PASSED, 18),
    ],
)
def test_age(birth: str, today: date, outcome: Outcome, years: int) -> None:
    result = checks.age(specimen(date_of_birth=birth), today, 18)
    assert (result.outcome, result.measured["years"]) == (outcome, years)
    assert result.reasons == (("MINOR",) if outcome is Outcome.FAILED else ())


@pytest.mark.parametrize("birth", ["08<<<<", "0806<<", "<<<<<<", "080230", "08AB01"])
def test_a_birth_that_leaves_the_age_open_is_inconclusive(birth: str) -> None:
    result = checks.age(specimen(date_of_birth=birth), TODAY, 18)
    assert (result.outcome, result.reasons) == (Outcome.INCONCLUSIVE, ("AGE_UNKNOWN",))


@given(st.dates(date(1930, 1, 1), date(2026, 6, 1)), st.integers(1, 30))
def test_nobody_is_of_age_before_their_birthday(born: date, adult: int) -> None:
    """Against arithmetic that does not know how the check counts: the day on which `adult` years are full."""
    text = f"{born:%y%m%d}"
    earliest, latest = specimen(date_of_birth=text).born_between(TODAY)
    assert earliest == latest
    try:
        of_age = latest.replace(year=latest.year + adult)
    except ValueError:
        of_age = date(latest.year + adult, 3, 1)
    passed = checks.age(specimen(date_of_birth=text), TODAY, adult).outcome is Outcome.PASSED
    assert passed is (of_age <= TODAY)


# ---------------------------------------------------------------- what the lane and the camera establish


def reasons_of_the_table() -> set[str]:
    named = {action.__name__ for row in TABLE for action in row.do}
    return {name.removeprefix("refer ") for name in named if name.startswith("refer ")} | PROCESS.alarms()


def test_every_reason_of_the_table_has_words_and_fails_a_check_that_the_policy_knows() -> None:
    reasons = reasons_of_the_table()
    assert {"TAILGATING", "CARD_LOST", "LANE_EMPTY", "HUB_HOLD"} <= reasons
    assert reasons <= set(REASONS)
    for reason in reasons:
        result = checks.lane_referral(reason)
        assert (result.outcome, result.reasons) == (Outcome.FAILED, (reason,))
        assert result.check in EGATE_CHECKS.checks


def test_every_reason_that_has_a_check_of_its_own_is_used() -> None:
    assert set(checks.LANE_REASONS) <= reasons_of_the_table()


def test_every_reason_in_these_checks_has_words() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'\("([A-Z][A-Z_]{3,})",?\)', source)) <= set(REASONS)


@pytest.mark.parametrize(
    ("persons", "outcome"), [(0, Outcome.NOT_DONE), (1, Outcome.PASSED), (2, Outcome.FAILED)]
)
def test_single_occupancy_is_established_by_one_person(persons: int, outcome: Outcome) -> None:
    *_, occupancy = checks.lane_in_order(persons)
    assert (occupancy.check, occupancy.outcome) == ("single_occupancy", outcome)


def comparison(*, matched: bool) -> Comparison:
    return Comparison(0.123456, 0.5, 1e-3, matched, "model@1", "fmr-1e-3")


def test_a_face_without_comparison_never_passes() -> None:
    for problem in ("", "CAMERA_FROZEN", "FACE_SEVERAL"):
        taken, live, match = checks.face(checks.Capture(4, None, problem=problem))
        assert (taken.outcome, live.outcome, match.outcome) == (
            Outcome.INCONCLUSIVE,
            Outcome.NOT_DONE,
            Outcome.NOT_DONE,
        )
        assert taken.reasons == live.reasons == match.reasons == (problem or "FACE_NOT_FOUND",)


@pytest.mark.parametrize("matched", [True, False])
def test_a_comparison_states_its_threshold_rate_and_model(matched: bool) -> None:
    capture = checks.Capture(4, comparison(matched=matched), 12.0, {"sharpness": 3.0}, comparisons=2)
    taken, _, match = checks.face(capture)
    assert taken.outcome is Outcome.PASSED
    assert match.outcome is (Outcome.PASSED if matched else Outcome.FAILED)
    assert dict(match.measured) == {"distance": 0.1235, "threshold": 0.5, "fmr": 1e-3, "comparisons": 2}
    assert dict(match.versions) == {"model": "model@1", "operating_point": "fmr-1e-3"}


SIGNS = Signs(frames=6, repetition=1.0, temporal_noise=1.0, moire=4.0, turning=0.02, flatness=0.6)


@pytest.mark.parametrize(
    ("signs", "outcome", "reasons"),
    [
        (SIGNS, Outcome.PASSED, ()),
        (replace(SIGNS, frames=2), Outcome.INCONCLUSIVE, ("LIVENESS_UNCERTAIN",)),
        (replace(SIGNS, repetition=0.0), Outcome.FAILED, ("REPEATED_FRAMES",)),
        (replace(SIGNS, moire=70.0, flatness=0.01), Outcome.FAILED, ("SCREEN_RASTER", "FLAT_FACE")),
    ],
)
def test_liveness_gives_its_figures_with_its_verdict(
    signs: Signs, outcome: Outcome, reasons: tuple[str, ...]
) -> None:
    _, live, _ = checks.face(checks.Capture(4, comparison(matched=True), liveness=judge(signs, None)))
    assert (live.outcome, live.reasons) == (outcome, reasons)
    assert dict(live.measured) == asdict(signs)
    assert "attack_score" not in live.measured  # what a policy asks for when it demands a model


def test_a_match_that_nobody_watched_is_not_called_live() -> None:
    _, live, _ = checks.face(checks.Capture(4, comparison(matched=True)))
    assert live.outcome is Outcome.NOT_DONE


@pytest.mark.parametrize(
    "capture",
    [
        checks.Capture(0, None, problem="FACE_NOT_FOUND"),
        checks.Capture(
            4,
            comparison(matched=True),
            1.0,
            {"sharpness": 3.0},
            judge(SIGNS, AttackScore(0.1, 0.5, False, "pad#1")),
            1,
        ),
    ],
)
def test_the_policy_knows_every_figure_of_a_face(capture: checks.Capture) -> None:
    evidence = Evidence("tx-1", checks.face(capture))
    facts = EGATE_CHECKS.view(evidence)
    assert set(facts["face_liveness"]["measured"]) == set(evidence.checks[1].measured)


def test_a_policy_may_demand_a_detectors_answer_and_passes_nobody_without_it(tmp_path: Path) -> None:
    """The rule that the sample policy has ready, with its comment marks taken off."""
    text = SAMPLE_POLICY.read_text(encoding="utf-8")
    ready = re.search(r"(?:^# .*\n)+(?=\n\[\[rule\]\]\nid = \"face-differs\")", text, re.MULTILINE)
    assert ready is not None
    rule = "".join(line.removeprefix("# ") for line in ready[0].splitlines(keepends=True)[1:])
    (tmp_path / "policy.toml").write_text(text.replace(ready[0], rule), encoding="utf-8")
    policy = load_policy(tmp_path / "policy.toml", None, allow_unsigned=True, table=EGATE_CHECKS)

    def decided(model: AttackScore | None) -> Decision | None:
        capture = checks.Capture(4, comparison(matched=True), 1.0, {}, judge(SIGNS, model), 1)
        others = (CheckResult(c, Outcome.PASSED) for c in EGATE_CHECKS.checks if not c.startswith("face_"))
        return policy.decide(Evidence("t-1", (*others, *checks.face(capture))), "final", at=NOW)

    demanded, answered, attack = (
        decided(model)
        for model in (None, AttackScore(0.1, 0.5, False, "p"), AttackScore(0.9, 0.5, True, "p"))
    )
    assert demanded and answered and attack
    assert (demanded.verdict, demanded.reasons) == (Verdict.REFER, ("LIVENESS_MODEL_MISSING",))
    assert answered.verdict is Verdict.ADMIT
    assert (attack.verdict, attack.reasons) == (Verdict.REFER, ("MODEL_SAYS_ATTACK",))


# ---------------------------------------------------------------- the issuers' certificates


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    office = PassportOffice(tmp_path_factory.mktemp("office"), seed=2, today=TODAY)
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return load_trust_directory(directory)


@pytest.mark.parametrize(
    ("delivered", "reasons"),
    [
        (NOW, ()),
        (NOW - timedelta(days=7), ()),
        (NOW - timedelta(days=7, seconds=1), ("TRUST_STALE",)),
        (None, ("TRUST_UNAVAILABLE",)),
    ],
)
def test_trust_is_fresh_for_so_many_days(
    store: TrustStore, delivered: datetime | None, reasons: tuple[str, ...]
) -> None:
    result = checks.trust_freshness(replace(store, as_of=delivered), NOW, 7)
    assert (result.outcome, result.reasons) == (Outcome.FAILED if reasons else Outcome.PASSED, reasons)
    assert result.versions == {"trust": store.version}


def test_no_issuers_are_no_trust() -> None:
    result = checks.trust_freshness(TrustStore((), as_of=NOW), NOW, 7)
    assert (result.outcome, result.reasons) == (Outcome.FAILED, ("TRUST_UNAVAILABLE",))
