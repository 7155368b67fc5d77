"""APCER and BPCER of the weight-free liveness signs, per simulated attack species (ISO/IEC 30107-3).

    python benchmarks/face/bench_liveness.py [--images DIR] [--people N] [--offset N]

Each of N people's first picture is presented live and by every attack of `gate_models.attacks`. APCER is
the share of an attack's presentations that nothing was suspected of, BPCER the share of live ones that
something was. Simulated, so the rates compare the signs; they do not certify a lane. Without `--images` it
takes a few people of $GATE_AGENT_TEST_DATA, or the heads of the public-domain photographs: rates of so few
only show that the signs work. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.liveness import ENOUGH, LivenessMonitor, Verdict, judge
from gate_agent.biometrics.face.portrait import decode_portrait
from gate_agent.biometrics.face.track import FaceTracker
from gate_agent.biometrics.lab.dataset import list_samples
from gate_agent.evidence import Outcome
from gate_models.attacks import ATTACKS, bona_fide
from gate_simulators.egate.people import HEADS
from gate_simulators.egate.photographs import photographs

FEW = 12
Picture = np.ndarray


def present(chain: FaceChain, frames: list[np.ndarray]) -> Verdict | None:
    tracker, monitor = FaceTracker(chain, whole_every=len(frames)), LivenessMonitor()
    for pixels in frames:
        seen = tracker.follow(pixels)
        if seen is not None and not seen.others:
            monitor.add(pixels, seen.face)
    signs = monitor.signs()
    monitor.wipe()
    return judge(signs, None) if signs.frames >= ENOUGH else None


def of_people(images: Path, people: int, offset: int) -> list[Picture]:
    """One photograph a person, the face in the middle."""
    first = {sample.person: sample.file for sample in reversed(list_samples(images))}
    chosen = sorted(first.values())[offset :: max(len(first) // people, 1)][:people]
    return [decode_portrait(file.read_bytes()) for file in chosen]


def of_heads() -> list[Picture]:
    """The public-domain photographs, framed alike."""
    framed: list[Picture] = []
    for (person, number), (left, top, width, height) in HEADS.items():
        reach = int(1.3 * width)
        x, y = left + width // 2, top + height // 2
        part = photographs()[person][number][max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach]
        framed.append(cv2.resize(part, (250, 250), interpolation=cv2.INTER_AREA))
    return framed


def measure(pictures: Sequence[Picture]) -> dict[str, dict[str, Any]]:
    chain = FaceChain.load(FaceSettings(smallest_face_share=0.2))
    results: dict[str, dict[str, Any]] = {}
    for species, simulate in {"bona fide": bona_fide, **ATTACKS}.items():
        random, seen, signs, numbers = np.random.default_rng(30107), Counter[str](), Counter[str](), []
        names: list[str] = []
        for picture in pictures:
            verdict = present(chain, simulate(picture, random))
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


def claims(results: dict[str, dict[str, Any]]) -> list[dict[str, object]]:
    """One rate a species: what a sign is for, it should mostly see; who is alive, it should let pass."""
    found: list[dict[str, object]] = []
    for species, row in results.items():
        name = "BPCER" if "BPCER" in row else "APCER"
        what = f"{name}, {species} (simulated, N = {row['answered']})"
        found.append({"claim": what, "measured": row[name], "unit": ""})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--people", type=int, default=FEW)
    parser.add_argument("--offset", type=int, default=0, help="other people than those limits were set on")
    arguments = parser.parse_args()
    known = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nowhere")) / "faces/lfw_dev"
    images = arguments.images or (known if known.is_dir() else None)
    pictures = of_people(images, arguments.people, arguments.offset) if images else of_heads()
    results = measure(pictures)
    table = Table("presentation", "APCER", "BPCER", "N", "signs", title="Liveness signs, simulated")
    for species, row in results.items():
        rates = [f"{row[name]:.1%}" if name in row else "" for name in ("APCER", "BPCER")]
        signs = ", ".join(f"{k} {v}" for k, v in row["signs"].items())
        table.add_row(species, *rates, str(row["answered"]), signs)
    Console(stderr=True, width=140).print(table)
    print(json.dumps({"benchmark": "face_liveness", "claims": claims(results), **results}))


if __name__ == "__main__":
    main()
