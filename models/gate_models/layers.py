"""dlib's network layers as data, and the reader that takes them out of a `.dat` file.

A network is given as its C++ type is written: from the outermost (last computed) layer to the
innermost. dlib writes the version numbers going inwards and each layer's details coming back out;
tag and skip layers leave nothing but their version, so the schema has to name them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gate_models.dat import DatReader

Floats: TypeAlias = NDArray[np.float32]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Con:
    """Convolution (cross-correlation): weights are (filters, channels, rows, columns)."""

    weights: Floats
    bias: Floats
    stride: Pair
    padding: Pair


@dataclass(frozen=True, slots=True)
class Affine:
    """Per-channel x * gamma + beta, in double because a stored batch normalisation is folded here."""

    gamma: NDArray[np.float64]
    beta: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Relu:
    """max(0, x)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Max or average pooling; a window of (0, 0) is the whole plane."""

    average: bool
    window: Pair
    stride: Pair
    padding: Pair


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """Weights are (inputs, outputs); no bias."""

    weights: Floats


@dataclass(frozen=True, slots=True)
class AddPrevious:
    """Adds the tagged output; the smaller of the two is padded with zeros at the end of every axis."""

    tag: int


@dataclass(frozen=True, slots=True)
class Tag:
    """Names the output of the layer inside it."""

    tag: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Continues from the tagged output instead of the layer before."""

    tag: int


Layer: TypeAlias = Con | Affine | Relu | Pool | FullyConnected | AddPrevious | Tag | Skip

LayerReader: TypeAlias = Callable[[DatReader], Layer]
Schema: TypeAlias = Sequence[LayerReader | Tag | Skip]
"""A network from its outermost layer to its innermost."""

_BN_EPSILON = 1e-4  # dlib's DEFAULT_BATCH_NORM_EPS
_CONVOLUTIONAL = 0  # layer_mode CONV_MODE


def con(data: DatReader) -> Con:
    kind = data.expect_text("con_4", "con_5", "con_6")
    params = data.tensor().ravel()
    filters, rows, columns = data.count(), data.count(), data.count()
    stride = (data.count(), data.count())
    padding = (data.count(), data.count())
    weights_shape, bias_shape = data.alias_shape(), data.alias_shape()
    for _ in range(4):  # learning rate and weight decay multipliers of weights and biases
        data.real()
    if kind != "con_4" and not data.boolean():
        raise data.error("a convolution without bias is not supported")
    if kind == "con_6" and data.boolean():
        raise data.error("a convolution with a built-in ReLU is not supported")
    if weights_shape[0] != filters or weights_shape[2:] != (rows, columns):
        raise data.error("filter shapes contradict each other")
    split = math.prod(weights_shape)
    if params.size != split + filters or math.prod(bias_shape) != filters:
        raise data.error("convolution parameters do not fill their shapes")
    return Con(params[:split].reshape(weights_shape), params[split:], stride, padding)


def affine(data: DatReader) -> Affine:
    """`affine_`, or a `bn_con2` that stands in its place as trained networks are stored."""
    if data.expect_text("affine_", "affine_2", "bn_con2") == "bn_con2":
        return _batch_normalisation(data)
    params = data.tensor().ravel().astype(np.float64)
    gamma, beta = math.prod(data.alias_shape()), math.prod(data.alias_shape())
    if data.integer() != _CONVOLUTIONAL or params.size != gamma + beta:
        raise data.error("not a per-channel affine layer")
    return Affine(params[:gamma], params[gamma:])


def _batch_normalisation(data: DatReader) -> Affine:
    params = data.tensor().ravel().astype(np.float64)
    gamma_size = math.prod(data.alias_shape())
    data.alias_shape()  # beta
    data.tensor()  # means of the last training batch
    data.tensor()  # inverse deviations of it
    mean, variance = (data.tensor().ravel().astype(np.float64) for _ in range(2))  # running statistics
    data.count()  # number of updates
    data.count()  # window of the running statistics
    for _ in range(4):  # learning rate and weight decay multipliers of gamma and beta
        data.real()
    epsilon = data.real()
    if not math.isclose(epsilon, _BN_EPSILON, rel_tol=1e-3) or params.size != 2 * gamma_size:
        raise data.error("unexpected batch normalisation")
    gamma = params[:gamma_size] / np.sqrt(variance + epsilon)
    return Affine(gamma, params[gamma_size:] - gamma * mean)


def relu(data: DatReader) -> Relu:
    data.expect_text("relu_")
    return Relu()


def pool(data: DatReader) -> Pool:
    kind = data.expect_text("max_pool_2", "avg_pool_2")
    window, stride, padding = ((data.count(), data.count()) for _ in range(3))
    return Pool(kind == "avg_pool_2", window, stride, padding)


def fully_connected(data: DatReader) -> FullyConnected:
    data.expect_text("fc_2")
    outputs, inputs = data.count(), data.count()
    params = data.tensor().ravel()
    data.alias_shape()
    data.alias_shape()
    if data.integer() != 1 or params.size != inputs * outputs:  # FC_NO_BIAS
        raise data.error("a fully connected layer with bias is not supported")
    for _ in range(4):
        data.real()
    return FullyConnected(params.reshape(inputs, outputs))


def add_previous(tag: int) -> LayerReader:
    def read(data: DatReader) -> AddPrevious:
        data.expect_text("add_prev_")
        return AddPrevious(tag)

    return read


def read_network(data: DatReader, schema: Schema, read_input: Callable[[DatReader], None]) -> list[Layer]:
    """The layers in the order of computation (innermost first)."""
    outer, innermost = schema[:-1], schema[-1]
    if isinstance(innermost, Tag | Skip):
        raise data.error("the innermost layer must compute")
    versions = [
        data.expect_version(1) if isinstance(e, Tag | Skip) else data.expect_version(1, 2) for e in outer
    ]
    version = data.expect_version(2, 3)
    read_input(data)
    layers = [innermost(data)]
    _training_state(data, tensors=3)
    if version >= 3 and data.integer() != 1:
        raise data.error("a sample expansion is not supported")
    for entry, layer_version in zip(reversed(outer), reversed(versions), strict=True):
        if isinstance(entry, Tag | Skip):
            layers.append(entry)
            continue
        layers.append(entry(data))
        _training_state(data, tensors=3 if layer_version == 2 else 2)
    return layers


def _training_state(data: DatReader, tensors: int) -> None:
    """Three flags, then x_grad, cached_output and the gradient of the parameters: all of no use here."""
    for _ in range(3):
        data.boolean()
    for _ in range(tensors):
        data.tensor()
