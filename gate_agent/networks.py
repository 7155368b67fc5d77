"""Networks on onnxruntime, for every room: the file that a card pins, and a session with checked arrays.

A room has its own cards, and its own error for what is wrong with them; what they share is here: where cards
lie, a card is bounded before it is parsed, a network is used only when its SHA-256 is the card's, and what
comes out of it is finite float32 or an error."""

from __future__ import annotations

import hashlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

import gate_agent
from gate_agent.errors import BadInput, GateError
from gate_agent.files import read_bounded
from gate_agent.memory import release_free
from gate_agent.settings import Settings

MAX_CARD_BYTES: Final = 64 * 1024
_INSTALL: Final = "install the package with the networks, or name their folder"
Card = TypeVar("Card", bound=Settings)


@cache
def _runtime() -> Any:
    """onnxruntime, loaded with the first network: who only reads cards and settings needs none."""
    import onnxruntime  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return onnxruntime  # it ships no type information


class NetworkError(BadInput):
    """A card or a network that cannot be used, or an inference that failed."""


def project_root() -> Path:
    """The checkout, or the folder that the agent is installed in."""
    return Path(gate_agent.__file__).resolve().parents[1]


def packaged(name: str) -> Path:
    """The folder of the package ``gate_models.<name>``, which carries its networks and their cards."""
    checkout = project_root() / "models" / "gate_models" / name
    return checkout if checkout.is_dir() else project_root() / "gate_models" / name


def read_card(
    path: Path, kind: type[Card], error: type[GateError] = NetworkError, *, advice: str = _INSTALL
) -> Card:
    """The card in a TOML file. Raises `error` naming the file and the field."""
    raw = read_bounded(path, MAX_CARD_BYTES, error, advice=advice)
    try:
        return kind.model_validate(tomllib.loads(raw.decode()))
    except ValidationError as fault:
        raise error.complaint(fault, str(path)) from fault
    except (ValueError, RecursionError) as fault:  # both of text and of TOML
        raise error(f"not TOML: {fault}", field=str(path)) from fault


def read_network(
    path: Path,
    sha256: str,
    error: type[GateError] = NetworkError,
    *,
    max_bytes: int,
    advice: str = "restore the network of the card",
) -> bytes:
    """The network's bytes. Raises `error` unless they are exactly what the card pins."""
    data = read_bounded(path, max_bytes, error, advice=advice)
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise error(f"SHA-256 {digest} is not the card's {sha256}", field=str(path), advice=advice)
    return data


class NetworkSession:
    """One network in onnxruntime on the CPU; `run` may be called from several threads."""

    def __init__(
        self, network: bytes, name: str, *, threads: int, error: type[GateError] = NetworkError
    ) -> None:
        """Raises `error`, now and later, for a network that cannot be used."""
        _share_working_memory()
        options = _runtime().SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.enable_mem_pattern = False  # it keeps a block for each size of picture, and saves no time
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle workers of several sessions would otherwise spin against each other on a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Without it, 8-bit products saturate on processors without VNNI: every machine has its own model.
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        self.name = name
        self._error = error
        try:
            self._session: Any = _opened(network, options)
        except Exception as fault:  # onnxruntime's exceptions share no public base
            raise error(f"onnxruntime refuses the model: {fault}", field=name) from fault
        release_free()  # opening takes three times the network's size for a moment
        self._input: str = self._session.get_inputs()[0].name
        self._output: str = self._session.get_outputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """The network file's own key-value notes."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, values: NDArray[Any], *, release: bool = False) -> NDArray[np.float32]:
        """The first output for the only input. Raises an error when it is not finite float32.

        `release`: afterwards the working memory of all sessions goes back to the system.
        """
        options = _runtime().RunOptions() if release else None
        if options is not None:
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        try:
            output: Any = self._session.run([self._output], {self._input: values}, options)[0]
        except Exception as fault:
            raise self._error(f"inference failed: {fault}", field=self.name) from fault
        if getattr(output, "dtype", None) != np.float32:
            raise self._error("the network's output is not float32", field=self.name)
        found = cast("NDArray[np.float32]", output)
        if not bool(np.isfinite(found).all()):
            raise self._error("the network's output is not finite", field=self.name)
        return found


def _opened(network: bytes, options: Any) -> Any:
    """The session of a network. Its bytes go in by a file in memory: given them as such, onnxruntime's Python
    class holds them for as long as the session lives."""
    descriptor = os.memfd_create("network", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(network)
        file.flush()
        return _runtime().InferenceSession(
            f"/proc/self/fd/{descriptor}", options, providers=["CPUExecutionProvider"]
        )


@cache
def _share_working_memory() -> None:
    """One arena for all sessions of the process, which grows by what is asked for: by default each has its
    own, and doubles it."""
    as_requested = {"arena_extend_strategy": 1}
    ort = _runtime()
    cpu = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(cpu, ort.OrtArenaCfg(as_requested))
