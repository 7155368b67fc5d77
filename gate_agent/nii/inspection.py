"""One truck's inspection while it runs: what the devices said of it, what was made of that, what was decided.

:class:`Material` is what the devices delivered, unjudged; :class:`Examined` what the examination made of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.observed import Observed
from gate_agent.devices import ScanReading, ScanRejected, SealReading
from gate_agent.evidence import CheckResult
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.report import TriageReport
from gate_agent.station.case import Case
from gate_agent.vehicle.recogniser import CodeRead
from gate_agent.vehicle.voting import CodeVote, best_reads, weight_of
from gate_agent.vehicle.weighing import TruckWeight

MAX_READS = 256
MAX_SEAL_READINGS = 256
MAX_SCANS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A truck's way through the portal: its profile, and when it began (UTC)."""

    profile: OccupancyProfile
    started: datetime


@dataclass(slots=True, eq=False)
class Material:
    """What was delivered about one truck. `scans` holds the files of each scan, oldest scan first."""

    reads: dict[str, list[CodeRead]] = field(default_factory=dict[str, list[CodeRead]])
    weight: TruckWeight | None = None
    seals: list[SealReading] = field(default_factory=list[SealReading])
    passage: Passage | None = None
    scans: dict[str, list[ScanReading]] = field(default_factory=dict[str, list[ScanReading]])
    rejected: list[ScanRejected] = field(default_factory=list[ScanRejected])
    scan_at: float = 0.0
    """When the newest scan's first file came, time.monotonic()."""

    def add_reads(self, view: str, reads: tuple[CodeRead, ...]) -> None:
        """Further reads of one view. Each code's best read is kept: a code that was seen for a moment, at the
        front of the truck, is not pushed out by many pictures of another one."""
        kept = best_reads([*self.reads.get(view, ()), *reads])
        self.reads[view] = sorted(kept.values(), key=weight_of, reverse=True)[:MAX_READS]

    def add_seal(self, reading: SealReading) -> None:
        self.seals.append(reading)
        del self.seals[:-MAX_SEAL_READINGS]

    def add_file(self, reading: ScanReading) -> None:
        """A further file of a scan, or of a new one: the truck was scanned again, and the newest counts."""
        if reading.scan not in self.scans:
            self.scan_at = time.monotonic()
        self.scans.setdefault(reading.scan, []).append(reading)
        while len(self.scans) > MAX_SCANS:
            self.scans.pop(next(iter(self.scans)))

    @property
    def newest_scan(self) -> tuple[ScanReading, ...]:
        return tuple(next(reversed(self.scans.values()), ()))

    def copy(self) -> Material:
        """For a worker thread, while readings go on arriving."""
        return Material(
            {view: list(reads) for view, reads in self.reads.items()},
            self.weight,
            list(self.seals),
            self.passage,
            {scan: list(files) for scan, files in self.scans.items()},
            list(self.rejected),
            self.scan_at,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What the examination made of the material. Parts that were not possible are None."""

    results: tuple[CheckResult, ...]
    vote: CodeVote
    consignment: Consignment | None = None
    image: ScanImage | None = None
    report: TriageReport | None = None
    observed: Observed | None = None

    @property
    def container(self) -> str:
        """The container code as read, empty when it was not."""
        return str(self.vote.code) if self.vote.code is not None else ""


@dataclass(slots=True, kw_only=True)
class Inspection(Case):
    """`examined` is None until the examination is done; `alarmed` once radiation was found on the truck;
    `shelved` once its scan is being put on the shelf, `kept` when it is there."""

    material: Material = field(default_factory=Material)
    examined: Examined | None = None
    alarmed: bool = False
    shelved: bool = False
    kept: bool = False

    @property
    def container(self) -> str:
        return self.examined.container if self.examined is not None else ""

    def forget(self) -> None:
        """Pictures of a truck are large: they are on the shelf, and leave memory with the truck."""
        self.stop_work()
        self.material = Material()
        self.examined = None
