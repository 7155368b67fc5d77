"""What was declared against what was observed: each question one :class:`CheckResult`, and all of them.

    compare(consignment, Observations(...), settings, at) -> the results of every check below

Pure: no I/O, no clock. The larger checks have files of their own (:mod:`mass`, :mod:`plausibility`,
:mod:`lot`). Nothing that was declared of a person is in any result.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gate_agent.cargo.commodities import natural_nuclides, series
from gate_agent.cargo.consignment import Consignment, Fullness
from gate_agent.cargo.lot import lot_anomaly
from gate_agent.cargo.mass import mass_agreement
from gate_agent.cargo.observed import Observed
from gate_agent.cargo.plausibility import homogeneity, hs_plausibility
from gate_agent.cargo.settings import CargoSettings
from gate_agent.cargo.signature import LoadSignature
from gate_agent.devices import SealReading
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.scans.triage.fill import Fill
from gate_agent.vehicle.seals import CLAUSE, same_number, seal_check, seal_number
from gate_agent.vehicle.weighing import TruckWeight

_CLOCKS: Final = timedelta(minutes=5)
"""Two computers' clocks may differ by so much."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Everything that was observed of one container. `seal_numbers`: mechanical seals as read, None when
    nobody looked; `sisters`: signatures of the lot's other containers; `radiation`: the portal's check;
    `nuclides`: identified by a spectroscopic instrument."""

    observed: Observed | None = None
    weight: TruckWeight | None = None
    seals: Sequence[SealReading] = ()
    seal_numbers: Sequence[str] | None = None
    sisters: Sequence[LoadSignature] = ()
    radiation: CheckResult | None = None
    nuclides: Collection[str] = ()


def compare(
    consignment: Consignment | None,
    seen: Observations,
    settings: CargoSettings,
    at: datetime,
    *,
    container: str = "",
) -> tuple[CheckResult, ...]:
    """Every comparison of one container, in the order of the officer's list.

    Without a consignment there is nothing to compare: only that is said. `container`: the code that was read.
    """
    if consignment is None:
        return (manifest_found(None, at, settings.max_age_days, container=container),)
    signature = None if seen.observed is None else seen.observed.signature
    return (
        manifest_found(consignment, at, settings.max_age_days),
        declared_empty(consignment, seen.observed),
        mass_agreement(consignment, seen.observed, seen.weight, settings.mass),
        seal_agreement(consignment, seen.seals, seen.seal_numbers),
        hs_plausibility(consignment, seen.observed, settings.plausibility),
        homogeneity(consignment, seen.observed, settings.plausibility),
        lot_anomaly(signature, seen.sisters, settings.lot),
        radiation_declared(consignment, seen.radiation, seen.nuclides),
    )


def manifest_found(
    consignment: Consignment | None, at: datetime, max_age_days: float, *, container: str = ""
) -> CheckResult:
    """``manifest_found``: something recent was declared. `container`: the code, if one was read."""
    if consignment is None:
        if not container:
            return CheckResult("manifest_found", Outcome.NOT_DONE, ("MANIFEST_NO_CODE",))
        return CheckResult("manifest_found", Outcome.FAILED, ("MANIFEST_MISSING",))
    age = at - consignment.issue.issued_at
    versions = {"manifest": consignment.issue.id}
    measured: dict[str, Scalar] = {"age_days": round(age / timedelta(days=1), 3)}
    if age < -_CLOCKS:
        reasons = ("MANIFEST_DATED_AHEAD",)
        return CheckResult("manifest_found", Outcome.INCONCLUSIVE, reasons, measured, versions)
    if age > timedelta(days=max_age_days):
        return CheckResult("manifest_found", Outcome.INCONCLUSIVE, ("MANIFEST_STALE",), measured, versions)
    return CheckResult("manifest_found", Outcome.PASSED, (), measured, versions)


def declared_empty(consignment: Consignment, observed: Observed | None) -> CheckResult:
    """``declared_empty``: full or empty, as declared. "Near empty" is not empty; that it is little goods is
    the mass's matter. An empty container with thick walls is where things are hidden: inconclusive."""
    if observed is None:
        return CheckResult("declared_empty", Outcome.NOT_DONE, ("LOAD_NOT_SEEN",))
    measured: dict[str, Scalar] = {
        "declared": consignment.fullness.value,
        "display": not observed.calibrated,
    }
    if observed.fill is None:
        return CheckResult("declared_empty", Outcome.INCONCLUSIVE, ("LOAD_NOT_SEEN",), measured)
    measured["fill"] = observed.fill.value
    reason, outcome = _fullness(consignment.fullness, observed)
    if outcome is Outcome.PASSED and observed.repeat:
        reason, outcome = "LOAD_BADLY_SEEN", Outcome.INCONCLUSIVE
    return CheckResult("declared_empty", outcome, (reason,) if reason else (), measured)


def _fullness(declared: Fullness, observed: Observed) -> tuple[str, Outcome]:
    if declared is Fullness.FULL:
        if observed.fill is not Fill.EMPTY:
            return "", Outcome.PASSED
        return "DECLARED_LOADED_EMPTY", Outcome.FAILED
    if observed.fill is Fill.EMPTY:
        if observed.construction:
            return "DECLARED_EMPTY_CONSTRUCTION", Outcome.INCONCLUSIVE
        return "", Outcome.PASSED
    near = observed.fill is Fill.NEAR_EMPTY
    return "DECLARED_EMPTY_NEAR_EMPTY" if near else "DECLARED_EMPTY_LOADED", Outcome.FAILED


