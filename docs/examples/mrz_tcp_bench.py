"""The simulated scanner for the driver in ``mrz_tcp.py``, and its bench."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress
from typing import Any

from gate_simulators.device.benches import SPECIMEN, Bench
from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.ports import free_port

_POLL_S = 0.02


class MrzTcpSimulator:
    """One scanner on a TCP port, one host at a time."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.faults = FaultBoard(frozenset({FaultKind.SILENT, FaultKind.UNPLUG, FaultKind.GARBLE}))
        self.address = ("127.0.0.1", port)
        self._outgoing: list[bytes] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._random = random.Random(0)

    def start(self) -> None:
        self._stopping.clear()
        listener = socket.create_server(self.address)
        self._thread = threading.Thread(target=self._run, args=(listener,), name=self.name)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def send(self, *lines: str) -> None:
        """A document with these lines was read; without any, it was taken away."""
        self._outgoing.append(b"\x02" + b"".join(line.encode() + b"\r" for line in lines) + b"\x03")

    def _run(self, listener: socket.socket | None) -> None:
        while not self._stopping.wait(_POLL_S):
            if self.faults.active(FaultKind.UNPLUG):
                if listener is not None:
                    listener.close()
                listener = None
                continue
            if listener is None:
                listener = socket.create_server(self.address)
            listener.settimeout(_POLL_S)
            with suppress(OSError):
                wire, _ = listener.accept()
                with wire:
                    self._serve(wire)
        if listener is not None:
            listener.close()

    def _serve(self, wire: socket.socket) -> None:
        wire.settimeout(_POLL_S)
        while not self._stopping.is_set() and not self.faults.active(FaultKind.UNPLUG):
            try:
                asked = wire.recv(16)
            except TimeoutError:
                asked = None
            if asked == b"":
                return
            answers = [b"\x06"] if asked else []
            while self._outgoing:
                answers.append(self._outgoing.pop(0))
            if not self.faults.active(FaultKind.SILENT):
                wire.sendall(self._noisy(b"".join(answers)))

    def _noisy(self, data: bytes) -> bytes:
        fault = self.faults.active(FaultKind.GARBLE)
        if fault is None:
            return data
        ratio = float(fault.parameters.get("ratio", 0.05))
        return bytes(b ^ 0x55 if self._random.random() < ratio else b for b in data)


class MrzTcpBench(Bench):
    """The scanner, and the specimen passport to read on it."""

    def __init__(self) -> None:
        self._scanner = MrzTcpSimulator("bench-mrz-tcp", free_port())
        self.device = self._scanner

    def settings(self) -> dict[str, Any]:
        host, port = self._scanner.address
        return {"host": host, "port": port}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": free_port()}

    def provoke(self) -> None:
        self._scanner.send()
        self._scanner.send(*SPECIMEN)
