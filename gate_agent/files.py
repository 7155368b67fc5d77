"""Files, read within a bound and written whole: the two ways in which every room touches a disk.

read_bounded(path, most)    at most so many bytes, or an error of the caller's kind that names the file
write_whole(path, data)     the old content or the new one, whatever happens meanwhile
replacing(path)             the same, for what writes into a stream

A size that was asked for before reading is no bound: a file grows, a pipe or ``/dev/zero`` has none.
"""

from __future__ import annotations

import os
import secrets
import select
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from gate_agent.errors import BadInput, GateError

PATIENCE_S: Final = 10.0
"""How long a pipe or a terminal may be silent."""
_AT_ONCE: Final = 64 * 1024


def read_bounded(
    path: Path, most: int, error: type[GateError] = BadInput, *, field: str = "", advice: str = ""
) -> bytes:
    """The content, if it is `most` bytes at most; never more than one byte beyond that is read.

    Raises `error` for what is larger, or missing, silent and unreadable (these with `advice`, and with the
    OSError as its cause). Its field is `field`, or the path.
    """
    where = field or str(path)
    try:
        data = _read(path, most + 1)
    except (OSError, ValueError) as fault:  # ValueError: a name that no file can have
        what = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        raise error(f"cannot be read: {what}", field=where, advice=advice) from fault
    if len(data) > most:
        raise error(f"is larger than {most} bytes", field=where, advice="this is not the file that was meant")
    return data


def _read(path: Path, most: int) -> bytes:
    # Not blocking: to open a pipe that nobody writes into would otherwise wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        wanted = min(most, max(os.fstat(descriptor).st_size + 1, _AT_ONCE))  # one call for a plain file
        parts: list[bytes] = []
        ready = select.poll()
        ready.register(descriptor, select.POLLIN)
        while most > 0:
            if not ready.poll(PATIENCE_S * 1000):
                raise TimeoutError(None, f"nothing came for {PATIENCE_S:g} s")
            part = os.read(descriptor, min(most, wanted))
            if not part:
                break
            parts.append(part)
            most -= len(part)
            wanted = _AT_ONCE
        return b"".join(parts)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace the content of `path`, surviving a power cut. Raises OSError, with the old content in place.

    `mode` is what a new file may be used for, before the process's umask.
    """
    with replacing(path, mode=mode) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path, *, mode: int = 0o666) -> Generator[BinaryIO]:
    """A stream whose content takes the place of `path` when the block is left without an exception.

    The content is on disk before its name is, and the name before the block is over. Raises OSError.
    """
    partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(partial, flags, mode), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk: new, renamed and removed ones. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
