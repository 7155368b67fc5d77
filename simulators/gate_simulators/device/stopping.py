"""Ending a simulator by signal."""

from __future__ import annotations

import signal
import threading


def until_signal() -> threading.Event:
    """An event that SIGINT and SIGTERM set. Call on the main thread."""
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    return ending
