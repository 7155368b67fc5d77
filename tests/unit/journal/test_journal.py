"""The journal: keys without gaps, durable receipts, one owner, and the outbox."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gate_agent.journal import (
    Journal,
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalSettings,
    LogsDiffer,
    Record,
    RecordKind,
    verify,
)
from gate_agent.journal.merkle import Frontier, leaf_hash

SMALL = JournalSettings(ballast_bytes=0)


def record(number: int = 0, at: str = "2026-03-01T12:00:00.000Z") -> Record:
    return Record(
        RecordKind.DECISION, f"t-{number}", at, {"decision": {"verdict": "admit"}, "number": number}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, "egate-1", SMALL) as opened:
        yield opened


def test_receipts_number_the_records_from_one(journal: Journal) -> None:
    receipts = [journal.commit(record(n)) for n in range(5)]
    assert [r.seq for r in receipts] == [1, 2, 3, 4, 5]
    assert {r.epoch for r in receipts} == {journal.epoch}
    assert len({r.root for r in receipts}) == 5


def test_the_receipt_proves_what_is_stored(journal: Journal) -> None:
    frontier = Frontier()
    for n in range(9):
        receipt = journal.commit(record(n))
        [row] = journal.pending(1, after=n)
        assert leaf_hash(row.entry) == row.leaf == receipt.leaf
        frontier, _ = frontier.append(row.leaf)
        assert frontier.root() == row.root == receipt.root == journal.head.root


def test_a_reopened_journal_goes_on_where_it_ended(path: Path) -> None:
    with Journal.open(path, "egate-1", SMALL) as first:
        for n in range(7):
            first.commit(record(n))
        first.acknowledge(first.epoch, 3)
        head = first.head
    with Journal.open(path, "egate-1", SMALL) as second:
        assert second.head == head
        assert (second.depth(), second.commit(record()).seq) == (4, 8)
    assert verify(path).sound


def test_a_journal_created_anew_has_a_larger_epoch_even_if_the_clock_fell_back(path: Path) -> None:
    with Journal.open(path, "egate-1", SMALL, clock=lambda: 2_000_000_000.0) as journal:
        first = journal.epoch
    path.unlink()
    with Journal.open(path, "egate-1", SMALL, clock=lambda: 0.0) as journal:
        assert journal.epoch == first + 1
        assert journal.commit(record()).seq == 1


def test_pending_rows_come_in_order_and_in_bounded_numbers(journal: Journal) -> None:
    for n in range(10):
        journal.commit(record(n))
    assert [row.seq for row in journal.pending(4)] == [1, 2, 3, 4]
    assert [row.seq for row in journal.pending(4, after=8)] == [9, 10]


def test_acknowledging_is_cumulative_and_idempotent(journal: Journal) -> None:
    for n in range(6):
        journal.commit(record(n))
    assert journal.acknowledge(journal.epoch, 4) == 4
    assert journal.acknowledge(journal.epoch, 4) == journal.acknowledge(journal.epoch, 2) == 0
    assert journal.acknowledge(journal.epoch - 1, 6) == 0, "meant for a journal that is gone"
    assert (journal.depth(), [row.seq for row in journal.pending(9)]) == (2, [5, 6])


def test_oldest_age_is_that_of_the_first_unacknowledged_record(path: Path) -> None:
    now = 1_772_366_400.0  # 2026-03-01T12:00:00Z
    with Journal.open(path, "egate-1", SMALL, clock=lambda: now + 60) as journal:
        assert journal.oldest_age() == 0.0
        journal.commit(record(1))
        journal.commit(record(2, at="2026-03-01T12:00:50.000Z"))
        assert journal.oldest_age() == 60.0
        journal.acknowledge(journal.epoch, 1)
        assert journal.oldest_age() == 10.0
        journal.acknowledge(journal.epoch, 2)
        assert journal.oldest_age() == 0.0


def test_a_hub_that_knows_more_or_other_records_deletes_nothing(journal: Journal) -> None:
    journal.commit(record())
    for epoch, seq, root in (
        (journal.epoch, 2, None),
        (journal.epoch + 1, 1, None),
        (journal.epoch, 1, b"\x00" * 32),
    ):
        with pytest.raises(LogsDiffer):
            journal.acknowledge(epoch, seq, root)
    assert journal.depth() == 1
    assert journal.acknowledge(journal.epoch, 1, journal.head.root) == 1


def test_figures_are_there_while_a_commit_waits_for_the_disk(journal: Journal) -> None:
    for number in range(3):
        journal.commit(record(number))
    journal.acknowledge(journal.epoch, 1)
    with journal._write_lock:  # whoever commits holds it until the disk has synced
        figures = journal.figures()
    assert (figures["records"], figures["unacknowledged_records"]) == (3, 2)
    assert figures["bytes"] >= journal.path.stat().st_size > 0
    assert (figures["usable"], figures["reserve_held"]) == (1, 1)
    journal.close()
    assert journal.figures()["usable"] == 0


def test_recent_records_newest_first(journal: Journal) -> None:
    for n in range(3):
        journal.commit(record(n))
    journal.acknowledge(journal.epoch, 1)
    recent = journal.recent(2)
    assert [(r.seq, r.acknowledged) for r in recent] == [(3, False), (2, False)]
    assert recent[0].entry is not None and recent[0].entry["transaction"] == "t-2"
    assert journal.recent(3)[2].acknowledged


def test_concurrent_callers_share_transactions_and_each_get_their_own_receipt(
    journal: Journal, path: Path
) -> None:
    seqs: list[int] = []

    def work() -> None:
        for n in range(20):
            seqs.append(journal.commit(record(n)).seq)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(1, 161))
    assert verify(path).sound


def test_synchronous_is_full_and_the_log_is_written_ahead(journal: Journal) -> None:
    database = journal._database
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# ---------------------------------------------------------------- retention


def test_retention_removes_old_acknowledged_bodies_and_keeps_their_hashes(path: Path) -> None:
    short = JournalSettings(ballast_bytes=0, retention_days=30)
    march, june = 1_772_366_400.0, 1_780_315_200.0
    with Journal.open(path, "egate-1", short, clock=lambda: june) as journal:
        for n in range(4):
            journal.commit(record(n))
        journal.commit(record(4, at="2026-05-31T12:00:00.000Z"))
        assert journal.prune() == 0, "nothing is acknowledged"
        journal.acknowledge(journal.epoch, 3)
        assert journal.prune() == 3
        journal.acknowledge(journal.epoch, 5)
        assert (journal.prune(), journal.prune()) == (1, 0)
        assert [r.entry is None for r in journal.recent(9)] == [False, True, True, True, True]
        root = journal.head.root
    assert march < june
    result = verify(path)
    assert (result.sound, result.pruned, result.root) == (True, 4, root)
    content = path.read_bytes()
    assert b'"t-4"' in content and b'"t-0"' not in content, "removed bodies are overwritten"


# ---------------------------------------------------------------- faults


def test_a_second_agent_is_told_who_owns_the_journal(journal: Journal, path: Path) -> None:
    with pytest.raises(JournalLocked, match=f"process {os.getpid()}"):
        Journal.open(path, "egate-1", SMALL)


def test_the_lock_ends_with_its_owner(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from gate_agent.journal import *;"
        "j = Journal.open(Path(sys.argv[1]), 'egate-1', JournalSettings(ballast_bytes=0));"
        "j.commit(Record(RecordKind.LIFECYCLE, '', '2026-03-01T12:00:00Z', {}));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-P", "-c", code, path], check=False).returncode == -9
    with Journal.open(path, "egate-1", SMALL) as journal:
        assert journal.commit(record()).seq == 2
    assert verify(path).sound


def test_another_stations_journal_is_refused(path: Path) -> None:
    Journal.open(path, "egate-1", SMALL).close()
    with pytest.raises(JournalCorrupt, match="egate-1"):
        Journal.open(path, "egate-2", SMALL)


@pytest.mark.parametrize("content", [b"not a database at all" * 99, b"\x00" * 4096])
def test_a_file_that_is_no_journal_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        Journal.open(path, "egate-1", SMALL)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE other (x)")
    database.close()
    with pytest.raises(JournalCorrupt, match="not a journal"):
        Journal.open(path, "egate-1", SMALL)


def test_a_closed_journal_commits_nothing(path: Path) -> None:
    journal = Journal.open(path, "egate-1", SMALL)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.commit(record())


DISK_FULL = """
import sys
from pathlib import Path
from gate_agent.journal import *

