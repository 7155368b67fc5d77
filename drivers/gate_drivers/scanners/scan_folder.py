"""A scanner that leaves its scans as files in a folder, as most yards have it: a share, an export directory.

A file is delivered when it is complete: nobody has changed it for ``quiet_ms``, it ends as its format ends
(PNG: IEND, JPEG: EOI), and, where the scanner writes one, its marker file is there. A file that stops
growing and never ends as it should is reported as ScanRejected after ``abandon_s``; it stays where it is.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DriverConfig,
    ScanReading,
    ScanRejected,
)

MEDIA_TYPES: Final = {
    ".dcs": "application/dicom",
    ".dcm": "application/dicom",
    ".dicos": "application/dicom",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
_POLL_S: Final = 0.15
_MAX_ENTRIES: Final = 10_000
_MAX_REMEMBERED: Final = 100_000
_TAIL: Final = 64


class ScanFolderConfig(DriverConfig):
    """Which folder, and when a file in it is complete."""

    folder: Path = Field(
        description="The folder that the scanner writes to.", examples=["/srv/scanner/export"]
    )
    quiet_ms: int = Field(
        default=1500,
        ge=50,
        le=600_000,
        description="A file that has not changed for this long is complete, milliseconds.",
    )
    marker: str = Field(
        default="",
        max_length=16,
        pattern=r"^(\.[A-Za-z0-9_]+)?$",
        description="Suffix of the file that the scanner writes when a scan is complete; empty for none.",
        examples=[".done"],
    )
    abandon_s: float = Field(
        default=120.0, gt=0, le=86_400, description="An incomplete file is reported after this long, seconds."
    )
    max_file_bytes: int = Field(
        default=1024 * 1024 * 1024, ge=1024, le=8 * 1024**3, description="Largest file taken, bytes."
    )
    after: Literal["keep", "move", "delete"] = Field(
        default="keep",
        description="What happens to a file once the station has taken it over; move is into `taken`.",
    )


@dataclass(frozen=True, slots=True)
class _State:
    """One look at a file; two equal looks mean that nobody wrote in between."""

    size: int
    modified_ns: int
    inode: int


class ScanFolder:
    """Delivers the scans that a scanner leaves in a folder."""

    Config: ClassVar[type[DriverConfig]] = ScanFolderConfig
    capability: ClassVar[str] = "scanner"

    def __init__(self, config: ScanFolderConfig) -> None:
        self._config = config
        self._closed = threading.Event()
        self._closed.set()
        self._forget()

    def _forget(self) -> None:
        self._seen: dict[str, tuple[_State, float]] = {}  # what it looked like, since when
        self._delivered: dict[str, _State] = {}
        self._ready: deque[ScanReading | ScanRejected] = deque()

    def open(self) -> None:
        """See that the folder is there and can be used."""
        self.close()
        folder = self._config.folder
        needed = os.R_OK | os.X_OK | (0 if self._config.after == "keep" else os.W_OK)
        if not folder.is_dir():
            raise DeviceError(
                f"{folder} is not there", field="folder", advice="mount the share, or correct it"
            )
        if not os.access(folder, needed):
            raise DeviceError(
                f"{folder} cannot be used", field="folder", advice="give the agent's user access"
            )
        self._forget()
        self._closed.clear()

    def close(self) -> None:
        self._closed.set()

    def read(self) -> ScanReading | ScanRejected | None:
        if self._closed.is_set():
            raise DeviceDisconnected(
                "the folder is not watched", field="folder", advice="open the driver first"
            )
        if not self._ready:
            self._closed.wait(_POLL_S)
            self._look()
        return self._ready.popleft() if self._ready else None

    def done(self, reading: ScanReading) -> None:
        """Keep, move or delete the file, as configured."""
        path = reading.path
        if self._config.after == "keep" or path.parent != self._config.folder:
            return
        files = [path, path.with_name(path.name + self._config.marker)] if self._config.marker else [path]
        try:
            for each in files:
                if self._config.after == "delete":
                    each.unlink(missing_ok=True)
                else:
                    taken = self._config.folder / "taken"
                    taken.mkdir(exist_ok=True)
                    shutil.move(each, taken / each.name)
        except OSError as error:
            raise DeviceError(
                f"{path.name} cannot be {self._config.after}d: {error.strerror}",
                field="after",
                advice="give the agent's user the right to change the folder",
            ) from error
        self._delivered.pop(path.name, None)

    # ------------------------------------------------------------ one look at the folder

    def _look(self) -> None:
        now = time.monotonic()
        present = dict(self._files())
        for name in self._seen.keys() - present.keys():
            del self._seen[name]
        for name in self._delivered.keys() - present.keys():
            del self._delivered[name]
        for name, state in sorted(present.items(), key=lambda item: item[1].modified_ns):
            if self._delivered.get(name) == state:
                continue
            before = self._seen.get(name)
            if before is None or before[0] != state:
                self._seen[name] = (state, now)
            else:
                self._consider(name, state, now - before[1], now)

    def _files(self) -> Iterator[tuple[str, _State]]:
        try:
            with os.scandir(self._config.folder) as entries:
                for count, entry in enumerate(entries):
                    if count >= _MAX_ENTRIES:
                        return
                    if Path(entry.name).suffix.lower() in MEDIA_TYPES and not entry.name.startswith("."):
                        found = _state_of(entry)
                        if found is not None:
                            yield entry.name, found
        except OSError as error:
            raise DeviceDisconnected(
                f"the folder cannot be read: {error.strerror}",
                field="folder",
                advice="check the network share; it is opened anew by itself",
            ) from error

    def _consider(self, name: str, state: _State, quiet_s: float, now: float) -> None:
        """It has looked the same for `quiet_s`: is it complete?"""
        path = self._config.folder / name
        if state.size > self._config.max_file_bytes:
            self._finish(name, state, self._rejection(path, "is too large", "max_file_bytes", now))
        elif quiet_s * 1000 < self._config.quiet_ms:
            return
        elif self._complete(path):
            self._finish(name, state, self._reading(path, state, now))
        elif quiet_s > self._config.abandon_s:
            self._finish(name, state, self._rejection(path, "was never completed", "abandon_s", now))

    def _complete(self, path: Path) -> bool:
        if self._config.marker and not path.with_name(path.name + self._config.marker).exists():
            return False
        media = MEDIA_TYPES[path.suffix.lower()]
        ending = {"image/png": b"IEND", "image/jpeg": b"\xff\xd9"}.get(media, b"")
        try:
            with path.open("rb") as stream:
                stream.seek(0, os.SEEK_END)
                size = stream.tell()
                stream.seek(max(0, size - _TAIL))
                return size > 0 and ending in stream.read(_TAIL)
        except OSError:
            return False  # gone, or locked by its writer: look again

    def _finish(self, name: str, state: _State, result: ScanReading | ScanRejected) -> None:
        if len(self._delivered) >= _MAX_REMEMBERED:
            raise DeviceError("too many files", field="folder", advice="set `after` to move or delete")
        self._delivered[name] = state
        self._seen.pop(name, None)
        self._ready.append(result)

    def _reading(self, path: Path, state: _State, now: float) -> ScanReading:
        return ScanReading(
            path=path,
            media_type=MEDIA_TYPES[path.suffix.lower()],
            size_bytes=state.size,
            source=str(self._config.folder)[:128],
            scan=path.stem[:128],
            container="",
            at=now,
        )

    def _rejection(self, path: Path, what: str, field: str, now: float) -> ScanRejected:
        return ScanRejected(
            str(self._config.folder)[:128],
            f"{path.name[:64]} {what}",
            field,
            "scan or export again",
            now,
            path,
        )


def _state_of(entry: os.DirEntry[str]) -> _State | None:
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return _State(found.st_size, found.st_mtime_ns, found.st_ino)
