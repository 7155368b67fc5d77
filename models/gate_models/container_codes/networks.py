"""The two networks as tables, and their export to ONNX (opset 17) with normalisation folded in.

`FINDER` marks where lines of lettering run; `READER` reads one line, with weights of its own for rows and for
columns. Both are plain chains of convolutions, so that one table describes them to torch (:mod:`.train`) and
to ONNX.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Class 0 is CTC's blank; class n is ALPHABET[n - 1]."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """Followed by batch normalisation and ReLU, unless it is the `last`."""

    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (1, 1)
    dilation: int = 1
    last: bool = False


def _wide(channels: int, dilation: int) -> Convolution:
    return Convolution(channels, padding=(dilation, dilation), dilation=dilation)


FINDER: tuple[Convolution, ...] = (
    Convolution(12, stride=(2, 2)),
    Convolution(32, stride=(2, 2)),
    Convolution(32),
    _wide(32, 2),
    _wide(32, 4),
    _wide(32, 8),
    _wide(32, 16),
    Convolution(32),
    Convolution(2, (1, 1), padding=(0, 0), last=True),
)
"""Grey picture in; at a quarter of its size, how likely the core of a horizontal or vertical line is

there.
"""

READER: tuple[Convolution, ...] = (
    Convolution(24, stride=(2, 2)),
    Convolution(32),
    Convolution(48, stride=(2, 2)),
    Convolution(64),
    Convolution(96, stride=(2, 1)),
    Convolution(96),
    Convolution(160, (4, 3), padding=(0, 1)),
    Convolution(128, (1, 5), padding=(0, 2)),
    Convolution(len(ALPHABET) + 1, (1, 1), padding=(0, 0), last=True),
)
"""One line of 32 pixels' height in, reading to the right; class scores at every fourth pixel out."""


def torch_module(table: Sequence[Convolution]) -> Any:
    """The chain as a torch module. Only training calls this: the agent's environment has no torch."""
    from torch import nn  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    layers: list[Any] = []
    channels = 1
    for row in table:
        layers.append(
            nn.Conv2d(
                channels,
                row.channels,
                row.kernel,
                stride=row.stride,
                padding=row.padding,
                dilation=row.dilation,
                bias=row.last,
            )
        )
        if not row.last:
            layers += [nn.BatchNorm2d(row.channels), nn.ReLU(inplace=True)]
        channels = row.channels
    return nn.Sequential(*layers)


def folded(
    table: Sequence[Convolution], state: Mapping[str, NDArray[np.float32]]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weights and bias of every convolution, its batch normalisation folded in, in double precision."""
    out: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    place = 0
    for row in table:
        weights = state[f"{place}.weight"].astype(np.float64)
        if row.last:
            out.append((weights.astype(np.float32), state[f"{place}.bias"]))
            break
        norm = {name: state[f"{place + 1}.{name}"].astype(np.float64) for name in _NORM}
        scale = norm["weight"] / np.sqrt(norm["running_var"] + 1e-5)
        bias = norm["bias"] - norm["running_mean"] * scale
        out.append(((weights * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)))
        place += 3
    return out


_NORM = ("weight", "bias", "running_mean", "running_var")


def onnx_model(
    table: Sequence[Convolution], state: Mapping[str, NDArray[np.float32]], activation: str, name: str
) -> bytes:
    """The network as ONNX bytes; the same weights give the same bytes."""
    folded_layers = folded(table, state)
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    value = "input"
    for number, (row, (weights, bias)) in enumerate(zip(table, folded_layers, strict=True)):
        names = [f"w{number}", f"b{number}"]
        constants += [numpy_helper.from_array(a, n) for a, n in zip((weights, bias), names, strict=True)]
        rows, columns = row.padding
        nodes.append(
            helper.make_node(
                "Conv",
                [value, *names],
                [f"conv{number}"],
                kernel_shape=list(row.kernel),
                strides=list(row.stride),
                pads=[rows, columns, rows, columns],
                dilations=[row.dilation, row.dilation],
            )
        )
        value = f"conv{number}"
        if not row.last:
            nodes.append(helper.make_node("Relu", [value], [f"relu{number}"]))
            value = f"relu{number}"
    last = helper.make_node(activation, [value], ["output"])
    if activation == "Softmax":
        last.attribute.append(helper.make_attribute("axis", 1))
    nodes.append(last)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 1, "rows", "columns"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", "classes", "y", "x"])],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gate-models"
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)