disk = Path(sys.argv[1])
settings = JournalSettings(ballast_bytes=1 << 20, checkpoint_pages=50)
journal = Journal.open(disk / "j.sqlite", "egate-1", settings)
record = Record(RecordKind.DECISION, "t", "2026-03-01T12:00:00Z", {"note": "word " * 180})
committed = 0
try:
    while True:
        journal.commit(record)
        committed += 1
except JournalFull as error:
    print("full", committed, journal.depth(), error)
for _ in range(3):
    try:
        journal.commit(record)
        print("committed on a full disk")
    except JournalFull:
        pass
print("drained", journal.acknowledge(journal.epoch, committed), journal.depth())
journal.close()
result = verify(disk / "j.sqlite")
print("sound", result.sound, result.records == committed)
(disk / "filler").unlink()
with Journal.open(disk / "j.sqlite", "egate-1", JournalSettings(ballast_bytes=1 << 20)) as journal:
    print("again", journal.commit(record).seq == committed + 1)
"""


def _mounted_run(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run `script` with an 8 MB file system of its own as its first argument."""
    program = tmp_path / "script.py"
    program.write_text(script)
    disk = tmp_path / "disk"
    disk.mkdir()
    command = (
        f"mount -t tmpfs -o size=8m tmpfs {disk} && head -c 5000000 /dev/zero > {disk}/filler"
        f" && exec {sys.executable} {program} {disk}"
    )
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    return subprocess.run([*unshare, "sh", "-c", command], capture_output=True, text=True, check=False)


