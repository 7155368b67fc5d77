"""What was decided, durably and tamper-evidently, before anything moves."""

from gate_agent.journal.errors import (
    JournalBroken,
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalReadOnly,
    UnsafeRecord,
)
from gate_agent.journal.outbox import LogsDiffer
from gate_agent.journal.records import OutboxRow, Receipt, Record, RecordKind, StoredRecord
from gate_agent.journal.settings import JournalSettings
from gate_agent.journal.store import Head, Journal
from gate_agent.journal.verify import Problem, Verification, WitnessedHead, verify

__all__ = [
    "Head",
    "Journal",
    "JournalBroken",
    "JournalCorrupt",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "JournalReadOnly",
    "JournalSettings",
    "LogsDiffer",
    "OutboxRow",
    "Problem",
    "Receipt",
    "Record",
    "RecordKind",
    "StoredRecord",
    "UnsafeRecord",
    "Verification",
    "WitnessedHead",
    "verify",
]
