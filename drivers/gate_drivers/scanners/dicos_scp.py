"""A scanner that sends DICOS V03 over the network: this driver is the C-STORE provider it sends to
(pynetdicom).

    scanner ──A-ASSOCIATE──▶ C-ECHO, C-STORE (DX, CT, TDR) ──▶ spool folder ──▶ ScanReading

An object is answered with success only when its file is durably in the spool folder, so the scanner may
forget it then. What cannot be taken is answered with the status that DICOM PS3.4 Annex B.2.3 has for it,
kept in ``rejected/`` for the officer, and reported as ScanRejected:

    A700 out of resources (disk, queue, size)  ·  A900 data set is of another SOP class  ·  C000 cannot
    understand

Data sets go to disk as they arrive, never whole into memory. The library puts them into the system's
temporary folder first (TMPDIR); give it room for the largest object.
"""

from __future__ import annotations

import os
import queue
import shutil
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

import pydicom
from pydantic import Field
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)
from pynetdicom import AE, _config, evt, register_uid
from pynetdicom.service_class import StorageServiceClass

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DriverConfig,
    ScanReading,
    ScanRejected,
)

# pynetdicom's storage service knows no DICOS class: unregistered, it would accept the association and then
# abort.
_ROOT: Final = "1.2.840.10008.5.1.4.1.1.501"
SOP_CLASSES: Final = {
    f"{_ROOT}.1": "DicosCTImageStorage",
    f"{_ROOT}.1.1": "DicosCTImageStorageVariant1",  # 1.1 to 1.3 are proposed by peers of the field
    f"{_ROOT}.1.2": "DicosCTImageStorageVariant2",
    f"{_ROOT}.1.3": "DicosCTImageStorageVariant3",
    f"{_ROOT}.2.1": "DicosDXImageStorageForPresentation",
    f"{_ROOT}.2.2": "DicosDXImageStorageForProcessing",
    f"{_ROOT}.3": "DicosThreatDetectionReportStorage",
}
for _uid, _keyword in SOP_CLASSES.items():
    register_uid(_uid, _keyword, StorageServiceClass)

TRANSFER_SYNTAXES: Final = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    JPEGLosslessSV1,
    ExplicitVRBigEndian,
)
_VERIFICATION: Final = "1.2.840.10008.1.1"
SUCCESS, OUT_OF_RESOURCES, WRONG_CLASS, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
_READ_S: Final = 0.2
_JOIN_S: Final = 2.0
_MEDIA: Final = "application/dicom"
_DEFER_BYTES: Final = 1024 * 1024
_HEADER: Final = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "PatientID"]
_END: Final = None


class DicosScpConfig(DriverConfig):
    """Where this station listens for its scanner, and how much it takes."""

    host: str = Field(
        default="127.0.0.1", max_length=253, description="Address to listen on; 0.0.0.0 for every interface."
    )
    port: int = Field(default=11112, ge=1, le=65535, description="TCP port to listen on.")
    ae_title: str = Field(
        default="GATEAGENT", pattern=r"^[\x21-\x5b\x5d-\x7e]{1,16}$", description="This station's AE title."
    )
    calling_ae_titles: tuple[str, ...] = Field(
        default=(), max_length=32, description="AE titles of the scanners that may send; empty allows any."
    )
    spool: Path = Field(description="Existing folder for received scans; they stay until taken over.")
    max_object_bytes: int = Field(
        default=1024 * 1024 * 1024, ge=4096, le=8 * 1024**3, description="Largest object taken, bytes."
    )
    min_free_bytes: int = Field(
        default=1024 * 1024 * 1024,
        ge=0,
        le=1024**4,
        description="Free disk below which nothing is taken, bytes.",
    )
    max_waiting: int = Field(
        default=64, ge=1, le=4096, description="Received scans that may wait for the station."
    )
    max_associations: int = Field(default=4, ge=1, le=64, description="Scanners connected at the same time.")
    timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Silence inside an association after which it ends, seconds."
    )
    keep_rejected: int = Field(
        default=16, ge=0, le=1000, description="How many rejected objects are kept for the officer."
    )


