"""How much of a genuine traveller's time at the gate is spent by software.

The real agent in its own process, simulated devices on the real wires, travellers and doors at human pace
(pace 1.0: nothing hurries). Each transaction's total and software time are those that the agent has
written into its journal. Software time there is the sum of every check, inspection, inference and commit,
even where they overlap with walking. The peer is the rest of the same transactions: the traveller who
walks, lays down, picks up and looks, the doors that move, and the chip that answers. Goal: the software's
share is at most 5 %.

The agent's own figure is time on the clock, so it grows on a machine that does other things as well. Beside
it stands what the operating system has counted: the processor time, of all threads, that a passage adds, and
what the agent takes while nobody is there (decoding the camera, polling the lane, the console).

    python benchmarks/egate/bench_transaction.py [--travellers N] [--pace P]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from process_figures import cpu_seconds

from gate_agent.journal.outbox import read_recent
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.travellers import ScriptedTraveller

CONFIG = Path(__file__).parents[2] / "config" / "egate.toml"
GOAL = 0.05
IDLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds of the whole agent: what a passage adds, and each second while nobody is there."""

    passage_s: float
    idle: float


def finished_transactions(journal: Path) -> list[dict[str, Any]]:
    """What the agent wrote at the end of each transaction, oldest first."""
    bodies = [r.entry["body"] for r in read_recent(journal, 1000) if r.entry is not None]
    return [b for b in reversed(bodies) if b.get("event") == "transaction_finished"]  # pyright: ignore


def until_idle(environment: EgateEnvironment, finished: int, patience_s: float = 30.0) -> None:
    """Wait until the lane serves again and `finished` transactions are in the journal."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if (
            environment.snapshot().get("phase") == "idle"
            and len(finished_transactions(environment.state / "journal.sqlite")) >= finished
        ):
            return
        time.sleep(0.1)
    raise SystemExit(f"the lane does not come to rest: {environment.snapshot().get('phase')}")


def play(travellers: int, pace: float, state: Path) -> tuple[list[dict[str, Any]], Usage]:
    """Let genuine travellers through; their transactions, and what the agent's process used."""
    with EgateEnvironment(CONFIG, state, pace=pace, private_ports=True) as environment:
        until_idle(environment, 0)
        pid = environment.agent_pid
        before, since = cpu_seconds(pid), time.monotonic()
        time.sleep(IDLE_S)
        idle = (cpu_seconds(pid) - before) / (time.monotonic() - since)
        before, since = cpu_seconds(pid), time.monotonic()
        for number in range(1, travellers + 1):
            ScriptedTraveller(environment.site, environment.people, pace=pace).run("genuine")
            until_idle(environment, number)
            print(f"traveller {number} of {travellers}", file=sys.stderr, flush=True)
        added = cpu_seconds(pid) - before - idle * (time.monotonic() - since)
        return finished_transactions(environment.state / "journal.sqlite"), Usage(added / travellers, idle)


def by_step(bodies: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Median seconds of each step of a transaction, and the software's part."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for body in bodies:
        for step in body["steps"]:
            if step["end_s"] is not None:
                steps.setdefault(step["step"], []).append(step)
    return {
        name: {
            "total_s": round(statistics.median(s["end_s"] - s["start_s"] for s in rows), 3),
            "software_s": round(statistics.median(s["software_s"] for s in rows), 4),
        }
        for name, rows in steps.items()
    }


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def results(bodies: list[dict[str, Any]], usage: Usage, pace: float) -> dict[str, Any]:
    totals = [float(b["total_s"]) for b in bodies]
    software = [float(b["software_s"]) for b in bodies]
    share = sum(software) / sum(totals)
    others = statistics.median(t - s for t, s in zip(totals, software, strict=True))
    return {
        "benchmark": "egate_transaction",
        "claims": [
            {
                "claim": f"software in a genuine passage, {len(bodies)} travellers at pace {pace:g}",
                "measured": round(statistics.median(software), 3),
                "unit": "s",
                "peer": "traveller, doors and chip",
                "peer_measured": round(others, 3),
                "ratio": round(share, 4),
                "goal": f"<= {GOAL:.0%}",
                "met": share <= GOAL,
            },
            {"claim": "genuine passage, median", "measured": round(percentile(totals, 50), 2), "unit": "s"},
            {"claim": "genuine passage, p95", "measured": round(percentile(totals, 95), 2), "unit": "s"},
            {
                "claim": "processor time that a passage adds",
                "measured": round(usage.passage_s, 3),
                "unit": "s",
                "peer": "the passage",
                "peer_measured": round(statistics.median(totals), 3),
                "ratio": round(usage.passage_s / statistics.median(totals), 4),
            },
            {
                "claim": "processor time, nobody there",
                "measured": round(usage.idle, 3),
                "unit": "cores",
            },
        ],
        "steps": by_step(bodies),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--travellers", type=int, default=5)
    parser.add_argument("--pace", type=float, default=1.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        bodies, usage = play(arguments.travellers, arguments.pace, Path(state))
    if len(bodies) != arguments.travellers:
        raise SystemExit(f"{len(bodies)} of {arguments.travellers} transactions are in the journal")
    print(json.dumps(results(bodies, usage, arguments.pace)))


if __name__ == "__main__":
    main()
