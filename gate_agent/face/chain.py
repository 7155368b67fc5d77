"""The face chain as the station uses it: find, template, compare, quality.

    chain = FaceChain.load(FaceSettings())
    face = chain.single(chain.find(frame))
    live = chain.template(frame, face)
    result = chain.compare(live, portrait_template)

Pictures are RGB uint8 (rows, columns, 3). Every method is thread-safe and blocks for its computation;
the conductor calls it in an executor.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from gate_agent.face.align import extract_chip
from gate_agent.face.cards import ModelKind, default_cards, default_models, load_card, load_model
from gate_agent.face.compare import Comparison, Template, compare
from gate_agent.face.detect import MmodDetector
from gate_agent.face.embed import Embedder
from gate_agent.face.errors import ModelError, NoFace, SeveralFaces
from gate_agent.face.inference import Session
from gate_agent.face.landmarks import LandmarkPredictor
from gate_agent.face.pixels import Box, Doubles, Pixels, require_pixels
from gate_agent.face.quality import FaceQuality, measure
from gate_agent.settings import Settings

ALIGNMENT = "dlib-5-point"


class FaceSettings(Settings):
    """How the face chain works."""

    cards: Path = Field(default_factory=default_cards, description="folder with the model cards")
    models: Path = Field(default_factory=default_models, description="folder with the built models")
    detector: str = Field(default="dlib-mmod-face", description="model card of the face detector")
    landmarks: str = Field(default="dlib-5-point", description="model card of the landmark predictor")
    embedder: str = Field(default="dlib-resnet-v1", description="model card of the embedder")
    operating_point: str = Field(
        default="fmr-1e-3",
        description="operating point of the embedder's card; empty: templates only, comparing raises",
    )
    threads: int = Field(default=2, ge=1, le=64, description="threads of one inference")
    smallest_face_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="smallest face looked for, as a share of the picture's shorter side; larger is faster; "
        "0 looks for faces down to 80 pixels, at full size up to 4 megapixels",
    )


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """A face in a picture: its box, five landmarks (x, y) in pixels, and the detector's score."""

    box: Box
    landmarks: Doubles
    score: float


class FaceChain:
    """Detector, landmark predictor and embedder with their cards checked, ready to use."""

    def __init__(
        self,
        settings: FaceSettings,
        detector: MmodDetector,
        landmarks: LandmarkPredictor,
        embedder: Embedder,
    ) -> None:
        self.settings = settings
        self.card = embedder.card
        point = settings.operating_point
        self.point = embedder.card.operating_point(point) if point else None
        self._detector = detector
        self._landmarks = landmarks
        self._embedder = embedder

    @classmethod
    def load(cls, settings: FaceSettings) -> FaceChain:
        """Reads the cards, checks each model file against its card, and opens the sessions.

        Raises ModelError, with advice, for anything missing, altered or not calibrated.
        """
        detector = load_card(settings.cards, settings.detector, ModelKind.DETECTOR)
        landmarks = load_card(settings.cards, settings.landmarks, ModelKind.LANDMARKS)
        embedder = load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
        if embedder.input.alignment != ALIGNMENT:
            raise ModelError(
                f"no alignment {embedder.input.alignment!r}", field=f"{embedder.id}: input.alignment"
            )
        detection = Session(load_model(settings.models, detector), detector.id, threads=settings.threads)
        embedding = Session(load_model(settings.models, embedder), embedder.id, threads=settings.threads)
        return cls(
            settings,
            MmodDetector(detection),
            LandmarkPredictor(load_model(settings.models, landmarks), landmarks.id),
            Embedder(embedding, embedder),
        )

    def find(self, pixels: Pixels) -> tuple[DetectedFace, ...]:
        """The faces in the picture, largest first. Raises PictureError or ModelError."""
        require_pixels(pixels)
        smallest = self.settings.smallest_face_share * min(pixels.shape[:2])
        faces = (
            DetectedFace(found.box, self._landmarks.predict(pixels, found.box), found.score)
            for found in self._detector.find(pixels, smallest)
        )
        return tuple(sorted(faces, key=lambda face: -face.box.area))

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

    def chip(self, pixels: Pixels, face: DetectedFace) -> Pixels:
        """The aligned chip that the embedder sees."""
        return extract_chip(
            require_pixels(pixels),
            face.landmarks,
            side=self._embedder.side,
            padding=self.card.input.padding,
        )

    def template(self, pixels: Pixels, face: DetectedFace) -> Template:
        """The face's template under the embedder's card. The chip is overwritten afterwards."""
        chip = self.chip(pixels, face)
        try:
            return self._embedder.template(chip)
        finally:
            chip.fill(0)

    def compare(self, a: Template, b: Template) -> Comparison:
        """Raises TemplateError unless both are live templates of this chain's model."""
        if self.point is None:
            raise ModelError("no operating point is set", field="face.operating_point")
        return compare(a, b, self.card, self.point)

    def quality(self, pixels: Pixels, face: DetectedFace, faces: int = 1) -> FaceQuality:
        """Quality components of `face`; `faces` is how many the picture shows."""
        chip = self.chip(pixels, face)
        try:
            return measure(pixels, face.box, face.landmarks, chip, faces)
        finally:
            chip.fill(0)


def wipe(pixels: Pixels) -> None:
    """Overwrites a picture in place, where its memory can be written."""
    if pixels.flags.writeable:
        pixels.fill(0)
