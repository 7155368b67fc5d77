"""Geometry of the chain, without any model: the tiled pyramid and the aligned chip."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.biometrics.face.align import MEAN_FACE, chip_frame, extract_chip, extract_views
from gate_agent.biometrics.face.cards import View
from gate_agent.biometrics.face.detect import tile
from gate_agent.biometrics.face.errors import PictureError
from gate_agent.biometrics.face.pixels import Box

SIDE, PADDING = 150, 0.25
sizes = st.integers(16, 1500)


@given(rows=sizes, columns=sizes)
def test_pyramid_levels_lie_on_the_canvas_and_apart(rows: int, columns: int) -> None:
    layout = tile(rows, columns, 10, 11)
    canvas = Box(0, 0, layout.columns - 1, layout.rows - 1)
    first = layout.levels[0]
    assert (first.width, first.height, first.left, first.top) == (columns, rows, 11, 11)
    for level in layout.levels:
        assert level.intersect(canvas) == level
    for number, level in enumerate(layout.levels):
        assert all(not level.intersect(other).area for other in layout.levels[:number])


@given(rows=sizes, columns=sizes)
def test_each_level_is_five_sixths_of_the_one_before(rows: int, columns: int) -> None:
    levels = tile(rows, columns, 10, 11).levels
    for larger, smaller in itertools.pairwise(levels):
        assert smaller.height == math.floor(5 / 6 * larger.height)
        assert smaller.width == math.floor(5 / 6 * larger.width)


@given(
    scale=st.floats(0.3, 6),
    angle=st.floats(-math.pi + 0.01, math.pi - 0.01),
    x=st.floats(-500, 2000),
    y=st.floats(-500, 2000),
)
def test_the_chip_frame_recovers_a_similarity_transform(
    scale: float, angle: float, x: float, y: float
) -> None:
    template = (PADDING + MEAN_FACE) / (2 * PADDING + 1) * SIDE
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    frame = chip_frame(template @ turn.T + [x, y], SIDE, View(padding=PADDING))
    assert frame.side == pytest.approx(SIDE * scale)
    assert frame.angle == pytest.approx(angle, abs=1e-9)
    assert frame.centre == pytest.approx(turn @ [SIDE / 2, SIDE / 2] + [x, y], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.5, 5), angle=st.floats(-0.6, 0.6))
def test_a_turned_and_scaled_face_gives_the_same_chip(scale: float, angle: float) -> None:
    """Colours that depend linearly on place survive interpolation, so the chip's colours tell its place."""
    rows = columns = 900
    template = (PADDING + MEAN_FACE - 0.5 * (2 * PADDING + 1)) / (2 * PADDING + 1) * SIDE
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    landmarks = template @ turn.T + [columns / 2, rows / 2]
    y, x = np.mgrid[0:rows, 0:columns]
    back = np.linalg.inv(turn) @ np.stack((x.ravel() - columns / 2, y.ravel() - rows / 2))
    shades = np.clip(128 + back, 0, 255).astype(np.uint8).reshape(2, rows, columns)
    pixels = np.stack((shades[0], shades[1], shades[0]), axis=2)
    chip = extract_chip(pixels, landmarks, side=SIDE, view=View(padding=PADDING)).astype(int)
    expected = 128 + np.arange(SIDE) - SIDE / 2
    assert np.abs(chip[60:90, :, 0].mean(axis=0) - expected).max() < 4
    assert np.abs(chip[:, 60:90, 1].mean(axis=1) - expected).max() < 4


def test_a_face_outside_the_picture_is_an_error() -> None:
    for scale in (50.0, 2000.0):
        with pytest.raises(PictureError, match="outside"):
            extract_chip(
                np.zeros((100, 100, 3), np.uint8),
                MEAN_FACE * scale + 9000,
                side=SIDE,
                view=View(padding=PADDING),
            )


def test_beyond_the_picture_the_chip_is_black() -> None:
    pixels = np.full((100, 100, 3), 200, np.uint8)
    chip = extract_chip(pixels, MEAN_FACE * 100 - [50, 0], side=SIDE, view=View(padding=PADDING))
    assert (chip[75, :60] == 0).all()
    assert (chip[75, -60:] >= 199).all()


def test_views_whole_pixels_apart_are_shifts_of_one_chip() -> None:
    """The same chips as one by one, but for the rounding of a halved picture's first row."""
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (600, 600, 3), dtype=np.uint8)
    pixels = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    views = [
        View(padding=0.25),
        View(padding=0.1),
        View(padding=0.25, right=4 / SIDE),
        View(padding=0.25, right=-4 / SIDE, down=8 / SIDE),
    ]
    for size in (80.0, 330.0):
        landmarks = MEAN_FACE * size + [140.0, 120.0]
        together = extract_views(pixels, landmarks, side=SIDE, views=views).astype(int)
        for view, chip in zip(views, together, strict=True):
            alone = extract_chip(pixels, landmarks, side=SIDE, view=view).astype(int)
            assert np.abs(chip - alone).mean() < 3
        assert np.abs(together[2][:, 10:] - together[0][:, 6:-4]).max() == 0


def test_a_shift_that_is_no_whole_pixel_is_cut_by_itself() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    landmarks = MEAN_FACE * 80 + [100.0, 100.0]
    views = [View(padding=0.25), View(padding=0.25, down=0.011)]
    chips = extract_views(pixels, landmarks, side=SIDE, views=views)
    for view, chip in zip(views, chips, strict=True):
        assert (chip == extract_chip(pixels, landmarks, side=SIDE, view=view)).all()
