"""Space held back for the day the disk is full.

On a full disk SQLite can neither insert, delete nor checkpoint, so the outbox could not drain even
though the hub is there to take it. Giving up a preallocated file lets the acknowledgements
through. New records stay refused until the ballast could be laid again, or they would eat the
very space that the outbox needs.
"""

from __future__ import annotations

import os
from pathlib import Path


class Ballast:
    """A file of `size` allocated bytes beside the journal. ``size=0`` switches it off."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def lay(self) -> bool:
        """Allocate it (again). False when there is no room."""
        if self._size == 0:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            os.ftruncate(descriptor, 0)
            return False
        finally:
            os.close(descriptor)
        return True

    def drop(self) -> None:
        """Give the space back to the file system."""
        if self._size:
            self._path.unlink(missing_ok=True)

    @property
    def laid(self) -> bool:
        """Whether the space is held right now."""
        if self._size == 0:
            return True
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return False
