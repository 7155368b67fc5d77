"""The face chain as the station uses it: find, template, compare, quality.

    chain = FaceChain.load(FaceSettings())
    face = chain.single(chain.find(frame))
    live = chain.template(frame, face)
    result = chain.compare(live, portrait_template)

Pictures are RGB uint8 (rows, columns, 3). Every method is thread-safe and blocks for its computation;
the conductor calls it in an executor.
"""

from __future__ import annotations

import numpy as np

from gate_agent.biometrics.face.align import extract_chip, extract_views
from gate_agent.biometrics.face.cards import ModelKind, OperatingPoint, View, load_card, load_model
from gate_agent.biometrics.face.compare import Comparison, Template, compare, pictures
from gate_agent.biometrics.face.detect import Detection, MmodDetector
from gate_agent.biometrics.face.embed import Embedder
from gate_agent.biometrics.face.errors import ModelError, NoFace, SeveralFaces, UnclearFace
from gate_agent.biometrics.face.landmarks import DetectedFace, LandmarkPredictor
from gate_agent.biometrics.face.pad import AttackDetector, AttackScore
from gate_agent.biometrics.face.pixels import MIN_SIDE, Box, Pixels, require_pixels
from gate_agent.biometrics.face.quality import FaceQuality, measure
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.networks import NetworkSession

__all__ = ["DetectedFace", "FaceChain", "FaceSettings", "wipe"]

REACH = 0.6  # how far around a known face to look, in its sizes: a person walks 0.1 to 0.3 of it a frame
SMALLER, LARGER = 0.8, 1.25
QUALITY_SIDE, QUALITY_VIEW = 150, View(padding=0.25)


