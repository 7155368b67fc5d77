"""Writes a dlib network as ONNX (opset 17), with every affine layer folded into its convolution.

The same weights give the same bytes, so that a model card can pin the built file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from gate_models.layers import AddPrevious, Affine, Con, FullyConnected, Layer, Pool, Relu, Skip, Tag
from gate_models.networks import ColourMean, Detector, Embedder

OPSET = 17
IR_VERSION = 8
Shape = tuple[int, int, int]  # channels, rows, columns


class Graph:
    """Appends nodes; `value` is the name of the newest output and `shape` its (channels, rows, columns)."""

    def __init__(self, value: str, shape: Shape | None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.value = value
        self.shape = shape

    def constant(self, array: NDArray[np.generic]) -> str:
        name = f"c{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def apply(self, operator: str, *others: str, **attributes: Any) -> str:
        """One node on the newest output (and `others`), which becomes the newest output."""
        output = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.value, *others], [output], **attributes))
        self.value = output
        return output

    def normalise(self, mean: ColourMean) -> None:
        """RGB, rows x columns x 3, to (x - mean) / 256 in NCHW, as dlib's input layers do."""
        self.apply("Sub", self.constant(np.array(mean, np.float32)))
        self.apply("Mul", self.constant(np.array(1 / 256, np.float32)))
        self.apply("Transpose", perm=[0, 3, 1, 2])


def fold(layers: Sequence[Layer]) -> list[Layer]:
    """Merges each affine layer into the convolution before it, in double precision."""
    folded: list[Layer] = []
    for layer in layers:
        before = folded[-1] if folded else None
        if isinstance(layer, Affine) and isinstance(before, Con):
            weights = before.weights * layer.gamma[:, None, None, None]
            bias = before.bias * layer.gamma + layer.beta
            folded[-1] = Con(
                weights.astype(np.float32), bias.astype(np.float32), before.stride, before.padding
            )
        else:
            folded.append(layer)
    return folded


def normalising(layers: Sequence[Layer], mean: ColourMean) -> list[Layer]:
    """The layers for unnormalised input: (x - mean) / 256 becomes part of the first convolution."""
    first, *others = layers
    if not isinstance(first, Con) or any(first.padding):
        raise TypeError("only a first convolution without padding can take the normalisation over")
    weights = first.weights.astype(np.float64) / 256
    bias = first.bias - (weights * np.array(mean, np.float32)[None, :, None, None]).sum(axis=(1, 2, 3))
    return [
        Con(weights.astype(np.float32), bias.astype(np.float32), first.stride, first.padding),
        *others,
    ]


def add_layers(graph: Graph, layers: Sequence[Layer]) -> None:
    tags: dict[int, tuple[str, Shape | None]] = {}
    for layer in layers:
        match layer:
            case Tag(tag):
                tags[tag] = graph.value, graph.shape
            case Skip(tag):
                graph.value, graph.shape = tags[tag]
            case AddPrevious(tag):
                _add_previous(graph, *tags[tag])
            case _:
                _add_layer(graph, layer)


def _add_layer(graph: Graph, layer: Layer) -> None:
    match layer:
        case Con(weights, bias, stride, padding):
            names = graph.constant(weights), graph.constant(bias)
            graph.apply("Conv", *names, kernel_shape=weights.shape[2:], strides=stride, pads=padding * 2)
            _slide(graph, weights.shape[0], weights.shape[2:], stride, padding)
        case Relu():
            graph.apply("Relu")
        case Pool(window=(0, 0)):
            graph.apply("GlobalAveragePool")
            graph.apply("Flatten", axis=1)
        case Pool(average, window, stride, (0, 0)):
            graph.apply("AveragePool" if average else "MaxPool", kernel_shape=window, strides=stride)
            _slide(graph, None, window, stride, (0, 0))
        case FullyConnected(weights):
            graph.apply("MatMul", graph.constant(weights))
        case _:
            raise TypeError(f"no ONNX form for {layer}")


def _slide(
    graph: Graph, filters: int | None, window: Sequence[int], stride: Sequence[int], padding: Sequence[int]
) -> None:
    if graph.shape is None:
        return
    channels, *plane = graph.shape
    rows, columns = (
        1 + (size + 2 * p - w) // s for size, w, s, p in zip(plane, window, stride, padding, strict=True)
    )
    graph.shape = filters or channels, rows, columns


def _add_previous(graph: Graph, value: str, shape: Shape | None) -> None:
    """dlib's `add_prev` pads the smaller operand with zeros at the end of EVERY axis, channels included."""
    if graph.shape is None or shape is None:
        raise TypeError("a residual network needs a fixed input size")
    target = tuple(max(a, b) for a, b in zip(graph.shape, shape, strict=True))
    own, own_shape = graph.value, graph.shape
    other = _padded(graph, value, shape, target)
    graph.value = _padded(graph, own, own_shape, target)
    graph.apply("Add", other)
    graph.shape = target[0], target[1], target[2]


def _padded(graph: Graph, value: str, shape: Shape, target: Sequence[int]) -> str:
    if shape == tuple(target):
        return value
    ends = [0, *(t - s for t, s in zip(target, shape, strict=True))]
    graph.value = value
    return graph.apply("Pad", graph.constant(np.array([0, 0, 0, 0, *ends], np.int64)))


def embedder_model(network: Embedder) -> onnx.ModelProto:
    """`chips` uint8 (n, side, side, 3) RGB -> `embeddings` float32 (n, 128), not normalised."""
    side = network.side
    graph = Graph("chips", (3, side, side))
    graph.apply("Cast", to=TensorProto.FLOAT)
    graph.normalise(network.mean)
    add_layers(graph, fold(network.layers))
    chips = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", side, side, 3])
    return _model(graph, "dlib_face_recognition_resnet_model_v1", chips, "embeddings", ["n", 128])


def detector_model(network: Detector) -> onnx.ModelProto:
    """`canvas` float32 (1, 3, rows, columns), RGB 0..255 -> `scores` float32 (1, 1, rows / 8, columns / 8).

    The canvas is a tiled pyramid whose background is the colour mean, which becomes dlib's zero. The input
    layer's normalisation is folded into the first convolution, which can be exact because that one does
    not pad: three copies of a large canvas fewer.
    """
    graph = Graph("canvas", None)
    add_layers(graph, normalising(fold(network.layers), network.mean))
    canvas = helper.make_tensor_value_info("canvas", TensorProto.FLOAT, [1, 3, "rows", "columns"])
    model = _model(graph, "mmod_human_face_detector", canvas, "scores", [1, 1, "r", "c"])
    geometry = {
        "mean": ",".join(repr(float(np.float32(m))) for m in network.mean),
        "padding": network.padding,
        "outer_padding": network.outer_padding,
        "window": ",".join(map(str, network.window)),
        "nms_iou": repr(network.nms_iou),
        "nms_covered": repr(network.nms_covered),
    }
    for key, value in geometry.items():
        model.metadata_props.add(key=key, value=str(value))
    return model


def _model(
    graph: Graph, name: str, source: onnx.ValueInfoProto, output: str, shape: Sequence[int | str]
) -> onnx.ModelProto:
    graph.nodes[-1].output[0] = output
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
    proto = helper.make_graph(graph.nodes, name, [source], [result], initializer=graph.initialisers)
    model = helper.make_model(
        proto,
        producer_name="gate-models",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model
