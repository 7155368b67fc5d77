"""Error rates at the card's operating point, and how well its threshold holds on other people.

    python benchmarks/face/bench_accuracy.py [--images DIR] [--embedder CARD]

All against all, one picture each side (ISO/IEC 19795-1). The images are those that the card was calibrated
on, so the FMR at its threshold is the stated one by construction; what a threshold is worth on *other*
people comes from splits without a common person: set on a half, tried on the other half, and the same with
quarters, which shows how the factor shrinks with the number of people. Without `--images` it takes
$GATE_AGENT_TEST_DATA/faces/lfw_dev, and measures nothing where that is not. Two minutes on two idle cores.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.lab.dataset import list_samples
from gate_agent.biometrics.lab.enrol import enrol
from gate_agent.biometrics.lab.scores import (
    Scores,
    all_pairs,
    rates_at,
    split_factor,
    threshold_at,
    transfer_factor,
)

FMR, EES_FMR = 1e-3, 5e-4  # (EU) 2019/329 asks for FNMR < 1 % at the second


def told(what: str, part: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {part:.0%} ", end="", file=sys.stderr, flush=True)


def scores_of(images: Path, chain: FaceChain) -> tuple[Scores, float]:
    """All comparisons of the pictures that the card's gate lets pass, and the share that it does not."""
    samples = list_samples(images)
    enrolment = enrol(chain, samples, told)
    names = {person: n for n, person in enumerate(dict.fromkeys(s.person for s in samples))}
    kept = enrolment.acquired
    people = np.unique(np.array([names[s.person] for s in samples])[kept], return_inverse=True)[1]
    return all_pairs(enrolment.vectors[kept], people.astype(np.intp)), 1 - float(kept.mean())


def measure(images: Path, settings: FaceSettings) -> dict[str, float]:
    scores, turned_away = scores_of(images, FaceChain.load(settings))
    rates = rates_at(scores, threshold_at(scores, FMR))
    ees = rates_at(scores, threshold_at(scores, EES_FMR))
    halves, quarters = (split_factor(scores, FMR, parts=parts) for parts in (2, 4))
    return {
        "people": scores.people,
        "genuine": len(scores.genuine),
        "impostor": scores.impostors,
        "failure_to_acquire": turned_away,
        "fnmr": rates.fnmr,
        "fnmr_low": rates.fnmr_low,
        "fnmr_high": rates.fnmr_high,
        "fnmr_at_ees": ees.fnmr,
        "factor_of_quarters": quarters,
        "factor_of_quarters_expected": halves ** float(np.sqrt(2)),
        "factor_of_halves": halves,
        "factor": transfer_factor(halves),
    }


def claims(figures: dict[str, float]) -> list[dict[str, object]]:
    fnmr, ees, factor = figures["fnmr"], figures["fnmr_at_ees"], figures["factor"]
    rows = (
        ("FNMR at FMR 0.1 %, one picture each side", fnmr, "<= 0.03", fnmr <= 0.03),
        ("FNMR at FMR 0.05 %, one picture each side", ees, "< 0.01", ees < 0.01),
        ("FMR 0.1 % on as many other people, within (90 %)", factor, "<= 1.5", factor <= 1.5),
    )
    return [
        {"claim": what, "measured": round(measured, 4), "unit": "", "goal": goal, "met": met}
        for what, measured, goal, met in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    known = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nowhere")) / "faces/lfw_dev"
    parser.add_argument("--images", type=Path, default=known)
    parser.add_argument("--embedder", default="dlib-resnet-v1")
    arguments = parser.parse_args()
    result: dict[str, object] = {"benchmark": "face_accuracy", "embedder": arguments.embedder, "claims": []}
    if arguments.images.is_dir():
        figures = measure(
            arguments.images, FaceSettings(embedder=arguments.embedder, smallest_face_share=0.15)
        )
        result |= {"claims": claims(figures)} | {name: round(value, 6) for name, value in figures.items()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
