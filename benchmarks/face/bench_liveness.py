"""APCER and BPCER of the weight-free liveness signs, per simulated attack species (ISO/IEC 30107-3).

    python benchmarks/face/bench_liveness.py --images DIR [--people N] [--offset N]

Each of N people's first picture is presented live and by every attack of `gate_models.attacks`. APCER is
the share of an attack's presentations that nothing was suspected of, BPCER the share of live ones that
something was. Simulated, so the rates compare the signs; they do not certify a lane. Prints a table and
one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from gate_agent.evidence import Outcome
from gate_agent.face.chain import FaceChain, FaceSettings
from gate_agent.face.dataset import list_samples
from gate_agent.face.liveness import LivenessMonitor, Verdict, judge
from gate_agent.face.portrait import decode_portrait
from gate_agent.face.track import FaceTracker
from gate_models.attacks import ATTACKS, bona_fide


def present(chain: FaceChain, frames: list[np.ndarray]) -> Verdict | None:
    tracker, monitor = FaceTracker(chain, whole_every=len(frames)), LivenessMonitor()
    for pixels in frames:
        seen = tracker.follow(pixels)
        if seen is not None and not seen.others:
            monitor.add(pixels, seen.face)
    signs = monitor.signs()
    monitor.wipe()
    return judge(signs, None, model_required=False) if signs.frames >= 5 else None


def measure(images: Path, people: int, offset: int) -> dict[str, dict[str, object]]:
    chain = FaceChain.load(FaceSettings(smallest_face_share=0.2))
    first = {sample.person: sample.file for sample in reversed(list_samples(images))}
    chosen = sorted(first.values())[offset :: max(len(first) // people, 1)][:people]
    results: dict[str, dict[str, object]] = {}
    for species, simulate in {"bona fide": bona_fide, **ATTACKS}.items():
        random, seen, signs, numbers = np.random.default_rng(30107), Counter[str](), Counter[str](), []
        for file in chosen:
            verdict = present(chain, simulate(decode_portrait(file.read_bytes()), random))
            seen["not acquired" if verdict is None else verdict.outcome.value] += 1
            if verdict is not None:
                signs.update(suspicion.value for suspicion in verdict.suspicions)
                numbers.append(list(verdict.measured.values()))
                names = list(verdict.measured)
        answered = sum(seen.values()) - seen["not acquired"]
        suspected = seen[Outcome.FAILED.value] / max(answered, 1)
        rate = ("BPCER", suspected) if species == "bona fide" else ("APCER", 1 - suspected)
        quartiles = np.percentile(np.array(numbers), (5, 50, 95), axis=0).T.round(3).tolist()
        results[species] = {
            rate[0]: round(rate[1], 4),
            "answered": answered,
            "not acquired": seen["not acquired"],
            "signs": dict(signs),
            "percentiles 5 50 95": dict(zip(names, quartiles, strict=True)),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--offset", type=int, default=0, help="other people than those limits were set on")
    arguments = parser.parse_args()
    results = measure(arguments.images, arguments.people, arguments.offset)
    table = Table("presentation", "APCER", "BPCER", "N", "signs", title="Liveness signs, simulated")
    for species, row in results.items():
        rates = [f"{row[name]:.1%}" if name in row else "" for name in ("APCER", "BPCER")]
        table.add_row(
            species, *rates, str(row["answered"]), ", ".join(f"{k} {v}" for k, v in row["signs"].items())
        )
    Console(stderr=True, width=140).print(table)
    print(json.dumps({"benchmark": "face_liveness", **results}))


if __name__ == "__main__":
    main()
