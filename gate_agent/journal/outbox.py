"""What the hub has yet to acknowledge, and how long acknowledged bodies are kept.

Works on a connection of its own with synchronous=NORMAL: an acknowledgement lost with the power
only makes the link send again what the hub already has, so it is not worth a sync. All writes
happen under the journal's write lock; reads need only the lock in here, so that the link and the
console never wait for a commit's sync.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gate_agent.journal import schema
from gate_agent.journal.errors import JournalError, JournalReadOnly, from_sqlite
from gate_agent.journal.merkle import hash_at
from gate_agent.journal.records import OutboxRow, StoredRecord

_PENDING = """
    SELECT seq, at_ms, entry, completed, chain, root FROM outbox JOIN record USING (seq)
    WHERE seq > ? ORDER BY seq LIMIT ?
"""
_RECENT = """
    SELECT seq, at_ms, entry, completed, seq NOT IN (SELECT seq FROM outbox)
    FROM record ORDER BY seq DESC LIMIT ?
"""
_PRUNE_AT_ONCE = 500


class LogsDiffer(JournalError):
    """Hub and journal disagree about what was committed. An operator has to look."""


class _Span(NamedTuple):
    """Replaced as a whole, so that it can be read without a lock; `first` is 0 for an empty outbox."""

    first: int
    last: int
    oldest_ms: int


class Outbox:
    """The unacknowledged end of the log: records `first` to `last`."""

    def __init__(
        self,
        database: sqlite3.Connection,
        path: Path,
        epoch: int,
        retention_days: int,
        clock: Callable[[], float],
    ) -> None:
        self.database = database
        self._path = path
        self._epoch = epoch
        self._retention_ms = retention_days * 86_400_000
        self._clock = clock
        self._lock = threading.Lock()
        low, high, count = database.execute("SELECT min(seq), max(seq), count(*) FROM outbox").fetchone()
        if count and count != high - low + 1:
            advice = "run `gate-agent journal verify`"
            raise LogsDiffer("the outbox has gaps", field=str(path), advice=advice)
        self._span = _Span(low or 0, high or 0, self._at_ms(low or 0))

    # ------------------------------------------------------------ writing, under the journal's lock

    def grew(self, first: int, at_ms: int, last: int) -> None:
        """Records `first` to `last` were committed, the first of them at `at_ms`."""
        with self._lock:
            span = self._span
            self._span = _Span(span.first, last, span.oldest_ms) if span.first else _Span(first, last, at_ms)

    def acknowledge(self, epoch: int, upto: int, newest: int, root: bytes | None) -> int:
        """Delete rows up to `upto`. `newest` is the journal's last record."""
        with self._lock:
            if epoch < self._epoch:
                return 0  # meant for a journal that is gone
            if epoch > self._epoch or upto > newest:
                raise LogsDiffer(
                    f"the hub has record {upto} of epoch {epoch}, the journal only {newest} of {self._epoch}",
                    field=str(self._path),
                    advice="it was restored from an old copy: move it away, so that a new epoch begins",
                )
            first, last, _ = self._span
            if first == 0 or upto < first:
                return 0
            if root is not None and root != self._root(upto):
                raise LogsDiffer(
                    f"the hub's root over the first {upto} records is not ours",
                    field=str(self._path),
                    advice="run `gate-agent journal verify` and compare with the hub",
                )
            self.database.execute("DELETE FROM outbox WHERE seq <= ?", (upto,))
            first_left = upto + 1 if upto < last else 0
            self._span = _Span(first_left, last, self._at_ms(first_left))
            return upto - first + 1

    def prune_some(self) -> int:
        """Remove a bounded number of old, acknowledged bodies from the front of the log."""
        with self._lock:
            limit_ms = round(self._clock() * 1000) - self._retention_ms
            pruned = self.database.execute("SELECT pruned FROM log").fetchone()[0]
            # A prefix only: the first record that must stay keeps everything behind it.
            keep = self.database.execute(
                "SELECT min(seq) FROM (SELECT seq, at_ms FROM record WHERE seq > ? ORDER BY seq LIMIT ?)"
                " WHERE at_ms >= ?",
                (pruned, _PRUNE_AT_ONCE, limit_ms),
            ).fetchone()[0]
            last = self.database.execute("SELECT max(seq) FROM record").fetchone()[0] or 0
            upto = min(last, pruned + _PRUNE_AT_ONCE)
            if keep is not None:
                upto = min(upto, keep - 1)
            if self._span.first:
                upto = min(upto, self._span.first - 1)
            if upto <= pruned:
                return 0
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute(
                "UPDATE record SET entry = NULL WHERE seq BETWEEN ? AND ?", (pruned + 1, upto)
            )
            self.database.execute("UPDATE log SET pruned = ?", (upto,))
            self.database.execute("COMMIT")
            return upto - pruned

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the database and cut it to nothing."""
        with self._lock:
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with self._lock:
            self.database.close()

    # ------------------------------------------------------------ reading

    @property
    def first(self) -> int:
        """The oldest unacknowledged record, 0 when there is none."""
        return self._span.first

    @property
    def depth(self) -> int:
        first, last, _ = self._span
        return last - first + 1 if first else 0

    def oldest_age(self) -> float:
        first, _, oldest_ms = self._span
        return max(0.0, self._clock() - oldest_ms / 1000) if first else 0.0

    def pending(self, limit: int, after: int) -> list[OutboxRow]:
        return [
            OutboxRow(self._epoch, seq, at_ms, entry, hash_at(completed, 0), chain, root)
            for seq, at_ms, entry, completed, chain, root in self._read(_PENDING, (after, limit))
        ]

    def recent(self, limit: int) -> list[StoredRecord]:
        return [_stored(row) for row in self._read(_RECENT, (limit,))]

    def _read(self, query: str, parameters: tuple[int, ...]) -> list[Any]:
        try:
            with self._lock:
                return self.database.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise from_sqlite(error, self._path) from error

    def _at_ms(self, seq: int) -> int:
        row = self.database.execute("SELECT at_ms FROM record WHERE seq = ?", (seq,)).fetchone()
        return row[0] if row else 0

    def _root(self, seq: int) -> bytes | None:
        row = self.database.execute("SELECT root FROM record WHERE seq = ?", (seq,)).fetchone()
        return row[0] if row else None


def read_recent(path: Path, limit: int) -> list[StoredRecord]:
    """The newest records of a journal that another process may be using, newest first."""
    if not path.is_file():
        raise JournalReadOnly("no such file", field=str(path), advice="give the path of a journal")
    try:
        database = schema.connect_read_only(path)
        try:
            schema.read_log(database, path)
            return [_stored(row) for row in database.execute(_RECENT, (limit,))]
        finally:
            database.close()
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error


def _stored(row: tuple[int, int, bytes | None, bytes, int]) -> StoredRecord:
    seq, at_ms, entry, completed, acknowledged = row
    return StoredRecord(
        seq, at_ms, json.loads(entry) if entry else None, hash_at(completed, 0), bool(acknowledged)
    )
