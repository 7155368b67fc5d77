"""Triage on held-out simulated scans: rates of every class, and the time and memory of a full-size scan.

Held out: the seeds, and with them containers, loads, trucks, frames, pixel sizes and display settings; no
threshold was chosen on them. Not held out: the simulator itself. Loads keep away from the borders between
fill classes (see ``gate_simulators/scanner/loading.py``). The peer for small loads is the dense-fraction
rule: a container is loaded when -ln T > 1 in more than a fifth of its mid-height band.

What the comparison leaves out: real yards. The simulator's container is cleaner than a real one.

Kernel share: cProfile on processor time, own time of the C functions of NumPy, OpenCV and onnxruntime by all
own time. Operators between arrays (a + b, a < b) are no calls, so a profiler counts them as Python, although
they run in NumPy: the share is a lower bound. No detector looks in this run.

    python benchmarks/nii/bench_triage.py [--scans N] [--seed N] [--setup NAME]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.progress import track

from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.image import Calibration, ScanImage, transmission_image
from gate_agent.scans.triage.curves import MaterialCurves
from gate_agent.scans.triage.report import TriageReport, triage
from gate_simulators.scanner.beam import SETUPS, Setup
from gate_simulators.scanner.goods import Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import CLASSES, SimulatedScan, simulate
from gate_simulators.scanner.scenario import display_picture, random_scene
from gate_simulators.scanner.wedge import step_wedge

SHOWN = Console(stderr=True)
PITCHES = (6.0, 9.0, 12.0, 16.0)
AREALS = (5.0, 8.0, 10.0, 20.0, 40.0, 80.0)
REFERENCES = ("polyethylene", "water", "sugar", "glass", "aluminium", "steel", "copper", "lead", "tungsten")
LOADED = (Fill.PARTIAL, Fill.FULL)


@dataclass
class Tally:
    """Right answers of one picture kind."""

    scans: int = 0
    fill: int = 0
    three: int = 0
    found: int = 0
    little: int = 0
    little_seen: int = 0
    peer_little_seen: int = 0
    false_construction: int = 0
    confusion: Counter[str] = field(default_factory=Counter)


def three_class(fill: str) -> str:
    return "loaded" if fill in ("partial", "full") else fill


def judge(tally: Tally, fill: Fill, report: TriageReport) -> None:
    tally.scans += 1
    answer = report.fill.fill.value if report.fill is not None else "not found"
    tally.found += report.container is not None
    tally.fill += answer == fill.value
    tally.three += three_class(answer) == three_class(fill.value)
    tally.confusion[f"{fill.value} -> {answer}"] += answer != fill.value
    if fill is Fill.NEAR_EMPTY:
        tally.little += 1
        tally.little_seen += answer not in ("empty", "not found")
        tally.peer_little_seen += _dense_fraction_rule(report)
    tally.false_construction += bool(report.anomalies)


def _dense_fraction_rule(report: TriageReport) -> bool:
    """The published rule, on the same crop."""
    if report.container is None:
        return False
    inner = report.container.inner
    band = slice(inner.top + inner.height // 3, inner.top + 2 * inner.height // 3)
    dark = -np.log(np.maximum(report.image.high[band, inner.left : inner.right], 1e-5)) > 1
    return bool(dark.mean() > 0.2)


def fills(
    setup: Setup, curves: MaterialCurves, scans: int, seed: int
) -> tuple[dict[str, Tally], list[float]]:
    tallies = {"calibrated": Tally(), "jpeg": Tally()}
    masses: list[float] = []
    for number in track(range(scans), "fill", console=SHOWN):
        for fill in Fill:
            scan = _scan(setup, fill, seed + 10 * number + list(Fill).index(fill))
            report = triage(scan.image, curves)
            judge(tallies["calibrated"], fill, report)
            judge(tallies["jpeg"], fill, triage(_display(scan, number)))
            measured = report.materials.mass_kg if report.materials is not None else None
            if fill in LOADED and measured and report.materials and not report.materials.mass_at_least:
                masses.append(measured / scan.truth.mass_kg)
    return tallies, masses


def _scan(setup: Setup, fill: Fill, seed: int) -> SimulatedScan:
    pitch = PITCHES[seed % len(PITCHES)]
    stretch = 0.75 + (seed * 7 % 11) / 20
    return simulate(random_scene(fill, seed, column_mm=pitch, row_mm=pitch * stretch), setup, seed)


def _display(scan: SimulatedScan, seed: int) -> ScanImage:
    shown = (display_picture(scan.image, seed) / 255).astype(np.float32)
    return transmission_image((shown,), calibration=Calibration.UNKNOWN, bits=8)


def materials(setup: Setup, curves: MaterialCurves, seed: int) -> dict[float, dict[str, float]]:
    """Per areal density: share right, share without a class, over slabs of nine reference goods."""
    rates: dict[float, dict[str, float]] = {}
    for areal in track(AREALS, "materials", console=SHOWN):
        right, unresolved, count = 0.0, 0.0, 0
        for trial in range(3):
            goods = [
                Thing(name, 300 + 1150 * i, 1200 + 1150 * i, 300, 1900, areal / MATERIALS[name].density * 10)
                for i, name in enumerate(REFERENCES)
            ]
            made = random_scene(Fill.PARTIAL, seed + trial, kind="40GP", column_mm=6, row_mm=5, goods=goods)
            report = triage(simulate(made, setup, seed + trial).image, curves)
            if report.materials is None:
                continue
            for thing in goods:
                c0, c1, r0, r1 = made.frame.box(
                    made.interior[0] + thing.x0 + 100,
                    made.interior[0] + thing.x1 - 100,
                    made.interior[2] + thing.y0 + 100,
                    made.interior[2] + thing.y1 - 100,
                )
                part = report.materials.classes[r0:r1, c0:c1]
                right += float((part == CLASSES[thing.material]).mean())
                unresolved += float(np.isin(part, (0, 5, 6)).mean())
                count += 1
        wrong = 1 - (right + unresolved) / max(count, 1)
        rates[areal] = {"right": right / count, "no_class": unresolved / count, "wrong": wrong}
    return rates


@dataclass(frozen=True)
class FullSize:
    """One 4000 x 1500 dual-energy scan: processor seconds, megabytes beside the scan, share in kernels."""

    seconds: float
    megabytes: float
    kernel_share: float


def full_size(setup: Setup, curves: MaterialCurves, seed: int) -> FullSize:
    made = random_scene(Fill.FULL, seed, column_mm=4.3, row_mm=3.0, kind="40HC", on_truck=True)
    image = simulate(made, setup, seed).image
    start = time.process_time()
    triage(image, curves)
    spent = time.process_time() - start
    tracemalloc.start()
    triage(image, curves)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return FullSize(spent, peak / 2**20, _kernel_share(image, curves))


def _kernel_share(image: ScanImage, curves: MaterialCurves) -> float:
    profile = cProfile.Profile(time.process_time)
    profile.runcall(triage, image, curves)
    own = {True: 0.0, False: 0.0}
    for entry in profile.getstats():
        own[_is_kernel(entry.code)] += entry.inlinetime
    return own[True] / sum(own.values())


def _is_kernel(code: object) -> bool:
    """cProfile gives a C function's name in place of code; OpenCV's are neither method nor of a module."""
    if not isinstance(code, str):
        return False
    opencv = not code.startswith(("<built-in method", "<method"))
    return opencv or "numpy" in code or "onnxruntime" in code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=20, help="scans of each fill class")
    parser.add_argument("--seed", type=int, default=5_000_000)
    parser.add_argument("--setup", default="mv-6-9", choices=sorted(SETUPS))
    told = parser.parse_args()
    setup = SETUPS[told.setup]
    curves = step_wedge(setup)
    whole = full_size(setup, curves, told.seed)
    tallies, masses = fills(setup, curves, told.scans, told.seed)
    rates = materials(setup, curves, told.seed)
    claims: list[dict[str, object]] = [
        {
            "claim": "triage of a 4000 x 1500 dual-energy scan, processor time",
            "measured": round(whole.seconds, 2),
            "unit": "s",
            "goal": "<= 6 on one core (3 s on two)",
            "met": whole.seconds <= 6,
        },
        {"claim": "memory beyond the scan itself", "measured": round(whole.megabytes), "unit": "MB"},
        {
            "claim": "of that processor time, at least, within NumPy, OpenCV and onnxruntime",
            "measured": round(whole.kernel_share, 3),
            "goal": ">= 0.7",
            "met": whole.kernel_share >= 0.7,
        },
    ]
    for name, tally in tallies.items():
        share = tally.three / tally.scans
        claims.append(
            {
                "claim": f"empty / near empty / loaded right, {name}, N = {tally.scans}",
                "measured": round(share, 4),
                "goal": ">= 0.98",
                "met": share >= 0.98,
                "four_classes": round(tally.fill / tally.scans, 4),
                "container_found": round(tally.found / tally.scans, 4),
                "construction_false_alarms": round(tally.false_construction / tally.scans, 4),
                "confusion": dict(+tally.confusion),
            }
        )
        seen, peer = tally.little_seen / tally.little, tally.peer_little_seen / tally.little
        claims.append(
            {
                "claim": f"low and small loads noticed, {name}, N = {tally.little}",
                "measured": round(seen, 4),
                "peer": "dense-fraction rule",
                "peer_measured": round(peer, 4),
            }
        )
    for areal, rate in rates.items():
        claims.append(
            {
                "claim": f"material classes right at {areal:g} g/cm2",
                "measured": round(rate["right"], 3),
                **rate,
            }
        )
    if masses:
        ratio = np.array(masses)
        spread = [round(float(v), 3) for v in np.percentile(ratio, (5, 50, 95))]
        claims.append(
            {
                "claim": f"mass by image / true mass, N = {ratio.size}",
                "measured": spread[1],
                "p5_p50_p95": spread,
            }
        )
    print(json.dumps({"benchmark": "nii_triage", "setup": told.setup, "claims": claims}))


if __name__ == "__main__":
    main()