class FaceChain:
    """Detector, landmark predictor and embedder with their cards checked, ready to use."""

    def __init__(
        self,
        settings: FaceSettings,
        detector: MmodDetector,
        landmarks: LandmarkPredictor,
        embedder: Embedder,
        pad: AttackDetector | None = None,
    ) -> None:
        self.settings = settings
        self.card = embedder.card
        self.augmentation = embedder.augmentation
        point = settings.operating_point
        self.point = self.card.operating_point(point, self.augmentation.id) if point else None
        self._detector = detector
        self._landmarks = landmarks
        self._embedder = embedder
        self._pad = pad

    @classmethod
    def load(cls, settings: FaceSettings) -> FaceChain:
        """Reads the cards, checks each model file against its card, and opens the sessions.

        Raises ModelError, with advice, for anything missing, altered or not calibrated.
        """
        detector = load_card(settings.cards, settings.detector, ModelKind.DETECTOR)
        landmarks = load_card(settings.cards, settings.landmarks, ModelKind.LANDMARKS)
        embedder = load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
        detection = NetworkSession(
            load_model(settings.models, detector), detector.id, threads=settings.threads, error=ModelError
        )
        embedding = NetworkSession(
            load_model(settings.models, embedder), embedder.id, threads=settings.threads, error=ModelError
        )
        return cls(
            settings,
            MmodDetector(detection),
            LandmarkPredictor(load_model(settings.models, landmarks), landmarks.id),
            Embedder(embedding, embedder, settings.augmentation),
            AttackDetector.load(settings),
        )

    def find(self, pixels: Pixels, near: Box | None = None) -> tuple[DetectedFace, ...]:
        """The faces in the picture, largest first. Raises PictureError or ModelError.

        `near`: look only around this box, for faces of about its size; several times as fast.
        """
        require_pixels(pixels)
        if near is None:
            found = self._detector.find(pixels, self.settings.smallest_face_share * min(pixels.shape[:2]))
        else:
            found = self._near(pixels, near)
        faces = (DetectedFace(f.box, self._landmarks.predict(pixels, f.box), f.score) for f in found)
        return tuple(sorted(faces, key=lambda face: -face.box.area))

    def _near(self, pixels: Pixels, box: Box) -> list[Detection]:
        rows, columns = pixels.shape[:2]
        reach = round(REACH * box.width), round(REACH * box.height)
        around = Box(box.left - reach[0], box.top - reach[1], box.right + reach[0], box.bottom + reach[1])
        part = around.intersect(Box(0, 0, columns - 1, rows - 1))
        if min(part.width, part.height) < MIN_SIDE:
            return []
        region = pixels[part.top : part.bottom + 1, part.left : part.right + 1]
        found = self._detector.find(region, box.width * SMALLER, box.width * LARGER)
        return [Detection(d.box.moved(part.left, part.top), d.score) for d in found]

    @staticmethod
    def single(faces: tuple[DetectedFace, ...]) -> DetectedFace:
        """The only face. Raises NoFace or SeveralFaces."""
        match faces:
            case (face,):
                return face
            case ():
                raise NoFace("no face in the picture", advice="look at the camera")
            case _:
                raise SeveralFaces(f"{len(faces)} faces in the picture", advice="one person at a time")

    def chips(self, pixels: Pixels, face: DetectedFace) -> Pixels:
        """(n, side, side, 3): the aligned chips that the embedder sees, one for each view."""
        return extract_views(
            require_pixels(pixels),
            face.landmarks,
            side=self._embedder.side,
            views=self.augmentation.views,
            alignment=self._embedder.alignment,
        )

    def template(self, pixels: Pixels, face: DetectedFace) -> Template:
        """The face's template under the embedder's card. The chips are overwritten afterwards.

        Raises UnclearFace when its views agree less than those the operating point was measured with.
        """
        chips = self.chips(pixels, face)
        try:
            template = self._embedder.template(chips)
        finally:
            chips.fill(0)
        if self.point is not None and template.agreement < self.point.agreement:
            template.wipe()
            raise UnclearFace(
                f"the views of the face agree by {template.agreement:.3f} only",
                field="face",
                advice="face the camera in even light, and take the picture again",
            )
        return template

    def compare(self, a: Template, b: Template, attempts: int = 1) -> Comparison:
        """Judged at the operating point for as many different pictures as were fused in one of them.

        Where a traveller has several `attempts`, each is judged at a point of so small a rate that all of
        them together keep the stated one. Raises TemplateError unless both are live templates of this
        chain's model and views, and ModelError when the card was not calibrated for it.
        """
        frames = max(pictures(template, self.card) for template in (a, b))
        return compare(a, b, self.card, self.judged_at(attempts, frames))

    def judged_at(self, attempts: int = 1, frames: int = 1) -> OperatingPoint:
        """The point at which each of `attempts` comparisons is judged: the union of their false matches
        stays below the stated FMR, however much they depend on each other. Raises ModelError."""
        if self.point is None:
            raise ModelError("no operating point is set", field="face.operating_point")
        if attempts == 1:
            return self.card.operating_point(self.point.id, self.augmentation.id, frames)
        return self.card.point_within(self.point.fmr / attempts, self.augmentation.id, frames)

    def attack_score(self, pixels: Pixels, face: DetectedFace) -> AttackScore | None:
        """The presentation attack detector's answer; None where no model is set. Raises ModelError."""
        return self._pad.score(pixels, face) if self._pad is not None else None

    def overwrite(self, shape: tuple[int, ...]) -> None:
        """Runs both networks on blanks of the sizes last used, over what onnxruntime's arena still holds.

        For the end of a transaction; `shape` is the camera picture's.
        """
        blank = np.zeros((shape[0], shape[1], 3), np.uint8)
        self.find(blank)
        self._embedder.overwrite()

    def quality(self, pixels: Pixels, face: DetectedFace, faces: int = 1) -> FaceQuality:
        """Quality components of `face`; `faces` is how many the picture shows."""
        chip = extract_chip(require_pixels(pixels), face.landmarks, side=QUALITY_SIDE, view=QUALITY_VIEW)
        try:
            return measure(pixels, face.box, face.landmarks, chip, faces)
        finally:
            chip.fill(0)


def wipe(pixels: Pixels) -> None:
    """Overwrites a picture in place, where its memory can be written."""
    if pixels.flags.writeable:
        pixels.fill(0)
