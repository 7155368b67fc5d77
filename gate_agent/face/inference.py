"""The one place that talks to onnxruntime: a session with typed arrays in and checked arrays out."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from gate_agent.face.errors import ModelError

ort = cast("Any", onnxruntime)  # it ships no type information


class Session:
    """One model in onnxruntime on the CPU; `run` may be called from several threads."""

    def __init__(self, model: bytes, name: str, *, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle workers of several sessions would otherwise spin against each other on a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.name = name
        try:
            self._session: Any = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no public base
            raise ModelError(f"onnxruntime refuses the model: {error}", field=name) from error
        self._input: str = self._session.get_inputs()[0].name
        self._output: str = self._session.get_outputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """The model file's own key-value notes."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """The first output for the first input. Raises ModelError when it is not finite float32."""
        try:
            output: Any = self._session.run([self._output], {self._input: array})[0]
        except Exception as error:
            raise ModelError(f"inference failed: {error}", field=self.name) from error
        if getattr(output, "dtype", None) != np.float32:
            raise ModelError("the model's output is not float32", field=self.name)
        values = cast("NDArray[np.float32]", output)
        if not bool(np.isfinite(values).all()):
            raise ModelError("the model's output is not finite", field=self.name)
        return values
