"""Licence plates, of any country: one form of writing, several views to one plate, and the declared one.

No country's pattern is assumed, so nothing tells an O from a zero: characters that are drawn alike count as
alike when plates are compared, and the plainest reading is kept. A plate has no check digit; one view alone
therefore never confirms it. What is read stays in the record of the truck: evidence says only how well it
agrees.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.vehicle.voting import Support

CHECK: Final = "plate"
MAX_TEXT: Final = 64
MAX_READS: Final = 512
SHORTEST: Final = 2
LONGEST: Final = 12

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "PLATE_UNREADABLE": "No camera could read the licence plate.",
        "PLATE_UNCONFIRMED": "Only one view shows this licence plate, and none was declared.",
        "PLATE_CONFLICT": "The views show different licence plates.",
        "PLATE_MISMATCH": "The licence plate is not the declared one.",
    }
)

_ALIKE: Final = str.maketrans("OQDIZSBG", "00012586")


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What one picture shows; `confidence` 0..1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class PlateVote:
    """The most supported plate and the views that show it; `against`: whether another view shows another."""

    text: str
    support: Support
    views: tuple[str, ...] = ()
    confidence: float = 0.0
    against: bool = False


def normalised(text: str) -> str:
    """Letters and digits only, upper case, without accents; empty when that is no plate."""
    decomposed = unicodedata.normalize("NFKD", text[:MAX_TEXT]).upper()
    plain = "".join(char for char in decomposed if char.isalnum())
    return plain if SHORTEST <= len(plain) <= LONGEST else ""


def alike(one: str, other: str) -> bool:
    """Whether two ways of writing a plate may be the same plate."""
    first, second = _shape(one), _shape(other)
    return first == second != ""


def _shape(text: str) -> str:
    return normalised(text).translate(_ALIKE)


def vote(reads: Mapping[str, Sequence[PlateRead]], declared: str = "") -> PlateVote:
    """`reads` by view; frames of one camera are one view."""
    views = {view: _shapes(found[:MAX_READS]) for view, found in reads.items()}
    views = {view: shapes for view, shapes in views.items() if shapes}
    if not views:
        return PlateVote("", Support.UNREADABLE)
    totals: dict[str, float] = {}
    for shapes in views.values():
        for shape, read in shapes.items():
            totals[shape] = totals.get(shape, 0.0) + read.confidence
    expected = _shape(declared)
    # What was declared leads among what was read, but only what was read can be chosen.
    chosen = expected if expected in totals else max(totals, key=lambda shape: totals[shape])
    showing = tuple(sorted(view for view, shapes in views.items() if chosen in shapes))
    best = max((views[view][chosen] for view in showing), key=lambda read: read.confidence)
    others = len(views) - len(showing)
    if others >= len(showing):
        support = Support.CONFLICT
    elif len(showing) >= 2:
        support = Support.VIEWS
    else:
        support = Support.DECLARED if chosen == expected else Support.SINGLE
    return PlateVote(normalised(best.text), support, showing, best.confidence, others > 0)


def _shapes(reads: Sequence[PlateRead]) -> dict[str, PlateRead]:
    """The most confident read of each shape in one view."""
    found: dict[str, PlateRead] = {}
    for read in reads:
        shape = _shape(read.text)
        if shape and (shape not in found or read.confidence > found[shape].confidence):
            found[shape] = read
    return found


def plate_check(result: PlateVote, declared: str = "") -> CheckResult:
    """``plate``: read by several views, or as declared. The plate itself is not in the evidence."""
    measured: dict[str, Scalar] = {
        "views": len(result.views),
        "confidence": round(result.confidence, 4),
        "support": result.support.value,
    }
    if result.support is Support.UNREADABLE:
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, ("PLATE_UNREADABLE",), measured)
    if declared and result.support is Support.VIEWS and not alike(result.text, declared):
        return CheckResult(CHECK, Outcome.FAILED, ("PLATE_MISMATCH",), measured)
    reasons = {Support.CONFLICT: "PLATE_CONFLICT", Support.SINGLE: "PLATE_UNCONFIRMED"}
    if reason := reasons.get(result.support):
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, (reason,), measured)
    return CheckResult(CHECK, Outcome.PASSED, (), measured)
