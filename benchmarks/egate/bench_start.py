"""How long the agent takes to serve; how much memory it keeps is told by `bench_memory.py`.

Time is from the start of the process to the line of its log that says the lane is idle: models checked and
opened, journal and signed data read, four devices up. The peer is a bare Python that imports onnxruntime,
OpenCV and FastAPI and opens the same two models. What the agent takes beyond that is its own. Both start in
turn, in one run, with files in the page cache. Beside the time on the clock stands the processor time, which
a busy machine does not stretch.

    python benchmarks/egate/bench_start.py [--starts N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from process_figures import Memory, cpu_seconds, memory

from gate_agent.biometrics.face.cards import ModelKind, load_card
from gate_agent.biometrics.face.chain import FaceSettings
from gate_simulators.egate.environment import EgateEnvironment

CONFIG = Path(__file__).parents[2] / "config" / "egate.toml"
BARE = Path(__file__).with_name("bare_runtime.py")


def log_lines(environment: EgateEnvironment) -> list[dict[str, Any]]:
    lines = (environment.state / "agent.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the process's start until it was ready: on the clock, and of processor time."""

    clock_s: float
    cpu_s: float


def restart(environment: EgateEnvironment) -> Start:
    """Stop the agent, start it again, until its lane is idle."""
    environment.stop_agent()
    before = len(log_lines(environment))
    started = time.time()
    environment.start_agent()
    cpu_s = cpu_seconds(environment.agent_pid)
    lines = log_lines(environment)[before:]
    idle = next(line for line in lines if line["event"] == "phase" and line["phase"] == "idle")
    return Start(datetime.fromisoformat(idle["time"]).timestamp() - started, cpu_s)


def bare_runtime() -> tuple[Start, Memory]:
    """Start the peer until its models are open; and its memory when it has used them."""
    settings = FaceSettings()
    models = [
        settings.models / load_card(settings.cards, name, kind).file
        for name, kind in (
            (settings.detector, ModelKind.DETECTOR),
            (settings.embedder, ModelKind.EMBEDDER),
        )
    ]
    started = time.time()
    with subprocess.Popen(
        [sys.executable, str(BARE), str(settings.threads), *map(str, models)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as peer:
        assert peer.stdout is not None
        opened = json.loads(peer.stdout.readline())
        if peer.stdout.readline().strip() != "used":
            raise SystemExit("the peer cannot use the models that the agent uses")
        kept = memory(peer.pid)
        peer.communicate("")
    return Start(opened["at"] - started, opened["cpu_s"]), kept


def measure(starts: int) -> dict[str, Any]:
    ours: list[Start] = []
    theirs: list[Start] = []
    with (
        tempfile.TemporaryDirectory() as state,
        EgateEnvironment(CONFIG, Path(state), pace=3.0, private_ports=True) as environment,
    ):
        for number in range(starts):
            print(f"start {number + 1} of {starts}", file=sys.stderr, flush=True)
            ours.append(restart(environment))
            took, _ = bare_runtime()
            theirs.append(took)
    return {
        "benchmark": "egate_start",
        "claims": [
            _time_claim("process start to lane idle", [s.clock_s for s in ours], [s.clock_s for s in theirs]),
            _time_claim("processor time of that", [s.cpu_s for s in ours], [s.cpu_s for s in theirs]),
        ],
    }


def _time_claim(what: str, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    return {
        "claim": what,
        "measured": round(statistics.median(ours), 2),
        "unit": "s",
        "peer": "bare Python, same two models open",
        "peer_measured": round(statistics.median(theirs), 2),
        "ratio": round(statistics.median(o / t for o, t in zip(ours, theirs, strict=True)), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--starts", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().starts)))


if __name__ == "__main__":
    main()
