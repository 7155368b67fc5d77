"""Messages are CloudEvents, the records in them prove themselves, and the document does not drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.evidence import canonical_json
from gate_agent.hub import asyncapi
from gate_agent.hub.errors import BadMessage
from gate_agent.hub.messages import (
    EVENTS,
    AckData,
    AckEvent,
    HeartbeatEvent,
    RecordEvent,
    event,
    moment,
    seconds,
)
from gate_agent.hub.settings import HubSettings
from gate_agent.hub.topics import TOPICS, station_of
from gate_agent.journal import Journal, JournalSettings, OutboxRow, Record, RecordKind
from gate_agent.journal.merkle import leaf_hash

DOCUMENT = Path(__file__).parents[3] / "docs" / "wire" / "asyncapi.json"


@pytest.fixture
def row(tmp_path: Path) -> OutboxRow:
    body = {"decision": {"verdict": "admit"}, "distance": 0.1 + 0.2, "tiny": 1.5e-7, "note": "Zoë <ok>"}
    with Journal.open(tmp_path / "j.sqlite", "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        journal.commit(Record(RecordKind.OFFICER_ACTION, "t-1", "2026-03-01T12:00:00.000Z", body))
        return journal.pending(1)[0]


def test_a_record_is_a_cloudevent(row: OutboxRow) -> None:
    sent = json.loads(RecordEvent.of(row, "egate-1", historical=True).encode())
    # CloudEvents 1.0 §3: required attributes; extension names are lower case and short (§3.1).
    assert sent["specversion"] == "1.0"
    assert sent["id"] == f"egate-1/{row.epoch}/1"
    assert sent["source"] == "/stations/egate-1"
    assert sent["type"] == "org.gate-agent.officer-action.v1"
    assert sent["time"] == "2026-03-01T12:00:00.000Z"
    assert sent["subject"] == "t-1"
    assert (sent["stationepoch"], sent["stationseq"], sent["historical"]) == (str(row.epoch), "1", True)
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in sent)


def test_the_leaf_hash_can_be_recomputed_from_what_arrives(row: OutboxRow) -> None:
    payload = RecordEvent.of(row, "egate-1", historical=False).encode()
    for entry in (
        json.loads(payload)["data"]["entry"],
        RecordEvent.parse(payload, 10_000).data.entry.model_dump(mode="json"),
    ):
        assert canonical_json(entry) == row.entry
        assert leaf_hash(canonical_json(entry)).hex() == json.loads(payload)["data"]["log"]["leaf"]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1) | st.text())
def test_every_scalar_survives_the_way_to_the_hub(value: Any) -> None:
    entry = {
        "at": "2026-03-01T12:00:00Z",
        "body": {"value": value},
        "epoch": 1,
        "evidence_digest": "",
        "kind": "lifecycle",
        "seq": 1,
        "station": "s",
        "transaction": "",
    }
    stored = OutboxRow(1, 1, 0, canonical_json(entry), b"\0" * 32, b"\0" * 32, b"\0" * 32)
    arrived = RecordEvent.parse(RecordEvent.of(stored, "s", historical=False).encode(), 1 << 20)
    assert canonical_json(arrived.data.entry.model_dump(mode="json")) == stored.entry


def test_a_bad_message_names_its_field() -> None:
    good = json.loads(
        event(AckEvent, "/hubs/hub-1", "1", 0.0, AckData(epoch=1, upto=2, hub="hub-1")).encode()
    )
    for change, field in (
        ({"type": "org.gate-agent.open.v1"}, "type"),
        ({"source": "somebody"}, "source"),
        ({"data": {**good["data"], "upto": -1}}, "data.upto"),
        ({"data": {**good["data"], "root": "00"}}, "data.root"),
        ({"extra": 1}, "extra"),
    ):
        with pytest.raises(BadMessage) as caught:
            AckEvent.parse(json.dumps({**good, **change}).encode(), 4096)
        assert caught.value.field == field


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"null", b"[" * 100_000, b'{"a":' * 50_000])
def test_garbage_is_a_typed_error(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        HeartbeatEvent.parse(payload, 1 << 20)


def test_size_is_checked_before_anything_is_parsed() -> None:
    with pytest.raises(BadMessage, match="at most 64"):
        AckEvent.parse(b"x" * 65, 64)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_typed_error(payload: bytes) -> None:
    for kind in EVENTS:
        with pytest.raises(BadMessage):
            kind.parse(payload, 1000)


def test_times_survive() -> None:
    assert moment(1_772_366_400.25) == "2026-03-01T12:00:00.250Z"
    assert seconds("2026-03-01T12:00:00.250Z") == 1_772_366_400.25
    with pytest.raises(BadMessage):
        seconds("2026-02-30T12:00:00Z")


def test_each_topic_has_one_message_and_each_message_one_topic() -> None:
    assert [kind.topic for kind in EVENTS] and {kind.topic.name for kind in EVENTS} == {
        t.name for t in TOPICS
    }
    assert len(EVENTS) == len(TOPICS)


def test_the_station_is_read_from_the_topic() -> None:
    assert station_of("gate/v1/egate-1/records") == "egate-1"
    assert station_of("gate/v1/records") == station_of("other/v1/egate-1/records") == ""


def test_the_committed_document_says_what_the_code_does() -> None:
    told = f"python -m gate_agent.hub.asyncapi > {DOCUMENT.name}"
    assert DOCUMENT.read_text() == asyncapi.text(), f"the interface changed; regenerate it: {told}"


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = asyncapi.document()

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [r for value in node.values() for r in references(value)]
        return [r for value in node for r in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


@pytest.mark.parametrize(
    "values",
    [
        {"cert_file": "a.pem"},
        {"cert_file": "a.pem", "key_file": "a.key"},
        {"backoff_min_s": 50, "backoff_max_s": 1},
        {"port": 0},
        {"window": 0},
        {"hots": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        HubSettings(**values)
