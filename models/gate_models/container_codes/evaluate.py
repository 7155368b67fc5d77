"""Measures the networks on drawings with held-out typefaces and seeds, and writes their model cards.

    python -m gate_models.container_codes.evaluate --fonts DIR… --models DIR [--number 1000] [--card]

Whole sides are drawn and read end to end: lines found, read, put together, check digit. A code counts as read
only when the first answer is exactly right; a wrong code is counted apart from none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.vehicle.cards import EvaluationRecord, NetworkCard, RecogniserSettings
from gate_agent.vehicle.recogniser import CodeRecogniser
from gate_models.container_codes.drawing import (
    clouds,
    contrasting,
    paint,
    panel,
    random_code,
    random_size_type,
    scratch,
    seen,
    tilted,
)
from gate_models.container_codes.lettering import (
    HELD_OUT_FONTS,
    Glyph,
    horizontal,
    typefaces,
    varied,
    vertical,
)

LAYOUTS = ("one line", "two lines", "column")
SEED = 990_001
SIDE = (480, 640)


@dataclass
class Tally:
    """What became of the codes of one layout."""

    number: int = 0
    read: int = 0
    unrepaired: int = 0
    wrong: int = 0
    wrong_unrepaired: int = 0
    milliseconds: list[float] = field(default_factory=list[float])

    @property
    def none(self) -> int:
        return self.number - self.read - self.wrong


def whole_side(rng: np.random.Generator, faces: list[Glyph], layout: str) -> tuple[NDArray[np.uint8], str]:
    """A side with one code in the layout and its size and type, as a camera sees it: RGB."""
    code = random_code(rng)
    parts = (code[:4], code[4:10], code[10])
    glyph = varied(faces[rng.integers(len(faces))], rng)
    height = int(rng.integers(16, 34))
    surface = panel(rng, *SIDE)
    if rng.random() < 0.3:
        surface += 8 * clouds(rng, *SIDE, 40)
    scratch(rng, surface)
    colour = contrasting(rng, surface)
    draw = vertical if layout == "column" else horizontal
    rows = ((parts[0],), parts[1:]) if layout == "two lines" else (parts,)
    masks = [draw(row, glyph, height, rng) for row in (*rows, (random_size_type(rng),))]
    step = (2 * height, 0) if layout != "column" else (0, 2 * height)
    room = [SIDE[n] - 8 - max(m.mask.shape[n] + k * step[n] for k, m in enumerate(masks)) for n in (0, 1)]
    if min(room) < 1:
        return whole_side(rng, faces, layout)
    top, left = (int(rng.integers(4, 4 + n)) for n in room)
    for number, mask in enumerate(masks):
        paint(rng, surface, mask, left + number * step[1], top + number * step[0], colour)
    view = tilted(rng, SIDE[0], SIDE[1], 0.05)
    surface = np.asarray(
        cv2.warpPerspective(surface, view, (SIDE[1], SIDE[0]), borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    return np.asarray(cv2.cvtColor(seen(rng, surface), cv2.COLOR_GRAY2RGB), np.uint8), code


def tally(recogniser: CodeRecogniser, faces: list[Glyph], layout: str, number: int, seed: int) -> Tally:
    rng = np.random.default_rng(seed)
    out = Tally()
    for _ in range(number):
        picture, code = whole_side(rng, faces, layout)
        began = time.perf_counter()
        reads = recogniser.read(picture)
        out.milliseconds.append(1000 * (time.perf_counter() - began))
        out.number += 1
        if not reads:
            continue
        right = str(reads[0].code) == code
        out.read += right
        out.unrepaired += right and reads[0].repairs == 0
        out.wrong += not right
        out.wrong_unrepaired += not right and reads[0].repairs == 0
    return out


def interval(successes: int, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    z, rate = 1.96, successes / number
    middle = (rate + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    return max(0.0, middle - half), min(1.0, middle + half)


def record(where: str, measure: str, successes: int, number: int) -> EvaluationRecord:
    low, high = (round(bound, 4) for bound in interval(successes, number))
    return EvaluationRecord(
        set=where, measure=measure, rate=round(successes / number, 4), rate_low=low, rate_high=high, n=number
    )


def records(where: str, layout: str, found: Tally) -> list[EvaluationRecord]:
    return [
        record(where, f"{layout}: code read", found.read, found.number),
        record(where, f"{layout}: wrong code given", found.wrong, found.number),
        record(where, f"{layout}: wrong code given, unrepaired", found.wrong_unrepaired, found.number),
    ]


# ---------------------------------------------------------------- cards

TITLES = {
    "container-code-finder": "Marks lines of lettering on container sides",
    "container-code-reader-rows": "Reads one line of a container's marking",
    "container-code-reader-columns": "Reads one column of upright characters of a container's marking",
}
INPUTS = {
    "container-code-finder": "float32 (1, 1, h, w): grey, mean 0, deviation 1; h and w multiples of 8",
    "container-code-reader-rows": "float32 (n, 1, 32, 256): grey, mean 0, deviation 1",
    "container-code-reader-columns": "float32 (n, 1, 32, 384): grey on its side, mean 0, deviation 1",
}
OUTPUTS = {
    "container-code-finder": "(1, 2, h/4, w/4): how likely the core of a horizontal, a vertical line",
    "container-code-reader-rows": "(n, 37, 1, 64): probabilities of blank, 0-9, A-Z (CTC)",
    "container-code-reader-columns": "(n, 37, 1, 96): probabilities of blank, 0-9, A-Z (CTC)",
}
LIMITS = """\
Trained and measured on drawings only: no photograph of a container was used, so rates on real yards are
unknown and must be measured there. Lettering that is lit through, mirrored, torn off or covered, hand-painted
digits and letters under 14 pixels of height are outside what it saw. One view never confirms a code."""


def card(name: str, data: bytes, seed: int, evaluation: Sequence[EvaluationRecord]) -> str:
    """The card as TOML, checked against its schema."""
    only = name.rpartition("-")[2]
    checked = NetworkCard(
        id=name,
        title=TITLES[name],
        sha256=hashlib.sha256(data).hexdigest(),
        licence="own work, under the project's licence",
        script=f"python -m gate_models.container_codes.train --fonts DIR --seed {seed} --only {only}",
        seed=seed,
        input=INPUTS[name],
        output=OUTPUTS[name],
        training_data="drawings of gate_models.container_codes.drawing, typefaces FONTS and Hershey strokes",
        limitations=LIMITS,
        evaluation=tuple(evaluation),
    )
    lines = [f"# {checked.title}."]
    for key, value in checked.model_dump(exclude={"evaluation"}).items():
        lines.append(f"{key} = {_toml(value)}")
    for row in checked.evaluation:
        lines += ["", "[[evaluation]]"]
        lines += [
            f"{key} = {repr(value).replace(chr(39), chr(34))}" for key, value in row.model_dump().items()
        ]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"""\n{value}"""' if "\n" in value else json.dumps(value)
    return repr(value)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the training, for the card")
    parser.add_argument("--card", action="store_true", help="write the cards beside the networks")
    arguments = parser.parse_args()
    networks = {name: (arguments.models / f"{name}.onnx").read_bytes() for name in TITLES}
    finder, rows, columns = networks.values()
    recogniser = CodeRecogniser(finder, rows, columns, RecogniserSettings())
    faces = typefaces(arguments.fonts, HELD_OUT_FONTS, strokes=False)
    found: list[EvaluationRecord] = []
    for place, layout in enumerate(LAYOUTS):
        result = tally(recogniser, faces, layout, arguments.number, SEED + place)
        found += records("drawings with held-out typefaces", layout, result)
        print(
            f"{layout}: read {result.read}/{result.number} ({result.unrepaired} unrepaired), "
            f"wrong {result.wrong} ({result.wrong_unrepaired} unrepaired), none {result.none}, "
            f"median {np.median(result.milliseconds):.0f} ms",
            flush=True,
        )
    if arguments.card:
        for name, data in networks.items():
            (arguments.models / f"{name}.toml").write_text(card(name, data, arguments.seed, found))


if __name__ == "__main__":
    main()
