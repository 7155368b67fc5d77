"""Several reads of one container, from several views, to one code with a reason to believe it.

A check digit misses 1.8 % of single wrong digits, and a repaired code has used its check digit up. So one
view alone never confirms: either another *side* of the container says the same, or the manifest expected
this very code. Frames of one camera are one view: what misleads it in one frame misleads it in the next.

Trucks carry two containers. Whoever confirmed one of them would let the other through with it, so a second
code that may be another container's makes the whole inconclusive, however well the first is supported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.vehicle.correction import Scores, correct
from gate_agent.vehicle.iso6346 import CODE_LENGTH, OWNERS, ContainerCode
from gate_agent.vehicle.recogniser import SURE, CodeRead

CHECK = "container_code"
MAX_READS = 512
_APART = 4
"""Characters in which two codes differ at the least, that one misread code hardly becomes the other."""


class Support(StrEnum):
    """Why the code is believed, or why not."""

    VIEWS = "views"  # at least two sides say the same, one of them without repair
    DECLARED = "declared"  # one side says what the manifest expected
    SINGLE = "single"  # one side alone
    CONFLICT = "conflict"  # another code was read too: two containers, or one misread
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class CodeVote:
    """The most supported code; `views` that say so, `against` the best of the other codes.

    `codes` counts those that may each be a container's. `fused` tells that no picture alone gave the code,
    only all together.
    """

    code: ContainerCode | None
    support: Support
    views: tuple[str, ...] = ()
    confidence: float = 0.0
    repairs: int = 0
    against: str = ""
    codes: int = 0
    size_type: str = ""
    fused: bool = False

    @property
    def confirmed(self) -> bool:
        return self.support in (Support.VIEWS, Support.DECLARED)


def vote(reads: Mapping[str, Sequence[CodeRead]], declared: Collection[str] = ()) -> CodeVote:
    """`reads` by view, best first or not; `declared` are the codes that the manifest expects."""
    best = {view: best_reads(found[:MAX_READS]) for view, found in reads.items() if found}
    if not best:
        return CodeVote(None, Support.UNREADABLE)
    totals: dict[str, float] = {}
    for codes in best.values():
        for code, read in codes.items():
            totals[code] = totals.get(code, 0.0) + weight_of(read)
    expected = [code for code in totals if code in declared]
    # What was declared leads among what was read, but only what was read can be chosen.
    chosen = max(expected or totals, key=lambda code: totals[code])
    views = tuple(sorted(view for view, codes in best.items() if chosen in codes))
    supporting = [best[view][chosen] for view in views]
    rivals = [code for code in totals if code != chosen and _may_be_another(code, chosen, best, declared)]
    others = rivals or [code for code in totals if code != chosen]
    return CodeVote(
        code=supporting[0].code,
        support=Support.CONFLICT if rivals else _support(chosen, supporting, declared),
        views=views,
        confidence=max(read.confidence for read in supporting),
        repairs=min(read.repairs for read in supporting),
        against=max(others, key=lambda code: totals[code], default=""),
        codes=1 + len(rivals),
        size_type=next((read.size_type for read in supporting if read.size_type), ""),
    )


def fuse(places: Sequence[Sequence[Scores]], declared: Collection[str] = ()) -> CodeVote:
    """Reads that do not hold alone, put together place by place: the product of what each saw.

    `places` are the eleven places of every picture of the same code.
    """
    whole = [picture for picture in places[:MAX_READS] if len(picture) == CODE_LENGTH]
    if not whole:
        return CodeVote(None, Support.UNREADABLE)
    together: list[Scores] = []
    for place in range(CODE_LENGTH):
        logs = np.sum([np.log(np.maximum(picture[place], 1e-4)) for picture in whole], axis=0)
        scores = np.exp((logs - logs.max()) / len(whole) ** 0.5)  # frames resemble each other
        together.append(scores / scores.sum())
    found = correct(together)
    if found is None:
        return CodeVote(None, Support.UNREADABLE)
    support = Support.DECLARED if str(found.code) in declared else Support.SINGLE
    return CodeVote(found.code, support, (), found.confidence, found.repairs, fused=True)


def best_reads(reads: Sequence[CodeRead]) -> dict[str, CodeRead]:
    """The most confident read of each code."""
    found: dict[str, CodeRead] = {}
    for read in reads:
        known = found.get(str(read.code))
        if known is None or weight_of(read) > weight_of(known):
            found[str(read.code)] = read
    return found


def weight_of(read: CodeRead) -> float:
    """How much one read says for its code, 0..1."""
    return read.confidence * 0.5**read.repairs


def _may_be_another(
    code: str, chosen: str, best: Mapping[str, Mapping[str, CodeRead]], declared: Collection[str]
) -> bool:
    """Whether a code beside the chosen one may be another container's, and not the chosen one misread."""
    reads = [codes[code] for codes in best.values() if code in codes]
    if code in declared or len(reads) > 1 or any(read.repairs == 0 for read in reads):
        return True
    apart = sum(a != b for a, b in zip(code, chosen, strict=True))
    return apart >= _APART and any(read.repairs == 1 and _likely(read) for read in reads)


def _likely(read: CodeRead) -> bool:
    """Whether lettering that happens to hold is out of the question: the owner is known, or it was read
    surely. The check digit alone lets one in eleven strings of the right shape through."""
    return read.code.owner in OWNERS or read.confidence >= SURE


def _support(chosen: str, supporting: Sequence[CodeRead], declared: Collection[str]) -> Support:
    # A code that every view had to repair has used its check digit up: they may share a wrong one.
    if len(supporting) >= 2 and any(read.repairs == 0 and _likely(read) for read in supporting):
        return Support.VIEWS
    return Support.DECLARED if chosen in declared else Support.SINGLE


def container_code_check(result: CodeVote, declared: str = "") -> CheckResult:
    """The vote as evidence: passed only when confirmed, and the declared one where there is one."""
    measured: dict[str, Scalar] = {
        "views": len(result.views),
        "confidence": round(result.confidence, 4),
        "repairs": result.repairs,
        "support": result.support.value,
        "codes": result.codes,
    }
    code = result.code
    if code is None:
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, ("CONTAINER_CODE_UNREADABLE",), measured)
    if declared and str(code) != declared and result.support is Support.VIEWS:
        return CheckResult(CHECK, Outcome.FAILED, ("CONTAINER_CODE_MISMATCH",), measured, clause="ISO 6346")
    reasons = {
        Support.CONFLICT: "CONTAINER_CODE_CONFLICT",
        Support.SINGLE: "CONTAINER_CODE_UNCONFIRMED",
    }
    reason = reasons.get(result.support)
    if reason is not None:
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, (reason,), measured, clause="ISO 6346")
    return CheckResult(CHECK, Outcome.PASSED, (), measured, clause="ISO 6346")
