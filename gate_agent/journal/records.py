"""What the journal stores: one record, and the canonical bytes that its leaf hash covers.

The **entry** of a record is its canonical JSON (RFC 8785 for our types) with the members
``at, body, epoch, evidence_digest, kind, seq, station, transaction``. Whoever has an entry can
compute its leaf hash; the hub does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from gate_agent.decision import Decision
from gate_agent.evidence import Evidence, canonical_json
from gate_agent.journal.errors import UnsafeRecord
from gate_agent.journal.guard import check_body
from gate_agent.times import parse_rfc3339

MAX_BODY_BYTES = 64 * 1024

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)", re.ASCII)
_DIGEST = re.compile(r"(?:[0-9a-f]{64})?")


class RecordKind(StrEnum):
    """What happened. ``DECISION`` is the only kind on whose strength a door may move."""

    DECISION = "decision"
    OFFICER_ACTION = "officer_action"
    OFFICER_OUTCOME = "officer_outcome"
    LANE_EVENT = "lane_event"
    LIFECYCLE = "lifecycle"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing to remember. `at` is when it happened: UTC, RFC 3339 with milliseconds.

    `transaction` may be empty for what belongs to none (start, stop, a lane event between
    travellers); `evidence_digest` is SHA-256 in hexadecimal, or empty.
    """

    kind: RecordKind
    transaction: str
    at: str
    body: Mapping[str, object]
    evidence_digest: str = ""

    @classmethod
    def of_decision(cls, decision: Decision, evidence: Evidence | None = None) -> Record:
        """The record of a decision, with the evidence it rests on where that is at hand."""
        body: dict[str, object] = {"decision": decision.to_json()}
        if evidence is not None:
            if evidence.digest() != decision.evidence_digest:
                raise UnsafeRecord("the decision rests on other evidence", field="evidence_digest")
            body["evidence"] = evidence.to_json()
        return cls(
            kind=RecordKind.DECISION,
            transaction=decision.transaction,
            at=decision.decided_at,
            body=body,
            evidence_digest=decision.evidence_digest,
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record is on disk: its key in the station's log, its leaf and the root after it."""

    epoch: int
    seq: int
    leaf: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A committed record that the hub has not acknowledged. `entry` is the bytes under `leaf`."""

    epoch: int
    seq: int
    at_ms: int
    entry: bytes
    leaf: bytes
    chain: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the console and ``journal show`` read it back.

    `entry` is None once retention has removed the body.
    """

    seq: int
    at_ms: int
    entry: Mapping[str, object] | None
    leaf: bytes
    acknowledged: bool


def milliseconds(at: str, field: str = "at") -> int:
    """RFC 3339 UTC -> milliseconds since 1970. Raises UnsafeRecord."""
    try:
        if _UTC_TIME.fullmatch(at):
            return round(parse_rfc3339(at).timestamp() * 1000)
    except ValueError:
        pass  # a thirteenth month
    raise UnsafeRecord("not a time in UTC by RFC 3339", field=field, advice="like 2026-03-01T12:00:00.000Z")


@dataclass(frozen=True, slots=True)
class PreparedRecord:
    """A record that has passed the guard, serialised but for the sequence number in its middle."""

    head: bytes
    tail: bytes
    at_ms: int

    def entry(self, seq: int) -> bytes:
        return b"%b%d%b" % (self.head, seq, self.tail)


def prepare(record: Record, station: str, epoch: int) -> PreparedRecord:
    """Check and serialise `record`; the caller needs no lock. Raises UnsafeRecord.

    The members are written in sorted order, so that the result equals ``canonical_json`` of the
    whole entry; only ``seq`` is left open until the record's turn comes.
    """
    if record.transaction and not _IDENTIFIER.fullmatch(record.transaction):
        raise UnsafeRecord("not an identifier", field="transaction", advice="1-64 of A-Z a-z 0-9 . _ : -")
    if not _DIGEST.fullmatch(record.evidence_digest):
        raise UnsafeRecord("not a SHA-256 in hexadecimal", field="evidence_digest")
    at_ms = milliseconds(record.at)
    try:
        body = _canonical(record.body, check_body(record.body))
    except (TypeError, ValueError) as error:
        raise UnsafeRecord(f"cannot be written as JSON: {error}", field="body") from error
    if len(body) > MAX_BODY_BYTES:
        raise UnsafeRecord(f"larger than {MAX_BODY_BYTES} bytes", field="body", advice="record less")
    head = b'{"at":"%b","body":%b,"epoch":%d,"evidence_digest":"%b","kind":"%b","seq":' % (
        record.at.encode(),
        body,
        epoch,
        record.evidence_digest.encode(),
        record.kind.value.encode(),
    )
    # Both are plain identifiers, in which JSON has nothing to escape.
    tail = b',"station":"%b","transaction":"%b"}' % (station.encode(), record.transaction.encode())
    return PreparedRecord(head, tail, at_ms)


def _canonical(body: Mapping[str, object], exponents: list[float]) -> bytes:
    """What ``canonical_json`` gives for a body that the guard let through, but faster.

    orjson writes 0.00001 where Python writes 1e-05, so a body with such `exponents` is left to Python.
    """
    if not exponents:
        try:
            return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            pass  # a field name that is a subclass of str, or text that is not Unicode
    return canonical_json(body)


def check_station(station: str) -> str:
    """A station id is part of topics, keys and file names, so it is kept plain."""
    if not _IDENTIFIER.fullmatch(station):
        raise UnsafeRecord("not an identifier", field="station", advice="1-64 of A-Z a-z 0-9 . _ : -")
    return station
