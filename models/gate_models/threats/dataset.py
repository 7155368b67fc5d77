"""Draws the training set: stretches of loading space with and without objects, as random scanners show them.

    python -m gate_models.threats.dataset --out FOLDER [--number 4000] [--seed 1] [--workers 2]

One sample is what the detector is given (:func:`gate_agent.scans.triage.detector.prepared` makes it, so that
training and station see the same) and, for every STRIDE x STRIDE pixels, how much of it is object and whether
it counts: objects that no eye could make out in that picture are left out of the loss."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import Calibration, ScanImage
from gate_agent.scans.triage.container import Box
from gate_agent.scans.triage.detector import ChannelName, DetectorCard, prepared
from gate_models.threats.beam import Scanner, detected, picture, random_scanner, transmitted
from gate_models.threats.loads import load, walls
from gate_models.threats.objects import Object, random_object
from gate_models.threats.space import DEPTH_MM, PITCH_MM, Map, Space, areal, pixels

STRIDE: Final = 4
ROWS, COLUMNS = 304, 512
CHANNELS: Final = (ChannelName.ATTENUATION, ChannelName.CONTRAST, ChannelName.SEEN, ChannelName.ENERGIES)
INPUT: Final = DetectorCard(
    id="scan-threats",
    title="",
    sha256="0" * 64,
    licence="own",
    channels=CHANNELS,
    pixel_mm=PITCH_MM,
    stride=STRIDE,
    multiple=16,
    output="",
)
SHARD: Final = 100
_FAINT: Final = 0.04
"""Attenuation that an object must add to be learnt; and this many times the noise of a pixel: _IN_NOISE."""
_IN_NOISE: Final = 0.7
_AMONG_GOODS: Final = 0.75
_DISPLAY_BLACK: Final = 0.03
_LIMIT: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """`channels` (4, ROWS, COLUMNS) float16; `share` and `weight` (ROWS / STRIDE, COLUMNS / STRIDE)
    float16."""

    channels: NDArray[np.float16]
    share: NDArray[np.float16]
    weight: NDArray[np.float16]


def hide(random: np.random.Generator, space: Space, number: int) -> list[tuple[Object, int, int]]:
    """Put objects into the space, apart from each other: (object, top, left) of each."""
    taken = np.zeros((space.rows, space.columns), np.bool_)
    loaded = np.argwhere(_loose(space) > 0.5)
    hidden: list[tuple[Object, int, int]] = []
    for _ in range(4 * number):
        if len(hidden) == number:
            break
        thing = random_object(random)
        rows, columns = thing.extent.shape
        if rows >= space.rows - 4 or columns >= space.columns - 4:
            continue
        top, left = (int(random.integers(0, size)) for size in (space.rows - rows, space.columns - columns))
        if len(loaded) and random.random() < _AMONG_GOODS:
            centre = loaded[int(random.integers(len(loaded)))] - [rows // 2, columns // 2]
            top, left = (int(v) for v in np.clip(centre, 0, [space.rows - rows, space.columns - columns]))
        around = np.s_[max(0, top - 6) : top + rows + 6, max(0, left - 6) : left + columns + 6]
        if taken[around].any():
            continue
        taken[around] = True
        hidden.append((thing, top, left))
        _insert(random, space, thing, top, left)
    return hidden


def _loose(space: Space) -> Map:
    """Areal density of everything but the walls' own."""
    total = np.sum(list(space.areal.values()), axis=0)
    return total - np.percentile(total, 2)


def _insert(random: np.random.Generator, space: Space, thing: Object, top: int, left: int) -> None:
    """Among the goods or, as often, in place of what stood there: a thing takes up room."""
    if random.random() < 0.5:
        part = np.s_[top : top + thing.extent.shape[0], left : left + thing.extent.shape[1]]
        room = sum(patch / areal(name, DEPTH_MM) for name, patch in thing.layers)
        for name, layer in space.areal.items():
            if name != "steel":
                layer[part] *= np.clip(1 - room, 0, 1)
    for name, patch in thing.layers:
        space.add(name, top, left, patch)


