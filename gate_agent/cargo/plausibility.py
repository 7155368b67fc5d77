"""``hs_plausibility`` and ``homogeneity``: can the declared goods look like what the picture shows?

By the coarse table of :mod:`gate_agent.cargo.commodities`. A load is implausible when a material makes up
more of it than the declared goods explain, or when it is denser or lighter than they can be. That the load
is plausible does not say that it is what was declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gate_agent.cargo.commodities import VERSION, Expectation, expectation
from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.evenness import Evenness
from gate_agent.cargo.observed import Observed
from gate_agent.cargo.settings import PlausibilitySettings
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.scans.triage.materials import MaterialClass

HS_CHECK: Final = "hs_plausibility"
HOMOGENEITY_CHECK: Final = "homogeneity"
_VERSIONS: Final = {"commodities": VERSION}
_AREA_BY_MASS: Final = 4.0
"""Light goods cover more of the picture than their share of the mass, by about this factor at most."""
_LIGHT: Final = frozenset({MaterialClass.ORGANIC, MaterialClass.MIXED})
_CLASSES_DRIFT: Final = 150.0
"""g/cm². Behind more than this goods are taken for the next heavier class (docs/cargo.md)."""
_BEYOND: Final = 0.05
_BEYOND_AREAL: Final = 150.0  # g/cm²: no MV beam is stopped by less

Declared = tuple[tuple[Expectation, float], ...]
"""What the declared goods look like, each with its share of the mass."""


def hs_plausibility(
    consignment: Consignment, observed: Observed | None, settings: PlausibilitySettings
) -> CheckResult:
    """``hs_plausibility``: materials and density of the load against the declared chapters."""
    declared = _declared(consignment, observed)
    obstacle = _obstacle(consignment, declared, observed)
    if observed is None or obstacle:
        return CheckResult(HS_CHECK, Outcome.NOT_DONE, (obstacle,), versions=_VERSIONS)
    classed = observed.classed >= settings.least_classed
    unexplained = _unexplained(declared, observed.shares) if classed else {}
    reasons = _materials(declared, observed, unexplained, settings) + _density(declared, observed, settings)
    measured = _hs_measured(observed, unexplained)
    if reasons:
        return CheckResult(HS_CHECK, Outcome.FAILED, tuple(reasons), measured, _VERSIONS)
    if not classed:
        return CheckResult(HS_CHECK, Outcome.NOT_DONE, ("HS_NOT_MEASURED",), measured, _VERSIONS)
    return CheckResult(HS_CHECK, Outcome.PASSED, (), measured, _VERSIONS)


def _obstacle(consignment: Consignment, declared: Declared, observed: Observed | None) -> str:
    """Why goods and picture cannot be compared."""
    if not consignment.goods:
        return "HS_NOT_DECLARED"
    if not declared:
        return "HS_UNKNOWN"
    if observed is None or observed.fill is None:
        return "LOAD_NOT_SEEN"
    return "HS_NOT_MEASURED" if observed.areal is None else ""


def _declared(consignment: Consignment, observed: Observed | None) -> Declared:
    """Nothing when a part of the goods is of chapters that say nothing: they might explain anything."""
    found: list[tuple[Expectation, float]] = []
    for goods, share in consignment.mass_shares():
        expected = expectation(goods)
        if expected is None:
            return ()
        found.append((replace(expected, classes=_as_seen(expected.classes, observed)), share))
    return tuple(found)


def _as_seen(classes: frozenset[MaterialClass], observed: Observed | None) -> frozenset[MaterialClass]:
    """The classes that such goods may be given by this picture.

    Textbook curves do not tell organic from mixed goods, at any thickness.
    """
    if observed is None or observed.areal is None:
        return classes
    wider = classes
    if observed.areal > _CLASSES_DRIFT:
        wider |= {MaterialClass.MIXED} if MaterialClass.ORGANIC in classes else frozenset()
        wider |= {MaterialClass.METAL} if MaterialClass.MIXED in classes else frozenset()
    if observed.curves != "wedge" and classes & _LIGHT:
        wider |= _LIGHT
    return wider


def _unexplained(declared: Declared, shares: Mapping[MaterialClass, float]) -> dict[MaterialClass, float]:
    """By how much each material's share of the area exceeds what goods containing it can cover."""
    found: dict[MaterialClass, float] = {}
    for material, share in shares.items():
        mass = sum(part for expected, part in declared if material in expected.classes)
        found[material] = max(0.0, share - min(1.0, _AREA_BY_MASS * mass))
    return found