def _can_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    flags = "-m" if os.geteuid() == 0 else "-rm"
    return (
        subprocess.run(
            ["unshare", flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )


@pytest.mark.skipif(not _can_mount(), reason="no right to mount a small file system")
def test_on_a_full_disk_commits_fail_and_the_outbox_still_drains(tmp_path: Path) -> None:
    done = _mounted_run(tmp_path, DISK_FULL)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("full") and "free space" in lines[0]
    committed = lines[0].split()[1]
    assert lines[1:] == [f"drained {committed} 0", "sound True True", "again True"]


def test_a_failed_transaction_leaves_the_log_as_it_was(journal: Journal, path: Path) -> None:
    journal.commit(record(1))
    before = journal.head
    journal._database.execute("PRAGMA max_page_count = 1")
    try:
        with pytest.raises(JournalFull):
            for n in range(200):
                journal.commit(record(n))
                before = journal.head
    finally:
        journal._database.execute("PRAGMA max_page_count = 1073741823")
    assert journal.head == before
    assert journal.commit(record(2)).seq == before.seq + 1
    assert verify(path).sound


# ---------------------------------------------------------------- any order of events


class JournalMachine(RuleBasedStateMachine):
    """Commits, acknowledgements and restarts in any order, against a list."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.directory = Path(tempfile.mkdtemp())
        self.path = self.directory / "j.sqlite"
        self.journal = Journal.open(self.path, "egate-1", SMALL)
        self.committed = 0
        self.acknowledged = 0

    @rule(count=st.integers(1, 4))
    def commit(self, count: int) -> None:
        for _ in range(count):
            self.committed += 1
            assert self.journal.commit(record(self.committed)).seq == self.committed

    @precondition(lambda self: self.committed > self.acknowledged)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        upto = data.draw(st.integers(self.acknowledged, self.committed))
        self.journal.acknowledge(self.journal.epoch, upto)
        self.acknowledged = max(self.acknowledged, upto)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.journal = Journal.open(self.path, "egate-1", SMALL)

    @invariant()
    def the_outbox_is_what_was_not_acknowledged(self) -> None:
        waiting = [row.seq for row in self.journal.pending(1000)]
        assert waiting == list(range(self.acknowledged + 1, self.committed + 1))
        assert self.journal.depth() == len(waiting)

    def teardown(self) -> None:
        self.journal.close()
        result = verify(self.path)
        assert result.sound and result.records == self.committed
        shutil.rmtree(self.directory)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
