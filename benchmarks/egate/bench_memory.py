"""What an e-gate's agent keeps in memory after a traveller, and which library takes how much of it.

A process imports the agent's libraries one after the other, then the agent's own modules, then opens the face
chain; what each step adds to its resident memory (VmRSS) is that library's, with what it brings along and
nobody before it did. The agent is the real one on simulated devices, read when a genuine traveller has passed
and the lane is idle again. The rest of its figure is what works: threads, connections, pictures, working
memory of the networks. The peer is the bare runtime of `bench_start.py` with the same two models used.

    python benchmarks/egate/bench_memory.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_start import CONFIG, bare_runtime
from process_figures import memory

from gate_simulators.egate.environment import Stage
from gate_simulators.egate.travellers import Walk

GOAL_MIB = 250
LIBRARIES = (
    "numpy",
    "cv2",
    "onnxruntime",
    "pydantic",
    "structlog",
    "typer",
    "cryptography.x509",
    "gate_agent.policy.engine",  # the policy language
    "asn1crypto.x509",
    "fastapi",
    "uvicorn",
    "paho.mqtt.client",
    "prometheus_client",
    "pymodbus.client",
    "serial",
)
OWN = ("gate_agent.cli.main", "gate_agent.app.agent", "gate_agent.egate.conduct")
CHAIN = """
import json, os, sys
from importlib import import_module
from process_figures import memory
found = {"python": memory(os.getpid()).rss_mib}
for name, modules in json.loads(sys.argv[1]).items():
    before = memory(os.getpid()).rss_mib
    for module in modules:
        import_module(module)
    found[name] = memory(os.getpid()).rss_mib - before
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
before = memory(os.getpid()).rss_mib
chain = FaceChain.load(FaceSettings())
found["face chain, opened"] = memory(os.getpid()).rss_mib - before
print(json.dumps(found))
"""


def by_library() -> dict[str, float]:
    """MiB that each library adds, in the order of their import, in a process of their own."""
    steps = {name: [name] for name in LIBRARIES} | {"the agent's own modules": list(OWN)}
    run = subprocess.run(
        [sys.executable, "-c", CHAIN, json.dumps(steps)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    return json.loads(run.stdout)


def after_a_traveller() -> float:
    """MiB of the agent when a genuine traveller has passed and the lane is idle again."""
    with (
        tempfile.TemporaryDirectory() as state,
        Stage(CONFIG, Path(state), pace=1.0, private_ports=True) as stage,
    ):
        Walk(stage.site, stage.cast, pace=1.0).run("genuine")
        stage.wait_for_phase("idle", timeout_s=60.0)
        time.sleep(2.0)  # the networks are run on blanks once the traveller is gone
        return memory(stage.agent_pid).rss_mib


def main() -> None:
    libraries, agent, (_, bare) = by_library(), after_a_traveller(), bare_runtime()
    libraries["at work: threads, pictures, networks' working memory"] = agent - sum(libraries.values())
    for name, mib in libraries.items():
        print(f"{name:55} {mib:7.1f} MiB", file=sys.stderr)
    claim: dict[str, Any] = {
        "claim": "resident memory (VmRSS) after a traveller",
        "measured": round(agent, 1),
        "unit": "MiB",
        "peer": "bare Python, same two models used",
        "peer_measured": round(bare.rss_mib, 1),
        "ratio": round(agent / bare.rss_mib, 2),
        "goal": f"<= {GOAL_MIB} MiB",
        "met": agent <= GOAL_MIB,
    }
    by_name = {name: round(mib, 1) for name, mib in libraries.items()}
    print(json.dumps({"benchmark": "egate_memory", "claims": [claim], "libraries_mib": by_name}))


if __name__ == "__main__":
    main()
