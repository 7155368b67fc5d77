"""TCP ports for simulations that share their host with others."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from typing import Final

_MOST_TRIED: Final = 200


def free_port() -> int:
    """A TCP port of this host that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class PortClaims:
    """The ports that one simulation has chosen and will open in a moment.

    Two that start together would find the same port free. A claim is a lock on a file of the user's, which
    the kernel gives back with the process, however that ends.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"gate-sim-ports-{os.getuid()}"
        self._held: list[BufferedRandom] = []

    def claim(self, wanted: int = 0) -> int:
        """`wanted` if nobody has it, else the next higher one that is free; 0: any. Raises OSError."""
        for step in range(_MOST_TRIED):
            port = wanted + step if wanted else free_port()
            if port < 65536 and _can_listen(port) and self._lock(port):
                return port
        raise OSError(f"no port from {wanted} to {wanted + _MOST_TRIED} is free")

    def release(self) -> None:
        while self._held:
            self._held.pop().close()

    def _lock(self, port: int) -> bool:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = (self._folder / str(port)).open("a+b")
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held.append(file)
            return True
        file.close()
        return False


def _can_listen(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
