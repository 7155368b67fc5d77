"""Follows one traveller from frame to frame, and fuses the best pictures of one track into one template.

A new track empties the fusion, so that two people never make one template. The tracker keeps boxes, no
pixels. How the e-gate uses both: :class:`gate_agent.biometrics.face.watch.FaceWatch`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.compare import Template, fuse
from gate_agent.biometrics.face.errors import NoFace
from gate_agent.biometrics.face.landmarks import DetectedFace
from gate_agent.biometrics.face.pixels import Box, Pixels

WHOLE_EVERY = 8
SAME = 0.3  # least overlap (IoU) of one person's face in two frames; landmarks and size follow smoothly above
CENTRED = 0.5  # a face at the edge counts half as large as one in the middle


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """The traveller's face: `track` changes when it may be another person; `length` counts its frames.

    `others` is how many more faces the last search of a whole picture showed, `searched` whether that
    was this picture.
    """

    face: DetectedFace
    track: int
    length: int
    others: int
    searched: bool


class FaceTracker:
    """One lane's traveller. Not thread-safe: one caller gives it the frames in order."""

    def __init__(self, chain: FaceChain, whole_every: int = WHOLE_EVERY) -> None:
        self._chain = chain
        self._whole_every = whole_every
        self._box: Box | None = None
        self._shape: tuple[int, ...] = ()
        self._track = self._length = self._others = self._since_whole = 0

    def follow(self, pixels: Pixels) -> TrackedFace | None:
        """The traveller in the next frame, or None. Raises PictureError or ModelError.

        The whole picture is searched for a new track, every `whole_every` frames, and when the face is
        not where it was; otherwise only the neighbourhood of the last box.
        """
        known = self._box if pixels.shape == self._shape else None
        self._shape = pixels.shape
        self._since_whole += 1
        faces: tuple[DetectedFace, ...] = ()
        if known is not None and self._since_whole < self._whole_every:
            faces = self._chain.find(pixels, known)
        searched = not faces
        if searched:
            faces = self._chain.find(pixels)
            self._others, self._since_whole = max(len(faces) - 1, 0), 0
        else:
            # A second face beside the first is noticed at once; that it left, only in a whole picture.
            self._others = max(self._others, len(faces) - 1)
        if not faces:
            self._box = None
            return None
        return self._continue(pixels, faces, known, searched)

    def _continue(
        self, pixels: Pixels, faces: tuple[DetectedFace, ...], known: Box | None, searched: bool
    ) -> TrackedFace:
        nearest = max(faces, key=lambda face: known.overlap(face.box) if known else 0.0)
        if known is not None and known.overlap(nearest.box) >= SAME:
            chosen, self._length = nearest, self._length + 1
        else:
            chosen = max(faces, key=lambda face: _prominence(pixels, face))
            self._track, self._length = self._track + 1, 1
        self._box = chosen.box
        return TrackedFace(chosen, self._track, self._length, self._others, searched)


def _prominence(pixels: Pixels, face: DetectedFace) -> float:
    """Large and in the middle: the traveller, not somebody behind."""
    middle = pixels.shape[1] / 2
    off = abs((face.box.left + face.box.right) / 2 - middle) / middle
    return face.box.area * (1 - (1 - CENTRED) * float(np.clip(off, 0, 1)))


class Fusion:
    """The templates of the `frames` pictures of one track whose views agree best."""

    def __init__(self, frames: int = 3) -> None:
        if not 1 <= frames <= 16:
            raise ValueError(f"1 to 16 frames are fused, not {frames}")
        self._frames = frames
        self._track: int | None = None
        self._parts: list[Template] = []

    @property
    def complete(self) -> bool:
        return len(self._parts) == self._frames

    def best(self, track: int) -> Template | None:
        """The template of `track` whose views agree best; this object goes on owning it."""
        return self._parts[0] if self._parts and track == self._track else None

    def add(self, track: int, template: Template) -> None:
        """Takes the template over; the worst one of more than `frames` is wiped. A new track begins anew."""
        if track != self._track:
            self.wipe()
            self._track = track
        self._parts.append(template)
        self._parts.sort(key=lambda part: -part.agreement)
        for worst in self._parts[self._frames :]:
            worst.wipe()
        del self._parts[self._frames :]

    def template(self) -> Template:
        """The fused template; its `frames` tells which operating point judges it. Raises NoFace if empty."""
        if not self._parts:
            raise NoFace("no picture to fuse", advice="look at the camera")
        return fuse(self._parts)

    def wipe(self) -> None:
        for part in self._parts:
            part.wipe()
        self._parts.clear()
        self._track = None
