"""Files what is over: the scan on the officers' shelf, the record in its folder; then the scanner may forget.

A scan's files stay with the scanner's driver until the shelf has them; what cannot be kept comes again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

from gate_agent.decision import Verdict
from gate_agent.devices import ScanReading
from gate_agent.errors import GateError
from gate_agent.logs import get_logger
from gate_agent.nii import record
from gate_agent.nii.display import YardDisplay
from gate_agent.nii.inspection import Examined, Inspection
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.review.case import ReviewCase
from gate_agent.review.shelf import Shelf
from gate_agent.times import rfc3339, utc_now

log = get_logger(__name__)


class Filing:
    """`records` is the folder of inspection records; `done` tells the scanner's driver that it may forget."""

    def __init__(
        self,
        shelf: Shelf,
        records: Path,
        radiation: RadiationSettings,
        display: YardDisplay,
        done: Callable[[ScanReading], None],
    ) -> None:
        self._shelf = shelf
        self._records = records
        self._radiation = radiation
        self._display = display
        self._done = done

    async def shelve(self, inspection: Inspection, examined: Examined) -> None:
        """Put the scan before the officers: a review is decided by it."""
        decision, inspection.shelved = inspection.decision, True
        case = ReviewCase(
            id=inspection.id,
            container=examined.container,
            at=rfc3339(inspection.started_at),
            image=examined.image,
            report=examined.report,
            checks=tuple(inspection.checks),
            verdict=decision.verdict.value if decision is not None else "",
            reasons=decision.reasons if decision is not None else (),
            needs_review=decision is None or decision.verdict is not Verdict.RELEASE,
        )
        inspection.kept = await self._put(case)

    async def stray(self, reading: ScanReading, examined: Examined) -> None:
        """Keep a scan that belongs to no truck, under a name of its own."""
        case = ReviewCase(
            id=f"scan-{secrets.token_hex(8)}",
            container=reading.container,
            at=rfc3339(utc_now()),
            image=examined.image,
            report=examined.report,
            checks=examined.results,
            verdict="",
            reasons=("SCAN_WITHOUT_TRUCK",),
            needs_review=True,
        )
        if await self._put(case):
            self._done(reading)

    async def _put(self, case: ReviewCase) -> bool:
        try:
            await asyncio.to_thread(self._shelf.put, case)
        except GateError as error:
            log.error("a scan is not on the shelf", transaction=case.id, error=error.what)
            self._display.alert("SHELF_FAULT", error.what)
            return False
        return True

    async def close(self, inspection: Inspection) -> None:
        """Write the whole record; the scanner may forget the truck's files if the shelf has them."""
        examined, material = inspection.examined, inspection.material
        if examined is None:
            return
        told = record.told_whole(inspection)
        radiation, passage = self._radiation, material.passage
        try:
            names = await asyncio.to_thread(
                record.write, self._records, inspection.id, told, examined, passage, radiation, utc_now()
            )
        except OSError as error:
            log.error("the record is not on disk", transaction=inspection.id, error=str(error.strerror))
            self._display.alert("RECORD_FAULT", str(error.strerror))
        else:
            log.info("record written", transaction=inspection.id, files=names)
        if inspection.kept:
            for reading in (each for files in material.scans.values() for each in files):
                self._done(reading)