class DicosScp:
    """Receives DICOS scans from a scanner over the network."""

    Config: ClassVar[type[DriverConfig]] = DicosScpConfig
    capability: ClassVar[str] = "scanner"

    def __init__(self, config: DicosScpConfig) -> None:
        self._config = config
        self._server: Any = None
        self._arrived: queue.SimpleQueue[ScanReading | ScanRejected | None] = queue.SimpleQueue()
        self._waiting: set[Path] = set()
        self._lock = threading.Lock()
        self._received: dict[int, int] = {}
        self._wires: dict[int, socket.socket] = {}

    # ------------------------------------------------------------ life cycle

    def open(self) -> None:
        """Listen; what an earlier life received and nobody took over is delivered again."""
        self.close()
        spool = self._config.spool
        if not spool.is_dir() or not os.access(spool, os.W_OK | os.X_OK):
            raise DeviceError(
                f"{spool} is no folder that can be written",
                field="spool",
                advice="create it and let the agent's user write it",
            )
        self._arrived = queue.SimpleQueue()
        self._waiting, self._received = set(), {}
        (spool / "rejected").mkdir(exist_ok=True)
        for path in sorted(spool.glob("*.dcs"), key=lambda p: p.stat().st_mtime)[: self._config.max_waiting]:
            self._deliver_again(path)
        _config.STORE_RECV_CHUNKED_DATASET = True  # a 500 MB scan must not pass through memory
        try:
            self._server = self._entity().start_server(
                (self._config.host, self._config.port),
                block=False,
                evt_handlers=[
                    (evt.EVT_C_STORE, self._store),
                    (evt.EVT_DATA_RECV, self._count),
                    (evt.EVT_CONN_OPEN, self._connected),
                    (evt.EVT_CONN_CLOSE, self._disconnected),
                ],
            )
        except (OSError, OverflowError) as error:
            raise DeviceError(
                f"cannot listen on {self._config.host}:{self._config.port}: {error}",
                field="port",
                advice="another program has the port, or the address is not this computer's",
            ) from error

    def _entity(self) -> AE:
        entity = AE(ae_title=self._config.ae_title)
        entity.maximum_associations = self._config.max_associations
        entity.require_calling_aet = list(self._config.calling_ae_titles)
        entity.network_timeout = self._config.timeout_s
        entity.acse_timeout = entity.dimse_timeout = self._config.timeout_s
        for uid in SOP_CLASSES:
            entity.add_supported_context(uid, list(TRANSFER_SYNTAXES))
        entity.add_supported_context(_VERIFICATION)
        return entity

    def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        associations = server.active_associations
        for association in associations:
            association.abort()
        server.shutdown()
        for association in associations:
            association.join(_JOIN_S)
        self._arrived.put(_END)  # ends a read() in another thread

    def read(self) -> ScanReading | ScanRejected | None:
        if self._server is None:
            raise DeviceDisconnected("not listening", field="port", advice="open the driver first")
        try:
            return self._arrived.get(timeout=_READ_S)
        except queue.Empty:
            return None

    def done(self, reading: ScanReading) -> None:
        """The station has its own copy or needs none: the spooled file goes."""
        with self._lock:
            self._waiting.discard(reading.path)
        reading.path.unlink(missing_ok=True)

    # ------------------------------------------------------------ the wire (pynetdicom's threads)

    def _store(self, event: evt.Event) -> int:
        """C-STORE: into the spool first, then success (PS3.4 Annex B.2)."""
        source = _source(event)
        path = Path(event.dataset_path)
        with self._lock:
            self._received[id(event.assoc)] = 0
        try:
            reading = self._accept(event, path, source)
        except _Refusal as refusal:
            self._reject(path, source, refusal)
            return refusal.status
        except OSError as error:
            self._reject(path, source, _Refusal(OUT_OF_RESOURCES, str(error), "spool", "check the disk"))
            return OUT_OF_RESOURCES
        self._arrived.put(reading)
        return SUCCESS

    def _accept(self, event: evt.Event, path: Path, source: str) -> ScanReading:
        with self._lock:
            full = len(self._waiting) >= self._config.max_waiting
        if full:
            raise _Refusal(
                OUT_OF_RESOURCES, "too many scans wait for the station", "max_waiting", "is it running?"
            )
        size = path.stat().st_size
        if shutil.disk_usage(self._config.spool).free < self._config.min_free_bytes + size:
            raise _Refusal(
                OUT_OF_RESOURCES, "the disk is nearly full", "min_free_bytes", "make room in the spool"
            )
        header = _header(path)
        request: Any = event.request
        told = str(request.AffectedSOPClassUID)
        if str(header.get("SOPClassUID", "")) != told:
            raise _Refusal(
                WRONG_CLASS, "the data set is of another SOP class", "(0008,0016)", "tell its maker"
            )
        instance = str(header.get("SOPInstanceUID", ""))
        if instance != str(request.AffectedSOPInstanceUID):
            raise _Refusal(WRONG_CLASS, "the data set is another instance", "(0008,0018)", "tell its maker")
        kept = _durable(path, self._config.spool / f"{_file_name(instance)}.dcs")
        with self._lock:
            self._waiting.add(kept)
        return _reading(kept, header, source, size)

    def _deliver_again(self, path: Path) -> None:
        try:
            header = _header(path)
        except _Refusal as refusal:
            self._reject(path, "spool", refusal)
            path.unlink(missing_ok=True)
            return
        self._waiting.add(path)
        self._arrived.put(_reading(path, header, "spool", path.stat().st_size))

    def _reject(self, path: Path, source: str, refusal: _Refusal) -> None:
        """Keep it for the officer, within bounds, and say so."""
        kept: Path | None = None
        folder = self._config.spool / "rejected"
        with suppress(OSError):
            if self._config.keep_rejected and path.exists():
                kept = folder / f"{time.time_ns()}.dcs"
                shutil.copyfile(path, kept)
            for old in sorted(folder.iterdir())[: -self._config.keep_rejected or None]:
                old.unlink()
        self._arrived.put(
            ScanRejected(source, refusal.what, refusal.field, refusal.advice, time.monotonic(), kept)
        )

    def _connected(self, event: evt.Event) -> None:
        wire = getattr(event.assoc.dul.socket, "socket", None)
        with self._lock:
            self._received[id(event.assoc)] = 0
            if wire is not None:
                self._wires[id(event.assoc)] = wire

    def _count(self, event: evt.Event) -> None:
        """pynetdicom sets no bound to an object: cut the connection of who sends more than one may."""
        key = id(event.assoc)
        with self._lock:
            self._received[key] = self._received.get(key, 0) + len(event.data)
            over = self._received[key] > self._config.max_object_bytes
        if over:
            with suppress(OSError, KeyError):
                self._wires[key].shutdown(socket.SHUT_RDWR)

    def _disconnected(self, event: evt.Event) -> None:
        """A connection that ends inside an object leaves a temporary file; report it and remove the file."""
        with self._lock:
            received = self._received.pop(id(event.assoc), 0)
            wire = self._wires.pop(id(event.assoc), None)
        if wire is not None:
            wire.close()  # pynetdicom leaves it open when the peer hung up first
        message = event.assoc.dimse.message
        path = getattr(message, "_data_set_path", None)
        if path is None:
            return
        if (stream := getattr(message, "_data_set_file", None)) is not None:
            stream.close()
        if received > self._config.max_object_bytes:
            refusal = _Refusal(
                OUT_OF_RESOURCES, "the object is too large", "max_object_bytes", "raise the bound"
            )
        else:
            refusal = _Refusal(
                CANNOT_UNDERSTAND, "the transfer was cut off", "connection", "scan or send again"
            )
        self._reject(Path(path), _source(event), refusal)
        Path(path).unlink(missing_ok=True)


