"""Tells systemd how the agent is: the datagram protocol of sd_notify(3), which does nothing elsewhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """Messages to the service manager. `address` is $NOTIFY_SOCKET; "" when nobody listens.

    `watchdog_s` is how often :meth:`watchdog` must be called: half of the unit's WatchdogSec, as
    sd_watchdog_enabled(3) advises; None when no watchdog waits for this process.
    """

    address: str
    watchdog_s: float | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Notifier:
        env = os.environ if environment is None else environment
        return cls(address=env.get("NOTIFY_SOCKET", ""), watchdog_s=_watchdog(env))

    def ready(self, status: str = "") -> None:
        """The station works: doors answered, journal open, devices started."""
        self._send("READY=1", *([_status(status)] if status else []))

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; never about a person."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """The agent's loop turns."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Draining and closing has begun."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self.address.startswith(("/", "@")):
            return
        # '@' stands for the NUL of Linux's abstract namespace (sd_notify(3)).
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        # The manager may be gone while the machine stops; the lane must still close safely.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sock.connect(address)
            sock.sendall("\n".join(lines).encode())


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())[:200]


def _watchdog(env: Mapping[str, str]) -> float | None:
    usec, pid = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 2_000_000
