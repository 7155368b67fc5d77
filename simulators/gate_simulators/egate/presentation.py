"""What a person holds up to the camera: their own head, or an attack instrument (ISO/IEC 30107-1).

A live head is round and turns a little all the time, so its nose moves against its eyes. A printed
photograph and a screen are planes: whatever the hand does, their points move by one homography. A screen
also has a raster. Geometry and raster are modelled; paper, ink, glare and focus are not.
"""

from __future__ import annotations

import math
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]

HEAD_TURN = math.radians(4.5)  # somebody who looks at a camera still turns by a few degrees
HAND_TURN = math.radians(16)  # and a hand that holds something up shakes and tilts it by more
RASTER_PX = 2.3
_EYE_LINE, _BEHIND = 0.47, 3.0  # where the turning point is, as a share of the height; viewing distance


class Presentation(StrEnum):
    """A face, or what is shown instead of one."""

    FACE = "face"
    PRINT = "print"
    SCREEN = "screen"


class Head:
    """The relief of a face in the middle of a square photograph: an ellipsoid with a nose."""

    def __init__(self, height: int, width: int) -> None:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        across, down = (x - width / 2) / (0.24 * height), (y - height / 2) / (0.34 * height)
        ball = np.sqrt(np.clip(1 - across**2 - down**2, 0, None)) * (0.2 * height)
        nose = np.exp(-((across / 0.2) ** 2) - ((down - 0.12) / 0.25) ** 2) * (0.08 * height)
        # Smooth, so that the outline bends and does not tear.
        self._relief = cv2.GaussianBlur((ball + nose).astype(np.float32), (0, 0), height / 40)
        self._x, self._y = x, y

    def turned(self, colour: Picture, yaw: float, pitch: float) -> Picture:
        """The photograph with every point moved as far as it stands out of the picture."""
        across = self._x - self._relief * math.sin(yaw)
        down = self._y - self._relief * math.sin(pitch)
        way = cv2.INTER_LINEAR
        return np.asarray(cv2.remap(colour, across, down, way, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def head_pose(phase: float) -> tuple[float, float]:
    """(yaw, pitch) of somebody who tries to look into the camera."""
    return HEAD_TURN * math.sin(phase * 0.9), 0.4 * HEAD_TURN * math.sin(phase * 1.3 + 1)


def sheet(photograph: Picture, what: Presentation) -> Picture:
    """The photograph on paper, which has less contrast and a white edge, or in the bezel of a screen."""
    printed = what is Presentation.PRINT
    shown = np.asarray(photograph * 0.8 + 30, np.uint8) if printed else photograph.copy()
    edge = shown.shape[0] // 24
    rim = (244, 243, 238) if printed else (16, 16, 18)
    cv2.rectangle(shown, (0, 0), (shown.shape[1] - 1, shown.shape[0] - 1), rim, 2 * edge)
    return shown


def tilted(shape: tuple[int, ...], phase: float) -> Matrix:
    """The homography of a sheet of this size that a hand holds up and cannot keep still."""
    height, width = shape[:2]
    yaw, pitch = HAND_TURN * math.sin(phase * 2.4), 0.5 * HAND_TURN * math.sin(phase * 1.7 + 1)
    to_middle = np.array([[1, 0, -width / 2], [0, 1, -height * _EYE_LINE], [0, 0, 1.0]])
    back = np.array([[1, 0, width / 2], [0, 1, height * _EYE_LINE], [0, 0, 1.0]])
    far = _BEHIND * height
    turned = np.array(
        [
            [math.cos(yaw), math.sin(yaw) * math.sin(pitch), 0],
            [0, math.cos(pitch), 0],
            [math.sin(yaw) / far, -math.cos(yaw) * math.sin(pitch) / far, 1.0],
        ]
    )
    return back @ turned @ to_middle


def add_raster(picture: Picture, cover: Picture, phase: float) -> None:
    """Darkens a screen's pixel grid into `picture`, in place, where `cover` is not zero."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    turn = 2 * math.pi / RASTER_PX
    grid = 1 - 0.06 * (1 + np.cos(turn * (x + 0.05 * y) + phase)) - 0.05 * (1 + np.cos(turn * (y - 0.05 * x)))
    dark = (picture * grid[..., None]).astype(np.uint8)
    np.copyto(picture, dark, where=cover > 127)