def sample(seed: int) -> Sample:
    """One stretch of one container; the same seed gives the same sample."""
    random = np.random.Generator(np.random.SFC64((seed, 5)))
    height = float(random.choice([2390.0, 2390.0, 2690.0, 2250.0]))
    scanner = random_scanner(random)
    accelerator = scanner.energies[-1].peak_kev > 1000
    space = Space(pixels(height), COLUMNS, heaviest=180.0 if accelerator else 30.0)
    walls(random, space, refrigerated=height < 2300)
    load(random, space)
    clean = transmitted(space, scanner.energies[-1])
    number = int(random.choice([0, 2, 4, 6], p=[0.2, 0.25, 0.3, 0.25]))
    hidden = hide(random, space, number)
    ideal = [transmitted(space, energy) for energy in scanner.energies]
    share, weight = _truth(space, hidden, clean, ideal[-1], scanner)
    image = picture(random, tuple(detected(random, each, scanner) for each in ideal), scanner)
    return _sample(image, share, weight)


def _truth(
    space: Space, hidden: Sequence[tuple[Object, int, int]], clean: Map, ideal: Map, scanner: Scanner
) -> tuple[Map, Map]:
    """Where objects are, and which of them count."""
    share, weight = np.zeros((space.rows, space.columns), np.float32), np.ones_like(clean)
    # Per pixel of PITCH_MM, from the scanner's own pixels.
    quanta = scanner.quanta * PITCH_MM**2 / (scanner.row_mm * scanner.column_mm)
    floor = max(1e-3, 4 * scanner.electronic) if not scanner.display else 0.01
    for thing, top, left in hidden:
        part = np.s_[top : top + thing.extent.shape[0], left : left + thing.extent.shape[1]]
        inside = thing.extent
        before, after = np.maximum(clean[part], 1e-5)[inside], np.maximum(ideal[part], 1e-5)[inside]
        noise = np.sqrt(1 / (before * quanta) + (scanner.electronic / before) ** 2)
        added = np.abs(np.log(before / after))
        visible = np.mean((added > _FAINT) & (added > _IN_NOISE * noise) & (before > floor))
        share[part][inside] = 1
        if visible < 0.5:
            weight[part][inside] = 0
    return share, weight


def _sample(image: ScanImage, share: Map, weight: Map) -> Sample:
    rows, columns = image.shape
    limit = _LIMIT if image.calibration is Calibration.KNOWN else _DISPLAY_BLACK
    given = prepared(image, Box(0, columns, 0, rows), image.high > limit, INPUT)
    size = given.channels.shape[2], given.channels.shape[1]
    truth = [
        np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.float32)
        for each in (share, weight)
    ]
    share, weight = (_fitted(each[None], "constant")[0] for each in truth)
    size = COLUMNS // STRIDE, ROWS // STRIDE
    return Sample(
        _fitted(given.channels, "edge").astype(np.float16),
        cv2.resize(share, size, interpolation=cv2.INTER_AREA).astype(np.float16),
        (cv2.resize(weight, size, interpolation=cv2.INTER_AREA) > 0.99).astype(np.float16),
    )


def _fitted(channels: Map, padding: Literal["edge", "constant"]) -> Map:
    """Cut or padded to ROWS x COLUMNS, from the floor up; padding repeats the edge, or is 0."""
    cut = channels[:, max(0, channels.shape[1] - ROWS) :, :COLUMNS]
    pad = ((0, 0), (ROWS - cut.shape[1], 0), (0, COLUMNS - cut.shape[2]))
    return np.pad(cut, pad, mode=padding)


def write_shard(folder: Path, seed: int, number: int) -> Path:
    """Samples `number * SHARD` and on, as one file."""
    cv2.setNumThreads(1)
    samples = [sample(seed * 10_000_000 + number * SHARD + n) for n in range(SHARD)]
    path = folder / f"{seed}-{number:04d}.npz"
    np.savez(
        path,
        channels=np.stack([s.channels for s in samples]),
        share=np.stack([s.share for s in samples]),
        weight=np.stack([s.weight for s in samples]),
    )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--number", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.workers) as pool:
        shards = range(-(-arguments.number // SHARD))
        for path in pool.map(partial(write_shard, arguments.out, arguments.seed), shards):
            print(path, flush=True)


if __name__ == "__main__":
    main()
