"""Loading a policy: the signature first, then every fault at once with its line and rule."""

from __future__ import annotations

import base64
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cel
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.policy import PolicyError, load_policy, sign_policy
from gate_agent.policy.condition import Condition, ConditionError
from gate_agent.policy.signature import (
    SignatureError,
    load_private_key,
    load_public_keys,
    private_pem,
    public_pem,
)

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "config/policies/egate.toml"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

HEAD = """format = "gate-agent-policy/1"
id = "t"
version = "1"
issued_at = 2026-01-01T00:00:00Z
valid_until = 2027-01-01T00:00:00Z
required = ["face_match"]
"""


def rule(
    when: str, *, name: str = "r", verdict: str = "refer", stage: str = "final", reason: str = "MINOR"
) -> str:
    return (
        f'[[rule]]\nid = "{name}"\nstage = "{stage}"\nwhen = """{when}"""\n'
        f'verdict = "{verdict}"\nreason = "{reason}"\n'
    )


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text(HEAD + rule("true", verdict="admit"))
    sign_policy(file, KEY)
    (tmp_path / "key.pem").write_bytes(public_pem(KEY))
    (tmp_path / "key.hex").write_text(KEY.public_key().public_bytes_raw().hex() + "\n")
    return file


# ---------------------------------------------------------------- the signature


