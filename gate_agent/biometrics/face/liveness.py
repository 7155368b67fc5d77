"""Signs that a stream or a face is not what it seems, from pixels alone, and the verdict on liveness.

No weights are needed, and each sign answers to one kind of attack only:

* `repetition`: two frames that differ less than a live sensor's noise: a looped stream, a still image;
* `temporal_noise`: consecutive frames whose even areas do not flicker: a rendered or injected picture;
* `moire`: a narrow peak in the spectrum of the face: the pixel raster of a screen;
* `flatness`: points of the face that move like one plane although the face turns: a flat photograph.

They are cheap obstacles, measured by `benchmarks/face/bench_liveness.py`; none covers masks, make-up,
high-resolution screens out of focus, bent prints, still prints (unless the lane asks for a turn of the head),
deepfakes or a stream that carries real sensor noise. A lane that must resist these needs a PAD model
(:mod:`gate_agent.biometrics.face.pad`), and a policy that demands one: only then is there an `attack_score`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.biometrics.face.landmarks import DetectedFace
from gate_agent.biometrics.face.pad import AttackScore
from gate_agent.biometrics.face.pixels import Doubles, Floats, Pixels, grey, require_pixels
from gate_agent.biometrics.face.quality import inter_eye_distance
from gate_agent.biometrics.face.settings import LivenessSettings
from gate_agent.evidence import Outcome

cv = cast("Any", cv2)  # its stubs do not know that these functions may find nothing

FRAMES = 16
ENOUGH = 5
PATCH = 128
LARGEST = 320  # of a face larger than that the middle is enough
_POINTS, _LEAST_POINTS = 80, 16


class Suspicion(Enum):
    """What a sign speaks for: a reason code."""

    REPEATED_FRAMES = "REPEATED_FRAMES"
    NO_SENSOR_NOISE = "NO_SENSOR_NOISE"
    SCREEN_RASTER = "SCREEN_RASTER"
    FLAT_FACE = "FLAT_FACE"
    MODEL_SAYS_ATTACK = "MODEL_SAYS_ATTACK"


@dataclass(frozen=True, slots=True)
class Signs:
    """Measured over the watched frames. `repetition` and `temporal_noise` are grey levels, `moire` is a
    spectral peak over its surroundings. `turning` is how far points of the face moved other than by shift,
    turn and scale, in eye distances; `flatness` is the share of it that no motion of a plane explains."""

    frames: int
    repetition: float
    temporal_noise: float
    moire: float
    turning: float
    flatness: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is PASSED only where enough was seen and nothing speaks against it."""

    outcome: Outcome
    frames: int = 0
    suspicions: tuple[Suspicion, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict[str, float])
    model: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What is kept of one frame: the face at full size, where it was, the picture's middle and a strip of
    its upper left."""

    patch: Pixels
    middle: Pixels
    beside: Pixels
    face: Pixels
    landmarks: Doubles


class LivenessMonitor:
    """Watches the frames of one track; `wipe` overwrites what it kept of them. Not thread-safe."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()
        self._side = 0

    @property
    def frames(self) -> int:
        """How many frames are held, FRAMES at most."""
        return len(self._looks)

    def add(self, pixels: Pixels, face: DetectedFace) -> None:
        """One frame. Raises PictureError."""
        require_pixels(pixels)
        if len(self._looks) == FRAMES:
            _overwrite(self._looks.popleft())
        box = face.box
        self._side = self._side if self._looks else min(round(1.5 * box.width), LARGEST)
        luminance = grey(pixels)
        centre = (box.left + box.right) // 2, (box.top + box.bottom) // 2
        corner = np.array(centre) - (self._side - 1) / 2
        self._looks.append(
            _Look(
                _square(luminance, centre, PATCH),
                _square(luminance, (luminance.shape[1] // 2, luminance.shape[0] // 2), PATCH),
                luminance[: PATCH // 2, : PATCH * 2].copy(),
                _square(luminance, centre, self._side),
                face.landmarks - corner,
            )
        )
        luminance.fill(0)

    def signs(self) -> Signs:
        """What the frames so far show."""
        looks = list(self._looks)
        turning, flatness = _planarity(looks)
        return Signs(
            frames=len(looks),
            repetition=_repetition(looks),
            temporal_noise=_temporal_noise(looks),
            moire=float(np.median([_raster(look.patch) for look in looks])) if looks else 0.0,
            turning=turning,
            flatness=flatness,
        )

    def wipe(self) -> None:
        for look in self._looks:
            _overwrite(look)
        self._looks.clear()


def judge(signs: Signs, model: AttackScore | None, limits: LivenessSettings | None = None) -> Verdict:
    """Fail-closed: with too few frames, or without the turn that was asked for, INCONCLUSIVE."""
    b = limits or LivenessSettings()
    flat = signs.flatness < b.flatness and signs.turning * signs.flatness < b.planar
    table = (
        (signs.repetition < b.repetition, Suspicion.REPEATED_FRAMES),
        (signs.temporal_noise < b.temporal_noise, Suspicion.NO_SENSOR_NOISE),
        (0 < b.moire < signs.moire, Suspicion.SCREEN_RASTER),
        (signs.turning > b.turning and flat, Suspicion.FLAT_FACE),
        (model is not None and model.attack, Suspicion.MODEL_SAYS_ATTACK),
    )
    suspicions = tuple(suspicion for seen, suspicion in table if seen) if signs.frames >= 2 else ()
    if signs.frames < 2 and model is not None and model.attack:
        suspicions = (Suspicion.MODEL_SAYS_ATTACK,)
    enough = signs.frames >= ENOUGH and (not b.turn_head or signs.turning > b.turning)
    measured = {
        "repetition": signs.repetition,
        "temporal_noise": signs.temporal_noise,
        "moire": signs.moire,
        "turning": signs.turning,
        "flatness": signs.flatness,
    }
    if model is not None:
        measured["attack_score"] = model.score
    passed = Outcome.PASSED if enough else Outcome.INCONCLUSIVE
    outcome = Outcome.FAILED if suspicions else passed
    return Verdict(outcome, signs.frames, suspicions, measured, model.model if model else "")


def _overwrite(look: _Look) -> None:
    for picture in (look.patch, look.middle, look.beside, look.face):
        if picture.flags.writeable:
            picture.fill(0)


def _repetition(looks: list[_Look]) -> float:
    """Least difference of two frames, in grey levels: a live sensor never repeats itself.

    The larger of the picture's middle, where a person moves, and its corner: compression may well leave one
    of them as it was.
    """
    least = 255.0
    for number, look in enumerate(looks):
        for other in looks[:number]:
            if look.beside.shape == other.beside.shape:
                apart = max(_difference(look.beside, other.beside), _difference(look.middle, other.middle))
                least = min(least, apart)
    return least


def _difference(a: Pixels, b: Pixels) -> float:
    return float(np.mean(np.abs(a.astype(np.int16) - b)))


def _temporal_noise(looks: list[_Look]) -> float:
    """Mean flicker of the evenest half of the picture's upper left, between consecutive frames."""
    flicker: list[float] = []
    for before, after in pairwise(looks):
        if before.beside.shape != after.beside.shape:
            continue
        edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(after.beside, (0, 0), 2), cv2.CV_32F))
        even = edges <= np.median(edges)
        flicker.append(_difference(before.beside[even], after.beside[even]))
    return float(np.median(flicker)) if flicker else 255.0


def _raster(patch: Pixels) -> float:
    """The largest narrow peak of the spectrum over the median of its ring of frequencies."""
    if min(patch.shape) < 32:
        return 0.0
    values = patch.astype(np.float32)
    residual = values - cv2.GaussianBlur(values, (0, 0), 2)
    window = np.outer(np.hanning(patch.shape[0]), np.hanning(patch.shape[1]))
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(residual * window)))
    rows, columns = spectrum.shape
    y, x = np.mgrid[:rows, :columns]
    radius = np.hypot((y - rows // 2) / rows, (x - columns // 2) / columns)
    ring = np.clip((radius * 64).astype(int), 0, 45)
    usual = np.array([np.median(spectrum[ring == r]) if (ring == r).any() else np.inf for r in range(46)])
    usable = (radius > 0.15) & (radius < 0.48)
    return float((spectrum / np.maximum(usual[ring], 1e-6))[usable].max())


def _square(luminance: Pixels, centre: tuple[int, int], side: int) -> Pixels:
    """`side` x `side` around `centre`; the picture's edge is repeated beyond it."""
    return cv2.getRectSubPix(luminance, (side, side), centre).astype(np.uint8, copy=False)


def _planarity(looks: list[_Look]) -> tuple[float, float]:
    """(turning, flatness) between the first frame and the one in which the face turned most."""
    best = (0.0, 1.0)
    if len(looks) < 2:
        return best
    first = looks[0]
    eyes = inter_eye_distance(first.landmarks)
    if eyes < 1:
        return best
    found: Any = cv.goodFeaturesToTrack(first.face, _POINTS, 0.01, max(eyes / 12, 3))
    if found is None or len(found) < _LEAST_POINTS:
        return best
    points: Floats = np.asarray(found, dtype=np.float32)
    for look in looks[1 :: max(len(looks) // 6, 1)]:
        moved = _follow(first, look, points)
        if moved is not None and (measured := _residuals(*moved, eyes))[0] > best[0]:
            best = measured
    return best


def _follow(first: _Look, look: _Look, points: Floats) -> tuple[Floats, Floats] | None:
    """Points of the first face and where they are now; those that do not come back are dropped."""
    there, found = _flow(first.face, look.face, points)
    back, again = _flow(look.face, first.face, there)
    good = found & again & (np.linalg.norm((back - points).reshape(-1, 2), axis=1) < 0.5)
    if int(good.sum()) < _LEAST_POINTS:
        return None
    return points.reshape(-1, 2)[good], there.reshape(-1, 2)[good]


def _flow(before: Pixels, after: Pixels, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Where the points are in the later picture (Lucas and Kanade), and which were found."""
    moved, found, _ = cv.calcOpticalFlowPyrLK(before, after, points, None, winSize=(15, 15), maxLevel=3)
    return np.asarray(moved, dtype=np.float32), np.asarray(found).ravel() == 1


def _residuals(before: Floats, after: Floats, eyes: float) -> tuple[float, float]:
    """75th percentile of a similarity's residual in eye distances, and the share a homography leaves."""
    similarity: Any = cv.estimateAffinePartial2D(before, after, method=cv2.LMEDS)[0]
    homography: Any = cv.findHomography(before, after, cv2.LMEDS)[0]
    if similarity is None or homography is None:
        return 0.0, 1.0
    like: Floats = before @ np.asarray(similarity)[:, :2].T + np.asarray(similarity)[:, 2]
    plane: Floats = np.asarray(cv.perspectiveTransform(before[None], homography)[0])
    turned, left = (float(np.percentile(np.linalg.norm(after - p, axis=1), 75)) for p in (like, plane))
    return turned / eyes, left / max(turned, 1e-6)
