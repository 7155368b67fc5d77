"""One inspection of a passport chip: open it, read it, authenticate it, compare it (Doc 9303-11 §4-5).

:func:`inspect` is a protocol like those it is made of, and answers every check every time: what
could not be done says so with a reason. Whatever the chip sends ends in a result; only the reader's own
errors, which come from outside the protocol, end it early (:func:`interrupted`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gate_agent.devices import CardLost, DeviceTimeout
from gate_agent.emrtd import lds
from gate_agent.emrtd.bac import basic_access_control
from gate_agent.emrtd.errors import ChannelLost, ChipError, FileError
from gate_agent.emrtd.exchange import ExchangeCancelled
from gate_agent.emrtd.files import ElementaryFile, ReadingHabits, read_file, select_application
from gate_agent.emrtd.lds import EF_COM, EF_DG1, EF_DG2, EF_SOD, CommonData, Portrait
from gate_agent.emrtd.mrz import Mrz, MrzKey
from gate_agent.emrtd.passive_auth import authenticate, compare_hashes
from gate_agent.emrtd.protocol import Progress, Protocol, Random, T
from gate_agent.emrtd.secure_messaging import secured
from gate_agent.emrtd.sod import SecurityObject, parse_sod
from gate_agent.emrtd.trust import TrustStore
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome

# Small files first: EF.SOD before the large portrait, so that a forgery shows before it is read.
FILES = (EF_COM, EF_SOD, EF_DG1, EF_DG2)

CHECKS = ("chip_access", "chip_read", "passive_authentication", "dg_hashes", "dg1_matches_mrz")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one chip said and what became of each check.

    `access` names the access procedure ("BAC"), empty when the chip was not opened. `digests` are
    SHA-256 (hex) by file name. DG1 and portrait are held for one transaction only.
    """

    access: str
    dg1: Mrz | None
    portrait: Portrait | None
    digests: Mapping[str, str]
    results: tuple[CheckResult, ...]

    def result(self, check: str) -> CheckResult:
        return next(result for result in self.results if result.check == check)


@dataclass(slots=True)
class _Case:
    """The inspection while it runs."""

    access: str = ""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    com: CommonData | None = None
    sod: SecurityObject | None = None
    dg1: Mrz | None = None
    portrait: Portrait | None = None


def inspect(
    key: MrzKey,
    printed: Mrz | None,
    trust: TrustStore,
    at: datetime,
    *,
    random: Random = secrets.token_bytes,
) -> Protocol[Inspection]:
    """Inspect the chip that `key` opens; `printed` is the zone to compare with, `at` the time (UTC)."""
    case = _Case()
    try:
        yield from _read_chip(case, key, random)
    except ChipError as error:
        if not case.access:
            return _not_opened(error)
        case.problems["channel"] = error.reason
    yield Progress("verify", 0, 1)
    _parse_files(case)
    results = (
        CheckResult("chip_access", Outcome.PASSED, measured={"procedure": case.access}),
        _chip_read(case),
        _passive_authentication(case, trust, at),
        _data_group_hashes(case),
        _dg1_matches_mrz(case, printed),
    )
    yield Progress("verify", 1, 1)
    digests = {name: hashlib.sha256(raw).hexdigest() for name, raw in case.files.items()}
    return Inspection(case.access, case.dg1, case.portrait, digests, results)


# ---------------------------------------------------------------- reading


def _read_chip(case: _Case, key: MrzKey, random: Random) -> Protocol[None]:
    """Open and read; where a habit of ours breaks the channel, open again and go on without it."""
    habits = ReadingHabits()
    while True:
        yield Progress("access", 0, 1)
        yield from select_application()
        channel = yield from basic_access_control(key, random)
        case.access = "BAC"
        yield Progress("access", 1, 1)
        try:
            yield from secured(channel, _read_files(case, habits))
        except ChannelLost as error:
            if error.reason == "CHIP_CHANNEL_TAMPERED" or not habits.fall_back():
                raise
        else:
            return


def _read_files(case: _Case, habits: ReadingHabits) -> Protocol[None]:
    for file in FILES:
        if file.name in case.files or file.name in case.problems:
            continue
        try:
            case.files[file.name] = yield from read_file(file, habits)
        except ChannelLost:
            raise
        except (ChipError, FileError) as error:
            case.problems[file.name] = error.reason


def _parse_files(case: _Case) -> None:
    """Each file on its own: one that is malformed does not hide what the others say."""
    case.com = _parsed(case, EF_COM, lds.parse_com)
    case.sod = _parsed(case, EF_SOD, parse_sod)
    case.dg1 = _parsed(case, EF_DG1, lds.parse_dg1)
    case.portrait = _parsed(case, EF_DG2, lds.parse_dg2)


