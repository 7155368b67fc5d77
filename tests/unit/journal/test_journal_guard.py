"""No biometric or personal datum passes the guard, and its bytes are in none of the journal's files."""

from __future__ import annotations

import base64
import math
import random
from pathlib import Path
from typing import Any

import pytest

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.evidence import CheckResult, Evidence, Outcome, canonical_json
from gate_agent.journal import Journal, JournalSettings, Record, RecordKind, UnsafeRecord
from gate_agent.journal.records import MAX_BODY_BYTES, prepare

AT = "2026-03-01T12:00:00.000Z"
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"  # Doc 9303-4 Appendix B
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<"  # Doc 9303-5 Appendix B


def record(body: dict[str, Any], **more: str) -> Record:
    return Record(RecordKind.LANE_EVENT, "t-1", AT, body, **more)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"portrait": "x"}, "body.portrait"),
        ({"check": {"faceTemplate": "x"}}, "body.check.faceTemplate"),
        ({"live-image": 1}, "body.live-image"),
        ({"a": [{"document_number": "L898902C"}]}, "body.a[0].document_number"),
        ({"Name": "Anna"}, "body.Name"),
        ({"surname": "Eriksson"}, "body.surname"),
        ({"mrz": "short"}, "body.mrz"),
        ({"note": TD3}, "body.note"),
        ({"note": f"read {TD1} twice"}, "body.note"),
        ({"note": b"\xff\xd8\xff\xe0"}, "body.note"),
        ({"note": base64.b64encode(bytes(range(256))).decode()}, "body.note"),
        ({"note": "ab" * 128}, "body.note"),
        ({"note": "long text " * 200}, "body.note"),
        ({"scores": [0.01 * i for i in range(128)]}, "body.scores"),
        ({"score": math.nan}, "body.score"),
        ({"count": 2**53}, "body.count"),
        ({"odd": {1: "x"}}, "body.odd"),
        ({"odd": {"a", "b"}}, "body.odd"),
        ({"odd": "\ud800"}, "body"),
    ],
)
def test_refused_and_the_field_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(UnsafeRecord) as caught:
        prepare(record(body), "egate-1", 1)
    assert caught.value.field == field


def test_refuses_deep_and_large_bodies() -> None:
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"deeper": deep}
    with pytest.raises(UnsafeRecord):
        prepare(record(deep), "egate-1", 1)
    large = {f"field{i}": "some words here " * 60 for i in range(MAX_BODY_BYTES // 900)}
    with pytest.raises(UnsafeRecord, match="larger than"):
        prepare(record(large), "egate-1", 1)


@pytest.mark.parametrize(
    ("at", "transaction", "digest", "field"),
    [
        ("yesterday", "t", "", "at"),
        ("2026-13-01T12:00:00.000Z", "t", "", "at"),
        ("2026-03-01T12:00:00", "t", "", "at"),
        ('2026-03-01"12:00:00Z', "t", "", "at"),
        (AT, 'x"y', "", "transaction"),
        (AT, "x" * 65, "", "transaction"),
        (AT, "t", "abc", "evidence_digest"),
    ],
)
def test_refuses_malformed_members(at: str, transaction: str, digest: str, field: str) -> None:
    with pytest.raises(UnsafeRecord) as caught:
        prepare(Record(RecordKind.LIFECYCLE, transaction, at, {}, digest), "egate-1", 1)
    assert caught.value.field == field


def decision() -> tuple[Decision, Evidence]:
    face = CheckResult(
        "face_match",
        Outcome.PASSED,
        ("FACE_MATCH",),
        {"distance": 0.41, "frame_age_ms": 40},
        {"model": "resnet-v1", "threshold": "fmr-1e-3"},
    )
    evidence = Evidence("t-1", (face, CheckResult("mrz_read", Outcome.PASSED)))
    rule = FiredRule("default-admit", "7", Verdict.ADMIT, "ALL_PASSED")
    policy = f"egate@7#{'ab' * 32}"
    return (
        Decision("t-1", Verdict.ADMIT, (), (rule,), policy, evidence.digest(), "policy", AT),
        evidence,
    )


def test_a_real_decision_passes_and_its_entry_is_canonical_json() -> None:
    made, evidence = decision()
    prepared = prepare(Record.of_decision(made, evidence), "egate-1", 5)
    whole = {
        "at": AT,
        "body": {"decision": made.to_json(), "evidence": evidence.to_json()},
        "epoch": 5,
        "evidence_digest": evidence.digest(),
        "kind": "decision",
        "seq": 42,
        "station": "egate-1",
        "transaction": "t-1",
    }
    assert prepared.entry(42) == canonical_json(whole)


def test_a_decision_must_rest_on_the_evidence_it_names() -> None:
    made, _ = decision()
    with pytest.raises(UnsafeRecord, match="other evidence"):
        Record.of_decision(made, Evidence("t-1", ()))


def test_nothing_refused_reaches_any_file(tmp_path: Path) -> None:
    noise = random.Random(7)
    image = b"\xff\xd8\xff\xe0JFIF" + noise.randbytes(400)
    template = [noise.random() for _ in range(128)]
    encoded = base64.b64encode(image).decode()
    made, evidence = decision()
    with Journal.open(tmp_path / "j.sqlite", "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        for body in ({"x": image}, {"x": encoded}, {"x": template}, {"x": TD3}, {"x": image.hex()}):
            with pytest.raises(UnsafeRecord):
                journal.commit(record(body))
        journal.commit(Record.of_decision(made, evidence))
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    stored += b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"face_match" in stored, "the search must be able to find what was written"
    for needle in (image[4:24], encoded[:24].encode(), repr(template[0]).encode(), b"ERIKSSON", b"JFIF"):
        assert needle not in stored
