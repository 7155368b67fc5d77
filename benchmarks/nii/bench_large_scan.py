"""The largest scans, read and triaged: peak memory and time of a process of its own.

One DICOS projection of 500 MB, which is read binned, and two energies of just as many pixels as are read
unbinned. The files are made in a temporary folder by repeating the pixels of a simulated truck, so that the
container is found as in any scan; both energies are the same file. Peak memory is the kernel's VmHWM, with
the interpreter, all libraries and what is mapped of the files. The peer is pydicom's own ``pixel_array``
turned into float32 transmissions.

What the comparison leaves out: the peer does no triage, and keeps every pixel of the large file, of which we
average 3 x 3 down to one.

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
from gate_agent.scans.image import MAX_PIXELS, ScanImage
from gate_agent.scans.intake import load_scan
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene

COLUMNS = 32_768, 8000
PIXELS = b"\xe0\x7f\x10\x00OW\x00\x00"
_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def write_large(folder: Path, rows: int, columns: int) -> Path:
    """One energy as a native DX, written row by row behind a small scan's header."""
    made = random_scene(Fill.PARTIAL, 5_000_000, column_mm=8.0, row_mm=6.0, kind="40HC", on_truck=True)
    image = simulate(made, SETUPS["mv-6-9"], 5_000_000).image
    equipment = Equipment("bench", "bench", "0", "BENCH", _AT)
    small, _ = write_scan(image, folder, scan=Scan("MSKU9070323", "1.2.3", "1"), equipment=equipment, at=_AT)
    dataset = pydicom.dcmread(small)
    stored = dataset.pixel_array
    dataset.Rows, dataset.Columns = rows, columns
    across = np.arange(columns) * stored.shape[1] // columns
    row_mm, column_mm = (float(each) for each in dataset.PixelSpacing)
    dataset.PixelSpacing = [row_mm * stored.shape[0] / rows, column_mm * stored.shape[1] / columns]
    dataset.PixelData = b""
    large = folder / "large.dcs"
    dataset.save_as(large)
    header = large.read_bytes()
    with large.open("wb") as stream:
        stream.write(header[: header.index(PIXELS)] + PIXELS + (rows * columns * 2).to_bytes(4, "little"))
        for row in range(rows):
            stream.write(stored[row * stored.shape[0] // rows, across].tobytes())
    return large


def ours(paths: list[Path]) -> dict[str, object]:
    image: ScanImage = load_scan(paths)
    read = peak_mb()
    report = triage(image)
    found = report.container is not None and report.fill is not None
    return {"read_mb": read, "binning": image.binning, "found": found}


def peer(paths: list[Path]) -> dict[str, object]:
    energies = [pydicom.dcmread(path).pixel_array.astype(np.float32) / np.float32(50_000) for path in paths]
    return {"found": all(energy.size for energy in energies)}


def peak_mb() -> float:
    """VmHWM: the most memory this process ever had resident, MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) / 1024


def measured(who: str, *paths: Path) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", who, *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    if not found["found"]:
        raise SystemExit(f"{who}: the container was not found, nothing was triaged")
    return found


CHILDREN: dict[str, Callable[[list[Path]], dict[str, object]]] = {"ours": ours, "peer": peer}


def child(who: str, paths: list[Path]) -> None:
    found = CHILDREN[who](paths)
    spent = sum(os.times()[:2])
    print(json.dumps(found | {"peak_mb": peak_mb(), "cpu_s": spent}))


def claims(scan: str, *paths: Path) -> list[dict[str, object]]:
    mine, theirs = measured("ours", *paths), measured("peer", *paths)
    memory: dict[str, object] = {
        "claim": f"peak memory, {scan} read and triaged",
        "measured": round(mine["peak_mb"]),
        "unit": "MB",
        "peer": "pydicom pixel_array as float32",
        "peer_measured": round(theirs["peak_mb"]),
        "ratio": round(mine["peak_mb"] / theirs["peak_mb"], 2),
        "goal": "<= 1024",
        "met": mine["peak_mb"] <= 1024,
        "binning": mine["binning"],
        "after_reading": round(mine["read_mb"]),
    }
    spent: dict[str, object] = {
        "claim": f"processor time, {scan} read and triaged",
        "measured": round(mine["cpu_s"], 1),
        "unit": "s",
        "peer": "pydicom pixel_array as float32",
        "peer_measured": round(theirs["cpu_s"], 1),
    }
    return [memory, spent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--child", choices=sorted(CHILDREN), help=argparse.SUPPRESS)
    parser.add_argument("files", type=Path, nargs="*", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.child:
        child(told.child, told.files)
        return
    with tempfile.TemporaryDirectory(prefix="bench-large-scan-") as folder:
        path = write_large(Path(folder), told.megabytes * 1_000_000 // (2 * COLUMNS[0]), COLUMNS[0])
        found = claims(f"{told.megabytes} MB DICOS", path)
        path = write_large(Path(folder), MAX_PIXELS // COLUMNS[1], COLUMNS[1])
        found += claims(f"two energies of {MAX_PIXELS // 1_000_000} million pixels", path, path)
    print(json.dumps({"benchmark": "nii_large_scan", "claims": found}))


if __name__ == "__main__":
    main()
