"""Commits per second of the journal, as a ratio to raw SQLite.

Raw SQLite writes the same bytes into the same tables in transactions of the same shape, under the same
pragmas, one after the other on one connection. What the journal adds is the guard, the canonical JSON,
the leaf, the chain, the tree and its locks. Both take turns in short rounds in one run, so that
whatever else the machine does hits both; the ratio is the median over the rounds. Goal: >= 0.8.

Measured for a decision alone and for one that carries its whole evidence. What the journal adds is computing,
so the ratio falls on a disk that syncs fast: read it beside `raw_sqlite_per_s`.

    python benchmarks/journal/bench_commits.py [--rounds N] [--commits N] [--json FILE]
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
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.journal import Journal, JournalSettings, Record, schema, verify

GOAL = 0.8
CALLERS = 8
Row = tuple[int, int, bytes, bytes, bytes, bytes]


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


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def written(journal: Journal, first: int) -> list[Row]:
    """The very rows that the journal has written since `first`."""
    reader = schema.connect_read_only(journal.path)
    query = "SELECT seq, at_ms, entry, completed, chain, root FROM record WHERE seq >= ? ORDER BY seq"
    rows = reader.execute(query, (first,)).fetchall()
    reader.close()
    return rows


def by_many(journal: Journal, records: list[Record]) -> None:
    """The same commits from several threads at once: group commit."""

    def work(own: list[Record]) -> None:
        for record in own:
            journal.commit(record)

    threads = [threading.Thread(target=work, args=(records[n::CALLERS],)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_round(journal: Journal, raw: Raw, records: list[Record]) -> tuple[float, float, float, int]:
    """Seconds for the journal, for raw SQLite with the same bytes, for many callers; bytes an entry."""

    def ours() -> None:
        for record in records:
            journal.commit(record)

    def theirs() -> None:
        for row in rows:
            raw.commit(row)

    first = journal.head.seq + 1
    took_ours = seconds(ours)
    # The raw tables have numbers of their own: same bytes, next key.
    start = raw.database.execute("SELECT count(*) FROM record").fetchone()[0]
    rows = [(start + n, *row[1:]) for n, row in enumerate(written(journal, first), start=1)]
    took_theirs = seconds(theirs)
    took_group = seconds(lambda: by_many(journal, records))
    return took_ours, took_theirs, took_group, sum(len(row[2]) for row in rows) // len(rows)


def measure(directory: Path, rounds: int, commits: int, with_evidence: bool) -> dict[str, object]:
    directory.mkdir()
    raw = Raw(directory / "raw.sqlite")
    times: dict[str, list[float]] = {"journal": [], "raw": [], "group": []}
    size = 0
    with Journal.open(directory / "journal.sqlite", "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        for number in track(range(rounds + 1), description="commits", transient=True):
            records = [decision(n, with_evidence) for n in range(commits)]
            *took, size = one_round(journal, raw, records)
            if number == 0:
                continue  # first touch of files and caches
            for name, value in zip(times, took, strict=True):
                times[name].append(commits / value)
    raw.database.close()
    assert verify(directory / "journal.sqlite").sound
    ratio = statistics.median(o / r for o, r in zip(times["journal"], times["raw"], strict=True))
    return {
        "record": "decision with evidence" if with_evidence else "decision",
        "entry_bytes": size,
        "journal_per_s": round(statistics.median(times["journal"])),
        "raw_sqlite_per_s": round(statistics.median(times["raw"])),
        f"journal_{CALLERS}_callers_per_s": round(statistics.median(times["group"])),
        "ratio": round(ratio, 3),
        "goal": GOAL,
        "met": ratio >= GOAL,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Commits per second: the journal beside raw SQLite.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--directory", type=Path, default=None, help="a directory on the disk to measure")
    parser.add_argument("--json", type=Path, default=None, help="write the results here as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        results = [
            measure(Path(directory) / name, arguments.rounds, arguments.commits, with_evidence)
            for name, with_evidence in (("decision", False), ("evidence", True))
        ]
    table = Table(*results[0], title=f"journal commits, SQLite {sqlite3.sqlite_version}")
    for result in results:
        table.add_row(*(str(value) for value in result.values()))
    Console(width=140).print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
