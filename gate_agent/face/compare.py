"""Templates and what comparing two of them says.

A comparison always names the model and the operating point: a distance without a stated FMR is not an
answer. Anything that is not two live templates of one model and one set of views raises; nothing falls
through to a match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gate_agent.face.cards import ModelCard, OperatingPoint
from gate_agent.face.errors import TemplateError
from gate_agent.face.pixels import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face as numbers; lives in memory only.

    `model` names the card, the weights and the views that made it; `agreement` tells how far the views
    agreed (1: entirely); `frames` is how many pictures were fused in it.
    """

    model: str
    vector: Floats
    agreement: float = 1.0
    frames: int = 1

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
    model = card.template_model(point.augmentation)
    for template in (a, b):
        if template.model != model:
            raise TemplateError(
                f"made by {template.model}, compared under {model}",
                field="template",
                advice="templates of different models or views have no common distance",
            )
        if template.vector.shape != (card.output.dimension,):
            raise TemplateError(f"shape {template.vector.shape}", field="template")
        if template.frames > point.frames:
            raise TemplateError(
                f"{template.frames} fused pictures judged at a threshold for {point.frames}", field="template"
            )
        if not bool(np.isfinite(template.vector).all()):
            raise TemplateError("wiped or not finite", field="template")
    difference = a.vector.astype(np.float64) - b.vector.astype(np.float64)
    distance = float(np.sqrt(difference @ difference))
    matched = distance <= point.threshold
    return Comparison(distance, point.threshold, point.fmr, matched, model, point.id)


def fuse(templates: Sequence[Template]) -> Template:
    """One template of several pictures of one person: their mean direction. Raises TemplateError.

    The parts stay as they are; wiping them is the caller's duty.
    """
    models = {template.model for template in templates}
    if len(models) != 1:
        raise TemplateError(f"templates of {len(models)} models", field="template")
    stacked = np.stack([template.vector for template in templates])
    mean = stacked.mean(axis=0)
    length, parts = float(np.linalg.norm(mean)), float(np.linalg.norm(stacked, axis=1).mean())
    stacked.fill(0)
    if not length > 0:  # also when it is not a number
        raise TemplateError("wiped or not finite", field="template")
    mean *= np.float32(parts / length)  # in place: no copy is left behind
    agreement = float(np.mean([template.agreement for template in templates]))
    return Template(models.pop(), mean, agreement, sum(template.frames for template in templates))
