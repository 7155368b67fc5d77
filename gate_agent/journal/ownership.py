"""One writer per journal, and an epoch that never goes back.

Two agents on one journal would give one sequence number twice. The owner holds ``flock(2)`` on a
file beside the database: the kernel lets go of it however the owner dies, so it never has to be
cleaned up.

The same file remembers the newest epoch. A journal that is created anew starts a larger one even
when the clock has fallen back to 1970, as on a board with an empty battery.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gate_agent.journal.errors import JournalLocked, JournalReadOnly


class Ownership:
    """Exclusive use of the journal at `database` until ``release``."""

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".owner")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise JournalReadOnly(what, field=str(path), advice="check mount and permissions") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._read().get("pid", "?")
            os.close(self._descriptor)
            what = f"another agent (process {owner}) owns this journal"
            raise JournalLocked(what, field=str(database), advice="stop it, or give each its own") from None

    def start(self, epoch: int | None, now_ms: int) -> int:
        """Note this process as owner; return `epoch`, or a new and larger one when it is None."""
        newest = int(self._read().get("epoch", "0"))
        if epoch is None:
            epoch = max(now_ms, newest + 1)
        content = f"pid={os.getpid()}\nepoch={max(epoch, newest)}\n".encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))
        os.fsync(self._descriptor)
        return epoch

    def release(self) -> None:
        os.close(self._descriptor)

    def _read(self) -> dict[str, str]:
        text = os.pread(self._descriptor, 256, 0).decode(errors="replace")
        pairs = (line.partition("=") for line in text.splitlines())
        return {key: value for key, _, value in pairs if value.isdecimal()}
