"""A DICOS projection of 500 MB, read binned and triaged: peak memory and time of a process of its own.

The file (32768 columns, 16 bits) is made in a temporary folder by repeating a simulated truck in
each direction of the pixel grid, so that the container is found as in any scan. Peak memory is the kernel's
VmHWM, with the interpreter, all libraries and what is mapped of the file. The peer is pydicom's own
``pixel_array`` turned into float32 transmissions, without any triage.

What the comparison leaves out: the peer keeps every pixel, we average 3 x 3 down to one.

    python benchmarks/nii/bench_large_scan.py [--megabytes N]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom

from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import write_scan
from gate_agent.scans.image import ScanImage
from gate_agent.scans.intake import load_scan
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene

COLUMNS = 32_768
PIXELS = b"\xe0\x7f\x10\x00OW\x00\x00"
_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def write_large(folder: Path, rows: int) -> Path:
    """One energy as a native DX, written row by row behind a small scan's header."""
    made = random_scene(Fill.PARTIAL, 5_000_000, column_mm=8.0, row_mm=6.0, kind="40HC", on_truck=True)
    image = simulate(made, SETUPS["mv-6-9"], 5_000_000).image
    equipment = Equipment("bench", "bench", "0", "BENCH", _AT)
    small, _ = write_scan(image, folder, scan=Scan("MSKU9070323", "1.2.3", "1"), equipment=equipment, at=_AT)
    dataset = pydicom.dcmread(small)
    stored = dataset.pixel_array
    dataset.Rows, dataset.Columns = rows, COLUMNS
    across = np.arange(COLUMNS) * stored.shape[1] // COLUMNS
    row_mm, column_mm = (float(each) for each in dataset.PixelSpacing)
    dataset.PixelSpacing = [row_mm * stored.shape[0] / rows, column_mm * stored.shape[1] / COLUMNS]
    dataset.PixelData = b""
    large = folder / "large.dcs"
    dataset.save_as(large)
    header = large.read_bytes()
    with large.open("wb") as stream:
        stream.write(header[: header.index(PIXELS)] + PIXELS + (rows * COLUMNS * 2).to_bytes(4, "little"))
        for row in range(rows):
            stream.write(stored[row * stored.shape[0] // rows, across].tobytes())
    return large


def ours(path: Path) -> dict[str, object]:
    image: ScanImage = load_scan([path])
    read = peak_mb()
    report = triage(image)
    found = report.container is not None and report.fill is not None
    return {"read_mb": read, "binning": image.binning, "found": found}


def peer(path: Path) -> dict[str, object]:
    transmission = pydicom.dcmread(path).pixel_array.astype(np.float32) / np.float32(50_000)
    return {"found": bool(transmission.size)}


def peak_mb() -> float:
    """VmHWM: the most memory this process ever had resident, MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) / 1024


def measured(who: str, path: Path) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", who, "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


CHILDREN: dict[str, Callable[[Path], dict[str, object]]] = {"ours": ours, "peer": peer}


def child(who: str, path: Path) -> None:
    found = CHILDREN[who](path)
    spent = sum(os.times()[:2])
    print(json.dumps(found | {"peak_mb": peak_mb(), "cpu_s": spent}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--child", choices=sorted(CHILDREN), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(told.child, told.file)
        return
    with tempfile.TemporaryDirectory(prefix="bench-large-scan-") as folder:
        path = write_large(Path(folder), told.megabytes * 1_000_000 // (2 * COLUMNS))
        size = path.stat().st_size / 1e6
        mine, theirs = measured("ours", path), measured("peer", path)
    if not mine["found"]:
        raise SystemExit("the container was not found: nothing was triaged")
    print(
        json.dumps(
            {
                "benchmark": "nii_large_scan",
                "claims": [
                    {
                        "claim": f"peak memory, {size:.0f} MB DICOS read and triaged",
                        "measured": round(mine["peak_mb"]),
                        "unit": "MB",
                        "peer": "pydicom pixel_array as float32",
                        "peer_measured": round(theirs["peak_mb"]),
                        "ratio": round(mine["peak_mb"] / theirs["peak_mb"], 2),
                        "goal": "<= 1024",
                        "met": mine["peak_mb"] <= 1024,
                        "binning": mine["binning"],
                        "after_reading": round(mine["read_mb"]),
                    },
                    {
                        "claim": "the same, processor time",
                        "measured": round(mine["cpu_s"], 1),
                        "unit": "s",
                        "peer": "pydicom pixel_array as float32",
                        "peer_measured": round(theirs["cpu_s"], 1),
                    },
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
