"""The three known weight files: where they come from, their schemas, and what is in them.

dlib's ResNet embedder, MMOD face detector and 5-point shape predictor are in the public domain (CC0).
The 68-point predictor beside them (iBUG 300-W) excludes commercial use and is never opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_models.dat import DatReader
from gate_models.layers import (
    Layer,
    LayerReader,
    Schema,
    Skip,
    Tag,
    add_previous,
    affine,
    con,
    fully_connected,
    pool,
    read_network,
    relu,
)

ColourMean = tuple[float, float, float]
"""What the input layer subtracts (red, green, blue) before it divides by 256."""


@dataclass(frozen=True, slots=True)
class Embedder:
    mean: ColourMean
    side: int
    layers: list[Layer]


@dataclass(frozen=True, slots=True)
class Detector:
    """`window` is the side in pixels of the sliding window; two hits whose rectangles overlap by more
    than `nms_iou`, or cover more than `nms_covered` of one another, are the same face."""

    mean: ColourMean
    padding: int
    outer_padding: int
    window: tuple[int, int]
    nms_iou: float
    nms_covered: float
    layers: list[Layer]


@dataclass(frozen=True, slots=True)
class ShapePredictor:
    """A cascade of regression-tree ensembles, each array stacked over (cascade, tree, ...)."""

    initial_shape: NDArray[np.float32]
    split_first: NDArray[np.int32]
    split_second: NDArray[np.int32]
    split_threshold: NDArray[np.float32]
    leaves: NDArray[np.float32]
    anchor: NDArray[np.int32]
    delta: NDArray[np.float32]


# ---------------------------------------------------------------- the embedder (dlib's anet_type)

_BLOCK: Schema = (affine, con, relu, affine, con)


def _residual(count: int) -> list[LayerReader | Tag | Skip]:
    return [relu, add_previous(1), *_BLOCK, Tag(1)] * count


def _residual_down() -> list[LayerReader | Tag | Skip]:
    return [relu, add_previous(2), pool, Skip(1), Tag(2), *_BLOCK, Tag(1)]


EMBEDDER: Schema = (
    *(fully_connected, pool),
    *_residual_down(),
    *(*_residual(2), *_residual_down()),
    *(*_residual(2), *_residual_down()),
    *(*_residual(3), *_residual_down()),
    *_residual(3),
    *(pool, relu, affine, con),
)


def read_embedder(data: DatReader) -> Embedder:
    """`loss_metric<fc_no_bias<128, avg_pool_everything<...input_rgb_image_sized<150>>>>`."""
    mean: list[float] = []
    sides: list[int] = []

    def read_input(data: DatReader) -> None:
        data.expect_text("input_rgb_image_sized")
        mean.extend(data.real() for _ in range(3))
        sides.extend((data.count(), data.count()))

    data.expect_version(1)
    data.expect_text("loss_metric_2")
    data.real()  # margin
    data.real()  # distance threshold
    layers = read_network(data, EMBEDDER, read_input)
    data.finish()
    if sides[0] != sides[1]:
        raise data.error("the input is not square")
    return Embedder((mean[0], mean[1], mean[2]), sides[0], layers)


# ---------------------------------------------------------------- the detector (loss_mmod)

DETECTOR: Schema = (con, *(relu, affine, con) * 6)


def read_detector(data: DatReader) -> Detector:
    """`loss_mmod<con<1,9,9,1,1,rcon5<rcon5<rcon5<downsampler<input_rgb_image_pyramid<pyramid_down<6>>>>>>>>`."""
    mean: list[float] = []
    paddings: list[int] = [10, 11]  # what dlib assumes for the first version of the input layer

    def read_input(data: DatReader) -> None:
        name = data.expect_text("input_rgb_image_pyramid", "input_rgb_image_pyramid2")
        mean.extend(data.real() for _ in range(3))
        if name.endswith("2"):
            paddings[:] = data.count(), data.count()

    data.expect_version(1)
    data.expect_text("loss_mmod_")
    window, iou, covered = _mmod_options(data)
    layers = read_network(data, DETECTOR, read_input)
    data.finish()
    return Detector((mean[0], mean[1], mean[2]), paddings[0], paddings[1], window, iou, covered, layers)


def _mmod_options(data: DatReader) -> tuple[tuple[int, int], float, float]:
    version = data.expect_version(1, 2)
    windows = data.vector(lambda: _detector_window(data)) if version == 2 else [_window_size(data)]
    for _ in range(3):  # losses and the training overlap threshold
        data.real()
    nms_iou, nms_covered = data.real(), data.real()
    for _ in range(2):  # overlaps_ignore: training only
        data.real()
    if len(windows) != 1:
        raise data.error(f"{len(windows)} detector windows found where one was expected")
    return windows[0], nms_iou, nms_covered


def _window_size(data: DatReader) -> tuple[int, int]:
    return data.count(), data.count()


def _detector_window(data: DatReader) -> tuple[int, int]:
    version = data.expect_version(1, 2)
    size = _window_size(data)
    if version == 2:
        data.text()  # label
    return size


# ---------------------------------------------------------------- the 5-point shape predictor


def read_shape_predictor(data: DatReader, progress: Callable[[float], None]) -> ShapePredictor:
    """`dlib::shape_predictor` version 1."""
    data.expect_version(1)
    initial = data.matrix().ravel()
    cascades = data.count(64)
    first, second, threshold, leaves = [], [], [], []
    for cascade in range(cascades):
        trees = data.vector(lambda: _tree(data))
        splits = np.array([tree[0] for tree in trees], dtype=np.float64)
        first.append(splits[..., 0].astype(np.int32))
        second.append(splits[..., 1].astype(np.int32))
        threshold.append(splits[..., 2].astype(np.float32))
        leaves.append(np.array([tree[1] for tree in trees], dtype=np.float32))
        progress((cascade + 1) / cascades)
    anchor = data.vector(lambda: data.vector(data.count))
    delta = data.vector(lambda: data.vector(lambda: (data.real(), data.real())))
    data.finish()
    return ShapePredictor(
        initial,
        np.stack(first),
        np.stack(second),
        np.stack(threshold),
        np.stack(leaves),
        np.array(anchor, dtype=np.int32),
        np.array(delta, dtype=np.float32),
    )


def _tree(data: DatReader) -> tuple[list[tuple[int, int, float]], list[NDArray[np.float32]]]:
    splits = data.vector(lambda: (data.count(), data.count(), data.real()))
    leaves = data.vector(lambda: data.matrix().ravel())
    if len(leaves) != len(splits) + 1 or len(leaves) & (len(leaves) - 1):
        raise data.error("a regression tree is not complete")
    return splits, leaves
