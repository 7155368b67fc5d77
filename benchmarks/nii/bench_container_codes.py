"""Container codes read in simulated pictures: rates by layout, wrong codes apart from unread ones, time.

The pictures are the simulator's (`gate_simulators.vehicle.container_side`): other lettering, steel and optics
than the drawings that the networks learnt from. Letters of 20 to 46 pixels, worn up to half, tilted, a
quarter at night, 960 x 720 pixels. Left out: photographs of real containers, of which this project has none.

    python benchmarks/nii/bench_container_codes.py [--number N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.iso6346 import complete
from gate_agent.vehicle.recogniser import CodeRead, CodeRecogniser
from gate_agent.vehicle.voting import Support, vote
from gate_simulators.vehicle.container_side import Layout, drawn_side, render

SHOWN = Console(stderr=True, width=120)
LAYOUTS: tuple[Layout, ...] = ("horizontal", "stacked", "vertical")
GOALS = {"horizontal": 0.98, "stacked": 0.98, "vertical": 0.95}
LETTERS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass
class Tally:
    read: int = 0
    wrong: int = 0
    wrong_that_hold: int = 0  # without any repair: what the check digit did not catch
    none: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.read + self.wrong + self.none


def random_code(rng: np.random.Generator) -> str:
    owner = "".join(rng.choice(LETTERS, 3))
    return str(complete(owner + "U", f"{rng.integers(1_000_000):06d}"))


def looked_at(
    recogniser: CodeRecogniser, rng: np.random.Generator, code: str, layout: Layout, tally: Tally
) -> tuple[CodeRead, ...]:
    picture = render(drawn_side(rng, code, layout))
    began = time.perf_counter()
    reads = recogniser.read(picture)
    tally.milliseconds.append(1000 * (time.perf_counter() - began))
    if not reads:
        tally.none += 1
    elif str(reads[0].code) == code:
        tally.read += 1
    else:
        tally.wrong += 1
        tally.wrong_that_hold += reads[0].repairs == 0
    return reads


def interval(rate: float, number: int) -> str:
    """Wilson's 95 % interval."""
    z = 1.96
    middle = (rate + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    return f"{max(0.0, middle - half):.1%} to {min(1.0, middle + half):.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Container codes read in simulated pictures.")
    parser.add_argument("--number", type=int, default=120, help="containers")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    recogniser = CodeRecogniser.load(RecogniserSettings())
    tallies = {layout: Tally() for layout in LAYOUTS}
    confirmed = falsely = 0
    for _ in track(range(arguments.number), "containers", console=SHOWN, transient=True):
        code = random_code(rng)
        reads = {layout: looked_at(recogniser, rng, code, layout, tallies[layout]) for layout in LAYOUTS}
        result = vote(reads)
        confirmed += result.support is Support.VIEWS and str(result.code) == code
        falsely += result.support is Support.VIEWS and str(result.code) != code
    table = Table("layout", "read", "95 %", "wrong", "of these hold", "none", "ms, median")
    claims: list[dict[str, object]] = []
    for layout, tally in tallies.items():
        rate = tally.read / tally.number
        counts = (str(n) for n in (tally.wrong, tally.wrong_that_hold, tally.none))
        median = float(np.median(tally.milliseconds))
        table.add_row(layout, f"{rate:.1%}", interval(rate, tally.number), *counts, f"{median:.0f}")
        claims.append(
            {
                "claim": f"container codes read, {layout}, N = {tally.number}",
                "measured": round(rate, 4),
                "unit": "share",
                "goal": f">= {GOALS[layout]}",
                "met": rate >= GOALS[layout],
            }
        )
    number = arguments.number
    claims += [
        {"claim": f"confirmed by three views, N = {number}", "measured": confirmed / number, "unit": "share"},
        {"claim": f"confirmed and wrong, N = {number}", "measured": falsely / number, "unit": "share"},
        {
            "claim": "time for one picture, median",
            "measured": round(float(np.median([ms for t in tallies.values() for ms in t.milliseconds])), 1),
            "unit": "ms",
        },
    ]
    SHOWN.print(table)
    SHOWN.print(f"three views confirm {confirmed} of {number}; falsely {falsely}")
    print(json.dumps({"benchmark": "nii_container_codes", "claims": claims}))


if __name__ == "__main__":
    main()
