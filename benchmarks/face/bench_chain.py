"""The whole chain on 1280 x 720 frames of a walking person: frames per second, memory, start, overhead.

    python benchmarks/face/bench_chain.py [--frames N] [--embedder CARD]

A person comes nearer through the simulated lane. Each frame is followed, judged for quality, watched for
liveness and made into a template, in order, as the station would at most do. Overhead is the time around
the bare onnxruntime session, with the same inputs in the same run. Each figure's process is fresh where
memory and start are concerned; memory is what the chain adds to a Python that has imported the same
libraries. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.errors import UnclearFace
from gate_agent.biometrics.face.liveness import LivenessMonitor
from gate_agent.biometrics.face.track import FaceTracker, Fusion
from gate_agent.networks import NetworkSession
from gate_simulators.egate.photographs import photographs
from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.egate.scene import Scene

FRAME = (1280, 720)
FRESH = """
import json, time
begin = time.perf_counter()
from gate_agent.face.chain import FaceChain, FaceSettings
from gate_agent.face.track import FaceTracker
imported = time.perf_counter()
def resident():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith('VmRSS'))
figures = {'start_import_s': imported - begin, 'imported_rss_mib': resident()}
begin = time.perf_counter()
chain = FaceChain.load(FaceSettings(embedder=%r))
figures['start_load_s'] = time.perf_counter() - begin
figures['loaded_rss_mib'] = resident()
import numpy as np
pixels = np.load(%r)
tracker = FaceTracker(chain)
for _ in range(20):
    seen = tracker.follow(pixels)
    chain.template(pixels, seen.face)
figures['working_rss_mib'] = resident()
print(json.dumps(figures))
"""


def walk(frames: int) -> list[np.ndarray]:
    plant = Plant()
    person = Person("walker", photographs()["president_a"][0], zone=Zone.INSIDE, facing=True)
    plant.persons.append(person)
    scene, pictures = Scene(*FRAME, seed=1), list[np.ndarray]()
    for number in range(frames):
        person.nearness = 0.6 + 0.4 * number / frames
        pictures.append(scene.render(plant, number))
    return pictures


class Timed(NetworkSession):
    """A session that adds up its own seconds, so that the time around it can be told."""

    seconds = 0.0

    def run(self, values, *, release=False):
        begin = time.perf_counter()
        try:
            return super().run(values, release=release)
        finally:
            self.seconds += time.perf_counter() - begin


def fps(pictures: list[np.ndarray], each: Callable[[np.ndarray], object]) -> tuple[float, float]:
    """(frames per second of the clock, of one core's time); the second ignores what else the machine does."""
    each(pictures[0])
    wall, busy = time.perf_counter(), time.process_time()
    for pixels in pictures:
        each(pixels)
    return len(pictures) / (time.perf_counter() - wall), len(pictures) / (time.process_time() - busy)


def overhead(call: Callable[[], object], sessions: list[Timed], repeats: int) -> float:
    """Share of the time that is not the session's, median of the repeats."""
    call()
    shares: list[float] = []
    for _ in range(repeats):
        before = sum(s.seconds for s in sessions)
        begin = time.perf_counter()
        call()
        whole = time.perf_counter() - begin
        inside = sum(s.seconds for s in sessions) - before
        shares.append(whole / inside - 1)
    return statistics.median(shares)


def measure(frames: int, settings: FaceSettings) -> dict[str, float]:
    pictures = walk(frames)
    chain = FaceChain.load(settings)
    detector, embedder = chain._detector, chain._embedder
    for part in (detector, embedder):
        part._session.__class__ = Timed
    sessions = [s for s in (detector._session, embedder._session) if isinstance(s, Timed)]
    tracker, fusion, monitor = FaceTracker(chain), Fusion(), LivenessMonitor()

    def whole(pixels: np.ndarray) -> None:
        seen = tracker.follow(pixels)
        if seen is None:
            raise SystemExit("the simulated person was not found")
        chain.quality(pixels, seen.face)
        monitor.add(pixels, seen.face)
        try:
            fusion.add(seen.track, chain.template(pixels, seen.face))
        except UnclearFace:
            return

    figures: dict[str, float] = {}
    for name, each in (("chain", whole), ("follow", tracker.follow), ("find_whole", chain.find)):
        figures[f"{name}_fps"], figures[f"{name}_fps_of_one_core"] = fps(pictures, each)
    pixels, face = pictures[-1], chain.single(chain.find(pictures[-1]))
    chips = np.concatenate([chain.chips(pixels, face)] * 2)
    figures["embed_overhead"] = overhead(lambda: embedder.embed(chips), sessions, 20)
    figures["template_overhead"] = overhead(lambda: chain.template(pixels, face), sessions, 20)
    figures["detect_overhead"] = overhead(lambda: detector.find(pixels, 144), sessions, 20)
    figures["chain_overhead"] = overhead(lambda: whole(pixels), sessions, 20)
    return figures


def fresh(picture: np.ndarray, settings: FaceSettings) -> dict[str, float]:
    path = f"/tmp/bench-face-{os.getpid()}.npy"
    np.save(path, picture)
    try:
        command = [sys.executable, "-c", FRESH % (settings.embedder, path)]
        runs = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(3)]
    finally:
        Path(path).unlink()
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def claims(figures: dict[str, float]) -> list[dict[str, object]]:
    """The goals, each beside what was measured."""
    start = figures["start_import_s"] + figures["start_load_s"]
    added = figures["working_rss_mib"] - figures["imported_rss_mib"]

    def claim(what: str, measured: float, unit: str, goal: str, met: bool) -> dict[str, object]:
        return {"claim": what, "measured": round(measured, 3), "unit": unit, "goal": goal, "met": met}

    fps, small = figures["chain_fps"], 0.15
    around = {
        "a template around its session: chips, mean": figures["template_overhead"],
        "a detection around its session: pyramid, decoding": figures["detect_overhead"],
    }
    return [
        claim("whole chain, 1280x720, tracking, two cores", fps, "frames/s", ">= 15", fps >= 15),
        *(claim(what, share, "of its time", f"<= {small}", share <= small) for what, share in around.items()),
        claim("start: libraries imported, models loaded", start, "s", "<= 1", start <= 1),
        claim("memory that the chain adds to its libraries", added, "MiB", "<= 200", added <= 200),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--embedder", default="dlib-resnet-v1", help="the -int8 one: `gate-models quantise`")
    arguments = parser.parse_args()
    settings = FaceSettings(embedder=arguments.embedder)
    measured = {**measure(arguments.frames, settings), **fresh(walk(1)[0], settings)}
    figures = {name: round(value, 3) for name, value in measured.items()}
    table = Table("figure", "value", title="Face chain, 1280 x 720")
    for name, value in figures.items():
        table.add_row(name, f"{value:.3f}")
    Console(stderr=True).print(table)
    result = {"benchmark": "face_chain", "embedder": settings.embedder, "claims": claims(measured), **figures}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
