"""Networks on onnxruntime, for every room: the file that a card pins, and a session with checked arrays.

A room has its own cards (`face/cards.py`, `yard/cards.py`, `scans/triage/detector.py`); what they share is
here: a card is bounded before it is parsed, a network is used only when its SHA-256 is the card's, and what
comes out of it is finite float32 or an error."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from pydantic import ValidationError

from gate_agent.errors import BadInput
from gate_agent.settings import Settings

MAX_CARD_BYTES: Final = 64 * 1024
ort = cast("Any", onnxruntime)  # it ships no type information
Card = TypeVar("Card", bound=Settings)


class NetworkError(BadInput):
    """A card or a network that cannot be used, or an inference that failed."""


def read_card(path: Path, kind: type[Card]) -> Card:
    """The card in a TOML file. Raises NetworkError naming the file and the field."""
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise NetworkError(f"larger than {MAX_CARD_BYTES} bytes", field=str(path))
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        advice = "install the package with the networks, or name their folder"
        told = f"cannot read the card: {error.strerror}"
        raise NetworkError(told, field=str(path), advice=advice) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NetworkError(f"not TOML: {error}", field=str(path)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NetworkError(first["msg"], field=f"{path}: {where}") from error


def read_network(path: Path, sha256: str, *, max_bytes: int) -> bytes:
    """The network's bytes. Raises NetworkError unless they are exactly what the card pins."""
    try:
        if path.stat().st_size > max_bytes:
            raise NetworkError(f"larger than {max_bytes} bytes", field=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise NetworkError(f"cannot read the network: {error.strerror}", field=str(path)) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise NetworkError(
            f"SHA-256 {digest} is not the card's", field=str(path), advice="restore the network of the card"
        )
    return data


class Session:
    """One network in onnxruntime on the CPU; `run` may be called from several threads."""

    def __init__(self, network: bytes, name: str, *, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle workers of several sessions would otherwise spin against each other on a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Without it, 8-bit products saturate on processors without VNNI: every machine has its own model.
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        self.name = name
        try:
            self._session: Any = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no public base
            raise NetworkError(f"onnxruntime refuses the model: {error}", field=name) from error
        self._input: str = self._session.get_inputs()[0].name
        self._output: str = self._session.get_outputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """The network file's own key-value notes."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """The first output for the only input. Raises NetworkError when it is not finite float32."""
        try:
            output: Any = self._session.run([self._output], {self._input: values})[0]
        except Exception as error:
            raise NetworkError(f"inference failed: {error}", field=self.name) from error
        if getattr(output, "dtype", None) != np.float32:
            raise NetworkError("the network's output is not float32", field=self.name)
        found = cast("NDArray[np.float32]", output)
        if not bool(np.isfinite(found).all()):
            raise NetworkError("the network's output is not finite", field=self.name)
        return found