# ---------------------------------------------------------------- seals (ISO 17712, ISO 18185)


def seal_agreement(
    consignment: Consignment, heard: Sequence[SealReading], read: Sequence[str] | None = None
) -> CheckResult:
    """``seal_agreement``: every declared seal is there and closed, and no other. `read`: numbers of
    mechanical seals, None when nobody looked."""
    declared = len(consignment.seals) + len(consignment.electronic_seals)
    measured: dict[str, Scalar] = {
        "declared": declared,
        "heard": len({seal_number(reading) for reading in heard}),
        "read": len(read or ()),
    }
    found = [*_electronic(consignment, heard), *_mechanical(consignment, read)]
    if not found:
        return CheckResult("seal_agreement", Outcome.NOT_DONE, ("SEAL_NOT_DECLARED",), measured)
    measured["battery_low"] = any(reading.battery_low for reading in heard)
    outcome = _gravest([each for each, _ in found])
    reasons = dict.fromkeys(reason for _, reasons in found for reason in reasons)
    return CheckResult("seal_agreement", outcome, tuple(reasons), measured, clause=CLAUSE)


def _electronic(
    consignment: Consignment, heard: Sequence[SealReading]
) -> list[tuple[Outcome, tuple[str, ...]]]:
    declared = consignment.electronic_seals
    results = [seal_check(heard, number) for number in declared]
    found = [(result.outcome, result.reasons) for result in results]
    numbers = {seal_number(reading) for reading in heard}
    others = [n for n in numbers if not any(same_number(n, each) for each in declared)]
    if others:
        # It may be the next truck's.
        found.append((Outcome.INCONCLUSIVE, ("SEAL_UNDECLARED",)))
    return found


def _mechanical(
    consignment: Consignment, read: Sequence[str] | None
) -> list[tuple[Outcome, tuple[str, ...]]]:
    declared = consignment.seals
    if read is None:
        return [(Outcome.NOT_DONE, ("SEAL_NOT_READ",))] if declared else []
    missing = [n for n in declared if not any(same_number(n, each) for each in read)]
    others = [n for n in read if not any(same_number(n, each) for each in declared)]
    if others:
        return [(Outcome.FAILED, ("SEAL_NUMBER_MISMATCH",))]
    if missing:
        return [(Outcome.INCONCLUSIVE, ("SEAL_NOT_READ",))]
    return [(Outcome.PASSED, ())] if declared else []


_GRAVITY: Final = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.NOT_DONE, Outcome.PASSED)


def _gravest(outcomes: Sequence[Outcome]) -> Outcome:
    return min(outcomes, key=_GRAVITY.index)


# ---------------------------------------------------------------- radiation


def radiation_declared(
    consignment: Consignment, radiation: CheckResult | None, nuclides: Collection[str] = ()
) -> CheckResult:
    """``radiation_declared``: does the declaration explain what the portal saw? An explained alarm does not
    pass: it stays for an officer, with its explanation."""
    natural = natural_nuclides(consignment.goods)
    declared = {series(each) for each in consignment.nuclides}
    measured: dict[str, Scalar] = {
        "natural_declared": bool(natural),
        "nuclides_declared": len(declared),
        "nuclides_found": len(nuclides),
    }
    outcome, reasons = _explained(radiation, natural, declared, {series(each) for each in nuclides})
    return CheckResult("radiation_declared", outcome, reasons, measured)


def _explained(
    radiation: CheckResult | None, natural: Collection[str], declared: set[str], found: set[str]
) -> tuple[Outcome, tuple[str, ...]]:
    if found - declared - {series(each) for each in natural}:
        return Outcome.FAILED, ("RADIATION_NUCLIDE_UNDECLARED",)
    if radiation is None or radiation.outcome is Outcome.NOT_DONE:
        return Outcome.NOT_DONE, ()
    words = {"RADIATION_NUCLIDE_DECLARED": declared, "RADIATION_NATURAL_DECLARED": natural}
    reasons = tuple(reason for reason, holds in words.items() if holds)
    if radiation.outcome is Outcome.FAILED:
        return _alarm_explained("RPM_NEUTRON_ALARM" in radiation.reasons, reasons)
    if radiation.outcome is Outcome.INCONCLUSIVE:
        return Outcome.INCONCLUSIVE, reasons
    # Sources that were declared and do not show are shielded, or somewhere else.
    return (Outcome.INCONCLUSIVE, ("RADIATION_DECLARED_UNSEEN",)) if declared else (Outcome.PASSED, ())


def _alarm_explained(neutrons: bool, reasons: tuple[str, ...]) -> tuple[Outcome, tuple[str, ...]]:
    if neutrons:
        return Outcome.FAILED, ("RADIATION_NEUTRONS",)
    return (Outcome.INCONCLUSIVE, reasons) if reasons else (Outcome.FAILED, ("RADIATION_NOT_DECLARED",))
