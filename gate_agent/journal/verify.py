"""Recompute the whole journal and name the first record that is not what it claims to be.

Leaves, tree nodes, roots and chain come from the entries alone; sequence numbers must run from 1
without a gap; entries must carry this log's station, epoch and number; the outbox must be the
newest records without a gap. Cutting records off the *end* leaves a shorter log that is sound in
itself, so compare with a witness: `expected` takes what the hub has acknowledged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

from gate_agent.journal import schema
from gate_agent.journal.errors import JournalCorrupt, JournalReadOnly, from_sqlite
from gate_agent.journal.merkle import Frontier, chain_link, chain_start, hash_at, leaf_hash
from gate_agent.journal.records import UnsafeRecord, milliseconds

_MAX_PROBLEMS = 20
_RECORDS = "SELECT seq, at_ms, entry, completed, chain, root FROM record ORDER BY seq"


class _Row(NamedTuple):
    """One record as stored."""

    seq: int
    at_ms: int
    entry: bytes | None
    completed: bytes
    chain: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """One contradiction. `seq` is 0 where it belongs to no record."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `pruned` counts bodies that retention removed (only their hashes remain)."""

    station: str
    epoch: int
    records: int
    pruned: int
    outbox: int
    root: bytes
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        return not self.problems

    @property
    def first_bad(self) -> int | None:
        """The first record that is wrong, if the problem lies in one."""
        return min((p.seq for p in self.problems if p.seq), default=None)


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """A head that somebody else saw: record number and Merkle root (32 bytes)."""

    seq: int
    root: bytes


def verify(
    path: Path,
    *,
    expected: WitnessedHead | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Check the journal at `path`, which an agent may be using. `progress` gets (done, of).

    Raises JournalReadOnly when there is no such file, JournalCorrupt when it is no journal.
    """
    if not path.is_file():
        raise JournalReadOnly("no such file", field=str(path), advice="give the path of a journal")
    try:
        database = schema.connect_read_only(path)
        try:
            database.execute("BEGIN")  # one snapshot for all that follows
            return _verify(database, path, expected, progress)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error


def _verify(
    database: sqlite3.Connection,
    path: Path,
    expected: WitnessedHead | None,
    progress: Callable[[int, int], None] | None,
) -> Verification:
    log = schema.read_log(database, path)
    if log is None:
        raise JournalCorrupt("the database is empty", field=str(path), advice="move it away")
    total = database.execute("SELECT count(*) FROM record").fetchone()[0]
    state = _Recomputation(log, expected)
    for done, row in enumerate(map(_Row._make, database.execute(_RECORDS)), start=1):
        state.problems.extend(Problem(row.seq, what) for what in state.check(row))
        if len(state.problems) >= _MAX_PROBLEMS:
            break
        if progress and (done % 500 == 0 or done == total):
            progress(done, total)
    outbox = [seq for (seq,) in database.execute("SELECT seq FROM outbox ORDER BY seq")]
    if len(state.problems) < _MAX_PROBLEMS:
        state.problems.extend(_check_ends(state, outbox))
    problems = tuple(state.problems[:_MAX_PROBLEMS])
    return Verification(
        log.station, log.epoch, total, log.pruned, len(outbox), state.frontier.root(), problems
    )


class _Recomputation:
    """The log as it must be, record by record."""

    def __init__(self, log: schema.LogRow, expected: WitnessedHead | None) -> None:
        self.log = log
        self.expected = expected
        self.frontier = Frontier()
        self.chain = chain_start(log.station, log.epoch)
        self.problems: list[Problem] = []

    def check(self, row: _Row) -> Iterator[str]:
        seq, entry = row.seq, row.entry
        number = self.frontier.size + 1
        if seq != number:
            yield f"gap: record {number} is missing" if seq > number else "number out of order"
        leaf = hash_at(row.completed, 0)
        if entry is None:
            if seq > self.log.pruned:
                yield "the body is missing and retention did not remove it"
        else:
            if seq <= self.log.pruned:
                yield "has a body although retention removed it"
            yield from _check_entry(entry, self.log, seq, row.at_ms)
            if leaf_hash(entry) != leaf:
                yield "the entry does not have the stored leaf hash"
                leaf = leaf_hash(entry)
        self.frontier, own = self.frontier.append(leaf)
        if own != row.completed:
            yield "the stored tree nodes are not those of the leaves"
        self.chain = chain_link(self.chain, leaf)
        if self.chain != row.chain:
            yield "the chain is broken here"
        if self.frontier.root() != row.root:
            yield "the stored root is not that of the leaves"
        if self.expected and self.expected.seq == seq and self.expected.root != row.root:
            yield "the witness saw another root here"


def _check_entry(entry: bytes, log: schema.LogRow, seq: int, at_ms: int) -> Iterator[str]:
    try:
        loaded: object = json.loads(entry)
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        yield "the entry is not a JSON object"
        return
    fields = cast(dict[str, Any], loaded)
    for name, value in (("station", log.station), ("epoch", log.epoch), ("seq", seq)):
        if fields.get(name) != value:
            yield f"the entry says {name} {fields.get(name)!r}, not {value!r}"
    try:
        if milliseconds(str(fields.get("at"))) != at_ms:
            yield "the entry has another time than the record"
    except UnsafeRecord:
        yield "the entry has no valid time"


def _check_ends(state: _Recomputation, outbox: list[int]) -> Iterator[Problem]:
    last = state.frontier.size
    if state.log.pruned > last:
        yield Problem(0, f"retention reached record {state.log.pruned}, the log ends at {last}")
    if state.expected and state.expected.seq > last:
        yield Problem(0, f"the witness saw record {state.expected.seq}, the log ends at {last}")
    if not outbox:
        return
    if outbox[-1] != last:
        yield Problem(outbox[-1], f"the outbox ends at {outbox[-1]}, the log at {last}")
    if len(outbox) != outbox[-1] - outbox[0] + 1:
        missing = next(a + 1 for a, b in pairwise(outbox) if b != a + 1)
        yield Problem(missing, "an unacknowledged record is missing from the outbox")
    if outbox[0] <= state.log.pruned:
        yield Problem(outbox[0], "retention removed a body that the hub has not acknowledged")
