"""A container's electronic seal as evidence: intact, the declared one, and consistent with itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gate_agent.devices import SealReading, SealState
from gate_agent.evidence import CheckResult, Outcome, Scalar

CHECK = "seal"
CLAUSE = "ISO 18185-1"


def seal_number(reading: SealReading) -> str:
    """Manufacturer and serial as written in documents: ``0042-00C0FFEE``."""
    return f"{reading.manufacturer:04X}-{reading.serial:08X}"


def same_number(one: str, other: str) -> bool:
    """Whether two ways of writing a seal number mean the same: case and separators do not count."""
    return _plain(one) == _plain(other) != ""


def _plain(number: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", number[:64].upper())


def seal_check(readings: Sequence[SealReading], declared: str = "") -> CheckResult:
    """`readings` are all of one truck, in order; `declared` is the number in the manifest, if any."""
    newest: dict[str, SealReading] = {seal_number(reading): reading for reading in readings}
    if not newest:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("SEAL_NOT_HEARD",))
    measured: dict[str, Scalar] = {"seals": len(newest)}
    if declared:
        matching = [number for number in newest if same_number(number, declared)]
        if not matching:
            return CheckResult(CHECK, Outcome.FAILED, ("SEAL_MISMATCH",), measured, clause=CLAUSE)
        seal = newest[matching[0]]
    elif len(newest) > 1:  # whose is whose cannot be told
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, ("SEAL_SEVERAL",), measured, clause=CLAUSE)
    else:
        seal = next(iter(newest.values()))
    measured["battery_low"] = seal.battery_low
    notes = ["SEAL_BATTERY_LOW"] if seal.battery_low else []
    reason, outcome = _judged(seal, [r for r in readings if seal_number(r) == seal_number(seal)])
    return CheckResult(CHECK, outcome, tuple([reason] * bool(reason) + notes), measured, clause=CLAUSE)


def _judged(seal: SealReading, history: Sequence[SealReading]) -> tuple[str, Outcome]:
    if any(reading.state is SealState.OPENED for reading in history):
        # A seal that was opened does not become whole again.
        return "SEAL_OPENED", Outcome.FAILED
    if seal.state is SealState.UNSEALED:
        return "SEAL_NEVER_CLOSED", Outcome.FAILED
    if seal.opened_at or not seal.sealed_at:
        # Sealed, says the state; opened, or never closed, say the times.
        return "SEAL_CONTRADICTS_ITSELF", Outcome.INCONCLUSIVE
    return "", Outcome.PASSED
