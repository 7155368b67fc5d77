"""Detection probability and false-alarm rate of the portal's alarms: sources injected into simulated trucks.

An injection study (as PNNL does for portal monitors): many innocent trucks, then the same with a source of
rising activity in a random place, bare or behind iron, lead or goods. Compared in one run on the same
trucks: the monitor's own alarm (N-sigma over one second), the agent's (the same rule) and the agent's
contrast beside it.

Left out: real detectors' drift and pile-up, neighbouring lanes, drivers who stop.

    python benchmarks/nii/bench_portal.py [--trucks N] [--innocent N] [--seed N] [--json FILE] [--markdown]
    python benchmarks/nii/bench_portal.py --recording FILE     into the vehicles of a portal's own daily file
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from recordings import injected, vehicles
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gate_agent.radiation.alarm import RadiationFinding, judge
from gate_agent.radiation.profile import Background, OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings
from gate_simulators.radiation.monitor import gamma_alarms, neutron_alarms
from gate_simulators.radiation.passage import Passage, drawn_truck, drive
from gate_simulators.radiation.sources import Shield, Source, norm_cargo

SETTINGS = RadiationSettings()
SHOWN = Console(stderr=True, width=140)
N_SIGMAS = (3.0, 4.0, 5.0, 7.0)
CONTRASTS = (8.0, 10.0, 12.0, 15.0)
STEPS = 7


@dataclass(frozen=True)
class Case:
    """What is hidden in the truck. Activities run from `lowest` upward, each twice the one before."""

    title: str
    source: Source
    lowest_mbq: float
    norm: bool = False


@dataclass(frozen=True)
class Seen:
    """One truck: what the agent found and whether the monitor alarmed, for its gammas and its neutrons."""

    finding: RadiationFinding
    monitor_gamma: bool
    monitor_neutron: bool


CASES = (
    Case("Cs-137, bare", Source("Cs-137", 1.0), 0.1),
    Case("Cs-137, 2 cm iron", Source("Cs-137", 1.0, shields=(Shield("iron", 2.0),)), 0.15),
    Case("Cs-137, 3 cm lead", Source("Cs-137", 1.0, shields=(Shield("lead", 3.0),)), 1.0),
    Case("Cs-137, 30 cm goods", Source("Cs-137", 1.0, shields=(Shield("water", 30.0),)), 0.2),
    Case("Co-60, bare", Source("Co-60", 1.0), 0.05),
    Case("Co-60, 5 cm lead", Source("Co-60", 1.0, shields=(Shield("lead", 5.0),)), 0.6),
    Case("Ir-192, bare", Source("Ir-192", 1.0), 0.05),
    Case("Ba-133, bare", Source("Ba-133", 1.0), 0.1),
    Case("Am-241, bare", Source("Am-241", 1.0), 2.0),
    Case("U-235, bare", Source("U-235", 1.0), 0.2),
    Case("U-235, 1 cm iron", Source("U-235", 1.0, shields=(Shield("iron", 1.0),)), 0.5),
    Case("Cf-252 neutrons, bare", Source("Cf-252", 1.0), 0.01),
    Case("Cf-252 neutrons, 10 cm goods", Source("Cf-252", 1.0, shields=(Shield("water", 10.0),)), 0.02),
    Case("K-40 goods", norm_cargo("K-40", 1.0), 4.0, norm=True),
    Case("Th-232 goods", norm_cargo("Th-232", 1.0), 0.4, norm=True),
)


def seen(passage: Passage) -> Seen:
    """What both sides make of a passage; sigmas are kept, so any threshold can be asked afterwards."""
    monitor = gamma_alarms(passage.gamma.tolist(), passage.background.tolist(), SETTINGS.n_sigma)
    neutrons = neutron_alarms(passage.neutron.tolist(), float(passage.neutron_background.sum()))
    return judged(
        OccupancyProfile(
            gamma=passage.gamma.astype(np.float64),
            neutron=passage.neutron.astype(np.float64),
            gamma_alarms=np.array(monitor),
            neutron_alarms=np.array(neutrons),
            background=Background(tuple(passage.background), tuple(passage.neutron_background), 3.0),
        )
    )


def judged(profile: OccupancyProfile) -> Seen:
    return Seen(judge(profile, SETTINGS), profile.device_gamma_alarm, profile.device_neutron_alarm)


def remonitored(profile: OccupancyProfile) -> Seen:
    """A profile whose counts were changed after the monitor judged it: its rule, applied again."""
    background = profile.background
    assert background is not None
    alarms = gamma_alarms(profile.gamma.tolist(), list(background.gamma), SETTINGS.n_sigma)
    neutrons = neutron_alarms(profile.neutron.tolist(), float(sum(background.neutron)))
    return judged(replace(profile, gamma_alarms=np.array(alarms), neutron_alarms=np.array(neutrons)))


class Traffic:
    """Innocent vehicles, and the same with a source: simulated ones."""

    def innocent(self, rng: np.random.Generator, number: int) -> Iterator[Seen]:
        return (seen(drive(rng, drawn_truck(rng))) for _ in range(number))

    def with_source(self, rng: np.random.Generator, case: Case, mbq: float) -> Seen:
        return seen(drive(rng, drawn_truck(rng, (placed(rng, case, mbq),))))


class RecordedTraffic(Traffic):
    """The vehicles of a daily file in which the monitor did not alarm."""

    def __init__(self, path: Path) -> None:
        self._profiles = [
            p for p in vehicles(path) if not p.device_gamma_alarm and not p.device_neutron_alarm
        ]

    def innocent(self, rng: np.random.Generator, number: int) -> Iterator[Seen]:
        return (judged(profile) for profile in self._profiles[:number])

    def with_source(self, rng: np.random.Generator, case: Case, mbq: float) -> Seen:
        profile = self._profiles[rng.integers(len(self._profiles))]
        return remonitored(injected(rng, profile, placed(rng, case, mbq)))


def placed(rng: np.random.Generator, case: Case, mbq: float) -> Source:
    """The source somewhere in the trailer; goods fill it as they do."""
    activity = mbq * 1e6
    if case.norm:
        return replace(case.source, activity_bq=activity)
    return replace(
        case.source,
        activity_bq=activity,
        along_m=float(rng.uniform(5.5, 12.5)),
        off_m=float(rng.uniform(-0.9, 0.9)),
        height_m=float(rng.uniform(1.3, 2.6)),
    )


def share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def interval(rate: float, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    z = 1.96
    middle = (rate + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    return max(0.0, middle - half), min(1.0, middle + half)


def activity_for(target: float, curve: Sequence[tuple[float, float]]) -> float:
    """The activity at which a curve of (activity, probability) reaches the target; infinite if never."""
    before = (curve[0][0], 0.0)
    for point in curve:
        if point[1] >= target:
            if point[1] == before[1]:
                return point[0]
            part = (target - before[1]) / (point[1] - before[1])
            return math.exp(math.log(before[0]) + part * (math.log(point[0]) - math.log(before[0])))
        before = point
    return math.inf


def false_alarms(traffic: Traffic, innocent: int, rng: np.random.Generator) -> dict[str, object]:
    """Rates on trucks without any source."""
    found = list(track(traffic.innocent(rng, innocent), "innocent", innocent, console=SHOWN, transient=True))
    innocent = len(found)
    rows: dict[str, float] = {
        f"N-sigma {n:g}": share([s.finding.gamma_sigma >= n for s in found]) for n in N_SIGMAS
    }
    rows |= {f"contrast {c:g}": share([s.finding.contrast_sigma >= c for s in found]) for c in CONTRASTS}
    rows["monitor gamma, N = 5"] = share([s.monitor_gamma for s in found])
    rows["agent neutron"] = share([s.finding.neutron_alarm for s in found])
    rows["monitor neutron"] = share([s.monitor_neutron for s in found])
    suppression = float(np.median([s.finding.suppression for s in found]))
    return {
        "trucks": innocent,
        "suppression_median": round(suppression, 3),
        "rates": {name: {"rate": rate, "95%": interval(rate, innocent)} for name, rate in rows.items()},
    }


def measured(traffic: Traffic, case: Case, trucks: int, rng: np.random.Generator) -> dict[str, object]:
    """The probability curves of one case, and the activities at which 90 % are found."""
    neutrons = "neutrons" in case.title
    curves: dict[str, list[tuple[float, float]]] = {}
    for mbq in (case.lowest_mbq * 2**step for step in range(STEPS)):
        found = [traffic.with_source(rng, case, mbq) for _ in range(trucks)]
        rules = {f"N={n:g}": [s.finding.gamma_sigma >= n for s in found] for n in N_SIGMAS}
        rules["monitor N=5"] = [s.monitor_gamma for s in found]
        rules["contrast"] = [s.finding.contrast for s in found]
        rules["N=5 or contrast"] = [s.finding.contrast or s.finding.gamma_alarm for s in found]
        if neutrons:
            rules = {
                "monitor": [s.monitor_neutron for s in found],
                "agent": [s.finding.neutron_alarm for s in found],
            }
        for rule, flags in rules.items():
            curves.setdefault(rule, []).append((mbq, share(flags)))
    return {
        "case": case.title,
        "trucks_per_activity": trucks,
        "curves": curves,
        "mbq_for_90_percent": {rule: activity_for(0.9, curve) for rule, curve in curves.items()},
    }


def shown(mbq: object) -> str:
    return f"{mbq:.3g}" if isinstance(mbq, float) and math.isfinite(mbq) else "-"


def tables(false: dict[str, object], cases: list[dict[str, object]]) -> list[Table]:
    rates = Table("rule", "false alarms", "95 %", title=f"{false['trucks']} innocent trucks")
    for rule, row in false["rates"].items():  # type: ignore[attr-defined]
        low, high = row["95%"]
        rates.add_row(rule, f"{row['rate']:.3%}", f"{low:.3%} to {high:.3%}")
    columns = ("monitor N=5", *(f"N={n:g}" for n in N_SIGMAS), "N=5 or contrast")
    gamma = Table("source", *columns, title="MBq found in 90 % of trucks")
    neutron = Table("source", "monitor", "agent", title="MBq found in 90 % of trucks, neutrons")
    for case in cases:
        limits: dict[str, float] = case["mbq_for_90_percent"]  # type: ignore[assignment]
        if "agent" in limits:
            neutron.add_row(str(case["case"]), shown(limits["monitor"]), shown(limits["agent"]))
        else:
            gamma.add_row(str(case["case"]), *(shown(limits[column]) for column in columns))
    return [rates, gamma, neutron]


def markdown(table: Table) -> str:
    rows = zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True)
    head = [str(column.header) for column in table.columns]
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def claims(false: dict[str, object], cases: list[dict[str, object]]) -> list[dict[str, object]]:
    """One line a source, the agent (N-sigma or contrast) beside the monitor, and the false alarms of both."""
    rates: dict[str, dict[str, float]] = false["rates"]  # type: ignore[assignment]
    found: list[dict[str, object]] = [
        {
            "claim": f"false alarms of {false['trucks']} innocent trucks: {rule}",
            "measured": rates[rule]["rate"],
            "unit": "share",
            "peer": "monitor, N = 5",
            "peer_measured": rates["monitor gamma, N = 5"]["rate"],
        }
        for rule in ("N-sigma 5", f"contrast {SETTINGS.contrast_sigma:g}")
    ]
    for case in cases:
        limits: dict[str, float] = case["mbq_for_90_percent"]  # type: ignore[assignment]
        neutrons = "agent" in limits
        own = limits["agent" if neutrons else "N=5 or contrast"]
        monitor = limits["monitor" if neutrons else "monitor N=5"]
        if math.isfinite(own) and math.isfinite(monitor):
            found.append(
                {
                    "claim": f"{case['case']}: activity found in 90 % of trucks",
                    "measured": round(own, 3),
                    "unit": "MBq",
                    "peer": "monitor alone",
                    "peer_measured": round(monitor, 3),
                    "ratio": round(own / monitor, 3),
                }
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Detection and false alarms at the radiation portal.")
    parser.add_argument("--trucks", type=int, default=200, help="for each source and activity")
    parser.add_argument("--innocent", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recording", type=Path, default=None, help="a portal's daily file")
    parser.add_argument("--json", type=Path, default=None, help="write the whole curves here")
    parser.add_argument("--markdown", action="store_true", help="tables for docs/radiation.md")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    traffic = Traffic() if arguments.recording is None else RecordedTraffic(arguments.recording)
    false = false_alarms(traffic, arguments.innocent, rng)
    cases = [
        measured(traffic, case, arguments.trucks, rng)
        for case in track(CASES, "injection", console=SHOWN, transient=True)
    ]
    for table in tables(false, cases):
        SHOWN.print(markdown(table) + "\n" if arguments.markdown else table)
    if arguments.json:
        arguments.json.write_text(json.dumps({"false_alarms": false, "cases": cases}, indent=2) + "\n")
    print(json.dumps({"benchmark": "nii_portal", "claims": claims(false, cases)}))


if __name__ == "__main__":
    main()
