"""The scanner's two wires: a DICOS storage user that sends over the network, and an exporter to a folder.

Faults of the network scanner: UNPLUG (the connection is cut in the middle of an object, or cannot be made),
GARBLE [ratio] (bytes of the object are flipped), DELAY [seconds], SILENT (it keeps its scans), FREEZE (it
sends its last object again). Of the exporter: UNPLUG (the share is gone), GARBLE, SILENT, DELAY, DROP (the
file stays cut off).
"""

from __future__ import annotations

import queue
import random
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydicom
from pynetdicom import AE, evt

from gate_simulators.device.faults import FaultBoard, FaultKind

_POLL_S = 0.02
_TIMEOUT_S = 5.0
DICOS_ROOT = "1.2.840.10008.5.1.4.1.1.501"


class DicosModality:
    """Sends DICOS files to a station's storage provider. ``answers`` collects the C-STORE statuses (0 =
    taken)."""

    def __init__(
        self, name: str, address: tuple[str, int], *, called: str = "GATEAGENT", seed: int = 0
    ) -> None:
        self.name = name
        self.address = address
        self.answers: list[int | None] = []
        self.faults = FaultBoard(
            frozenset(
                {
                    FaultKind.UNPLUG,
                    FaultKind.GARBLE,
                    FaultKind.DELAY,
                    FaultKind.SILENT,
                    FaultKind.FREEZE,
                }
            )
        )
        self._called = called
        self._random = random.Random(seed)
        self._outgoing: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._last: Path | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name=f"sim-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is not None:
            thread.join()

    def send(self, *paths: Path) -> None:
        """Put objects into the queue of what is sent."""
        for path in paths:
            self._outgoing.put(path)

    def _run(self) -> None:
        cut = False
        while not self._stop.wait(_POLL_S):
            unplugged = self.faults.active(FaultKind.UNPLUG) is not None
            if unplugged and not cut and self._last is not None:
                self._store(self._last, cut_off=True)
            cut = unplugged
            if unplugged or self.faults.active(FaultKind.SILENT):
                continue
            with suppress(queue.Empty):
                self._send(self._outgoing.get_nowait())

    def _send(self, path: Path) -> None:
        if delay := self.faults.active(FaultKind.DELAY):
            self._stop.wait(float(delay.parameters.get("seconds", 1.0)))
        if self.faults.active(FaultKind.FREEZE) and self._last is not None:
            path = self._last
        self._last = path
        self.answers.append(self._store(path))

    def _store(self, path: Path, *, cut_off: bool = False) -> int | None:
        """The status of the C-STORE response; None when there was none."""
        dataset = pydicom.dcmread(path)
        entity = AE(ae_title="SCANNER")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _TIMEOUT_S
        entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
        handlers: list[Any] = [(evt.EVT_DATA_SENT, _cut)] if cut_off else []
        association = entity.associate(*self.address, ae_title=self._called, evt_handlers=handlers)
        wire = getattr(association.dul.socket, "socket", None)
        try:
            if not association.is_established:
                return None
            self._garble(dataset)
            answer = association.send_c_store(dataset)
            return int(answer.Status) if "Status" in answer else None
        except (RuntimeError, ValueError, OSError):
            return None
        finally:
            if association.is_established:
                association.release()
            if association.is_alive():
                association.join(_TIMEOUT_S)
            if wire is not None:
                wire.close()  # pynetdicom leaves it open when the other side hung up first

    def _garble(self, dataset: pydicom.Dataset) -> None:
        """Damage what the object says of itself; TCP has a checksum, a scanner's memory may have none."""
        fault = self.faults.active(FaultKind.GARBLE)
        if fault is None or self._random.random() > 20 * float(fault.parameters.get("ratio", 0.05)):
            return
        victim = self._random.choice(["SOPInstanceUID", "SOPClassUID", "Rows", "PixelData"])
        if victim == "PixelData" and "PixelData" in dataset:
            dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 2 & ~1]
        elif victim in dataset:
            del dataset[victim]


def _cut(event: evt.Event) -> None:
    """Pull the cable once the first kilobytes of the object have gone."""
    if len(event.data) > 2048 and (wire := getattr(event.assoc.dul.socket, "socket", None)) is not None:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)


class FolderExporter:
    """Writes scans into a folder, slowly, as scanners do: first the name, then the bytes piece by piece."""

    def __init__(self, name: str, folder: Path, *, piece: int = 64 * 1024, seed: int = 0) -> None:
        self.name = name
        self.folder = folder
        self.faults = FaultBoard(
            frozenset(
                {
                    FaultKind.UNPLUG,
                    FaultKind.GARBLE,
                    FaultKind.DELAY,
                    FaultKind.SILENT,
                    FaultKind.DROP,
                }
            )
        )
        self._piece = piece
        self._random = random.Random(seed)
        self._outgoing: queue.SimpleQueue[tuple[Path, str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._thread = threading.Thread(target=self._run, name=f"sim-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is not None:
            thread.join()

    def export(self, path: Path, name: str) -> None:
        """Queue one file for writing under `name`."""
        self._outgoing.put((path, name))

    def _run(self) -> None:
        while not self._stop.wait(_POLL_S):
            if self.faults.active(FaultKind.UNPLUG):
                shutil.rmtree(self.folder, ignore_errors=True)
                continue
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self.faults.active(FaultKind.SILENT):
                with suppress(queue.Empty, OSError):
                    self._write(*self._outgoing.get_nowait())

    def _write(self, source: Path, name: str) -> None:
        data = bytearray(source.read_bytes())
        if fault := self.faults.active(FaultKind.GARBLE):
            ratio = float(fault.parameters.get("ratio", 0.05))
            for _ in range(max(1, int(len(data) * min(ratio, 0.01)))):
                data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        if self.faults.active(FaultKind.DROP):
            del data[len(data) // 2 :]
        delay = self.faults.active(FaultKind.DELAY)
        pause = float(delay.parameters.get("seconds", 1.0)) if delay else 0.0
        with (self.folder / name).open("wb") as stream:
            for start in range(0, len(data), self._piece):
                stream.write(data[start : start + self._piece])
                stream.flush()
                if pause and self._stop.wait(pause):
                    return
