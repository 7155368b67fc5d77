"""What an author types: keygen, sign, check, test; and building a watchlist."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gate_agent.cli.policy import app, watchlist_app
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.policy import load_policy
from gate_agent.policy.watchlist import Watchlist

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "config/policies/egate.toml"
run = CliRunner().invoke


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "author.pem", tmp_path / "author.pub.pem"
    assert run(app, ["keygen", str(private), str(public)]).exit_code == 0
    assert private.stat().st_mode & 0o777 == 0o600
    return private, public


def test_keygen_never_overwrites_a_key(keys: tuple[Path, Path]) -> None:
    before = keys[0].read_bytes()
    assert run(app, ["keygen", str(keys[0]), str(keys[1])]).exit_code == 1
    assert keys[0].read_bytes() == before


def test_a_policy_is_proved_signed_and_loaded(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(SAMPLE.read_bytes())
    assert run(app, ["sign", str(policy), "--key", str(keys[0])]).exit_code == 0
    done = run(app, ["check", str(policy), "--public-key", str(keys[1])])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("egate@2026.3: ")
    assert load_policy(policy, keys[1], table=EGATE_CHECKS).id == "egate"


def test_a_faulty_policy_is_not_signed_and_says_where(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(SAMPLE.read_text().replace("checks.face_match.outcome", "checks.face_mach.outcome"))
    done = run(app, ["sign", str(policy), "--key", str(keys[0])])
    assert done.exit_code == 1
    assert f"{policy}:" in done.stderr
    assert "rule 'face-differs'" in done.stderr and "did you mean 'face_match'?" in done.stderr
    assert not policy.with_name("policy.toml.sig").exists()


def test_rules_are_tried_on_evidence(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.json"
    found = [{"check": "watchlist", "outcome": "failed", "reasons": ["WATCHLIST_HIT"]}]
    evidence.write_text(json.dumps({"transaction": "t", "checks": found}))
    at = ["--at", "2026-06-01T12:00:00Z"]
    done = run(app, ["test", str(SAMPLE), "--evidence", str(evidence), *at], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    assert "document: may enter" in done.stdout
    assert "final: refer" in done.stdout
    assert "watchlist -> WATCHLIST_HIT" in done.stdout


@pytest.mark.parametrize(
    "content", ["", "[]", '{"checks": [{"check": "age", "outcome": "maybe"}]}', "{" * 9000]
)
def test_bad_evidence_is_a_message(tmp_path: Path, content: str) -> None:
    evidence = tmp_path / "evidence.json"
    evidence.write_text(content)
    done = run(app, ["test", str(SAMPLE), "--evidence", str(evidence)])
    assert done.exit_code == 1
    assert "evidence.json" in done.stderr


def test_a_watchlist_is_built_from_plain_entries(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    plain, out = tmp_path / "plain.toml", tmp_path / "list.json"
    plain.write_text(
        'id = "national"\nversion = "17"\nmax_age_days = 2\n'
        '[[entry]]\nreference = "N-1"\nsurname = "Mustermann"\n'
        'given_names = "Erika"\ndate_of_birth = 1964-08-12\n'
        '[[entry]]\nreference = "N-2"\ndocument_number = "C01X00T47"\nissuing_state = "D"\n'
    )
    done = run(watchlist_app, ["build", str(plain), str(out), "--key", str(keys[0])])
    assert done.exit_code == 0, done.output
    assert run(watchlist_app, ["check", str(out), "--public-key", str(keys[1])]).exit_code == 0
    hit = Watchlist.load(out, keys[1]).check(
        document_number="X",
        issuing_state="D",
        surname="MUSTERMANN",
        given_names="ERIKA",
        date_of_birth="640812",
    )
    assert hit.measured["reference"] == "N-1"


def test_a_plain_entry_that_names_nobody_says_which(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    plain = tmp_path / "plain.toml"
    plain.write_text('id = "n"\nversion = "1"\n[[entry]]\nreference = "N-1"\nsurname = "X"\n')
    done = run(watchlist_app, ["build", str(plain), str(tmp_path / "out"), "--key", str(keys[0])])
    assert done.exit_code == 1
    assert "entry[0]" in done.stderr
