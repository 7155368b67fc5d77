"""The wire below simulated instruments that send lines or frames: a TCP listener or a pseudo-terminal.

A subclass says what to send; here bytes get lost, flipped, late or repeated as the fault board says, and the
plug is pulled and put. One thread serves everything, so nothing is left behind by ``stop()``.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from pathlib import Path

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.pty_line import PtyLine

TICK_S = 0.01
_SETTLE_S = 0.2
"""A host sets up and flushes its serial port after opening it; what is sent before that is lost."""
WIRE_FAULTS = frozenset(
    {
        *(FaultKind.DROP, FaultKind.DELAY, FaultKind.GARBLE, FaultKind.FREEZE),
        *(FaultKind.SILENT, FaultKind.UNPLUG),
    }
)


class WireDevice(ABC):
    """A :class:`SimulatedDevice`. Give `tcp` (port 0 picks one) or `pty` (a path).

    Faults: DROP and GARBLE [ratio of bytes, default 0.02], DELAY [seconds], FREEZE (the last message
    again instead of the next), SILENT, UNPLUG.
    """

    def __init__(
        self,
        name: str,
        *,
        tcp: tuple[str, int] | None = None,
        pty: Path | None = None,
        seed: int = 0,
    ) -> None:
        if (tcp is None) == (pty is None):
            raise ValueError("give either tcp=(host, port) or pty=path")
        self.name = name
        self.faults = FaultBoard(WIRE_FAULTS)
        self.dice = random.Random(seed)
        self._address = tcp
        self._line = PtyLine(pty) if pty is not None else None
        self._listener: socket.socket | None = None
        self._guests: set[socket.socket] = set()
        self._late: deque[tuple[float, bytes]] = deque()
        self._last = b""
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> tuple[str, int]:
        if self._address is None:
            raise ValueError(f"{self.name} is on a serial line")
        return self._address

    # ------------------------------------------------------------ what a device adds

    @abstractmethod
    def speak(self, now: float) -> list[bytes]:
        """Messages due now; called every few milliseconds while a host listens."""

    def heard(self, data: bytes) -> None:  # noqa: B027 - most instruments only speak
        """Bytes from the host."""

    def joined(self, now: float) -> None:  # noqa: B027
        """A host has come."""

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Returns when the wire can be opened. Raises OSError when the address is taken."""
        if self._thread is not None:
            return
        self._ending.clear()
        self._plug()
        self._thread = threading.Thread(target=self._run, name=f"sim-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._ending.set()
        if thread is not None:
            thread.join()

    def _plug(self) -> None:
        if self._line is not None:
            self._line.plug()
        elif self._listener is None and self._address is not None:
            self._listener = socket.create_server(self._address)
            self._listener.setblocking(False)
            self._address = (self._address[0], self._listener.getsockname()[1])

    def _unplug(self) -> None:
        if self._line is not None:
            self._line.unplug()
        for guest in tuple(self._guests):
            self._leave(guest)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _run(self) -> None:
        present = False
        ready_at = 0.0
        try:
            while not self._ending.wait(TICK_S):
                if self.faults.active(FaultKind.UNPLUG):
                    self._unplug()
                else:
                    with suppress(OSError):  # the port is still taken: the next tick tries again
                        self._plug()
                listened = self._attend()
                now = time.monotonic()
                if listened and not present:
                    self._late.clear()
                    ready_at = now + (_SETTLE_S if self._line is not None else 0.0)
                    self.joined(now)
                present = listened
                if present and now >= ready_at:
                    self._send(now)
        finally:
            self._unplug()

    # ------------------------------------------------------------ bytes

    def _attend(self) -> bool:
        """Take in whoever comes, hear what they say; whether anybody is there."""
        if self._line is not None:
            if not self._line.connected():
                return False
            if data := self._line.read(1024, 0.0):
                self.heard(data)
            return True
        if self._listener is not None:
            with suppress(BlockingIOError):
                guest, _ = self._listener.accept()
                guest.setblocking(False)
                self._guests.add(guest)
        for guest in tuple(self._guests):
            self._hear(guest)
        return bool(self._guests)

    def _hear(self, guest: socket.socket) -> None:
        try:
            data = guest.recv(1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.heard(data)
        else:
            self._leave(guest)

    def _leave(self, guest: socket.socket) -> None:
        self._guests.discard(guest)
        guest.close()

    def _send(self, now: float) -> None:
        delay = self.faults.active(FaultKind.DELAY)
        frozen = self.faults.active(FaultKind.FREEZE)
        for message in self.speak(now):
            told = self._last if frozen and self._last else message
            self._last = told
            wait_s = 0.0 if delay is None else float(delay.parameters.get("seconds", 1.0))
            self._late.append((now + wait_s, told))
        while self._late and self._late[0][0] <= now:
            message = self._late.popleft()[1]
            if not self.faults.active(FaultKind.SILENT):
                self._write(self._spoilt(message))

    def _write(self, data: bytes) -> None:
        if not data:
            return
        if self._line is not None:
            self._line.write(data)
            return
        for guest in tuple(self._guests):
            try:
                guest.sendall(data)
            except OSError:  # gone, or it does not read and its buffer is full
                self._leave(guest)

    def _spoilt(self, data: bytes) -> bytes:
        if drop := self.faults.active(FaultKind.DROP):
            ratio = float(drop.parameters.get("ratio", 0.02))
            data = bytes(byte for byte in data if self.dice.random() >= ratio)
        if garble := self.faults.active(FaultKind.GARBLE):
            ratio = float(garble.parameters.get("ratio", 0.02))
            data = bytes(
                byte ^ 1 << self.dice.randrange(8) if self.dice.random() < ratio else byte for byte in data
            )
        return data
