"""Sister containers: how often the one that does not belong is found, and how often a good one is suspected.

Lots of four containers with the same goods stacked by the same plan, each in its own frame, on its own truck
or none, every fourth driven doors first. *Tidy* lots vary by 1 to 2 % in packing and height, *untidy* ones by
4 to 5 %, in where pallets stand and in how far the container is filled. Then one container is replaced by

* `other`: one of another lot (another plan; sometimes the same goods),
* `swapped`: other goods, stacked by the same plan,
* `hidden`: the same load with one box of 0.3 to 1.2 m among it.

`found`: the intruder is the least alike of the four (or, for `hidden`, has the largest local excess); chance
is 25 %. `alarm`: `lot_anomaly` does not pass it, against three true sisters. The peer is what one would try
first: correlation of the container's picture, made small. What the comparison leaves out: real yards, and
goods of one lot that are loaded by different people in different ways. Trials share pictures: they are fewer
independent ones than N says.

    python benchmarks/nii/bench_lots.py [--lots N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import median

import cv2
import numpy as np
from lots import HABITS, Habit, hidden, loaded, plan, scanned
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from gate_agent.cargo.lot import LotSettings, lot_anomaly
from gate_agent.cargo.signature import LoadSignature, distance, load_signature, local_excess
from gate_agent.evidence import Outcome
from gate_agent.scans.image import Calibration, ScanImage, transmission_image
from gate_agent.scans.triage.container import attenuation
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.scenario import display_picture

SHOWN = Console(stderr=True)
SETTINGS = LotSettings()
SISTERS = 4
STRANGERS = 3
"""Containers of other lots that take the place of each sister."""
INTRUDERS = ("other", "swapped", "hidden")
PICTURES = ("calibrated", "display", "display, varied")


@dataclass(frozen=True, eq=False)
class Look:
    """What is kept of one picture."""

    signature: LoadSignature
    small: NDArray[np.float32]


Lot = dict[str, list[Look | None]]
"""Picture kind -> the sisters, then the swapped and the hidden one."""


def pictures(image: ScanImage, scanner: int, seed: int) -> dict[str, ScanImage]:
    """The scan, and as displays show it: one scanner's own setting, and a setting of each picture's own."""
    shown = {"display": display_picture(image, scanner), "display, varied": display_picture(image, seed)}
    made = {
        name: transmission_image(((grey / 255).astype(np.float32),), calibration=Calibration.UNKNOWN, bits=8)
        for name, grey in shown.items()
    }
    return {"calibrated": image, **made}


def looked_at(image: ScanImage) -> Look | None:
    report = triage(image)
    signature = load_signature(report)
    if signature is None or report.container is None:
        return None
    crop = attenuation(report.image.high[report.container.outer.slices])
    return Look(signature, np.asarray(cv2.resize(crop, (96, 24), interpolation=cv2.INTER_AREA), np.float32))


def lot(number: int, seed: int, habit: Habit) -> Lot:
    random = np.random.Generator(np.random.SFC64((seed, number)))
    made, stranger = plan(random), plan(random)
    swapped = replace(made, commodity=stranger.commodity, packing=stranger.packing)
    found: Lot = {kind: [] for kind in PICTURES}
    for place in range(SISTERS + 2):
        things, space = loaded(swapped if place == SISTERS else made, habit, random)
        if place == SISTERS + 1:
            things.append(hidden(made, space, random))
        turned = bool(random.random() < 0.25)
        unique = seed + 100 * number + place
        image = scanned(made, things, space, unique, turned).image
        for kind, picture in pictures(image, seed + number, 7 * unique).items():
            found[kind].append(looked_at(picture))
    return found


# ---------------------------------------------------------------- judging


def away(own: LoadSignature, others: list[LoadSignature]) -> float:
    return median(distance(own, each) for each in others)


def correlation(own: Look, others: list[Look]) -> float:
    """The peer: how little the small pictures correlate."""
    values = [float(np.corrcoef(own.small.ravel(), each.small.ravel())[0, 1]) for each in others]
    return -median(values)


def trials(lots: list[Lot], kind: str, intruder: str, random: np.random.Generator) -> list[list[Look]]:
    """Groups of four, the intruder first: each lot's sisters leave their place in turn."""
    found: list[list[Look]] = []
    for number, one in enumerate(lots):
        every = one[kind]
        for left_out in range(SISTERS):
            true = [each for n, each in enumerate(every[:SISTERS]) if n != left_out]
            if intruder == "other":
                strange = random.choice([n for n in range(len(lots)) if n != number], STRANGERS, False)
                firsts = [lots[int(n)][kind][int(random.integers(SISTERS))] for n in strange]
            else:
                firsts = [every[SISTERS + (intruder == "hidden")]]
            for group in ([first, *true] for first in firsts):
                if all(each is not None for each in group):
                    found.append([each for each in group if each is not None])
    return found


