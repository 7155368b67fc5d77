"""The database: three tables, and the settings under which it is opened.

``record`` is the log. `completed` holds the RFC 6962 node hashes that the record completed (its
leaf first, see :mod:`gate_agent.journal.merkle`), `chain` its link, `root` the tree head after it.
`entry` becomes NULL when retention removes the body. ``outbox`` holds what the hub has not
acknowledged: always the newest records without a gap, because acknowledgements are cumulative.
``log`` is one row: whose log this is, and how far retention has come.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gate_agent.journal.errors import JournalCorrupt

APPLICATION_ID = 0x47415445  # "GATE"
SCHEMA_VERSION = 1

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    station TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    pruned INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE record (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    entry BLOB,
    completed BLOB NOT NULL,
    chain BLOB NOT NULL,
    root BLOB NOT NULL
) STRICT;
CREATE TABLE outbox (seq INTEGER PRIMARY KEY) STRICT;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

INSERT_RECORD = "INSERT INTO record (seq, at_ms, entry, completed, chain, root) VALUES (?, ?, ?, ?, ?, ?)"
INSERT_OUTBOX = "INSERT INTO outbox (seq) VALUES (?)"


@dataclass(frozen=True, slots=True)
class LogRow:
    """Whose log it is."""

    station: str
    epoch: int
    pruned: int


def connect(path: Path, *, synchronous: str, checkpoint_pages: int) -> sqlite3.Connection:
    """A writing connection with explicit transactions. `synchronous` is FULL or NORMAL.

    WAL with FULL syncs the log at every commit (sqlite.org/pragma.html#pragma_synchronous); NORMAL
    does not, and is right only for what may be done twice.
    """
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA synchronous = {synchronous}")
        database.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error:
        database.close()
        raise
    return database


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A reading connection that creates nothing."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def create(database: sqlite3.Connection, station: str, epoch: int) -> None:
    """Lay the tables out and begin the log, all or nothing."""
    try:
        database.executescript(_TABLES)
        database.execute("INSERT INTO log (id, station, epoch) VALUES (1, ?, ?)", (station, epoch))
        database.execute("COMMIT")
    except sqlite3.Error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def read_log(database: sqlite3.Connection, path: Path) -> LogRow | None:
    """The log row; None for an empty database. Raises JournalCorrupt for anything else."""
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) == (0, 0) and not database.execute("SELECT 1 FROM sqlite_schema").fetchone():
        return None
    if application != APPLICATION_ID:
        raise JournalCorrupt("the database is not a journal", field=str(path), advice="move it away")
    if version != SCHEMA_VERSION:
        what = f"schema version {version}, this agent writes {SCHEMA_VERSION}"
        raise JournalCorrupt(what, field=str(path), advice="use the agent that wrote it")
    row = database.execute("SELECT station, epoch, pruned FROM log WHERE id = 1").fetchone()
    if row is None:
        raise JournalCorrupt("the log row is missing", field=str(path), advice="run `journal verify`")
    return LogRow(*row)
