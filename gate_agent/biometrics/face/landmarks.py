"""Five landmarks by dlib's ensemble of regression trees (Kazemi and Sullivan, 2014), in numpy.

Point order: outer and inner corner of the picture's right eye, outer and inner corner of its left eye,
base of the nose. Arithmetic is single precision in dlib's order, so that points agree exactly.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.pixels import Box, Doubles, Floats, Pixels

POINTS = 5
_FIELDS = ("initial_shape", "split_first", "split_second", "split_threshold", "leaves", "anchor", "delta")


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """A face in a picture: its box, five landmarks (x, y) in pixels, and the detector's score."""

    box: Box
    landmarks: Doubles
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class _Forest:
    """One cascade: splits are (trees, splits), `leaves` is (trees, splits + 1, 10)."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    threshold: Floats
    leaves: Floats
    anchor: NDArray[np.intp]
    delta: Floats


class LandmarkPredictor:
    """Loaded once; `predict` is thread-safe."""

    def __init__(self, model: bytes, name: str) -> None:
        try:
            with np.load(io.BytesIO(model), allow_pickle=False) as archive:
                arrays = {field: archive[field] for field in _FIELDS}
        except Exception as error:  # zipfile, zlib, KeyError, ValueError: any damage of the archive
            raise ModelError(f"the landmark model cannot be read: {error}", field=name) from error
        self._initial: Floats = arrays["initial_shape"].astype(np.float32).reshape(-1, 2)
        if self._initial.shape != (POINTS, 2):
            raise ModelError(f"{len(self._initial)} landmarks where {POINTS} are needed", field=name)
        self._forests = tuple(
            _Forest(
                arrays["split_first"][cascade].astype(np.intp),
                arrays["split_second"][cascade].astype(np.intp),
                arrays["split_threshold"][cascade].astype(np.float32),
                arrays["leaves"][cascade].astype(np.float32),
                arrays["anchor"][cascade].astype(np.intp),
                arrays["delta"][cascade].astype(np.float32),
            )
            for cascade in range(len(arrays["leaves"]))
        )

    def predict(self, pixels: Pixels, box: Box) -> Doubles:
        """(5, 2) points x, y in whole pixels."""
        shape = self._initial.copy()
        for forest in self._forests:
            values = self._values(pixels, box, shape, forest)
            shape = _descend(forest, values, shape)
        return _to_picture(shape, box)

    def _values(self, pixels: Pixels, box: Box, shape: Floats, forest: _Forest) -> Floats:
        """Grey values at the cascade's pixels, moved along with the shape; 0 outside the picture."""
        turn = _similarity(self._initial, shape)
        points = _to_picture(forest.delta @ turn.T + shape[forest.anchor], box).astype(np.intp)
        x, y = points[:, 0], points[:, 1]
        rows, columns = pixels.shape[:2]
        inside = (x >= 0) & (y >= 0) & (x < columns) & (y < rows)
        colours = pixels[y[inside], x[inside]].astype(np.uint16)
        values = np.zeros(len(points), dtype=np.float32)
        values[inside] = colours.sum(axis=1, dtype=np.uint16) // 3
        return values


def _descend(forest: _Forest, values: Floats, shape: Floats) -> Floats:
    """Walks every tree of the cascade at once and adds the leaves, in order, to the shape."""
    trees = np.arange(len(forest.first))
    node = np.zeros(len(trees), dtype=np.intp)
    splits = forest.first.shape[1]
    while node[0] < splits:  # the trees are complete: all reach their leaves at the same depth
        difference = values[forest.first[trees, node]] - values[forest.second[trees, node]]
        node = 2 * node + np.where(difference > forest.threshold[trees, node], 1, 2)
    leaves = forest.leaves[trees, node - splits].reshape(-1, POINTS, 2)
    return np.add.reduce(np.concatenate((shape[None], leaves)), axis=0, dtype=np.float32)


def _similarity(source: Floats, target: Floats) -> Floats:
    """Rotation and scale that best map `source` to `target` (Umeyama), as points in the complex plane."""
    a = source.astype(np.float64) @ np.array([1, 1j])
    b = target.astype(np.float64) @ np.array([1, 1j])
    a, b = a - a.mean(), b - b.mean()
    turn = complex(np.sum(a.conj() * b)) / float(np.sum(np.abs(a) ** 2))
    return np.array([[turn.real, -turn.imag], [turn.imag, turn.real]], dtype=np.float32)


def _to_picture(shape: Floats, box: Box) -> Doubles:
    """From the unit square to whole pixels of the box; halves round up, as dlib's points do."""
    size = np.array([box.right - box.left, box.bottom - box.top], dtype=np.float64)
    corner = np.array([box.left, box.top], dtype=np.float64)
    return np.floor(shape.astype(np.float64) * size + corner + 0.5)
