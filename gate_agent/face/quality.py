"""Quality components computable from pixels and five landmarks, inspired by ISO/IEC 29794-5.

They are measures, not the standard's quality scores: the standard maps each through its own curve and
takes several (pose, expression, occlusion) from models that are not here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gate_agent.face.pixels import Box, Doubles, Pixels, grey

DARK, BRIGHT = 25, 230  # luminance limits of under- and over-exposure (29794-5 §7.3.4-5 use the same bounds)


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Luminance is 0..1, shares are 0..1, distances are in pixels of the picture.

    `sharpness` is the variance of the Laplacian over the aligned chip in squared grey levels: an
    approximation that falls with blur and with a face smaller than the chip. `single_face` tells
    whether the picture showed exactly one face.
    """

    inter_eye_distance_px: float
    head_size: float
    luminance_mean: float
    luminance_variance: float
    under_exposed: float
    over_exposed: float
    sharpness: float
    single_face: bool


def inter_eye_distance(landmarks: Doubles) -> float:
    """Pixels between the eye centres, each the middle of its two corners (29794-5 §7.4.5)."""
    right, left = landmarks[0:2].mean(axis=0), landmarks[2:4].mean(axis=0)
    return float(np.hypot(*(right - left)))


def measure(pixels: Pixels, box: Box, landmarks: Doubles, chip: Pixels, faces: int) -> FaceQuality:
    """The components of one face; `chip` is its aligned chip and `faces` how many the picture shows."""
    luminance = grey(chip)
    scaled = luminance.astype(np.float64) / 255
    laplacian = cv2.Laplacian(luminance, cv2.CV_64F)
    return FaceQuality(
        inter_eye_distance_px=inter_eye_distance(landmarks),
        head_size=min(box.height / pixels.shape[0], 1.0),
        luminance_mean=float(scaled.mean()),
        luminance_variance=float(scaled.var()),
        under_exposed=float((luminance < DARK).mean()),
        over_exposed=float((luminance > BRIGHT).mean()),
        sharpness=float(np.var(laplacian)),
        single_face=faces == 1,
    )
