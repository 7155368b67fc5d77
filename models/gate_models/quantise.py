"""Writes an embedder with 8-bit weights and activations: static quantisation, per channel, QDQ form.

The ranges of the activations were observed once on faces (`observe`) and lie beside the cards as numbers,
so that quantising needs no pictures and always gives the same bytes. Templates of the two variants have no
common distance: the quantised model has its own card, its own digest and its own calibration.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from gate_agent.errors import BadInput
from gate_agent.files import read_bounded

MAX_RANGES_BYTES = 256 * 1024


class Chips(CalibrationDataReader):
    """Chips, one at a time, as onnxruntime's observer wants them."""

    def __init__(self, name: str, chips: Iterator[NDArray[np.generic]]) -> None:
        self._name, self._chips = name, chips

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:  # type: ignore[override]
        chip = next(self._chips, None)
        return None if chip is None else {self._name: chip}


@contextmanager
def _quiet() -> Generator[None]:
    """Without onnxruntime's advice to optimise first: the graph was folded when it was written."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def observe(model: bytes, chips: Iterator[NDArray[np.generic]], ranges: Path) -> None:
    """Runs the model on chips (each a batch of one) and writes its activations' ranges to `ranges`."""
    name = onnx.load_from_string(model).graph.input[0].name
    ranges.unlink(missing_ok=True)
    _quantise(model, Chips(name, chips), ranges)


def quantised(model: bytes, ranges: Path) -> bytes:
    """The 8-bit form of `model` with the ranges from a file. Raises BadInput when that is none."""
    try:
        json.loads(read_bounded(ranges, MAX_RANGES_BYTES))
    except (ValueError, RecursionError) as error:
        raise BadInput("is not JSON", field=str(ranges)) from error
    return _quantise(model, None, ranges)


def _quantise(model: bytes, chips: Chips | None, ranges: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder, _quiet():
        output = Path(folder) / "quantised.onnx"
        quantize_static(
            onnx.load_from_string(model),
            output,
            chips,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            # Unsigned activations by signed weights is the form that x86 multiplies fastest.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibration_cache_path=ranges,
        )
        return onnx.load(output).SerializeToString(deterministic=True)
