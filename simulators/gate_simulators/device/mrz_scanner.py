"""A simulated full-page or swipe reader of machine readable zones on a serial line.

    STX line CR line CR [line CR] ETX [LRC]      a document was read
    STX 'R' ETX [LRC]                            the document was taken away

LRC, when configured, is the exclusive-or of everything behind STX up to and including ETX. A document
that lies on the reader when the host opens the port is read again, as readers do when DTR rises.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Sequence
from functools import reduce
from operator import xor
from pathlib import Path

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.pty_line import PtyLine

STX, ETX, CR = b"\x02", b"\x03", b"\r"

_POLL_S = 0.02
_SETTLE_S = 0.2
"""A host sets up and flushes its port after opening it; what is sent before that is lost."""


def frame(body: bytes, *, lrc: bool = False) -> bytes:
    """STX body ETX, with the LRC behind it where the reader is set to send one."""
    checked = body + ETX
    return STX + checked + (bytes([reduce(xor, checked)]) if lrc else b"")


class MrzScanner:
    """``present(lines)`` lays a document on the reader, ``remove()`` takes it away.

    Faults: GARBLE [ratio of bytes with a flipped bit, default 0.05], DELAY [seconds], DROP [ratio of bytes
    lost, default 0.05], SILENT, FREEZE (the last document is sent again instead of the one on the reader),
    UNPLUG.
    """

    def __init__(self, name: str, link: Path, *, lrc: bool = False, seed: int = 0) -> None:
        self.name = name
        self.faults = FaultBoard(
            frozenset(
                {
                    FaultKind.GARBLE,
                    FaultKind.DELAY,
                    FaultKind.DROP,
                    FaultKind.SILENT,
                    FaultKind.FREEZE,
                    FaultKind.UNPLUG,
                }
            )
        )
        self._line = PtyLine(link)
        self._lrc = lrc
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._document: bytes | None = None
        self._last_document = b""
        self._outgoing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ what happens to the document

    def start(self) -> None:
        if self._thread is not None:
            return
        self._stop.clear()
        self._line.plug()
        self._thread = threading.Thread(target=self._run, name=f"sim-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is not None:
            thread.join()

    def present(self, lines: Sequence[str]) -> None:
        """Lay a document on the reader; `lines` are sent as they are, right or wrong."""
        body = b"".join(line.encode("latin-1") + CR for line in lines)
        with self._lock:
            self._document = body
            self._outgoing.put(body)

    def remove(self) -> None:
        """Take the document away. Does nothing when there is none."""
        with self._lock:
            if self._document is not None:
                self._document = None
                self._outgoing.put(b"R")

    # ------------------------------------------------------------ the wire

    def _run(self) -> None:
        host_known = False
        try:
            while not self._stop.is_set():
                if self.faults.active(FaultKind.UNPLUG):
                    self._line.unplug()
                else:
                    self._line.plug()
                if not self._line.connected():
                    host_known = False
                    self._stop.wait(_POLL_S)
                    continue
                if not host_known:
                    host_known = True
                    self._read_again()
                    self._stop.wait(_SETTLE_S)
                self._line.read(256, 0.0)  # the host has nothing to say to a reader
                self._send_next()
        finally:
            self._line.unplug()

    def _read_again(self) -> None:
        """A host has come: what was read without one is lost, what lies on the reader is read."""
        with self._lock:
            while not self._outgoing.empty():
                self._outgoing.get_nowait()
            if self._document is not None:
                self._outgoing.put(self._document)

    def _send_next(self) -> None:
        try:
            body = self._outgoing.get(timeout=_POLL_S)
        except queue.Empty:
            return
        if delay := self.faults.active(FaultKind.DELAY):
            self._stop.wait(float(delay.parameters.get("seconds", 1.0)))
        if self.faults.active(FaultKind.SILENT):
            return
        if body != b"R":
            if self.faults.active(FaultKind.FREEZE) and self._last_document:
                body = self._last_document
            self._last_document = body
        self._line.write(self._noisy(frame(body, lrc=self._lrc)))

    def _noisy(self, sent: bytes) -> bytes:
        if drop := self.faults.active(FaultKind.DROP):
            ratio = float(drop.parameters.get("ratio", 0.05))
            sent = bytes(octet for octet in sent if self._random.random() >= ratio)
        if garble := self.faults.active(FaultKind.GARBLE):
            ratio = float(garble.parameters.get("ratio", 0.05))
            sent = bytes(
                octet ^ 1 << self._random.randrange(8) if self._random.random() < ratio else octet
                for octet in sent
            )
        return sent