class _Refusal(Exception):
    """Why an object is not taken, and the C-STORE status that says so."""

    def __init__(self, status: int, what: str, field: str, advice: str) -> None:
        super().__init__(what)
        self.status, self.what, self.field, self.advice = status, what, field, advice


def _header(path: Path) -> pydicom.Dataset:
    """What identifies the object, without its pixels."""
    try:
        header = pydicom.dcmread(
            path, defer_size=_DEFER_BYTES, stop_before_pixels=True, specific_tags=_HEADER
        )
        if str(header.SOPClassUID) and str(header.SOPInstanceUID):
            return header
        what = "the data set does not say what it is"
    except Exception as error:  # whatever foreign bytes make the parser raise: its errors have no common root
        what = f"the data set cannot be parsed: {type(error).__name__}"
    raise _Refusal(CANNOT_UNDERSTAND, what, "data set", "have it sent again")


def _reading(path: Path, header: pydicom.Dataset, source: str, size: int) -> ScanReading:
    return ScanReading(
        path=path,
        media_type=_MEDIA,
        size_bytes=size,
        source=source,
        scan=str(header.get("StudyInstanceUID", ""))[:128],
        container=str(header.get("PatientID", ""))[:64],
        at=time.monotonic(),
    )


def _durable(path: Path, target: Path) -> Path:
    """Move into place so that it survives a power cut: content first, then its name."""
    partial = target.with_suffix(".part")
    shutil.copyfile(path, partial)
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target


def _file_name(instance: str) -> str:
    """A UID is digits and dots; what else a peer sends must not steer a path."""
    return "".join(c for c in instance if c in "0123456789.").strip(".")[:64] or "unnamed"


def _source(event: evt.Event) -> str:
    requestor = event.assoc.requestor
    title = getattr(requestor, "ae_title", "") or ""
    return f"{title}@{getattr(requestor, 'address', '')}"[:128]
