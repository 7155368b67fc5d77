"""One inspection of a passport chip: open it, read it, authenticate it, compare it (Doc 9303-11 §4-7).

:func:`inspect` is a protocol like those it is made of, and answers every check every time: what
could not be done says so with a reason. Whatever the chip sends ends in a result, or in CardLost where it is
not opened a second time and has to be presented again; else only the reader's own errors, which come from
outside the protocol, end it early (:func:`interrupted`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gate_agent.devices import CardLost, DeviceTimeout
from gate_agent.emrtd.chip.exchange import ExchangeCancelled
from gate_agent.emrtd.chip.files import ElementaryFile
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.protocol import Progress, Protocol, Random, T
from gate_agent.emrtd.coding.errors import ChipError, FileError
from gate_agent.emrtd.lds import lds
from gate_agent.emrtd.lds.lds import EF_COM, EF_DG1, EF_DG2, Portrait
from gate_agent.emrtd.lds.mrz import Mrz, MrzKey
from gate_agent.emrtd.reading import DEFAULT_PLAN, ChipInspection, Plan, Reading, read_chip
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.verdicts import CHECKS, Parsed, judge, not_done
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome

__all__ = ["CHECKS", "Inspection", "inspect", "interrupted"]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one chip said and what became of each check.

    `access` names the access procedure ("BAC", "PACE", "PACE-CAM"), empty when the chip was not opened.
    `digests` are SHA-256 (hex) by file name. DG1 and portrait are held for one transaction only.
    """

    access: str
    dg1: Mrz | None
    portrait: Portrait | None
    digests: Mapping[str, str]
    results: tuple[CheckResult, ...]

    def result(self, check: str) -> CheckResult:
        return next(result for result in self.results if result.check == check)


def inspect(
    key: MrzKey | Password,
    printed: Mrz | None,
    trust: TrustStore,
    at: datetime,
    *,
    random: Random = secrets.token_bytes,
    plan: Plan = DEFAULT_PLAN,
    reading: Reading | None = None,
) -> Protocol[Inspection]:
    """Inspect the chip that `key` opens; `printed` is the zone to compare with, `at` the time (UTC).

    Give the same `reading` again when a lost chip is presented again: what was read of it is not read twice.
    Raises CardLost, also for a chip that lies there still and has to be reset.
    """
    case = ChipInspection(reading or Reading())
    password = key if isinstance(key, Password) else Password.from_mrz(key)
    try:
        yield from read_chip(case, password, random, plan, at.date())
    except ChipError as error:
        if case.access is None:
            return _not_opened(error)
        case.problems["channel"] = error.reason
    yield Progress("verify", 0, 1)
    parsed = Parsed(
        com=_parsed(case, EF_COM, lds.parse_com),
        dg1=_parsed(case, EF_DG1, lds.parse_dg1),
    )
    portrait = _parsed(case, EF_DG2, lds.parse_dg2)
    results = judge(case, parsed, printed, trust, at)
    yield Progress("verify", 1, 1)
    digests = {name: hashlib.sha256(raw).hexdigest() for name, raw in case.files.items()}
    return Inspection(case.access.procedure if case.access else "", parsed.dg1, portrait, digests, results)


def _parsed(case: ChipInspection, file: ElementaryFile, parse: Callable[[bytes], T]) -> T | None:
    """A file on its own: one that is malformed does not hide what the others say."""
    raw = case.files.get(file.name)
    if raw is None:
        return None
    try:
        return parse(raw)
    except FileError as error:
        case.problems[file.name] = error.reason
        return None


def _not_opened(error: ChipError) -> Inspection:
    access = CheckResult("chip_access", Outcome.FAILED, (error.reason,), {"step": error.field})
    return Inspection("", None, None, {}, (access, *not_done(CHECKS[1:], error.reason)))


_INTERRUPTIONS: tuple[tuple[type[GateError], str], ...] = (
    (CardLost, "CARD_LOST"),
    (DeviceTimeout, "CHIP_TIMEOUT"),
    (ExchangeCancelled, "CHIP_READING_INTERRUPTED"),
)


def interrupted(error: GateError) -> Inspection:
    """The inspection that an error of the reader, a time-out or a cancellation left unfinished.

    `error` is what :func:`gate_agent.emrtd.chip.exchange.run` raised. A chip that never answered has
    failed ``chip_read``; nothing else was established.
    """
    reason = next((code for kind, code in _INTERRUPTIONS if isinstance(error, kind)), "READER_FAULT")
    read = CheckResult("chip_read", Outcome.FAILED, (reason, "CHIP_UNREADABLE"), {"step": error.field})
    rest = not_done(tuple(check for check in CHECKS if check != "chip_read"), reason)
    return Inspection("", None, None, {}, tuple(sorted((read, *rest), key=lambda r: CHECKS.index(r.check))))
