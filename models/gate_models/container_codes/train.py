"""Trains the finder and the readers of container codes on drawings, and writes them as ONNX.

    python -m gate_models.container_codes.train --fonts /usr/share/fonts --out DIR --seed 1

Needs torch, OpenCV, Pillow and onnx, and the fonts named in :mod:`.lettering` (Debian packages
fonts-liberation, fonts-freefont-ttf, fonts-dejavu, fonts-roboto-unhinted, fonts-opendin, fonts-lato,
fonts-osifont, fonts-routed-gothic, fonts-jetbrains-mono, fonts-play). One core, about fifty minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from numpy.typing import NDArray
from torch.nn import functional  # pyright: ignore[reportMissingImports]

from gate_agent.vehicle.lines import CORE, STRIDE, normalised, straightened
from gate_models.container_codes.drawing import Drawing, Line, Quad, one_line, side
from gate_models.container_codes.lettering import FONTS, Glyph, typefaces
from gate_models.container_codes.networks import (
    ALPHABET,
    FINDER,
    READER,
    Convolution,
    onnx_model,
    torch_module,
)

CROPS_PER_DRAWING = 3
PEAK_RATE = 3e-3


def jittered(rng: np.random.Generator, quad: Quad) -> Quad:
    """A line as the finder would give it: a little off, a little too wide or narrow."""
    along, across = quad[1] - quad[0], quad[3] - quad[0]
    thick = float(np.linalg.norm(across))
    step = along / max(1e-3, float(np.linalg.norm(along))) * thick
    begin, end = rng.uniform(-0.05, 0.55, 2)
    upper, lower = rng.uniform(0.0, 0.4, 2)
    slant = rng.uniform(-0.08, 0.08, 4)
    corners = [
        quad[0] - begin * step - (upper + slant[0]) * across,
        quad[1] + end * step - (upper + slant[1]) * across,
        quad[2] + end * step + (lower + slant[2]) * across,
        quad[3] - begin * step + (lower + slant[3]) * across,
    ]
    return np.array(corners, np.float32)


def reader_batch(
    rng: np.random.Generator, faces: list[Glyph], size: int, upright: bool
) -> tuple[Any, Any, Any]:
    """Lines, their characters as classes, and how many each has."""
    lines: list[NDArray[np.float32]] = []
    classes: list[int] = []
    lengths: list[int] = []
    while len(lines) < size:
        drawing = one_line(rng, faces, upright)
        line = drawing.lines[0]
        for _ in range(min(CROPS_PER_DRAWING, size - len(lines))):
            lines.append(straightened(drawing.pixels, jittered(rng, line.quad), line.vertical))
            classes += [ALPHABET.index(char) + 1 for char in line.text]
            lengths.append(len(line.text))
    return torch.from_numpy(np.stack(lines)[:, None]), torch.tensor(classes), torch.tensor(lengths)


def cores(drawing: Drawing) -> NDArray[np.float32]:
    """What the finder shall mark: the core of every line, horizontal and vertical ones apart."""
    rows, columns = (length // STRIDE for length in drawing.pixels.shape)
    out = np.zeros((2, rows, columns), np.float32)
    for line in drawing.lines:
        cv2.fillConvexPoly(out[int(line.vertical)], _core(line), 1.0)
    return out


def _core(line: Line) -> NDArray[np.int32]:
    across = (line.quad[3] - line.quad[0] + line.quad[2] - line.quad[1]) / 2
    inset = (1 - CORE) / 2 * across
    # The ends keep a small distance, so that neighbours on one line of sight stay apart.
    along = line.quad[1] - line.quad[0]
    short = along / max(1e-3, float(np.linalg.norm(along))) * float(np.linalg.norm(inset)) * 0.5
    quad = line.quad + np.array([inset + short, inset - short, -inset - short, -inset + short])
    return np.round(quad / STRIDE).astype(np.int32)


def finder_batch(rng: np.random.Generator, faces: list[Glyph], size: int) -> tuple[Any, Any]:
    drawings = [side(rng, faces) for _ in range(size)]
    pictures = np.stack([normalised(drawing.pixels) for drawing in drawings])[:, None]
    return torch.from_numpy(pictures), torch.from_numpy(np.stack([cores(d) for d in drawings]))


def _scores(module: Any, pictures: Any) -> Any:
    # Half precision and channels last: twice as fast on a CPU that knows bfloat16.
    with torch.autocast("cpu", torch.bfloat16):
        return module(pictures.contiguous(memory_format=torch.channels_last)).float()


def reader_loss(module: Any, batch: tuple[Any, Any, Any]) -> Any:
    lines, classes, lengths = batch
    scores = functional.log_softmax(_scores(module, lines)[:, :, 0].permute(2, 0, 1), dim=2)
    steps = torch.full((len(lengths),), scores.shape[0])
    return functional.ctc_loss(scores, classes, steps, lengths, zero_infinity=True)


def finder_loss(module: Any, batch: tuple[Any, Any]) -> Any:
    """Cross-entropy and Dice: lines cover little of a picture."""
    pictures, wanted = batch
    scores = _scores(module, pictures)
    marked = torch.sigmoid(scores)
    both = (marked * wanted).sum((2, 3))
    dice = 1 - (2 * both + 1) / (marked.sum((2, 3)) + wanted.sum((2, 3)) + 1)
    return 4 * functional.binary_cross_entropy_with_logits(scores, wanted) + dice.mean()


def learn(module: Any, steps: int, peak: float, loss_of: Callable[[int], Any], name: str) -> None:
    """So many steps, at a rate that rises at once and falls as a cosine. Leaves the module in eval mode."""
    module.train()
    optimiser = torch.optim.AdamW(module.parameters(), lr=peak, weight_decay=1e-3)
    mean = 0.0
    for step in range(steps):
        rate = peak * min(1.0, (step + 1) / 60) * (0.5 * (1 + np.cos(np.pi * step / steps)) + 0.003)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(step)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
        optimiser.step()
        mean = float(loss.detach()) if step == 0 else 0.97 * mean + 0.03 * float(loss.detach())
        if (step + 1) % 100 == 0:
            print(f"{name} step {step + 1}/{steps} loss {mean:.4f}", flush=True)
    module.eval()


def fresh(table: Sequence[Convolution], seed: int) -> Any:
    torch.manual_seed(seed)
    return torch_module(table).to(memory_format=torch.channels_last)


def state_of(module: Any) -> dict[str, NDArray[np.float32]]:
    return {key: value.numpy().copy() for key, value in module.state_dict().items()}


def train_finder(steps: int, seed: int, faces: list[Glyph]) -> bytes:
    module, rng = fresh(FINDER, seed), np.random.default_rng(seed)
    learn(module, steps, PEAK_RATE, lambda _: finder_loss(module, finder_batch(rng, faces, 8)), "finder")
    return onnx_model(FINDER, state_of(module), "Sigmoid", "container-code-finder")


def train_both(steps: int, seed: int, faces: list[Glyph]) -> Any:
    """A reader of rows and columns by turns: where the readers of each begin."""
    module, rng = fresh(READER, seed), np.random.default_rng(seed)
    learn(
        module,
        steps,
        PEAK_RATE,
        lambda step: reader_loss(module, reader_batch(rng, faces, 64, upright=step % 2 == 1)),
        "both",
    )
    return module


def train_reader(start: Mapping[str, Any], upright: bool, steps: int, seed: int, faces: list[Glyph]) -> bytes:
    """Rows or columns alone: batches of one kind, so that the normalisation is that kind's."""
    module, rng = fresh(READER, seed), np.random.default_rng((seed, int(upright)))
    module.load_state_dict({key: torch.as_tensor(value) for key, value in start.items()}, strict=False)
    name = "columns" if upright else "rows"
    learn(
        module,
        steps,
        PEAK_RATE / 2,
        lambda _: reader_loss(module, reader_batch(rng, faces, 64, upright)),
        name,
    )
    return onnx_model(READER, state_of(module), "Softmax", f"container-code-reader-{name}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=("finder", "rows", "columns"))
    parser.add_argument(
        "--start", type=Path, help="weights (.npz) of the reader of both, instead of training it"
    )
    parser.add_argument("--finder-steps", type=int, default=2500)
    parser.add_argument("--both-steps", type=int, default=5500)
    parser.add_argument("--reader-steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    faces = typefaces(arguments.fonts, FONTS, strokes=True)
    arguments.out.mkdir(parents=True, exist_ok=True)

    def write(name: str, model: bytes) -> None:
        (arguments.out / f"container-code-{name}.onnx").write_bytes(model)

    if arguments.only in (None, "finder"):
        write("finder", train_finder(arguments.finder_steps, arguments.seed, faces))
    if arguments.only == "finder":
        return
    start = arguments.out / "both.npz" if arguments.start is None else arguments.start
    if arguments.start is None:
        weights: dict[str, Any] = dict(state_of(train_both(arguments.both_steps, arguments.seed, faces)))
        np.savez(start, **weights)
    with np.load(start) as started:
        for name in ("rows", "columns"):
            if arguments.only in (None, name):
                model = train_reader(
                    started, name == "columns", arguments.reader_steps, arguments.seed, faces
                )
                write(f"reader-{name}", model)


if __name__ == "__main__":
    main()
