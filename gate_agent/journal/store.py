"""The journal: what the station decided, on disk before anything moves.

One transaction per commit holds the record, its Merkle leaf and chain link, and its outbox row, in
SQLite with WAL and synchronous=FULL. A record has the key (station, epoch, seq): seq counts from 1
without gaps, epoch grows whenever the database is created anew.

``commit`` may be called from any thread. Callers that arrive while another one waits for the
disk share the next transaction (group commit): the first to get the lock writes for all of them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gate_agent.journal import schema
from gate_agent.journal.ballast import Ballast
from gate_agent.journal.errors import JournalBroken, JournalCorrupt, JournalError, JournalFull, from_sqlite
from gate_agent.journal.merkle import Frontier, chain_link, chain_start, hash_at, leaf_hash, peak_places
from gate_agent.journal.outbox import Outbox
from gate_agent.journal.ownership import Ownership
from gate_agent.journal.records import (
    OutboxRow,
    PreparedRecord,
    Receipt,
    Record,
    StoredRecord,
    check_station,
    prepare,
)
from gate_agent.journal.settings import JournalSettings


@dataclass(slots=True)
class _Waiting:
    """A record in the queue for the next transaction, and what came of it."""

    prepared: PreparedRecord
    receipt: Receipt | None = None
    error: JournalError | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: `seq` records, under `root`; `first_pending` is 0 for an empty outbox."""

    epoch: int
    seq: int
    root: bytes
    first_pending: int


@dataclass(slots=True)
class _Tail:
    """What the next append needs: the frontier of the tree and the last link of the chain."""

    frontier: Frontier
    chain: bytes
    queue: list[_Waiting] = field(default_factory=list[_Waiting])


