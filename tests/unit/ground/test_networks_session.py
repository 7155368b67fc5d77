"""What a session keeps of the network that it was given."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import ClassVar

import numpy as np

import gate_models.container_codes as package
from gate_agent.networks import NetworkSession

FINDER = Path(package.__file__).with_name("container-code-finder.onnx")


class Held(bytes):
    """Bytes that tell when nobody has them any more."""

    gone: ClassVar[list[bool]] = []

    def __del__(self) -> None:
        self.gone.append(True)


def test_a_session_does_not_hold_the_bytes_of_its_network() -> None:
    network = Held(FINDER.read_bytes())
    session = NetworkSession(network, "finder", threads=1)
    del network
    gc.collect()
    assert Held.gone
    wanted = [size if isinstance(size, int) else 64 for size in session._session.get_inputs()[0].shape]
    assert session.run(np.zeros(wanted, np.float32)).dtype == np.float32
