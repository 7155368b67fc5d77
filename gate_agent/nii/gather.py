"""Gathers what the devices say and gives it to the truck that it is about.

Portal and scale speak all the time, and what they say between trucks (backgrounds, an empty platform) is
needed for the next; so their trackers live here, longer than an inspection. A truck is in the lane alone:
whatever is delivered while its inspection runs is about it. Everything here runs on the event loop; only the
reading of codes goes to a worker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

from gate_agent.devices import (
    GarbledReading,
    NumberView,
    OccupiedCounts,
    RadiationReading,
    ScanReading,
    ScanRejected,
    SealReading,
    WeightReading,
)
from gate_agent.evidence import Outcome
from gate_agent.logs import get_logger
from gate_agent.nii.examine import Tools, code_of
from gate_agent.nii.inspection import Inspection, Passage
from gate_agent.nii.settings import NiiSettings
from gate_agent.radiation.check import radiation_check
from gate_agent.radiation.occupancy import Occupancies
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.times import utc_now
from gate_agent.vehicle.iso6346 import ContainerCode
from gate_agent.vehicle.recogniser import CodeRead, CodeRecogniser
from gate_agent.vehicle.weighing import TruckWeight, Weighing

log = get_logger(__name__)

_AGAIN_S = 1.0
"""How often the cameras look for a further code once one is confirmed."""


@dataclass(slots=True)
class Hooks:
    """What the conductor wants to hear: radiation on a truck (None: on one that is not inspected), a scan
    that no truck is there for, and a weight or code for the board."""

    radiation: Callable[[Inspection | None], None]
    stray_scan: Callable[[ScanReading], None]
    noticed: Callable[[], None]


@dataclass(slots=True)
class _Camera:
    """One number camera: at most one of its pictures is being read at a time; the others are passed over.
    `read_at`: when the last one was begun, time.monotonic()."""

    reading: bool = False
    read_at: float = 0.0


class Gatherer:
    """`current` is the running inspection; `owed` says which devices are up and may still answer."""

    def __init__(
        self,
        settings: NiiSettings,
        tools: Tools,
        recogniser: CodeRecogniser,
        executor: Executor,
        hooks: Hooks,
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._recogniser = recogniser
        self._executor = executor
        self._hooks = hooks
        self._occupancies = Occupancies(tools.radiation)
        self._weighing = Weighing(tools.weighing)
        self._cameras: dict[str, _Camera] = {}
        self._news = asyncio.Event()
        self.current: Inspection | None = None

    # ------------------------------------------------------------ what the devices say

    def portal(self, reading: RadiationReading) -> None:
        """A line of the radiation portal."""
        if isinstance(reading, OccupiedCounts) and reading.alarm:
            self._alarm()
        if (profile := self._occupancies.feed(reading)) is not None:
            self._passed(profile)

    def portal_garbled(self, _error: GarbledReading) -> None:
        self._occupancies.lost()

    def portal_lost(self) -> None:
        """The portal is gone: the profile that it was counting is incomplete, and of this truck."""
        if (profile := self._occupancies.monitor_lost()) is not None:
            self._passed(profile)

    def tick(self, now: float) -> None:
        """Time has passed: an occupancy whose counts stay away is over."""
        if (profile := self._occupancies.expire(now)) is not None:
            self._passed(profile)

    def _passed(self, profile: OccupancyProfile) -> None:
        """A vehicle has left the portal. If its profile alarms, that counts whoever it was."""
        if radiation_check(profile, self._tools.radiation).outcome is Outcome.FAILED:
            self._alarm()
        if self.current is None:
            log.warning("a vehicle passed the portal and no truck is inspected")
            return
        started = utc_now() - timedelta(seconds=profile.seconds)
        self.current.material.passage = Passage(profile, started)
        self._tell()

    def _alarm(self) -> None:
        if self.current is not None:
            if self.current.alarmed:
                return
            self.current.alarmed = True
        self._hooks.radiation(self.current)

    def scale(self, reading: WeightReading) -> None:
        weight = self._weighing.feed(reading)
        if weight is not None and self.current is not None:
            self._weighed(self.current, weight)

    def _weighed(self, inspection: Inspection, weight: TruckWeight) -> None:
        known = inspection.material.weight
        if known is None or weight.settled or not known.settled:
            inspection.material.weight = weight
            self._tell()

    def seal(self, reading: SealReading) -> None:
        if self.current is not None:
            self.current.material.add_seal(reading)
            self._tell()

    def scan(self, reading: ScanReading) -> None:
        if self.current is None:
            self._hooks.stray_scan(reading)
            return
        self.current.material.add_file(reading)
        self._tell()

    def scan_rejected(self, rejected: ScanRejected) -> None:
        log.warning("scan rejected", source=rejected.source, field=rejected.field, error=rejected.what)
        if self.current is not None:
            self.current.material.rejected.append(rejected)
            self._tell()

    def view(self, camera: str, seen: NumberView) -> None:
        """A picture of the container's side; read in a worker while nothing else of this camera is.

        A confirmed code does not end it: the truck may carry a second container. It only becomes rarer.
        """
        state = self._cameras.setdefault(camera, _Camera())
        inspection = self.current
        if inspection is None or state.reading:
            return
        known = code_of(inspection.material, self._tools.manifests).confirmed
        if known and time.monotonic() - state.read_at < _AGAIN_S:
            return
        state.reading, state.read_at = True, time.monotonic()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._executor, self._recogniser.read, seen.frame.pixels)

        def read(done: asyncio.Future[tuple[CodeRead, ...]]) -> None:
            state.reading = False
            if done.cancelled():
                return
            if (error := done.exception()) is not None:
                log.warning("a picture could not be read", device=camera, error=str(error))
            elif found := done.result():
                inspection.material.add_reads(seen.view, tuple(found))
                self._tell()

        work.add_done_callback(read)

    def _tell(self) -> None:
        self._news.set()
        self._hooks.noticed()

    # ------------------------------------------------------------ whether all is there

    def _seal_declared(self, code: ContainerCode | None) -> bool:
        """Whether an electronic seal should answer, by what was declared of this container."""
        consignment = self._tools.manifests.find(str(code)) if code is not None else None
        return consignment is not None and bool(consignment.electronic_seals)

    def owed(self, inspection: Inspection, up: Mapping[str, bool]) -> tuple[str, ...]:
        """The devices that still owe something and can give it. `up`: device -> whether it works."""
        material, now = inspection.material, time.monotonic()
        read = code_of(material, self._tools.manifests)
        owing = {
            "portal": material.passage is None,
            "scale": material.weight is None or not material.weight.settled,
            "scanner": not material.scans and not material.rejected,
            "second energy": len(material.newest_scan) == 1
            and now - material.scan_at < self._settings.second_energy_s,
            "cameras": not read.confirmed,
            "seals": not material.seals and self._seal_declared(read.code),
        }
        able = {
            **up,
            "second energy": up.get("scanner", False),
            "cameras": any(works for name, works in up.items() if name.startswith("camera")),
        }
        return tuple(name for name, owes in owing.items() if owes and able.get(name, False))

    async def wait(self, inspection: Inspection, up: Callable[[], Mapping[str, bool]]) -> tuple[str, ...]:
        """Until nothing is owed any more, or the budget is spent; then what is missing."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._settings.gather_budget_s
        while (owed := self.owed(inspection, up())) and loop.time() < ends:
            self._news.clear()
            try:
                # Time alone can end a wait too: for the second energy, or for a device that went down.
                async with asyncio.timeout(min(0.5, ends - loop.time())):
                    await self._news.wait()
            except TimeoutError:
                self.tick(time.monotonic())
        return owed
