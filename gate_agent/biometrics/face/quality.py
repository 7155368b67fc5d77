"""Quality components computable from pixels and five landmarks, inspired by ISO/IEC 29794-5.

They are measures, not the standard's quality scores: the standard maps each through its own curve and
takes several (expression, occlusion, head pose in degrees) from models that are not here. What can be
told from them becomes one instruction for the traveller; what cannot (glasses, a mask, an open mouth) is
never guessed. The embedder's own doubt (`Template.agreement`) is a further measure beside these.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gate_agent.biometrics.face.advice import Advice
from gate_agent.biometrics.face.pixels import Box, Doubles, Pixels, grey

DARK, BRIGHT = 25, 230  # luminance limits of under- and over-exposure (29794-5 §7.3.4-5 use the same bounds)
NOSE_DROP = 0.774  # base of the nose below the eyes, in eye distances, in the mean face of the 5-point model
_CHIN = 2.4  # a head reaches about so many eye distances from the eyes down to the chin, with margin


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Luminance is 0..1, shares are 0..1, distances are in pixels of the picture.

    `sharpness` is the variance of the Laplacian over the aligned chip in squared grey levels: an
    approximation that falls with blur and with a face smaller than the chip. `turned` is how far the base
    of the nose lies beside the middle of the eyes, `nodded` how far it lies above (-) or below its usual
    place, both in eye distances: signs of yaw and pitch, not angles. `rolled_deg` is the slope of the
    eyes. `margin` is the least room between head and picture edge in eye distances, negative when cropped.
    `natural_colour` is the share of the chip's middle whose hue could be skin under white light.
    """

    inter_eye_distance_px: float
    head_size: float
    luminance_mean: float
    luminance_variance: float
    under_exposed: float
    over_exposed: float
    sharpness: float
    single_face: bool
    illumination_uniformity: float
    dynamic_range: float
    natural_colour: float
    turned: float
    nodded: float
    rolled_deg: float
    margin: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """Beyond these a picture is not used; a table so that a station may set its own."""

    eyes_px: float = 40.0
    head_size_most: float = 0.85
    dark_mean: float = 0.12
    bright_mean: float = 0.85
    exposed_share: float = 0.4
    uniformity: float = 0.35
    turned: float = 0.22
    nodded: float = 0.28
    rolled_deg: float = 20.0
    sharpness: float = 15.0
    margin: float = 0.0


# Doc 9303-9 and ISO/IEC 39794-5 Annex D ask more of a portrait than a lane can of a walking person.
CAPTURE = Bounds()
PORTRAIT = Bounds(turned=0.15, nodded=0.22, rolled_deg=8.0, head_size_most=0.95)


def inter_eye_distance(landmarks: Doubles) -> float:
    """Pixels between the eye centres, each the middle of its two corners (29794-5 §7.4.5)."""
    right, left = _eyes(landmarks)
    return float(np.hypot(*(right - left)))


def measure(pixels: Pixels, box: Box, landmarks: Doubles, chip: Pixels, faces: int) -> FaceQuality:
    """The components of one face; `chip` is its aligned chip and `faces` how many the picture shows."""
    luminance = grey(chip)
    scaled = luminance.astype(np.float64) / 255
    laplacian = cv2.Laplacian(luminance, cv2.CV_64F)
    turned, nodded, rolled = _pose(landmarks)
    return FaceQuality(
        inter_eye_distance_px=inter_eye_distance(landmarks),
        head_size=min(box.height / pixels.shape[0], 1.0),
        luminance_mean=float(scaled.mean()),
        luminance_variance=float(scaled.var()),
        under_exposed=float((luminance < DARK).mean()),
        over_exposed=float((luminance > BRIGHT).mean()),
        sharpness=float(np.var(laplacian)),
        single_face=faces == 1,
        illumination_uniformity=_uniformity(luminance),
        dynamic_range=_entropy(luminance) / 8,
        natural_colour=_natural_colour(chip),
        turned=turned,
        nodded=nodded,
        rolled_deg=rolled,
        margin=_margin(pixels, landmarks),
    )


def advise(quality: FaceQuality, bounds: Bounds = CAPTURE) -> tuple[Advice, ...]:
    """What the traveller could do better, the most useful first; empty when nothing is wrong."""
    q, b = quality, bounds
    table = (
        (not q.single_face, Advice.COME_ALONE),
        (q.inter_eye_distance_px < b.eyes_px, Advice.MOVE_CLOSER),
        (q.head_size > b.head_size_most, Advice.STEP_BACK),
        (q.margin < b.margin, Advice.CENTRE_YOURSELF),
        (abs(q.turned) > b.turned or abs(q.nodded) > b.nodded, Advice.LOOK_AT_CAMERA),
        (abs(q.rolled_deg) > b.rolled_deg, Advice.HOLD_HEAD_STRAIGHT),
        (q.luminance_mean < b.dark_mean or q.under_exposed > b.exposed_share, Advice.TOO_DARK),
        (q.luminance_mean > b.bright_mean or q.over_exposed > b.exposed_share, Advice.TOO_BRIGHT),
        (q.illumination_uniformity < b.uniformity, Advice.UNEVEN_LIGHT),
        (q.sharpness < b.sharpness, Advice.HOLD_STILL),
    )
    return tuple(advice for wrong, advice in table if wrong)


def _eyes(landmarks: Doubles) -> tuple[Doubles, Doubles]:
    """Centres of the picture's right eye and of its left eye."""
    return landmarks[0:2].mean(axis=0), landmarks[2:4].mean(axis=0)


def _pose(landmarks: Doubles) -> tuple[float, float, float]:
    right, left = _eyes(landmarks)
    axis = right - left
    length = max(float(np.hypot(*axis)), 1e-6)
    nose = landmarks[4] - (right + left) / 2
    beside = float(nose @ axis) / length**2
    below = float(axis[0] * nose[1] - axis[1] * nose[0]) / length**2
    return beside, below - NOSE_DROP, float(np.degrees(np.arctan2(axis[1], axis[0])))


def _margin(pixels: Pixels, landmarks: Doubles) -> float:
    """Room around a head that reaches one eye distance to each side of the eyes (29794-5 §7.4, crop)."""
    right, left = _eyes(landmarks)
    length = max(float(np.hypot(*(right - left))), 1e-6)
    x, y = (right + left) / 2
    rows, columns = pixels.shape[:2]
    room = (x - 1.2 * length, columns - x - 1.2 * length, y - length, rows - y - _CHIN * length * 0.8)
    return float(min(room)) / length


def _uniformity(luminance: Pixels) -> float:
    """Overlap of the histograms of both halves of the face, 0..1 (29794-5 §7.3.2)."""
    middle = luminance.shape[1] // 2
    halves = (luminance[:, :middle], luminance[:, middle:])
    left, right = (np.histogram(half, 32, (0, 256))[0] / half.size for half in halves)
    return float(np.minimum(left, right).sum())


def _entropy(luminance: Pixels) -> float:
    """Bits of the luminance histogram (29794-5 §7.3.6)."""
    shares = np.bincount(luminance.ravel(), minlength=256) / luminance.size
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _natural_colour(chip: Pixels) -> float:
    """Share of the face's middle within the a*, b* range of skin (29794-5 §7.3.8 measures the same plane)."""
    edge = chip.shape[0] // 4
    lab = cv2.cvtColor(chip[edge:-edge, edge:-edge], cv2.COLOR_RGB2LAB).astype(np.float64) - 128
    a, b = lab[..., 1], lab[..., 2]
    return float(((a > -2) & (a < 35) & (b > -2) & (b < 45)).mean())
