"""Sister containers of one lot: which one does not belong. Statistics of a handful, no training.

Containers of one consignment are loaded with the same goods in the same way, so each should look like the
others. A load that is far from its sisters, who are near each other, is another load (``LOT_DIFFERS``). One
that is like them but has more matter in one place carries something more (``LOT_LOCAL_EXCESS``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from pydantic import Field

from gate_agent.cargo.signature import Excess, LoadSignature, distance, local_excess
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.settings import Settings

CHECK: Final = "lot_anomaly"
VERSION: Final = "lot-1"
MAX_SISTERS: Final = 32
"""More are not looked at: the newest tell enough."""


class LotSettings(Settings):
    """When a container is not like its sisters."""

    differs: float = Field(default=0.14, gt=0, lt=1, description="distance from the sisters, at least")
    ratio: float = Field(default=1.8, ge=1, le=10, description="and so many times the sisters' own distance")
    diverse: float = Field(
        default=0.30, gt=0, lt=1, description="sisters so far from each other are no lot to compare with"
    )
    excess: float = Field(
        default=0.40, gt=0, le=10, description="local excess of matter, as a share of the typical matter"
    )
    excess_ratio: float = Field(
        default=1.3, ge=1, le=10, description="and so many times what the sisters have over each other"
    )


@dataclass(frozen=True, slots=True)
class LotFinding:
    """`distance` is the median to the sisters, `mutual` the median between them (None: fewer than two);
    `excess` is over all sisters, `usual` the median of what each sister has over the others."""

    sisters: int
    distance: float
    mutual: float | None = None
    excess: Excess | None = None
    usual: float = 0.0

    def to_json(self) -> dict[str, Scalar]:
        """The figures, rounded as they stand in evidence."""
        told: dict[str, Scalar] = {"sisters": self.sisters, "distance": round(self.distance, 4)}
        if self.mutual is not None:
            told["sisters_distance"] = round(self.mutual, 4)
        if self.excess is not None:
            told["excess"] = round(self.excess.share, 4)
            told["excess_along"] = round(self.excess.along, 3)
            told["excess_height"] = round(self.excess.height, 3)
        return told


def judge_lot(own: LoadSignature, sisters: Sequence[LoadSignature]) -> LotFinding | None:
    """Compare with those sisters whose pictures are of the same kind; None when there is none."""
    alike = [each for each in sisters if own.comparable(each)][-MAX_SISTERS:]
    if not alike:
        return None
    away = median(distance(own, each) for each in alike)
    if len(alike) < 2:
        return LotFinding(1, away)
    mutual = median(distance(one, other) for one, other in combinations(alike, 2))
    usual = median(local_excess(each, [o for o in alike if o is not each]).share for each in alike)
    return LotFinding(len(alike), away, mutual, local_excess(own, alike), usual)


def lot_anomaly(
    own: LoadSignature | None, sisters: Sequence[LoadSignature], settings: LotSettings
) -> CheckResult:
    """``lot_anomaly``: does this load look like those of its sister containers?"""
    if not sisters:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("LOT_NO_SISTERS",))
    if own is None:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("LOAD_NOT_SEEN",))
    found = judge_lot(own, sisters)
    if found is None:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("LOT_PICTURES_DIFFER",))
    outcome, reasons = _judged(found, settings)
    return CheckResult(CHECK, outcome, reasons, found.to_json(), {"algorithm": VERSION})


def _judged(found: LotFinding, settings: LotSettings) -> tuple[Outcome, tuple[str, ...]]:
    far = found.distance > settings.differs
    if found.mutual is None:
        # Of two that differ, nobody can say which one is wrong.
        return (Outcome.INCONCLUSIVE, ("LOT_PAIR_DIFFERS",)) if far else (Outcome.PASSED, ())
    if far and found.distance > settings.ratio * found.mutual:
        return Outcome.FAILED, ("LOT_DIFFERS",)
    if found.mutual > settings.diverse:
        return Outcome.INCONCLUSIVE, ("LOT_DIVERSE",)
    limit = max(settings.excess, settings.excess_ratio * found.usual)
    if found.excess is not None and found.excess.share > limit:
        return Outcome.INCONCLUSIVE, ("LOT_LOCAL_EXCESS",)
    return Outcome.PASSED, ()
