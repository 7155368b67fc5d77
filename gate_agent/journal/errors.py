"""What can go wrong in the journal, and how SQLite's result codes become those errors.

Whoever catches a :class:`JournalError` from ``commit`` knows one thing for certain: nothing may
move on the strength of that record.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gate_agent.errors import GateError


class JournalError(GateError):
    """The journal could not do what was asked; the record is not committed."""


class UnsafeRecord(JournalError):
    """The record holds something that must never be stored, or is malformed. `field` names it."""


class JournalLocked(JournalError):
    """Another agent owns this journal."""


class JournalFull(JournalError):
    """No room for another record. The outbox still drains, from the space that the ballast held."""


class JournalReadOnly(JournalError):
    """The file or its file system cannot be written."""


class JournalCorrupt(JournalError):
    """The file is not a journal, or is damaged."""


class JournalBroken(JournalError):
    """The disk reported an error; what is on it is unknown until the journal is opened again."""


_BY_CODE: tuple[tuple[int, type[JournalError], str, str], ...] = (
    (sqlite3.SQLITE_FULL, JournalFull, "the disk is full", "free space on the journal's file system"),
    (sqlite3.SQLITE_READONLY, JournalReadOnly, "the journal is read-only", "check mount and permissions"),
    (sqlite3.SQLITE_CANTOPEN, JournalReadOnly, "the journal cannot be opened", "check path and permissions"),
    (sqlite3.SQLITE_CORRUPT, JournalCorrupt, "the journal is damaged", "run `gate-agent journal verify`"),
    (sqlite3.SQLITE_NOTADB, JournalCorrupt, "the file is not a journal", "move it away"),
    (sqlite3.SQLITE_BUSY, JournalLocked, "another process holds the journal", "stop it first"),
    (sqlite3.SQLITE_LOCKED, JournalLocked, "another process holds the journal", "stop it first"),
)
"""Primary result codes (sqlite.org/rescode.html); the extended code's low byte is the primary."""


def from_sqlite(error: sqlite3.Error, path: Path) -> JournalError:
    """The journal's own error for what SQLite reported."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    for known, kind, what, advice in _BY_CODE:
        if code == known:
            return kind(what, field=str(path), advice=advice)
    # An I/O error after fsync leaves the page cache and the disk in disagreement: trust neither.
    return JournalBroken(f"SQLite: {error}", field=str(path), advice="check the disk, then restart the agent")
