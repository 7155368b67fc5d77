"""What the simulated hub keeps: every record once, in order, checked against the station's own log.

The hub is a witness: from the entries alone it recomputes leaf, chain and Merkle root, and takes a
record only when they are what the station says. Each record gets a receipt id.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from gate_agent.evidence import canonical_json
from gate_agent.hub.messages import RecordEvent
from gate_agent.journal.merkle import HASH_SIZE, Frontier, chain_link, chain_start, leaf_hash

_TABLES = """
CREATE TABLE IF NOT EXISTS record (
    receipt INTEGER PRIMARY KEY AUTOINCREMENT,
    station TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, trans TEXT NOT NULL, entry TEXT NOT NULL, leaf BLOB NOT NULL,
    historical INTEGER NOT NULL, received_at REAL NOT NULL,
    UNIQUE (station, epoch, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS record_trans ON record (trans);
CREATE TABLE IF NOT EXISTS head (
    station TEXT NOT NULL, epoch INTEGER NOT NULL, upto INTEGER NOT NULL,
    chain BLOB NOT NULL, peaks BLOB, repeated INTEGER NOT NULL,
    PRIMARY KEY (station, epoch)
) STRICT;
CREATE TABLE IF NOT EXISTS problem (
    at REAL NOT NULL, station TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, what TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One record at the hub. `entry` is what the station committed."""

    receipt: str
    station: str
    epoch: int
    seq: int
    kind: str
    transaction: str
    entry: dict[str, object]
    historical: bool
    received_at: float


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an operator of the hub should know: a gap, a forged or contradictory record."""

    station: str
    epoch: int
    seq: int
    what: str


@dataclass(slots=True)
class LogHead:
    """How far one station's log has come.

    Once a gap hides part of the log, `frontier` is None for good and `chain` empty until the next
    record says what it is.
    """

    station: str
    epoch: int
    upto: int
    chain: bytes
    frontier: Frontier | None
    repeated: int = 0
    gap: bool = False
    refusal: str = ""

    @property
    def root(self) -> bytes | None:
        return self.frontier.root() if self.frontier is not None else None


class HubStore:
    """The hub's database. One thread writes; ``received`` and its like may be called from any."""

    def __init__(self, path: Path, hub: str) -> None:
        self.path = path
        self._hub = hub
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_TABLES)
        self.heads = {(head.station, head.epoch): head for head in self._load_heads()}

    def close(self) -> None:
        self._database.close()

    # ------------------------------------------------------------ writing

    def begin(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Everything taken since ``begin`` is on disk when this returns."""
        for head in self.heads.values():
            peaks = b"".join(head.frontier.peaks) if head.frontier is not None else None
            self._database.execute(
                "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?)",
                (head.station, head.epoch, head.upto, head.chain, peaks, head.repeated),
            )
        self._database.execute("COMMIT")

    def head(self, station: str, epoch: int) -> LogHead:
        key = (station, epoch)
        if key not in self.heads:
            self.heads[key] = LogHead(station, epoch, 0, chain_start(station, epoch), Frontier())
        return self.heads[key]

    def take(self, event: RecordEvent) -> LogHead:
        """Store the next record of its log; note a repetition, a gap or a contradiction instead."""
        entry = event.data.entry
        head = self.head(entry.station, entry.epoch)
        canonical = canonical_json(entry.model_dump(mode="json"))
        leaf = leaf_hash(canonical)
        if entry.seq <= head.upto:
            self._take_repeated(head, entry.seq, leaf)
        elif entry.seq > head.upto + 1:
            head.gap = True
        else:
            self._take_next(head, event, canonical, leaf)
        return head

    def _take_next(self, head: LogHead, event: RecordEvent, canonical: bytes, leaf: bytes) -> None:
        entry, log = event.data.entry, event.data.log
        chain = chain_link(head.chain, leaf) if head.chain else bytes.fromhex(log.chain)
        frontier = head.frontier.append(leaf)[0] if head.frontier is not None else None
        for name, own, said in (
            ("leaf", leaf, log.leaf),
            ("chain", chain, log.chain),
            ("root", frontier.root() if frontier else bytes.fromhex(log.root), log.root),
        ):
            if own.hex() != said:
                refusal = f"record {entry.seq}: its {name} is not that of the entries"
                if head.refusal != refusal:
                    head.refusal = refusal
                    self._note(head, entry.seq, refusal)
                return
        self._database.execute(
            "INSERT INTO record (station, epoch, seq, kind, trans, entry, leaf, historical, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(entry.station, entry.epoch, entry.seq, entry.kind.value, entry.transaction),
                *(canonical.decode(), leaf, event.historical, time.time()),
            ),
        )
        head.upto, head.chain, head.frontier, head.refusal = entry.seq, chain, frontier, ""

    def _take_repeated(self, head: LogHead, seq: int, leaf: bytes) -> None:
        head.repeated += 1
        row = self._database.execute(
            "SELECT leaf FROM record WHERE station = ? AND epoch = ? AND seq = ?",
            (head.station, head.epoch, seq),
        ).fetchone()
        if row is not None and row[0] != leaf:
            self._note(head, seq, "sent again with another content")

    def skip_to(self, head: LogHead, oldest: int) -> None:
        """The station can no longer send what lies before `oldest`: note the gap and go on there."""
        self._note(head, head.upto + 1, f"records {head.upto + 1} to {oldest - 1} are lost to this hub")
        head.upto, head.chain, head.frontier = oldest - 1, b"", None

    def _note(self, head: LogHead, seq: int, what: str) -> None:
        self._database.execute(
            "INSERT INTO problem VALUES (?, ?, ?, ?, ?)", (time.time(), head.station, head.epoch, seq, what)
        )

    def _load_heads(self) -> list[LogHead]:
        heads: list[LogHead] = []
        query = "SELECT station, epoch, upto, chain, peaks, repeated FROM head"
        for station, epoch, upto, chain, peaks, repeated in self._database.execute(query):
            frontier = None
            if peaks is not None:
                parts = tuple(peaks[i : i + HASH_SIZE] for i in range(0, len(peaks), HASH_SIZE))
                frontier = Frontier(upto, parts)
            heads.append(LogHead(station, epoch, upto, chain, frontier, repeated))
        return heads

    # ------------------------------------------------------------ reading

    def received(self, station: str, transaction: str = "") -> list[ReceivedRecord]:
        """All records of a station in the order of arrival, or those of one transaction."""
        query = (
            "SELECT receipt, station, epoch, seq, kind, trans, entry, historical, received_at FROM record"
            " WHERE station = ? AND (? = '' OR trans = ?) ORDER BY receipt"
        )
        return [
            ReceivedRecord(f"{self._hub}-{n:08d}", s, e, q, k, t, json.loads(text), bool(h), at)
            for n, s, e, q, k, t, text, h, at in self._read(query, (station, transaction, transaction))
        ]

    def receipt(self, transaction: str) -> str | None:
        """The receipt id of the newest decision of a transaction."""
        query = "SELECT max(receipt) FROM record WHERE trans = ? AND kind = 'decision'"
        number = self._read(query, (transaction,))[0][0]
        return f"{self._hub}-{number:08d}" if number else None

    def problems(self) -> list[Problem]:
        query = "SELECT station, epoch, seq, what FROM problem ORDER BY at"
        return [Problem(*row) for row in self._read(query, ())]

    def _read(self, query: str, parameters: tuple[object, ...]) -> list[tuple]:
        database = sqlite3.connect(self.path, timeout=5.0)
        try:
            return database.execute(query, parameters).fetchall()
        finally:
            database.close()
