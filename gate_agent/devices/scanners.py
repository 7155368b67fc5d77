"""Cargo scanners: transmission images as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from gate_agent.devices.device import Device


@dataclass(frozen=True, slots=True)
class ScanReading:
    """One complete file of a scan, on this computer's disk and not yet judged.

    `scan` is the same for the files (energies) of one scan; `container` what the scanner was told, unchecked;
    `source` says who sent it; `at` is time.monotonic() seconds. The file stays until ``done()``.
    """

    path: Path
    media_type: str
    size_bytes: int
    source: str
    scan: str
    container: str
    at: float


@dataclass(frozen=True, slots=True)
class ScanRejected:
    """Something arrived that is no usable scan. `path` is where it was kept for the officer, if anywhere."""

    source: str
    what: str
    field: str
    advice: str
    at: float
    path: Path | None = None


@runtime_checkable
class Scanner(Device, Protocol):
    """Delivers transmission images as files (capability ``scanner``).

    A file is delivered at least once: after a restart, whatever was not ``done()`` is delivered again.
    """

    def read(self) -> ScanReading | ScanRejected | None: ...

    def done(self, reading: ScanReading) -> None:
        """The station has taken this file over; the driver may move or delete it."""
        ...
