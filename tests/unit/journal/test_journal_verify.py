"""Verification finds every tampering and names the first bad record; so does the command."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gate_agent.cli.journal import app
from gate_agent.journal import Journal, JournalSettings, Record, RecordKind, WitnessedHead, verify

RECORDS = 9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of nine records, five of them acknowledged."""
    path = tmp_path / "journal.sqlite"
    with Journal.open(path, "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        for n in range(RECORDS):
            body = {"decision": {"verdict": "admit", "reasons": ["ALL_PASSED"]}, "number": n}
            journal.commit(Record(RecordKind.DECISION, f"t-{n}", "2026-03-01T12:00:00.000Z", body))
        journal.acknowledge(journal.epoch, 5)
    return path


def tamper(path: Path, statement: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(statement)
    database.close()


def test_an_untouched_journal_is_sound(path: Path) -> None:
    result = verify(path)
    assert (result.sound, result.records, result.outbox, result.first_bad) == (True, RECORDS, 4, None)


def test_progress_reaches_the_end(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    verify(path, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (RECORDS, RECORDS)


@pytest.mark.parametrize(
    ("statement", "first_bad", "what"),
    [
        (
            "UPDATE record SET entry = CAST(replace(CAST(entry AS TEXT), 'admit', 'refer') AS BLOB)"
            " WHERE seq = 3",
            3,
            "leaf hash",
        ),
        ("DELETE FROM record WHERE seq = 4", 5, "gap: record 4 is missing"),
        ("UPDATE record SET entry = NULL WHERE seq = 2", 2, "body is missing"),
        ("UPDATE record SET chain = zeroblob(32) WHERE seq = 6", 6, "chain is broken"),
        ("UPDATE record SET root = zeroblob(32) WHERE seq = 7", 7, "root"),
        ("UPDATE record SET completed = zeroblob(64) WHERE seq = 2", 2, "leaf hash"),
        ("UPDATE record SET at_ms = 0 WHERE seq = 8", 8, "another time"),
        ("UPDATE record SET entry = CAST('[]' AS BLOB) WHERE seq = 1", 1, "not a JSON object"),
        ("UPDATE record SET seq = 100 WHERE seq = 9", 100, "gap"),
        ("DELETE FROM outbox WHERE seq = 7", 7, "missing from the outbox"),
        ("DELETE FROM outbox WHERE seq = 9", 8, "outbox ends at 8"),
        ("INSERT INTO outbox VALUES (10)", 10, "outbox ends at 10"),
        ("UPDATE log SET pruned = 3", 1, "has a body although"),
        ("UPDATE record SET entry = NULL WHERE seq < 8; UPDATE log SET pruned = 7", 6, "not acknowledged"),
    ],
)
def test_tampering_is_found(path: Path, statement: str, first_bad: int, what: str) -> None:
    tamper(path, statement)
    result = verify(path)
    assert result.first_bad == first_bad
    assert any(what in problem.what for problem in result.problems), result.problems


def test_another_epoch_or_station_is_found_in_every_record(path: Path) -> None:
    tamper(path, "UPDATE log SET station = 'egate-2'")
    assert verify(path).first_bad == 1


def test_cutting_the_end_off_needs_a_witness(path: Path) -> None:
    head = WitnessedHead(RECORDS, verify(path).root)
    tamper(path, "DELETE FROM record WHERE seq = 9; DELETE FROM outbox WHERE seq = 9")
    assert verify(path).sound
    assert not verify(path, expected=head).sound


def test_a_rewritten_log_differs_from_what_the_witness_saw(path: Path) -> None:
    assert verify(path, expected=WitnessedHead(RECORDS, verify(path).root)).sound
    result = verify(path, expected=WitnessedHead(4, b"\x01" * 32))
    assert result.first_bad == 4


def test_verify_does_not_disturb_the_agent_that_is_writing(path: Path) -> None:
    with Journal.open(path, "egate-1", JournalSettings(ballast_bytes=0)) as journal:
        journal.commit(Record(RecordKind.LIFECYCLE, "", "2026-03-01T12:00:00.000Z", {"event": "start"}))
        assert verify(path).records == RECORDS + 1


# ---------------------------------------------------------------- the command

RUN = CliRunner()


def test_command_says_sound(path: Path) -> None:
    done = RUN.invoke(app, ["verify", str(path)])
    assert done.exit_code == 0
    assert "sound" in done.output and verify(path).root.hex() in done.output


def test_command_names_the_first_bad_record(path: Path) -> None:
    tamper(path, "UPDATE record SET root = zeroblob(32) WHERE seq = 7")
    done = RUN.invoke(app, ["verify", str(path)])
    assert done.exit_code == 1
    assert "NOT SOUND" in done.output and "record 7" in done.output


def test_command_takes_a_witnessed_head(path: Path) -> None:
    root = verify(path).root.hex()
    assert RUN.invoke(app, ["verify", str(path), "--head", f"{RECORDS}:{root}"]).exit_code == 0
    assert RUN.invoke(app, ["verify", str(path), "--head", f"{RECORDS}:{'0' * 64}"]).exit_code == 1
    assert RUN.invoke(app, ["verify", str(path), "--head", "nonsense"]).exit_code == 2


def test_command_cannot_judge_what_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "absent"):
        assert RUN.invoke(app, ["verify", str(tmp_path / name)]).exit_code == 2
    assert RUN.invoke(app, ["show", str(tmp_path / "absent")]).exit_code == 2


def test_show_prints_the_last_records(path: Path) -> None:
    done = RUN.invoke(app, ["show", str(path), "--last", "4"], env={"COLUMNS": "140"})
    assert done.exit_code == 0
    assert "t-8" in done.output and "t-5" in done.output and "t-4" not in done.output
    assert "ALL_PASSED" in done.output and "pending" in done.output
