"""The network as a table, for torch (:mod:`.train`) and for ONNX (opset 17) with normalisation folded in.

A U-Net: strided convolutions down to a sixteenth, and back up to a quarter, where the scores are. Each row of
DETECTOR names its input; two names are a skip connection, joined by channel.
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
INPUTS = 4
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Block:
    """A convolution with batch normalisation and ReLU, unless it is the `last`. `doubled`: the first of
    `inputs` is brought to twice its size before."""

    name: str
    inputs: tuple[str, ...]
    channels: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    doubled: bool = False
    last: bool = False

    @property
    def padding(self) -> int:
        return self.dilation * (self.kernel // 2)


DETECTOR: tuple[Block, ...] = (
    Block("stem", ("input",), 16, kernel=5, stride=2),
    Block("quarter0", ("stem",), 32, stride=2),
    Block("quarter", ("quarter0",), 32),
    Block("eighth0", ("quarter",), 48, stride=2),
    Block("eighth", ("eighth0",), 48),
    Block("sixteenth0", ("eighth",), 64, stride=2),
    Block("sixteenth1", ("sixteenth0",), 64, dilation=2),
    Block("sixteenth", ("sixteenth1",), 64, dilation=4),
    Block("up8", ("sixteenth", "eighth"), 48, doubled=True),
    Block("up4", ("up8", "quarter"), 48, doubled=True),
    Block("joined", ("up4",), 32),
    Block("score", ("joined",), 1, kernel=1, last=True),
)


def widths(table: Sequence[Block]) -> dict[str, int]:
    """Channels of every value, the input's too."""
    return {"input": INPUTS} | {block.name: block.channels for block in table}


def parameters(table: Sequence[Block]) -> int:
    """Weights and biases after folding."""
    wide = widths(table)
    return sum(b.channels * (sum(wide[name] for name in b.inputs) * b.kernel * b.kernel + 1) for b in table)


def torch_module(table: Sequence[Block]) -> Any:
    """The table as a torch module that gives logits. Only training calls this: the agent has no torch."""
    import torch  # noqa: PLC0415 # pyright: ignore[reportMissingImports]
    from torch import nn  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    wide = widths(table)

    def layer(block: Block) -> Any:
        convolution = nn.Conv2d(
            sum(wide[name] for name in block.inputs),
            block.channels,
            block.kernel,
            stride=block.stride,
            padding=block.padding,
            dilation=block.dilation,
            bias=block.last,
        )
        if block.last:
            nn.init.constant_(convolution.bias, -4.0)  # objects are rare
            return convolution
        return nn.Sequential(convolution, nn.BatchNorm2d(block.channels), nn.ReLU(inplace=True))

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleDict({block.name: layer(block) for block in table})

        def forward(self, given: Any) -> Any:
            values = {"input": given}
            for block in table:
                first, *others = (values[name] for name in block.inputs)
                if block.doubled:
                    first = nn.functional.interpolate(first, scale_factor=2, mode="nearest")
                values[block.name] = self.blocks[block.name](
                    torch.cat([first, *others], 1) if others else first
                )
            return values[table[-1].name]

    return Network()


def folded(
    block: Block, state: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights and bias of one convolution, its batch normalisation folded in, in double precision."""
    prefix = f"blocks.{block.name}."
    if block.last:
        return state[prefix + "weight"], state[prefix + "bias"]
    norm = {name: state[f"{prefix}1.{name}"].astype(np.float64) for name in _NORM}
    scale = norm["weight"] / np.sqrt(norm["running_var"] + EPSILON)
    weights = state[prefix + "0.weight"].astype(np.float64) * scale[:, None, None, None]
    return weights.astype(np.float32), (norm["bias"] - norm["running_mean"] * scale).astype(np.float32)


_NORM = ("weight", "bias", "running_mean", "running_var")


def onnx_model(table: Sequence[Block], state: Mapping[str, NDArray[np.float32]], name: str) -> bytes:
    """The network with a sigmoid at its end as ONNX bytes; the same weights give the same bytes."""
    nodes: list[onnx.NodeProto] = []
    constants = [
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"),
    ]
    for block in table:
        weights, bias = folded(block, state)
        constants += [
            numpy_helper.from_array(weights, f"{block.name}.w"),
            numpy_helper.from_array(bias, f"{block.name}.b"),
        ]
        nodes += _nodes(block)
    nodes.append(helper.make_node("Sigmoid", [table[-1].name], ["output"]))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", INPUTS, "rows", "columns"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1, "y", "x"])],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gate-models"
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _nodes(block: Block) -> list[onnx.NodeProto]:
    nodes: list[onnx.NodeProto] = []
    names = list(block.inputs)
    if block.doubled:
        sizes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        nodes.append(helper.make_node("Resize", [names[0], "", "twice"], [f"{block.name}.twice"], **sizes))
        names[0] = f"{block.name}.twice"
    if len(names) > 1:
        nodes.append(helper.make_node("Concat", names, [f"{block.name}.all"], axis=1))
        names = [f"{block.name}.all"]
    nodes.append(
        helper.make_node(
            "Conv",
            [names[0], f"{block.name}.w", f"{block.name}.b"],
            [block.name if block.last else f"{block.name}.sum"],
            kernel_shape=[block.kernel] * 2,
            strides=[block.stride] * 2,
            pads=[block.padding] * 4,
            dilations=[block.dilation] * 2,
        )
    )
    if not block.last:
        nodes.append(helper.make_node("Relu", [f"{block.name}.sum"], [block.name]))
    return nodes
