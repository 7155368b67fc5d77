"""Trains the detector on the drawn set and writes it as ONNX, in 32-bit floats and in 8 bits.

    python -m gate_models.threats.train --data FOLDER --out FOLDER [--seed 1] [--steps 3600]

Needs torch, onnx and onnxruntime. The wall time is in README.md. The seed fixes order and initial weights; on
another processor or torch version the last bits differ."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from numpy.typing import NDArray

from gate_models.quantise import observe, quantised
from gate_models.threats.cards import TRAINED
from gate_models.threats.dataset import STRIDE
from gate_models.threats.networks import DETECTOR, onnx_model, parameters, torch_module

NAME = "scan-threats"
BATCH = 16
CROP = 208, 256
"""Rows and columns of a sample that one step sees, most often around an object."""
AT_OBJECT = 0.7
PEAK_RATE = 4e-3
HELD_BACK = 2
"""Shards at the end that are only looked at."""
CALIBRATING = 64
POSITIVE_WEIGHT = 3.0
KEYS = ("channels", "share", "weight")


class Shards:
    """The drawn set, in memory as it is stored."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(folder.glob("*.npz"))
        self.shards = [_arrays(path) for path in paths]
        self.size = self.shards[0]["share"].shape[0]

    def whole(self, number: int) -> tuple[NDArray[np.float32], ...]:
        """Channels, share and weight of one sample, as float32."""
        shard, place = divmod(number, self.size)
        channels, share, weight = (self.shards[shard][key][place] for key in KEYS)
        return channels.astype(np.float32), share[None].astype(np.float32), weight[None].astype(np.float32)

    def crop(self, number: int, random: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """A part of one sample."""
        shard, place = divmod(number, self.size)
        channels, share, weight = (self.shards[shard][key][place] for key in KEYS)
        room = np.array(share.shape) - np.array(CROP) // STRIDE
        objects = np.argwhere(share > 0.5)
        if len(objects) and random.random() < AT_OBJECT:
            middle = objects[int(random.integers(len(objects)))]
            corner = middle - random.integers(0, np.array(CROP) // STRIDE)
        else:
            corner = random.integers(0, room + 1)
        top, left = (int(v) for v in np.clip(corner, 0, room))
        rows, columns = CROP[0] // STRIDE, CROP[1] // STRIDE
        cells = np.s_[top : top + rows, left : left + columns]
        part = np.s_[:, top * STRIDE : top * STRIDE + CROP[0], left * STRIDE : left * STRIDE + CROP[1]]
        return (
            channels[part].astype(np.float32),
            share[cells][None].astype(np.float32),
            weight[cells][None].astype(np.float32),
        )


def stacked(parts: list[tuple[NDArray[np.float32], ...]]) -> tuple[Any, Any, Any]:
    """A batch of channels, share and weight."""
    channels, share, weight = (torch.from_numpy(np.stack(each)) for each in zip(*parts, strict=True))
    return channels, share, weight


def _arrays(path: Path) -> dict[str, NDArray[np.float16]]:
    with np.load(path) as stored:
        return {key: stored[key] for key in KEYS}


def augmented(random: np.random.Generator, batch: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Mirrored along the container; and with one channel or another taken away or shifted."""
    channels, share, weight = batch
    if random.random() < 0.5:
        channels, share, weight = (torch.flip(part, [3]) for part in (channels, share, weight))
    levels = torch.from_numpy(random.normal(0, 0.06, (len(channels), 1, 1)).astype(np.float32))
    channels[:, 0] = (
        channels[:, 0] * torch.from_numpy(random.uniform(0.9, 1.1, (len(channels), 1, 1)).astype(np.float32))
        + levels
    )
    channels[:, 3] *= torch.from_numpy((random.random((len(channels), 1, 1)) < 0.8).astype(np.float32))
    return channels, share, weight


def loss_of(logits: Any, share: Any, weight: Any) -> Any:
    """Cross-entropy, objects heavier, hard places heavier (focal); and Dice over the batch."""
    # Cells that are object only in part are neither: their edge is not worth learning.
    weight = weight * ((share > 0.5) | (share < 0.02)).float()
    wanted = (share > 0.5).float()
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    sure = torch.exp(-each)
    each = each * (1 - sure) * (1 + (POSITIVE_WEIGHT - 1) * wanted)
    marked = torch.sigmoid(logits) * weight
    both = (marked * wanted).sum()
    dice = 1 - (2 * both + 1) / (marked.sum() + (wanted * weight).sum() + 1)
    return 10 * (each * weight).sum() / weight.sum() + 0.3 * dice


def train(shards: Shards, steps: int, seed: int) -> Any:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    module = torch_module(DETECTOR).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(module.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    order = _order(random, (len(shards.shards) - HELD_BACK) * shards.size)
    mean, began = 0.0, time.monotonic()
    module.train()
    for step in range(steps):
        rate = PEAK_RATE * min(1.0, (step + 1) / 100) * (0.5 * (1 + np.cos(np.pi * step / steps)) + 0.003)
        for group in optimiser.param_groups:
            group["lr"] = rate
        channels, share, weight = augmented(
            random, stacked([shards.crop(int(number), random) for number in next(order)])
        )
        # Half precision and channels last: twice as fast on a CPU that knows bfloat16.
        with torch.autocast("cpu", torch.bfloat16):
            logits = module(channels.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), share, weight)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
        optimiser.step()
        mean = float(loss.detach()) if step == 0 else 0.98 * mean + 0.02 * float(loss.detach())
        if (step + 1) % 100 == 0:
            print(
                f"step {step + 1}/{steps} loss {mean:.4f} after {time.monotonic() - began:.0f} s", flush=True
            )
    module.eval()
    return module


def _order(random: np.random.Generator, number: int) -> Iterator[NDArray[np.intp]]:
    while True:
        shuffled = random.permutation(number)
        for start in range(0, number - BATCH + 1, BATCH):
            yield shuffled[start : start + BATCH]


def look(module: Any, shards: Shards) -> None:
    """Loss on the samples that were held back."""
    first = (len(shards.shards) - HELD_BACK) * shards.size
    losses: list[float] = []
    with torch.no_grad():
        for number in range(first, len(shards.shards) * shards.size):
            channels, share, weight = stacked([shards.whole(number)])
            losses.append(float(loss_of(module(channels), share, weight)))
    print(f"held back: loss {np.mean(losses):.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    shards = Shards(arguments.data)
    print(
        f"torch {torch.__version__}, {parameters(DETECTOR)} parameters, {len(shards.shards)} shards",
        flush=True,
    )
    began = time.monotonic()
    module = train(shards, arguments.steps, arguments.seed)
    wall = time.monotonic() - began
    look(module, shards)
    state = {key: value.float().numpy().copy() for key, value in module.state_dict().items()}
    plain = onnx_model(DETECTOR, state, NAME)
    (arguments.out / f"{NAME}.onnx").write_bytes(plain)
    random = np.random.default_rng(arguments.seed)
    chosen = random.integers(0, (len(shards.shards) - HELD_BACK) * shards.size, CALIBRATING)
    with tempfile.TemporaryDirectory() as folder:
        ranges = Path(folder) / "ranges.json"
        observe(plain, (shards.whole(int(n))[0][None] for n in chosen), ranges)
        (arguments.out / f"{NAME}-int8.onnx").write_bytes(quantised(plain, ranges))
    told = {
        "command": "python -m gate_models.threats.train --data DIR "
        f"--seed {arguments.seed} --steps {arguments.steps}",
        "seed": arguments.seed,
        "data": f"{len(shards.shards) * shards.size} samples drawn by gate_models.threats.dataset with seed "
        f"{arguments.seed}; torch {torch.__version__}, Python {platform.python_version()}, "
        f"{arguments.threads} thread, {wall / 60:.0f} minutes",
    }
    (arguments.out / TRAINED).write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
