"""Declared against observed: how often a true declaration is doubted, and how often a false one is found out.

Loads of one kind of goods each, in containers of three types, with and without trucks, by a 6/9 MV scanner
with its step wedge. Each is declared truly, and then falsely: as goods of another family of materials, with
10 to 100 % more or less mass, as empty, and (uniform goods) with a box of steel, lead or other goods inside.
The scale is not used. What the comparison leaves out: real goods, which are packed, mixed and declared less
tidily, and goods that look like what they are declared as.

    python benchmarks/nii/bench_declared.py [--loads N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from lots import HABITS, SETUP, Plan, hidden, loaded, plan, scanned
from rich.console import Console
from rich.progress import track

from gate_agent.cargo.checks import declared_empty
from gate_agent.cargo.consignment import Consignment, Fullness, Goods, Issue
from gate_agent.cargo.mass import mass_agreement
from gate_agent.cargo.observed import Observed, observe
from gate_agent.cargo.plausibility import homogeneity, hs_plausibility
from gate_agent.cargo.settings import CargoSettings
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.loading import COMMODITIES, Commodity, Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene
from gate_simulators.scanner.wedge import step_wedge

SHOWN = Console(stderr=True)
SETTINGS = CargoSettings()
ISSUE = Issue("BENCH", datetime(2026, 1, 1, tzinfo=UTC))
HEADINGS = {
    "clothing": "6109",
    "paper": "4802",
    "cartons of food": "1905",
    "sacks of sugar": "1701",
    "plastic granulate": "3901",
    "frozen meat": "0202",
    "drinks": "2202",
    "drums of liquid": "1514",
    "tiles": "6907",
    "glassware": "7013",
    "machine parts": "8483",
    "aluminium profiles": "7604",
}
FAMILIES = {
    "tiles": "mineral",
    "glassware": "mineral",
    "aluminium profiles": "mineral",
    "machine parts": "metal",
}
"""The others are organic."""
UNIFORM = ("cartons of food", "sacks of sugar", "frozen meat", "drinks")
OFF = (-0.5, -0.2, -0.1, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Load:
    """One scanned load with its truth."""

    goods: str
    mass_kg: float
    observed: Observed
    stuffed: Observed


def family(goods: str) -> str:
    return FAMILIES.get(goods, "organic")


def declared(goods: str, mass_kg: float) -> Consignment:
    heading = HEADINGS[goods]
    return Consignment("", Fullness.FULL, ISSUE, (Goods(heading, mass_kg),), gross_mass_kg=mass_kg)


def load(number: int, seed: int, commodity: Commodity) -> Load:
    random = np.random.Generator(np.random.SFC64((seed, number)))
    made: Plan = replace(plan(random), commodity=commodity, packing=float(random.uniform(*commodity.packing)))
    things, space = loaded(made, HABITS["untidy"], random)
    plain = scanned(made, things, space, seed + number)
    stuffed = scanned(made, [*things, hidden(made, space, random)], space, seed + number)
    curves = step_wedge(SETUP)
    return Load(
        commodity.name,
        plain.truth.mass_kg,
        observe(triage(plain.image, curves)),
        observe(triage(stuffed.image, curves)),
    )


def rate(results: Sequence[CheckResult], outcome: Outcome = Outcome.FAILED) -> float:
    return round(float(np.mean([each.outcome is outcome for each in results])), 4) if results else 0.0


def claim(words: str, results: Sequence[CheckResult], **further: object) -> dict[str, object]:
    told = {"claim": f"{words}, N = {len(results)}", "measured": rate(results)}
    return told | {"passed": rate(results, Outcome.PASSED)} | further


def plausibility(loads: Sequence[Load]) -> list[dict[str, object]]:
    true: list[CheckResult] = []
    false: dict[str, list[CheckResult]] = defaultdict(list)
    for each in loads:
        for goods in HEADINGS:
            found = hs_plausibility(declared(goods, each.mass_kg), each.observed, SETTINGS.plausibility)
            if goods == each.goods:
                true.append(found)
            elif family(goods) != family(each.goods) and goods != "machine parts":
                false[f"{family(each.goods)} declared as {family(goods)}"].append(found)
    return [
        claim("goods truly declared, called implausible", true),
        *(claim(f"{words}, called implausible", results) for words, results in sorted(false.items())),
    ]


def masses(loads: Sequence[Load]) -> list[dict[str, object]]:
    def judged(factor: float) -> list[CheckResult]:
        return [
            mass_agreement(declared(e.goods, e.mass_kg * factor), e.observed, None, SETTINGS.mass)
            for e in loads
        ]

    inside = [
        each.observed.mass.least_kg <= each.mass_kg <= each.observed.mass.most_kg
        for each in loads
        if each.observed.mass is not None
    ]
    covered = round(float(np.mean(inside)), 4)
    return [
        {"claim": f"true mass within the image's range, N = {len(inside)}", "measured": covered},
        claim("true mass declared, called wrong", judged(1.0)),
        *(claim(f"mass declared {off:+.0%} wrong, found out", judged(1 + off)) for off in OFF),
    ]


def evenness(loads: Sequence[Load]) -> list[dict[str, object]]:
    even = [each for each in loads if each.goods in UNIFORM]
    settings = SETTINGS.plausibility
    plain = [homogeneity(declared(e.goods, e.mass_kg), e.observed, settings) for e in even]
    stuffed = [homogeneity(declared(e.goods, e.mass_kg), e.stuffed, settings) for e in even]
    return [
        claim("goods of one kind, called uneven", plain),
        claim("a box of 0.3 to 1.2 m among goods of one kind, found out", stuffed),
    ]


def fullness(number: int, seed: int) -> list[dict[str, object]]:
    curves = step_wedge(SETUP)
    empty = Consignment("", Fullness.EMPTY, ISSUE)
    full = replace(empty, fullness=Fullness.FULL)
    claims: list[dict[str, object]] = []
    for fill in Fill:
        seen = [
            observe(triage(simulate(random_scene(fill, n, column_mm=14, row_mm=14), SETUP, n).image, curves))
            for n in track(range(seed, seed + number), f"{fill}", console=SHOWN)
        ]
        for consignment in (empty, full):
            words = f"{fill.value} container declared {consignment.fullness.value}, called wrong"
            claims.append(claim(words, [declared_empty(consignment, each) for each in seen]))
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=3, help="loads of each of the twelve kinds of goods")
    parser.add_argument("--seed", type=int, default=12_000_000)
    told = parser.parse_args()
    kinds = [commodity for commodity in COMMODITIES for _ in range(told.loads)]
    loads = [
        load(number, told.seed, commodity)
        for number, commodity in enumerate(track(kinds, "loads", console=SHOWN))
    ]
    claims = [*plausibility(loads), *masses(loads), *evenness(loads), *fullness(4 * told.loads, told.seed)]
    print(json.dumps({"benchmark": "nii_declared", "setup": "mv-6-9", "claims": claims}))


if __name__ == "__main__":
    main()
