"""Turns aligned chips into embeddings, and the embeddings of one face's views into its template.

How far the views agree is a quality measure that comes for nothing: a picture whose embedding moves when
the chip moves by a few pixels is one on which the model is unsure (ISO/IEC 29794-1 calls such a measure a
quality score of that recogniser). It predicts false non-matches far better than pose or sharpness does.
"""

from __future__ import annotations

import numpy as np

from gate_agent.biometrics.face.align import ALIGNMENTS
from gate_agent.biometrics.face.cards import ModelCard
from gate_agent.biometrics.face.compare import Template
from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.pixels import Floats, Pixels
from gate_agent.networks import NetworkSession

MAX_BATCH = 64
AT_ONCE = 4  # as fast a chip as any larger batch, in a fraction of the memory
LAYOUTS = ("NHWC uint8", "NCHW float32")
_SHORTEST = 1e-6


class ChipInput:
    """The input contract of a card, for models that see aligned chips."""

    def __init__(self, card: ModelCard) -> None:
        contract = card.input
        if contract.width != contract.height or not contract.width:
            raise ModelError("a square input is needed", field=card.id)
        for name, value, known in (
            ("layout", contract.layout, LAYOUTS),
            ("colour", contract.colour, ("RGB", "BGR")),
            ("alignment", contract.alignment, tuple(ALIGNMENTS)),
        ):
            if value not in known:
                advice = f"known: {', '.join(known)}"
                raise ModelError(f"no {name} {value!r}", field=f"{card.id}: input.{name}", advice=advice)
        self._contract = contract
        self.side = contract.width
        self.alignment = ALIGNMENTS[contract.alignment]

    def arrange(self, chips: Pixels) -> Pixels | Floats:
        """(n, side, side, 3) RGB chips as the contract wants them; the chips themselves where they fit."""
        if self._contract.colour == "BGR":
            chips = chips[..., ::-1]
        if self._contract.layout == "NHWC uint8":
            return np.ascontiguousarray(chips)
        values = (chips - np.array(self._contract.mean, np.float32)) * np.float32(self._contract.scale)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2), dtype=np.float32)


class Embedder:
    """The embedding network behind one model card; `embed` and `template` are thread-safe."""

    def __init__(self, session: NetworkSession, card: ModelCard, augmentation: str = "") -> None:
        if not card.output.dimension:
            raise ModelError("an embedder needs a dimension", field=card.id)
        self._session = session
        self._input = ChipInput(card)
        self.card = card
        self.side, self.alignment = self._input.side, self._input.alignment
        self.augmentation = card.augmentation(augmentation)
        self.model = card.template_model(self.augmentation.id)

    def embed(self, chips: Pixels) -> Floats:
        """(n, dimension) raw embeddings of (n, side, side, 3) RGB chips. Raises ModelError."""
        if chips.dtype != np.uint8 or chips.shape[1:] != (self.side, self.side, 3):
            raise ModelError(f"chips of shape {chips.shape}", field=self.card.id)
        if not 1 <= len(chips) <= MAX_BATCH:
            raise ModelError(f"{len(chips)} chips at once", field=self.card.id)
        parts = [self._run(chips[at : at + AT_ONCE]) for at in range(0, len(chips), AT_ONCE)]
        embeddings = np.concatenate(parts)
        for part in parts:
            part.fill(0)
        if embeddings.shape != (len(chips), self.card.output.dimension):
            raise ModelError(f"embeddings of shape {embeddings.shape}", field=self.card.id)
        return embeddings

    def _run(self, chips: Pixels) -> Floats:
        array = self._input.arrange(chips)
        try:
            return self._session.run(array)
        finally:
            if array is not chips:
                array.fill(0)

    def overwrite(self) -> None:
        """Runs the network on blanks, over what it saw, and gives all networks' working memory back."""
        blank = np.zeros((AT_ONCE, self.side, self.side, 3), np.uint8)
        self._session.run(self._input.arrange(blank), release=True)

    def template(self, chips: Pixels) -> Template:
        """One template of the chips of one face's views, as augmentation and card say."""
        if len(chips) != len(self.augmentation.views):
            raise ModelError(f"{len(chips)} chips for {self.augmentation.id!r}", field=self.card.id)
        batch = np.concatenate((chips, chips[:, :, ::-1])) if self.augmentation.mirrored else chips
        try:
            embeddings = self.embed(batch)
        finally:
            if batch is not chips:  # the chips themselves are the caller's to overwrite
                batch.fill(0)
        return template_of(embeddings, self.model, normalised=self.card.output.normalised)


def template_of(embeddings: Floats, model: str, *, normalised: bool) -> Template:
    """The mean of (n, dimension) embeddings, which are overwritten. Raises ModelError."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    vector = embeddings.mean(axis=0)
    length = float(np.linalg.norm(vector))
    if min(length, float(lengths.min())) < _SHORTEST:
        raise ModelError("an embedding of length zero", field=model)
    # The mean of unit vectors is as long as they agree: 1 when all views say the same.
    agreement = float(np.linalg.norm((embeddings / lengths).mean(axis=0)))
    embeddings.fill(0)
    if normalised:
        vector /= np.float32(length)
    return Template(model, vector, min(agreement, 1.0))
