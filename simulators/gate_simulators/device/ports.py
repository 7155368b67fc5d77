"""A TCP port for a simulation that shares its host with others."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A TCP port of this host that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