def judge(group: list[Look], intruder: str) -> dict[str, bool]:
    signatures = [each.signature for each in group]
    rests = [[s for n, s in enumerate(signatures) if n != own] for own in range(len(group))]
    if intruder == "hidden":
        scores = [local_excess(own, rest).share for own, rest in zip(signatures, rests, strict=True)]
    else:
        scores = [away(own, rest) for own, rest in zip(signatures, rests, strict=True)]
    peer = [correlation(own, [e for e in group if e is not own]) for own in group]
    result = lot_anomaly(signatures[0], rests[0], SETTINGS)
    return {
        "found": int(np.argmax(scores)) == 0,
        "peer": int(np.argmax(peer)) == 0,
        "alarm": result.outcome is not Outcome.PASSED,
    }


def suspected(lots: list[Lot], kind: str) -> list[bool]:
    """Every true sister against the other three: whether it is not passed."""
    found: list[bool] = []
    for one in lots:
        true = [each.signature for each in one[kind][:SISTERS] if each is not None]
        if len(true) < SISTERS:
            continue
        for own in range(SISTERS):
            rest = [each for n, each in enumerate(true) if n != own]
            found.append(lot_anomaly(true[own], rest, SETTINGS).outcome is not Outcome.PASSED)
    return found


def claims_of(lots: list[Lot], habit: str, seed: int) -> list[dict[str, object]]:
    claims: list[dict[str, object]] = []
    for kind in PICTURES:
        false = suspected(lots, kind)
        for intruder in INTRUDERS:
            random = np.random.Generator(np.random.SFC64(seed))
            tally: dict[str, list[bool]] = defaultdict(list)
            for group in trials(lots, kind, intruder, random):
                for name, value in judge(group, intruder).items():
                    tally[name].append(value)
            rates = {name: round(float(np.mean(values)), 3) for name, values in tally.items()}
            claims.append(
                {
                    "claim": f"{habit} lots, {kind}: {intruder} found, N = {len(tally['found'])}",
                    "measured": rates["found"],
                    "peer": "correlation of small pictures",
                    "peer_measured": rates["peer"],
                    "alarm": rates["alarm"],
                    "false_alarm": round(float(np.mean(false)), 3),
                    "false_alarm_n": len(false),
                }
                | ({"goal": ">= 0.889", "met": rates["found"] >= 0.889} if intruder == "other" else {})
            )
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=12, help="lots of each habit")
    parser.add_argument("--seed", type=int, default=6_000_000)
    told = parser.parse_args()
    claims: list[dict[str, object]] = []
    for habit, how in HABITS.items():
        made = [lot(n, told.seed, how) for n in track(range(told.lots), f"{habit} lots", console=SHOWN)]
        claims += claims_of(made, habit, told.seed)
    print(json.dumps({"benchmark": "nii_lots", "setup": "mv-6-9", "claims": claims}))


if __name__ == "__main__":
    main()
