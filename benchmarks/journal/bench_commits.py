"""Commits per second of the journal, as a ratio to raw SQLite.

Raw SQLite writes the same bytes into the same tables in transactions of the same shape, under the same
pragmas, one after the other on one connection. What the journal adds is the guard, the canonical JSON,
the leaf, the chain, the tree and its locks. Both take turns, one commit each, so that whatever else the
machine does hits both; the ratio is that of the medians. Goal: >= 0.8.

Measured for a decision alone and for one that carries its whole evidence, on the disk under `.run` and in
memory. What the journal adds is computing (`own_us`, processor time), so the ratio falls on a disk that syncs
fast: read it beside the peer's figure. `goal_holds_up_to_raw_per_s` says how fast a disk may be for the
goal to hold.

    python benchmarks/journal/bench_commits.py [--seconds N] [--directory PATH]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.journal import Journal, JournalSettings, Record, schema, verify

GOAL = 0.8
CALLERS = 8
DIFFERENT = 300  # records, used over and over
MEMORY = Path("/dev/shm")
Row = tuple[int, int, bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for one commit, medians; `own_s` is the processor time that the journal adds to raw SQLite."""

    entry_bytes: int
    commits: int
    journal_s: float
    raw_s: float
    many_callers_s: float
    own_s: float

    @property
    def ratio(self) -> float:
        return self.raw_s / self.journal_s


def decision(number: int, with_evidence: bool) -> Record:
    """A decision as an e-gate makes it: three rules; a dozen checks in the evidence."""
    transaction = f"t-{number:06d}"
    checks = tuple(
        CheckResult(
            f"check_{n}", Outcome.PASSED, ("OK",), {"score": 0.5 + n / 100, "age_ms": n}, {"rule": "7"}
        )
        for n in range(12)
    )
    evidence = Evidence(transaction, checks)
    rules = tuple(FiredRule(f"rule-{n}", "7", Verdict.ADMIT, "OK") for n in range(3))
    policy = f"egate@7#{'ab' * 32}"
    made = Decision(
        transaction,
        Verdict.ADMIT,
        ("OK",),
        rules,
        policy,
        evidence.digest(),
        decided_by="policy",
        decided_at="2026-03-01T12:00:00.000Z",
    )
    return Record.of_decision(made, evidence if with_evidence else None)


class Raw:
    """SQLite with the journal's tables and pragmas, and nothing else."""

    def __init__(self, path: Path) -> None:
        pages = JournalSettings().checkpoint_pages
        self.database = schema.connect(path, synchronous="FULL", checkpoint_pages=pages)
        schema.create(self.database, "egate-1", 1)

    def commit(self, row: Row) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        self.database.execute(schema.INSERT_RECORD, row)
        self.database.execute(schema.INSERT_OUTBOX, row[:1])
        self.database.execute("COMMIT")


@dataclass(slots=True)
class Timed:
    """Each commit by itself: an interruption then spoils that one, and the median never hears of it."""

    clock: list[float]
    processor: list[float]

    def take(self, commit: Callable[[], object]) -> None:
        processor, clock = time.thread_time(), time.perf_counter()
        commit()
        self.clock.append(time.perf_counter() - clock)
        self.processor.append(time.thread_time() - processor)


def rows_of(records: list[Record], directory: Path) -> list[Row]:
    """The rows that a journal writes for these records."""
    path = directory / "rows.sqlite"
    with Journal.open(path, "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        by_many(journal, records)
    reader = schema.connect_read_only(path)
    rows = reader.execute("SELECT seq, at_ms, entry, completed, chain, root FROM record").fetchall()
    reader.close()
    return rows


def by_many(journal: Journal, records: list[Record]) -> float:
    """Commit from several threads at once (group commit); seconds for each record."""

    def work(own: list[Record]) -> None:
        for record in own:
            journal.commit(record)

    threads = [threading.Thread(target=work, args=(records[n::CALLERS],)) for n in range(CALLERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - start) / len(records)


def measure(directory: Path, limit_s: float, with_evidence: bool) -> Measured:
    """Turn by turn, one commit each, until `limit_s` have passed; the first tenth touches caches only."""
    directory.mkdir()
    records = [decision(n, with_evidence) for n in range(DIFFERENT)]
    rows = rows_of(records, directory)
    raw, ours, theirs = Raw(directory / "raw.sqlite"), Timed([], []), Timed([], [])
    ending = time.monotonic() + limit_s
    with Journal.open(directory / "journal.sqlite", "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        for number, (record, row) in enumerate(cycle(zip(records, rows, strict=True)), 1):
            numbered: Row = (number, *row[1:])
            ours.take(partial(journal.commit, record))
            theirs.take(partial(raw.commit, numbered))
            if number > DIFFERENT and time.monotonic() > ending:
                break
        many = by_many(journal, records)
    raw.database.close()
    assert verify(directory / "journal.sqlite").sound
    first = len(ours.clock) // 10
    return Measured(
        entry_bytes=sum(len(row[2]) for row in rows) // len(rows),
        commits=len(ours.clock) - first,
        journal_s=statistics.median(ours.clock[first:]),
        raw_s=statistics.median(theirs.clock[first:]),
        many_callers_s=many,
        own_s=statistics.median(ours.processor[first:]) - statistics.median(theirs.processor[first:]),
    )


def places(directory: Path | None) -> dict[str, Path]:
    """Where to measure: a disk, and memory, where nothing but the computing is left."""
    if directory is not None:
        return {str(directory): directory}
    found = {"disk": Path(".run")}
    if MEMORY.is_dir():
        found["memory"] = MEMORY
    return found


def claim(place: str, what: str, found: Measured) -> dict[str, object]:
    """Only a disk has a goal: what is in memory is not durable, and bounds the ratio from below."""
    result: dict[str, object] = {
        "claim": f"journal, {what} ({found.entry_bytes} bytes), {place}",
        "measured": round(1 / found.journal_s),
        "unit": "commits/s",
        "peer": f"SQLite {sqlite3.sqlite_version}, same rows",
        "peer_measured": round(1 / found.raw_s),
        "ratio": round(found.ratio, 3),
        f"commits_per_s_of_{CALLERS}_callers": round(1 / found.many_callers_s),
        "own_us": round(found.own_s * 1e6, 1),
        "commits": found.commits,
    }
    if place != "memory":
        result |= {"goal": f">= {GOAL}", "met": found.ratio >= GOAL}
    elif found.own_s > 0:
        # own / (own + raw) <= 1 - goal, solved for the commits a second that a disk allows.
        result["goal_holds_up_to_raw_per_s"] = round((1 - GOAL) / GOAL / found.own_s)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="for each kind of record and place")
    parser.add_argument("--directory", type=Path, default=None, help="a directory on the disk to measure")
    arguments = parser.parse_args()
    claims: list[dict[str, object]] = []
    for place, where in places(arguments.directory).items():
        where.mkdir(exist_ok=True)
        limit_s = arguments.seconds / 4 if place == "memory" else arguments.seconds
        with tempfile.TemporaryDirectory(dir=where) as directory:
            for what, with_evidence in (("decision", False), ("decision with evidence", True)):
                found = measure(Path(directory) / what, limit_s, with_evidence)
                claims.append(claim(place, what, found))
    print(json.dumps({"benchmark": "journal_commits", "claims": claims}))


if __name__ == "__main__":
    main()
