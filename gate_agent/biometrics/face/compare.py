"""Templates and what comparing two of them says.

A comparison always names the model and the operating point: a distance without a stated FMR is not an
answer. Anything that is not two live templates of one model and one set of views raises; nothing falls
through to a match.

Fusing pictures that differ moves every distance down, a stranger's too, and needs a threshold of its own.
Pictures of one walk hardly differ: fused, they are one picture with less noise, and the threshold for several
would refuse more than twice as many genuine travellers. They are judged as one picture, by the root of the
mean squared distance of the pictures, which never is below what one of them would get on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gate_agent.biometrics.face.cards import ModelCard, OperatingPoint
from gate_agent.biometrics.face.errors import TemplateError
from gate_agent.biometrics.face.pixels import Floats

ALIKE = 0.995  # pictures of one walk agree by 0.999, of different days by 0.978 to 0.993


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face as numbers; lives in memory only.

    `model` names the card, the weights and the views that made it; `agreement` tells how far the views
    agreed (1: entirely); `frames` is how many pictures were fused in it, `likeness` how far those agreed.
    """

    model: str
    vector: Floats
    agreement: float = 1.0
    frames: int = 1
    likeness: float = 1.0

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
        if pictures(template, card) > point.frames:
            raise TemplateError(
                f"{template.frames} fused pictures judged at a threshold for {point.frames}", field="template"
            )
        if not bool(np.isfinite(template.vector).all()):
            raise TemplateError("wiped or not finite", field="template")
    distance = _apart(a, b)
    shrunk = a.likeness * b.likeness
    if point.frames == 1 and shrunk < 1:
        # The mean of squared distances of unit vectors is 2 - 2 (a . b) of their means, before these are
        # scaled to length 1 again.
        distance = float(np.sqrt(max(2 - shrunk * (2 - distance**2), 0.0)))
    matched = distance <= point.threshold
    return Comparison(distance, point.threshold, point.fmr, matched, model, point.id)


def pictures(template: Template, card: ModelCard) -> int:
    """As how many different pictures a template is judged."""
    return 1 if card.output.normalised and template.likeness >= ALIKE else template.frames


def _apart(a: Template, b: Template) -> float:
    difference = a.vector.astype(np.float64) - b.vector.astype(np.float64)
    return float(np.sqrt(difference @ difference))


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
    frames = sum(template.frames for template in templates)
    likeness = min(length / parts, 1.0) * min(template.likeness for template in templates)
    return Template(models.pop(), mean, agreement, frames, likeness)
