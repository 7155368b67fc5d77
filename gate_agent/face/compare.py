"""Templates and what comparing two of them says.

A comparison always names the model and the operating point: a distance without a stated FMR is not an
answer. Anything that is not two live templates of one model raises; nothing falls through to a match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gate_agent.face.cards import ModelCard, OperatingPoint
from gate_agent.face.errors import TemplateError
from gate_agent.face.pixels import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face as numbers; `model` is the card and the weights that made it. Lives in memory only."""

    model: str
    vector: Floats

    def wipe(self) -> None:
        """Overwrites the numbers; a wiped template compares with nothing."""
        self.vector.fill(np.nan)

    def __repr__(self) -> str:
        return f"Template({self.model})"  # the vector is biometric data and stays out of logs


@dataclass(frozen=True, slots=True)
class Comparison:
    """`matched` means: distance <= threshold, where a stranger passes at the rate `fmr`."""

    distance: float
    threshold: float
    fmr: float
    matched: bool
    model: str
    operating_point: str


def compare(a: Template, b: Template, card: ModelCard, point: OperatingPoint) -> Comparison:
    """Euclidean distance of two templates of `card`, judged at `point`. Raises TemplateError."""
    for template in (a, b):
        if template.model != card.model:
            raise TemplateError(
                f"made by {template.model}, compared under {card.model}",
                field="template",
                advice="templates of different models have no common distance",
            )
        if template.vector.shape != (card.output.dimension,):
            raise TemplateError(f"shape {template.vector.shape}", field="template")
        if not bool(np.isfinite(template.vector).all()):
            raise TemplateError("wiped or not finite", field="template")
    difference = a.vector.astype(np.float64) - b.vector.astype(np.float64)
    distance = float(np.sqrt(difference @ difference))
    matched = distance <= point.threshold
    return Comparison(distance, point.threshold, point.fmr, matched, card.model, point.id)
