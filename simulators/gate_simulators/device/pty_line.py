"""A serial line that exists only as a pseudo-terminal, under a stable path.

The device's end is the master of a pair; the host opens the other end by a link whose path a
configuration can name (``.run/egate/mrz.tty``), as udev names a USB adapter. Unplugging closes the pair
and removes the link, so that an open host reads a hang-up and a reopening one finds nothing. As on a
real line, bytes sent while nobody has the port open are lost.

A line belongs to one thread: the simulated device's own.
"""

from __future__ import annotations

import errno
import os
import select
import tty
from pathlib import Path


class PtyLine:
    """The device's end of a serial line. ``plug()`` makes it, ``unplug()`` takes it away."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master: int | None = None
        self._target = Path()

    @property
    def plugged(self) -> bool:
        return self._master is not None

    def plug(self) -> None:
        """Make the pair and point the link at the host's end. Does nothing when plugged."""
        if self._master is not None:
            return
        master, slave = os.openpty()
        try:
            tty.setraw(slave)  # no echo, no line editing, eight bits
            os.set_blocking(master, False)
            self._publish(os.ttyname(slave))
        except OSError:
            os.close(master)
            raise
        finally:
            os.close(slave)  # from now on the master shows whether a host has the port open
        self._master = master

    def unplug(self) -> None:
        """Hang up and remove the link. Does nothing when unplugged."""
        if self._master is None:
            return
        if self.link.is_symlink() and self.link.readlink() == self._target:
            self.link.unlink()
        os.close(self._master)
        self._master = None

    def connected(self) -> bool:
        """Whether a host has the port open (what DTR tells on a real line)."""
        return self._master is not None and not _events(self._master, 0.0) & select.POLLHUP

    def read(self, limit: int, timeout_s: float) -> bytes:
        """Bytes from the host, as soon as there are any; empty after `timeout_s` or without a host."""
        if self._master is None or not _events(self._master, timeout_s) & select.POLLIN:
            return b""
        try:
            return os.read(self._master, limit)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:  # the host closed the port in between
                return b""
            raise

    def write(self, data: bytes) -> bool:
        """Send to the host. False when nobody listens, or nobody reads and the line's buffer is full."""
        if self._master is None or not self.connected():
            return False
        try:
            return os.write(self._master, data) == len(data)
        except BlockingIOError:
            return False

    def _publish(self, target: str) -> None:
        self._target = Path(target)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(self.link)  # atomic, and takes the place of a link that a crash left behind


def _events(descriptor: int, timeout_s: float) -> int:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return next((events for _, events in poll.poll(timeout_s * 1000)), 0)
