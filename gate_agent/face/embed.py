"""Turns aligned chips into embeddings, and embeddings into a template as the model card says."""

from __future__ import annotations

import numpy as np

from gate_agent.face.cards import ModelCard
from gate_agent.face.compare import Template
from gate_agent.face.errors import ModelError
from gate_agent.face.inference import Session
from gate_agent.face.pixels import Floats, Pixels

MAX_BATCH = 64


class Embedder:
    """The embedding network behind one model card; `embed` and `template` are thread-safe."""

    def __init__(self, session: Session, card: ModelCard) -> None:
        if card.input.width != card.input.height or not card.input.width or not card.output.dimension:
            raise ModelError("an embedder needs a square input and a dimension", field=card.id)
        self._session = session
        self.card = card
        self.side = card.input.width

    def embed(self, chips: Pixels) -> Floats:
        """(n, dimension) raw embeddings of (n, side, side, 3) chips. Raises ModelError."""
        if chips.dtype != np.uint8 or chips.shape[1:] != (self.side, self.side, 3):
            raise ModelError(f"chips of shape {chips.shape}", field=self.card.id)
        if not 1 <= len(chips) <= MAX_BATCH:
            raise ModelError(f"{len(chips)} chips at once", field=self.card.id)
        embeddings = self._session.run(np.ascontiguousarray(chips))
        if embeddings.shape != (len(chips), self.card.output.dimension):
            raise ModelError(f"embeddings of shape {embeddings.shape}", field=self.card.id)
        return embeddings

    def template(self, chip: Pixels) -> Template:
        """One template of one chip, with the card's mirroring and normalisation."""
        chips = np.stack((chip, chip[:, ::-1]) if self.card.output.mirrored else (chip,))
        try:
            embeddings = self.embed(chips)
        finally:
            chips.fill(0)  # the copy made here; the chip itself is the caller's to overwrite
        vector = embeddings.mean(axis=0)
        embeddings.fill(0)
        if self.card.output.normalised:
            length = float(np.linalg.norm(vector))
            if length < 1e-6:
                raise ModelError("an embedding of length zero", field=self.card.id)
            vector /= np.float32(length)
        return Template(self.card.model, vector)
