"""What is asked of a document: the printed zone's rules, and the inspection of its chip.

The inspection runs in the chip driver's thread and ends in evidence, whatever happens; only a lost card
ends in :class:`CardLost`, because the traveller may present it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gate_agent.devices import CardLost, ChipReader, DeviceError
from gate_agent.devices.supervision import Supervisor
from gate_agent.egate import checks
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect, interrupted
from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.emrtd.reading import Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.errors import GateError
from gate_agent.policy.watchlist import Watchlist


@dataclass(slots=True)
class TimedInspection:
    """An inspection and how much of its time was ours rather than the chip's."""

    inspection: Inspection
    software_s: float


def inspect_chip(
    reader: ChipReader,
    mrz: Mrz,
    trust: TrustStore,
    at: datetime,
    settings: EgateSettings,
    reading: Reading,
    cancelled: Callable[[], bool],
) -> TimedInspection:
    """Inspect the chip in the driver's thread. Raises CardLost; every other error is evidence.

    `reading` holds what was read before the chip was lost, so that it need not be read again.
    """
    waited = 0.0

    def transmit(apdu: bytes, timeout_s: float) -> bytes:
        nonlocal waited
        before = time.perf_counter()
        try:
            return reader.transmit(apdu, timeout_s)
        finally:
            waited += time.perf_counter() - before

    started = time.perf_counter()
    try:
        inspection = run(
            inspect(mrz.key(), mrz, trust, at, reading=reading),
            transmit,
            step_timeout_s=settings.apdu_timeout_s,
            budget_s=settings.chip_budget_s,
            cancelled=cancelled,
        )
    except CardLost:
        raise
    except GateError as error:
        inspection = interrupted(error)
    return TimedInspection(inspection, time.perf_counter() - started - waited)


async def read_document(
    tx: Transaction,
    chip: Supervisor[ChipReader],
    trust: TrustStore | None,
    at: datetime,
    settings: EgateSettings,
    stopped: Callable[[], bool],
) -> Inspection:
    """All checks of the chip. Raises CardLost."""
    mrz = tx.mrz
    if mrz is None or trust is None:
        inspection = interrupted(
            GateError("nothing to inspect with", field="mrz" if mrz is None else "trust")
        )
    else:
        try:
            timed = await chip.call(
                lambda reader: inspect_chip(reader, mrz, trust, at, settings, tx.reading, stopped),
                limit_s=settings.chip_budget_s + settings.apdu_timeout_s + 1,
            )
        except CardLost:
            raise
        except DeviceError as error:
            inspection = interrupted(error)
        else:
            inspection = timed.inspection
            tx.computed(timed.software_s)
    return inspection


def document_checks(
    tx: Transaction, watchlist: Watchlist | None, settings: EgateSettings, at: datetime
) -> None:
    """Expiry, age and watchlist by the printed zone, added to the transaction."""
    if tx.mrz is None:
        return
    today = at.date()
    tx.add(checks.document_expiry(tx.mrz, today), checks.age(tx.mrz, today, settings.adult_age_years))
    if watchlist is not None:
        tx.add(checks.watchlist(watchlist, tx.mrz))