def _materials(
    declared: Declared,
    observed: Observed,
    unexplained: Mapping[MaterialClass, float],
    settings: PlausibilitySettings,
) -> list[str]:
    if not unexplained:
        return []
    reasons: list[str] = []
    limits = {
        MaterialClass.ORGANIC: settings.organic,
        MaterialClass.MIXED: settings.mixed,
        MaterialClass.METAL: settings.metal,
    }
    if any(unexplained[each] > limit for each, limit in limits.items()):
        reasons.append("HS_MATERIAL_UNEXPECTED")
    if unexplained[MaterialClass.HIGH_Z] > settings.high_z:
        reasons.append("HS_HIGH_Z_UNEXPECTED")
    explained = frozenset[MaterialClass]().union(*(expected.classes for expected, _ in declared))
    # What stopped the beam may be what is looked for.
    if sum(observed.shares[each] for each in explained) < settings.missing and observed.beyond < _BEYOND:
        reasons.append("HS_MATERIAL_MISSING")
    return reasons


def _density(declared: Declared, observed: Observed, settings: PlausibilitySettings) -> list[str]:
    most = settings.denser * max(expected.most_areal for expected, _ in declared)
    least = settings.lighter * min(expected.least_areal for expected, _ in declared)
    stopped = observed.penetrating and observed.beyond > _BEYOND and most < _BEYOND_AREAL
    if stopped or (observed.most_areal is not None and observed.most_areal > most):
        return ["HS_TOO_DENSE"]
    light = observed.areal is not None and observed.areal < least and observed.beyond < _BEYOND
    return ["HS_TOO_LIGHT"] if light else []


def _hs_measured(observed: Observed, unexplained: Mapping[MaterialClass, float]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {each.name.lower(): round(v, 4) for each, v in observed.shares.items()}
    found |= {"classed": round(observed.classed, 4), "beyond": round(observed.beyond, 4)}
    if unexplained:
        found["unexplained"] = round(max(unexplained.values()), 4)
    if observed.areal is not None and observed.most_areal is not None:
        found |= {"areal_g_cm2": round(observed.areal, 2), "most_areal_g_cm2": round(observed.most_areal, 2)}
    return found


# ---------------------------------------------------------------- homogeneity


def homogeneity(
    consignment: Consignment, observed: Observed | None, settings: PlausibilitySettings
) -> CheckResult:
    """``homogeneity``: is a load that is declared to be of one kind alike all through?

    A picture without areal densities bends what it shows, so it can raise a doubt and cannot fail a load.
    """
    if observed is None or observed.fill is None:
        return CheckResult(HOMOGENEITY_CHECK, Outcome.NOT_DONE, ("LOAD_NOT_SEEN",))
    evenness = observed.evenness
    measured = {} if evenness is None else _evenness_measured(evenness)
    if not _uniform(consignment):
        return CheckResult(HOMOGENEITY_CHECK, Outcome.NOT_DONE, ("GOODS_NOT_UNIFORM",), measured, _VERSIONS)
    if evenness is None:
        return CheckResult(HOMOGENEITY_CHECK, Outcome.NOT_DONE, ("LOAD_TOO_SMALL",), measured, _VERSIONS)
    if evenness.hidden > 0.5:
        return CheckResult(HOMOGENEITY_CHECK, Outcome.INCONCLUSIVE, ("LOAD_HIDDEN",), measured, _VERSIONS)
    reasons: list[str] = []
    if evenness.spread > settings.spread:
        reasons.append("LOAD_UNEVEN")
    if evenness.denser > settings.inclusion:
        reasons.append("LOAD_INCLUSION")
    failed = Outcome.INCONCLUSIVE if observed.areal is None else Outcome.FAILED
    outcome = failed if reasons else Outcome.PASSED
    return CheckResult(HOMOGENEITY_CHECK, outcome, tuple(reasons), measured, _VERSIONS)


def _uniform(consignment: Consignment) -> bool:
    """One heading, of goods that are stowed alike: two products side by side are uneven by right."""
    headings = {goods.heading for goods in consignment.goods}
    expected = [expectation(goods) for goods in consignment.goods]
    return len(headings) == 1 and all(each is not None and each.uniform for each in expected)


def _evenness_measured(evenness: Evenness) -> dict[str, Scalar]:
    return {
        "spread": round(evenness.spread, 4),
        "denser": round(evenness.denser, 4),
        "lighter": round(evenness.lighter, 4),
        "hidden": round(evenness.hidden, 4),
        "cells": evenness.cells,
    }