def test_rfc_8032_test_vector_1(tmp_path: Path) -> None:
    """RFC 8032 §7.1 TEST 1: the empty message."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    file = tmp_path / "empty"
    file.write_bytes(b"")
    signature = sign_policy(file, Ed25519PrivateKey.from_private_bytes(secret))
    assert base64.b64decode(signature.read_bytes()).hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


@pytest.mark.parametrize("key", ["key.pem", "key.hex"])
def test_a_signed_policy_loads_with_either_form_of_the_key(signed: Path, key: str) -> None:
    assert load_policy(signed, signed.parent / key, table=EGATE_CHECKS).id == "t"


def test_the_sample_policy_is_signed_by_the_sample_key() -> None:
    assert load_policy(SAMPLE, ROOT / "config/keys/sample.pub.pem", table=EGATE_CHECKS).table is EGATE_CHECKS


def test_any_of_several_keys_may_have_signed(signed: Path) -> None:
    both = public_pem(Ed25519PrivateKey.generate()) + public_pem(KEY)
    (signed.parent / "key.pem").write_bytes(both)
    assert load_policy(signed, signed.parent / "key.pem", table=EGATE_CHECKS).id == "t"


def test_openssl_agrees_about_the_signature(signed: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    script = (
        "base64 -d policy.toml.sig > raw && "
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in policy.toml -sigfile raw"
    )
    done = subprocess.run(
        ["sh", "-c", script], cwd=signed.parent, capture_output=True, text=True, check=False
    )
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_one_changed_byte_is_refused(signed: Path) -> None:
    signed.write_text(signed.read_text().replace("face_match", "face_matcg"))
    with pytest.raises(PolicyError, match="does not belong"):
        load_policy(signed, signed.parent / "key.pem", table=EGATE_CHECKS)


@pytest.mark.parametrize("content", [None, b"", b"!!", b"AAAA", b"\xff" * 70_000])
def test_a_missing_or_garbled_signature_is_refused(signed: Path, content: bytes | None) -> None:
    beside = signed.with_name("policy.toml.sig")
    beside.unlink() if content is None else beside.write_bytes(content)
    with pytest.raises(PolicyError):
        load_policy(signed, signed.parent / "key.pem", table=EGATE_CHECKS)


def test_without_a_key_only_explicitly_unsigned_policies_load(signed: Path) -> None:
    with pytest.raises(PolicyError, match="no public key"):
        load_policy(signed, None, table=EGATE_CHECKS)
    assert load_policy(signed, None, allow_unsigned=True, table=EGATE_CHECKS).id == "t"


@pytest.mark.parametrize(
    "content", ["", "ab" * 31, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_bad_public_key_file_is_a_typed_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(SignatureError):
        load_public_keys(tmp_path / "key")


def test_keys_survive_their_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(private_pem(KEY))
    assert load_private_key(tmp_path / "key").private_bytes_raw() == bytes(range(32))


# ---------------------------------------------------------------- the file


def problems(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy(file, None, allow_unsigned=True, table=EGATE_CHECKS)
    assert str(file) in str(caught.value)
    return [(p.line, p.path, p.message) for p in caught.value.problems]


def test_every_fault_is_reported_with_line_and_rule(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        HEAD.replace("face_match", "face_mach")
        + rule("checks.age.outcom == 'failed'")
        + rule("true", name="a", stage="document", verdict="admit", reason="BECAUSE")
        + rule("checks.age.outcome == 'failed'", name="a"),
    )
    assert [(line, path) for line, path, _ in found] == [
        (6, "required[0]"),
        (10, "rule[0].when"),
        (14, "rule[1].id"),
        (17, "rule[1].verdict"),
        (18, "rule[1].reason"),
        (20, "rule[2].id"),
    ]
    assert found[1][2].startswith("rule 'r': checks.age.outcom")


def test_unknown_and_missing_keys_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, HEAD + 'verson = "2"\n' + rule("true").replace("stage", "stag"))
    assert (7, "verson", "unknown key") in found
    assert (10, "rule[0].stag", "unknown key") in found
    assert (8, "rule[0].stage", "is missing") in found


def test_machines_do_not_refuse(tmp_path: Path) -> None:
    [(line, path, message)] = problems(tmp_path, HEAD + rule("true", verdict="refuse"))
    assert (line, path) == (11, "rule[0].verdict")
    assert "'refer' or 'admit'" in message


def test_times_need_an_offset_and_an_order(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD.replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00") + rule("true"))
    assert problems(tmp_path, HEAD.replace("2027", "2025") + rule("true"))[0][:2] == (5, "valid_until")


# ---------------------------------------------------------------- conditions


GOOD = (
    "true",
    "checks.age.outcome == 'failed'",
    "checks.face_match.outcome in ['failed', 'inconclusive'] // a comment",
    "'CSCA_UNKNOWN' in checks.passive_authentication.reasons",
    "size(checks.chip_read.reasons) > 1",
    "has(checks.age.measured.years) && checks.age.measured.years < 18",
    "has(checks.face_match.measured.distance) && checks.face_match.measured.distance > -0.5",
    "has(checks.face_match.measured.distance) && has(checks.face_match.measured.threshold)"
    " && checks.face_match.measured.distance > checks.face_match.measured.threshold",
    "has(checks.chip_access.measured.procedure) && checks.chip_access.measured.procedure == 'BAC'",
    "!(checks.age.outcome != 'passed' && checks.age.outcome != 'not_done')",
)

BAD = {
    "": "",
    "checks.age.outcome == ": "",
    "checks.aeg.outcome == 'failed'": "did you mean 'age'",
    "check.age.outcome == 'failed'": "is not a fact",
    "checks.age.outcom == 'failed'": "did you mean 'outcome'",
    "checks.age.measured.year < 18": "did you mean 'years'",
    "checks.age.outcome == 'fialed'": "did you mean 'failed'",
    "'FACE_MISMACH' in checks.face_match.reasons": "did you mean 'FACE_MISMATCH'",
    "checks.age.measured.years < 18": "may be absent",
    "checks.age.outcome": "str",
    "checks.age.outcome == 'MINOR'": "never be true",
    "checks.age.outcome != 'MINOR'": "always true",
    "checks.age.outcome == 3 || checks.watchlist.outcome == 'failed'": "cannot change the result",
    "checks.age.outcome < 3 && checks.watchlist.outcome == 'failed'": "overload",
    "checks.age.outcome == 'failed' && checks.age.outcome == 'passed'": "never be true",
    "1 == 1": "always true",
    "checks['age'].outcome == 'failed'": "has '.outcome",
    "checks.age.reasons[0] == 'MINOR'": "_[_]",
    "checks.age.reasons.exists(x, x == 'MINOR')": "is not a fact",
    "checks.age.reasons.all(checks, true)": "is not a fact",
    "[1].map(checks, true)": "has '.map",
    ".checks.age.outcome == 'failed'": "has '.checks",
    "1 + 1 == 2": "has '+ 1",
    "r'failed' == checks.age.outcome": "has \"r'failed",
    "checks.age.outcome == 'fail\\u0065d'": "",
    "{'a': true}": 'has "{',
    "now() < 3": "is not a fact",
    "true ? true : false": "has '?",
    "(" * 400 + "true" + ")" * 400: "",
    "t" * 1001: "longer than",
}


@pytest.mark.parametrize("source", GOOD)
def test_a_sound_condition_compiles(source: str) -> None:
    assert Condition.compile(source, EGATE_CHECKS).source == source


@pytest.mark.parametrize("source", BAD, ids=range(len(BAD)))
def test_an_unsound_condition_is_refused(source: str) -> None:
    with pytest.raises(ConditionError) as caught:
        Condition.compile(source, EGATE_CHECKS)
    assert BAD[source] in str(caught.value)


def test_a_condition_over_too_many_facts_is_refused() -> None:
    source = " || ".join(f"checks.{check}.outcome == 'failed'" for check in list(EGATE_CHECKS.checks)[:8])
    with pytest.raises(ConditionError, match="split the rule"):
        Condition.compile(source, EGATE_CHECKS)


@settings(deadline=None)
@given(
    st.text(max_size=60)
    | st.sampled_from(GOOD).flatmap(lambda s: st.integers(0, len(s)).map(lambda n: s[:n]))
)
def test_any_text_compiles_or_is_a_typed_error(source: str) -> None:
    try:
        Condition.compile(source, EGATE_CHECKS)
    except ConditionError as error:
        assert error.what


measured = st.fixed_dictionaries(
    {},
    optional={
        "distance": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
        "fmr": st.floats(0, 1),
    },
)


@settings(deadline=None)
@given(
    st.sampled_from(GOOD[1:]),
    st.sampled_from(Outcome),
    st.lists(st.sampled_from(["MINOR", "CSCA_UNKNOWN"])),
    measured,
)
def test_a_condition_that_loaded_never_fails_at_the_gate(
    source: str, outcome: Outcome, reasons: list[str], values: dict[str, float]
) -> None:
    checks = [
        CheckResult("face_match", outcome, tuple(reasons), values),
        CheckResult("age", outcome, measured={"years": len(reasons)}),
    ]
    context = cel.Context(variables={"checks": EGATE_CHECKS.view(Evidence("t", tuple(checks)))})
    assert Condition.compile(source, EGATE_CHECKS).holds(context) in (True, False)


def test_a_rule_that_fails_all_the_same_refers(tmp_path: Path) -> None:
    """Load makes this impossible for declared facts; the second line of defence still holds."""
    file = tmp_path / "policy.toml"
    file.write_text(HEAD + rule("true", verdict="admit"))
    policy = load_policy(file, None, allow_unsigned=True, table=EGATE_CHECKS)
    broken = replace(policy.rules[0], when=Condition("no.such", cel.compile("no.such.fact")))
    decision = replace(policy, rules=(broken,)).decide(
        Evidence("t", (CheckResult("face_match", Outcome.PASSED),)),
        "final",
        at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert decision is not None
    assert decision.reasons == ("RULE_ERROR",)
