"""The peer of `bench_start.py`: the agent's heavy libraries and models, and nothing else.

    python bare_runtime.py THREADS MODEL...

Says when the models are open, uses each once on a blank picture, says `used`, and waits for its input to end.
"""

import json
import sys
import time
from typing import Any

import cv2  # noqa: F401
import fastapi  # noqa: F401
import numpy as np
import onnxruntime

# Where a model leaves a size open: what the detector gets of a 1280 x 720 frame, in which it looks for faces
# of a fifth of the height or more.
OPEN_SIZES = {"n": 1, "rows": 400, "columns": 711}


def opened(model: str, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def use(session: Any) -> None:
    wanted = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else OPEN_SIZES[str(size)] for size in wanted.shape]
    kind = np.uint8 if "uint8" in wanted.type else np.float32
    session.run(None, {wanted.name: np.zeros(shape, kind)})


sessions = [opened(model, int(sys.argv[1])) for model in sys.argv[2:]]
print(json.dumps({"at": time.time(), "cpu_s": time.process_time()}), flush=True)
for session in sessions:
    use(session)
print("used", flush=True)
sys.stdin.read()
