"""Presentation attack detection by a model that the operator brings (ISO/IEC 30107-3: APCER, BPCER).

No weights for this are shipped. A card of kind ``pad`` names an ONNX model and its input contract, as an
embedder's card does; its answer is either one attack score 0..1, or classes of which `output.bona_fide`
is the live one. Without a model there is no `attack_score` in the evidence, which a policy can demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gate_agent.biometrics.face.align import extract_chip
from gate_agent.biometrics.face.cards import ModelCard, ModelKind, View, load_card, load_model
from gate_agent.biometrics.face.embed import ChipInput
from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.landmarks import DetectedFace
from gate_agent.biometrics.face.pixels import Floats, Pixels, require_pixels
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.networks import NetworkSession


@dataclass(frozen=True, slots=True)
class AttackScore:
    """`attack` means: score >= threshold, under the model's card."""

    score: float
    threshold: float
    attack: bool
    model: str


class AttackDetector:
    """One model behind one card; `score` is thread-safe."""

    def __init__(self, session: NetworkSession, card: ModelCard) -> None:
        if not card.output.dimension:
            raise ModelError("output.dimension is needed: 1 score, or the number of classes", field=card.id)
        if card.output.bona_fide >= card.output.dimension:
            raise ModelError("the bona fide class is not among the classes", field=card.id)
        self._session = session
        self._input = ChipInput(card)
        self.card = card

    @classmethod
    def load(cls, settings: FaceSettings) -> AttackDetector | None:
        """None when no card is set. Raises ModelError for anything missing or altered."""
        if not settings.pad:
            return None
        card = load_card(settings.cards, settings.pad, ModelKind.PAD)
        session = NetworkSession(
            load_model(settings.models, card), card.id, threads=settings.threads, error=ModelError
        )
        return cls(session, card)

    def score(self, pixels: Pixels, face: DetectedFace) -> AttackScore:
        """How much the face looks like an attack. Raises ModelError or PictureError, never passes."""
        chip = extract_chip(
            require_pixels(pixels),
            face.landmarks,
            side=self._input.side,
            view=View(padding=self.card.input.padding),
            alignment=self._input.alignment,
        )
        array = self._input.arrange(chip[None])
        try:
            answer = self._session.run(array)
        finally:
            chip.fill(0)
            array.fill(0)
        score, threshold = self._score_of(answer), self.card.output.attack_threshold
        return AttackScore(score, threshold, score >= threshold, self.card.model)

    def _score_of(self, answer: Floats) -> float:
        classes = self.card.output.dimension
        if answer.shape != (1, classes):
            raise ModelError(f"scores of shape {answer.shape}", field=self.card.id)
        if classes == 1:
            score = float(answer[0, 0])
            if not 0 <= score <= 1:
                raise ModelError(f"an attack score of {score}", field=self.card.id)
            return score
        logits = answer[0].astype(np.float64)
        shares = np.exp(logits - logits.max())
        return float(1 - shares[self.card.output.bona_fide] / shares.sum())