class Journal:
    """The open journal of one station. Use :meth:`open`; ``close`` it, or use it in ``with``."""

    def __init__(
        self,
        path: Path,
        station: str,
        epoch: int,
        *,
        owner: Ownership,
        database: sqlite3.Connection,
        outbox: Outbox,
        ballast: Ballast,
    ) -> None:
        self.path = path
        self.station = station
        self.epoch = epoch
        self._owner = owner
        self._database = database
        self._outbox = outbox
        self._ballast = ballast
        self._queue_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._tail = _Tail(*_read_tail(database, path, station, epoch))
        self._unusable: JournalError | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        station: str,
        settings: JournalSettings | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> Journal:
        """Open the journal at `path`, or begin one. `clock` gives UTC seconds.

        Raises JournalLocked when another agent has it, JournalReadOnly, JournalFull, JournalCorrupt.
        """
        settings = settings or JournalSettings()
        check_station(station)
        owner = Ownership(path)
        connections: list[sqlite3.Connection] = []
        try:
            for synchronous in ("FULL", "NORMAL"):
                connections.append(
                    schema.connect(path, synchronous=synchronous, checkpoint_pages=settings.checkpoint_pages)
                )
            database, drain = connections
            epoch = _begin_or_continue(database, path, station, owner, round(clock() * 1000))
            ballast = Ballast(path.with_name(path.name + ".ballast"), settings.ballast_bytes)
            ballast.lay()
            outbox = Outbox(drain, path, epoch, settings.retention_days, clock)
            return cls(path, station, epoch, owner=owner, database=database, outbox=outbox, ballast=ballast)
        except BaseException as error:
            for connection in connections:
                connection.close()
            owner.release()
            if isinstance(error, sqlite3.Error):
                raise from_sqlite(error, path) from error
            raise

    # ------------------------------------------------------------ writing

    def commit(self, record: Record) -> Receipt:
        """Put `record` on disk. When this returns, it survives the loss of power.

        Raises JournalError; then nothing was committed, and nothing may move on its strength.
        """
        waiting = _Waiting(prepare(record, self.station, self.epoch))
        with self._queue_lock:
            self._tail.queue.append(waiting)
        with self._write_lock:
            if waiting.receipt is None and waiting.error is None:
                with self._queue_lock:
                    batch, self._tail.queue = self._tail.queue, []
                self._commit_batch(batch)
        if waiting.receipt is None:
            raise waiting.error or JournalBroken("the record was not written", field=str(self.path))
        return waiting.receipt

    def _commit_batch(self, batch: Sequence[_Waiting]) -> None:
        """Write the batch in one transaction; every member gets its receipt, or all get the error."""
        try:
            self._require_usable()
            receipts = self._write(batch)
        except JournalError as error:
            for waiting in batch:
                waiting.error = error
            return
        for waiting, receipt in zip(batch, receipts, strict=True):
            waiting.receipt = receipt

    def _write(self, batch: Sequence[_Waiting]) -> list[Receipt]:
        frontier, chain = self._tail.frontier, self._tail.chain
        rows: list[tuple[int, int, bytes, bytes, bytes, bytes]] = []
        receipts: list[Receipt] = []
        for waiting in batch:
            entry = waiting.prepared.entry(frontier.size + 1)
            leaf = leaf_hash(entry)
            chain = chain_link(chain, leaf)
            frontier, completed = frontier.append(leaf)
            root = frontier.root()
            rows.append((frontier.size, waiting.prepared.at_ms, entry, completed, chain, root))
            receipts.append(Receipt(self.epoch, frontier.size, leaf, root))
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for row in rows:
                self._database.execute(schema.INSERT_RECORD, row)
                self._database.execute(schema.INSERT_OUTBOX, row[:1])
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(self._database, error) from error
        self._tail.frontier, self._tail.chain = frontier, chain
        self._outbox.grew(rows[0][0], rows[0][1], frontier.size)
        return receipts

    def acknowledge(self, epoch: int, upto_seq: int, root: bytes | None = None) -> int:
        """The hub has everything up to `upto_seq`: delete those outbox rows, return how many.

        With `root`, the hub's own Merkle root over these records, nothing is deleted unless it is
        ours too. Raises JournalError when hub and journal contradict each other.
        """
        with self._write_lock:
            self._require_open()
            try:
                return self._outbox.acknowledge(epoch, upto_seq, self._tail.frontier.size, root)
            except sqlite3.Error as error:
                failure = self._failed(self._outbox.database, error)
                if not isinstance(failure, JournalFull):
                    raise failure from error
            # The ballast has just been given up: there is room now, and the log can be folded in.
            try:
                deleted = self._outbox.acknowledge(epoch, upto_seq, self._tail.frontier.size, root)
                self._outbox.checkpoint()
            except sqlite3.Error as error:
                raise self._failed(self._outbox.database, error) from error
            return deleted

    def prune(self) -> int:
        """Remove the bodies that retention no longer keeps; return how many. Hashes stay."""
        removed = 0
        while True:
            with self._write_lock:
                self._require_open()
                try:
                    batch = self._outbox.prune_some()
                except sqlite3.Error as error:
                    raise self._failed(self._outbox.database, error) from error
            if not batch:
                return removed
            removed += batch

    # ------------------------------------------------------------ reading

    def pending(self, limit: int, after: int = 0) -> list[OutboxRow]:
        """Up to `limit` unacknowledged records with a sequence number above `after`, in order."""
        return self._outbox.pending(limit, after)

    def recent(self, limit: int) -> list[StoredRecord]:
        """The newest records, newest first."""
        return self._outbox.recent(limit)

    def depth(self) -> int:
        """How many records the hub has not acknowledged. No disk access."""
        return self._outbox.depth

    def oldest_age(self) -> float:
        """Seconds since the oldest unacknowledged record happened; 0.0 when there is none."""
        return self._outbox.oldest_age()

    @property
    def head(self) -> Head:
        """Where the log ends now. No disk access, no lock: a frontier never changes."""
        frontier = self._tail.frontier
        return Head(self.epoch, frontier.size, frontier.root(), self._outbox.first)

    def figures(self) -> dict[str, float]:
        """What gauges show of the journal, by name. Takes no lock and reads no record: it never waits for a
        commit's sync, and may be called on an event loop."""
        sizes = (self.path, self.path.with_name(self.path.name + "-wal"))
        return {
            "epoch": self.epoch,
            "records": self._tail.frontier.size,
            "bytes": sum(file.stat().st_size for file in sizes if file.exists()),
            "unacknowledged_records": self.depth(),
            "usable": float(self._unusable is None),
            "reserve_held": float(self._ballast.laid),
        }

    # ------------------------------------------------------------ failures and the end

    def _require_open(self) -> None:
        if self._unusable is not None:
            raise self._unusable

    def _require_usable(self) -> None:
        self._require_open()
        if not self._ballast.laid and not self._ballast.lay():
            what = "the disk is full, and the reserve for the outbox is in use"
            raise JournalFull(what, field=str(self.path), advice="free space on the journal's file system")

    def _failed(self, database: sqlite3.Connection, error: sqlite3.Error) -> JournalError:
        """Leave the transaction; decide whether the journal can go on."""
        failure = from_sqlite(error, self.path)
        try:
            if database.in_transaction:
                database.execute("ROLLBACK")
        except sqlite3.Error as second:
            failure = from_sqlite(second, self.path)
        if isinstance(failure, JournalFull):
            self._ballast.drop()
        if isinstance(failure, JournalBroken | JournalCorrupt):
            self._unusable = failure
        return failure

    def close(self) -> None:
        """Fold the write-ahead log in and let go of the file. Safe to call twice."""
        with self._write_lock:
            if isinstance(self._unusable, _Closed):
                return
            self._unusable = _Closed("the journal is closed", field=str(self.path))
            self._outbox.close()
            self._database.close()
            self._owner.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Closed(JournalError):
    pass


def _begin_or_continue(
    database: sqlite3.Connection, path: Path, station: str, owner: Ownership, now_ms: int
) -> int:
    """The epoch of the log in `database`, which is begun if there is none."""
    log = schema.read_log(database, path)
    if log is None:
        epoch = owner.start(None, now_ms)
        schema.create(database, station, epoch)
        return epoch
    if log.station != station:
        what = f"the journal belongs to station {log.station}"
        raise JournalCorrupt(what, field=str(path), advice="each station has a journal of its own")
    return owner.start(log.epoch, now_ms)


def _read_tail(database: sqlite3.Connection, path: Path, station: str, epoch: int) -> tuple[Frontier, bytes]:
    """The frontier and the chain's last link, in O(log n) look-ups."""
    row = database.execute("SELECT seq, chain, root FROM record ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        return Frontier(), chain_start(station, epoch)
    size, chain, root = row
    peaks: list[bytes] = []
    for seq, level in peak_places(size):
        found = database.execute("SELECT completed FROM record WHERE seq = ?", (seq,)).fetchone()
        peaks.append(hash_at(found[0], level) if found else b"")
    frontier = Frontier(size, tuple(peaks))
    if frontier.root() != root:
        advice = "run `gate-agent journal verify`"
        raise JournalCorrupt("the stored hashes do not give the stored root", field=str(path), advice=advice)
    return frontier, chain