def _parsed(case: _Case, file: ElementaryFile, parse: Callable[[bytes], T]) -> T | None:
    raw = case.files.get(file.name)
    if raw is None:
        return None
    try:
        return parse(raw)
    except FileError as error:
        case.problems[file.name] = error.reason
        return None


# ---------------------------------------------------------------- results


def _chip_read(case: _Case) -> CheckResult:
    reasons = tuple(dict.fromkeys(case.problems.values()))
    return CheckResult(
        check="chip_read",
        outcome=Outcome.FAILED if reasons else Outcome.PASSED,
        reasons=reasons,
        measured={
            "files": ",".join(sorted(case.files)),
            "bytes": sum(len(raw) for raw in case.files.values()),
            **{f"problem_{name}": reason for name, reason in case.problems.items()},
        },
        clause="Doc 9303-10 §4",
    )


def _passive_authentication(case: _Case, trust: TrustStore, at: datetime) -> CheckResult:
    if case.sod is None:
        # A security object that is there but cannot be understood has failed; one not read was not checked.
        outcome = Outcome.FAILED if EF_SOD.name in case.files else Outcome.NOT_DONE
        return CheckResult("passive_authentication", outcome, (_why_missing(case, EF_SOD),))
    return authenticate(case.sod, trust, at)


def _data_group_hashes(case: _Case) -> CheckResult:
    if case.sod is None:
        return CheckResult("dg_hashes", Outcome.NOT_DONE, (_why_missing(case, EF_SOD),))
    read = {n: case.files[f.name] for n, f in ((1, EF_DG1), (2, EF_DG2)) if f.name in case.files}
    compared = compare_hashes(case.sod, read, () if case.com is None else case.com.data_groups)
    unread = tuple(_why_missing(case, file) for file in (EF_DG1, EF_DG2) if file.name not in case.files)
    if compared.outcome is Outcome.PASSED and unread:
        return CheckResult(
            "dg_hashes", Outcome.INCONCLUSIVE, unread, compared.measured, clause=compared.clause
        )
    return compared


def _dg1_matches_mrz(case: _Case, printed: Mrz | None) -> CheckResult:
    if printed is None:
        return CheckResult("dg1_matches_mrz", Outcome.NOT_DONE, ("MRZ_NOT_READ",))
    if case.dg1 is None:
        return CheckResult("dg1_matches_mrz", Outcome.NOT_DONE, (_why_missing(case, EF_DG1),))
    differences = case.dg1.differences(printed)
    return CheckResult(
        check="dg1_matches_mrz",
        outcome=Outcome.FAILED if differences else Outcome.PASSED,
        reasons=("DG1_MRZ_MISMATCH",) if differences else (),
        measured={"differing": ",".join(differences), "repaired": ",".join(printed.repaired)},
        clause="Doc 9303-10 §4.7.1",
    )


def _why_missing(case: _Case, file: ElementaryFile) -> str:
    return case.problems.get(file.name) or case.problems.get("channel") or "CHIP_READING_INTERRUPTED"


def _not_opened(error: ChipError) -> Inspection:
    access = CheckResult("chip_access", Outcome.FAILED, (error.reason,), {"step": error.field})
    return Inspection("", None, None, {}, (access, *_not_done(CHECKS[1:], error.reason)))


def _not_done(checks: tuple[str, ...], reason: str) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(check, Outcome.NOT_DONE, (reason,)) for check in checks)


_INTERRUPTIONS: tuple[tuple[type[GateError], str], ...] = (
    (CardLost, "CARD_LOST"),
    (DeviceTimeout, "CHIP_TIMEOUT"),
    (ExchangeCancelled, "CHIP_READING_INTERRUPTED"),
)


def interrupted(error: GateError) -> Inspection:
    """The inspection that an error of the reader, a time-out or a cancellation left unfinished.

    `error` is what :func:`gate_agent.emrtd.exchange.run` raised. A chip that never answered has
    failed ``chip_read``; nothing else was established.
    """
    reason = next((code for kind, code in _INTERRUPTIONS if isinstance(error, kind)), "READER_FAULT")
    read = CheckResult("chip_read", Outcome.FAILED, (reason, "CHIP_UNREADABLE"), {"step": error.field})
    rest = _not_done(tuple(check for check in CHECKS if check != "chip_read"), reason)
    return Inspection("", None, None, {}, tuple(sorted((read, *rest), key=lambda r: CHECKS.index(r.check))))
