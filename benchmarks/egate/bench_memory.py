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
from process_figures import Memory, memory

from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.travellers import ScriptedTraveller

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


def after_a_traveller() -> Memory:
    """The agent's memory when a genuine traveller has passed and the lane is idle again."""
    with (
        tempfile.TemporaryDirectory() as state,
        EgateEnvironment(CONFIG, Path(state), pace=1.0, private_ports=True) as environment,
    ):
        ScriptedTraveller(environment.site, environment.people, pace=1.0).run("genuine")
        environment.wait_for_phase("idle", patience_s=60.0)
        time.sleep(2.0)  # the networks are run on blanks once the traveller is gone
        return memory(environment.agent_pid)


def claim(what: str, agent: float, bare: float) -> dict[str, Any]:
    return {
        "claim": f"{what} after a traveller",
        "measured": round(agent, 1),
        "unit": "MiB",
        "peer": "bare Python, same two models used",
        "peer_measured": round(bare, 1),
        "ratio": round(agent / bare, 2),
    }


def main() -> None:
    libraries, agent, (_, bare) = by_library(), after_a_traveller(), bare_runtime()
    libraries["at work: threads, pictures, networks' working memory"] = agent.rss_mib - sum(
        libraries.values()
    )
    for name, mib in libraries.items():
        print(f"{name:55} {mib:7.1f} MiB", file=sys.stderr)
    goal = {"goal": f"<= {GOAL_MIB} MiB", "met": agent.rss_mib <= GOAL_MIB}
    claims = [claim("resident memory (VmRSS)", agent.rss_mib, bare.rss_mib) | goal]
    if agent.pss_mib is not None and bare.pss_mib is not None:
        claims.append(claim("proportional memory (PSS)", agent.pss_mib, bare.pss_mib))
    by_name = {name: round(mib, 1) for name, mib in libraries.items()}
    print(json.dumps({"benchmark": "egate_memory", "claims": claims, "libraries_mib": by_name}))


if __name__ == "__main__":
    main()
