"""After a transaction nothing of the face is left in the process: its memory is searched for it.

A process of its own makes a template of a photograph, compares it, wipes what it holds and then reads all
of its writable memory. What is searched for is kept masked, so that it does not find itself.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gate_agent.biometrics.face.cards import default_models
from gate_agent.errors import GateError
from gate_models.build import build
from gate_simulators.egate.photographs import photographs

MEMORY = "/proc/self/mem"
TRANSACTION = """
import gc, json, sys
import numpy as np
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings, wipe
from gate_agent.biometrics.face.watch import FaceWatch
from gate_simulators.egate.photographs import photographs

MASK = 0x5A
mask = lambda array: np.frombuffer(np.ascontiguousarray(array).tobytes()[:96], np.uint8) ^ MASK
chain = FaceChain.load(FaceSettings())
random = np.random.default_rng(1)
picture = photographs()["president_a"][0]
pixels = np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
wanted = {}
watch = FaceWatch(chain, frames=2, attempts=1, smallest_eyes_px=24)
face = chain.single(chain.find(pixels))
portrait = chain.template(pixels, face)
for _ in range(5):
    assert watch.look(pixels).problem == ""
fused = watch._fusion.template()
assert watch.compare(portrait).matched
watch.liveness()
chips = chain.chips(pixels, face)
raw = chain._embedder.embed(chips)
box, x = face.box, int(face.landmarks[4, 0])
for name, array in {
    "frame": pixels[(box.top + box.bottom) // 2, x : x + 32],
    "chip": chips[0, 75, 60:92],
    "embedding": raw[0],
    "template": portrait.vector,
    "fused template": fused.vector,
}.items():
    wanted[name] = mask(array).tobytes()
del array
KEEP = sys.argv[1] == "keep"
if not KEEP:
    for vector in (portrait, fused):
        vector.wipe()
    watch.wipe()
    for held in (pixels, chips):
        wipe(held)
    raw.fill(0)
    chain.overwrite(np.shape(pixels))
gc.collect()

found = dict.fromkeys(wanted, 0)
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps:
        span, rights = line.split()[:2]
        begin, end = (int(part, 16) for part in span.split("-"))
        if not rights.startswith("rw") or "[v" in line:
            continue
        for at in range(begin, end, 1 << 22):
            memory.seek(at)
            try:
                part = memory.read(min((1 << 22) + 128, end - at))
            except OSError:
                continue
            masked = (np.frombuffer(part, np.uint8) ^ MASK).tobytes()
            for name, pattern in wanted.items():
                found[name] += masked.count(pattern)
            del part, masked
print(json.dumps(found))
"""


def search(mode: str) -> dict[str, int]:
    run = subprocess.run(
        [sys.executable, "-c", TRANSACTION, mode], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module", autouse=True)
def parts() -> None:
    try:
        build(default_models())
        photographs()
        with open(MEMORY, "rb"):  # noqa: PTH123 (a device, not a path)
            pass
    except (GateError, OSError) as error:
        pytest.skip(f"no models, photographs or {MEMORY}: {error}")


def test_the_search_finds_what_is_still_held() -> None:
    assert all(count >= 1 for count in search("keep").values())


def test_nothing_of_a_face_is_left_after_a_transaction() -> None:
    assert search("wipe") == dict.fromkeys(("frame", "chip", "embedding", "template", "fused template"), 0)
