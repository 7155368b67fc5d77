"""The face chain's sessions: those of every room (:mod:`gate_agent.networks`), with this room's error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gate_agent import networks
from gate_agent.biometrics.face.errors import ModelError


class Session:
    """One model in onnxruntime on the CPU; `run` may be called from several threads."""

    def __init__(self, model: bytes, name: str, *, threads: int) -> None:
        """Raises ModelError when onnxruntime refuses the model."""
        self.name = name
        try:
            self._session = networks.Session(model, name, threads=threads)
        except networks.NetworkError as error:
            raise ModelError(error.what, field=error.field) from error

    @property
    def metadata(self) -> dict[str, str]:
        """The model file's own key-value notes."""
        return self._session.metadata

    def run(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """The first output for the first input. Raises ModelError when it is not finite float32."""
        try:
            return self._session.run(array)
        except networks.NetworkError as error:
            raise ModelError(error.what, field=error.field) from error
