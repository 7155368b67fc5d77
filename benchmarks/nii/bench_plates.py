"""Licence plates read by the networks for container codes, which never saw one.

Drawn plates in Pillow's built-in typeface and OpenCV's strokes, dark on light and light on dark, three
patterns of letters and digits, on truck fronts of plain colour with blur, tilt and noise. Measured: the
surest reading is the plate, look-alikes counting as alike; `seen`: one of the readings is. What it leaves
out: real plates, whose typefaces, dirt, frames and country stripes are their own.

    python benchmarks/nii/bench_plates.py [--plates N] [--seed N]
"""

from __future__ import annotations

import argparse
import json

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.progress import track

from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.plate_reader import PlateReader
from gate_agent.vehicle.plates import alike

SHOWN = Console(stderr=True)
LETTERS, DIGITS = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
PATTERNS = ("LL-DDD L", "LLL DDDD", "DD LL DDD")


def plate_text(random: np.random.Generator) -> str:
    pattern = str(random.choice(PATTERNS))
    choose = {"L": LETTERS, "D": DIGITS}
    return "".join(str(random.choice(list(choose[c]))) if c in choose else c for c in pattern)


def lettering(text: str, size: int, strokes: bool) -> NDArray[np.uint8]:
    """The text as a mask."""
    if strokes:
        scale = size / 22
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, max(2, size // 9))
        mask = np.zeros((height + below + 4, width + 8), np.uint8)
        at = (4, height + 2)
        cv2.putText(mask, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(2, size // 9), cv2.LINE_AA)
        return mask
    font = ImageFont.load_default(size * 1.35)
    left, top, right, bottom = font.getbbox(text)
    drawn = Image.new("L", (int(right - left) + 8, int(bottom - top) + 4))
    ImageDraw.Draw(drawn).text((4 - left, 2 - top), text, font=font, fill=255)
    return np.asarray(drawn, np.uint8)


def front(text: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """A truck's front with its plate, RGB."""
    scene = np.full((540, 960, 3), random.integers(40, 170, 3), np.float32)
    mask = lettering(text, int(random.integers(26, 52)), bool(random.random() < 0.3)).astype(np.float32) / 255
    light, dark = np.float32(random.integers(190, 250)), np.float32(random.integers(5, 50))
    ground, ink = (light, dark) if random.random() < 0.8 else (dark, light)
    margin = 12
    plate = np.full((mask.shape[0] + 2 * margin, mask.shape[1] + 2 * margin), ground, np.float32)
    plate[margin:-margin, margin:-margin] += mask * (ink - ground)
    rows, columns = plate.shape
    columns = min(columns, 900)
    top, left = int(random.integers(60, 520 - rows)), int(random.integers(20, 940 - columns))
    scene[top : top + rows, left : left + columns] = plate[:, :columns, None]
    turn = cv2.getRotationMatrix2D((480, 270), float(random.normal(0, 2)), 1.0)
    turned = cv2.warpAffine(scene, turn, (960, 540), borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(turned, (0, 0), float(random.uniform(0.4, 1.6)))
    return np.clip(soft + random.normal(0, 7, soft.shape), 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    reader = PlateReader.load(RecogniserSettings())
    first = seen = 0
    for number in track(range(told.plates), "plates", console=SHOWN):
        random = np.random.Generator(np.random.SFC64((told.seed, number)))
        text = plate_text(random)
        reads = reader.read(front(text, random))
        first += bool(reads) and alike(reads[0].text, text)
        seen += any(alike(read.text, text) for read in reads)
    claim = {
        "claim": f"drawn licence plates read, one picture each, N = {told.plates}",
        "measured": round(first / told.plates, 4),
        "seen": round(seen / told.plates, 4),
    }
    print(json.dumps({"benchmark": "nii_plates", "claims": [claim]}))


if __name__ == "__main__":
    main()
