"""Measures a model and its operating point on a data set, in the terms of ISO/IEC 19795-1.

Templates are made without the quality gate, which is applied here: so the report can state both what the
gate turns away (failure to acquire) and what the error rates would be without it. FRR counts a person
turned away as rejected: FRR = FTA + (1 - FTA) * FNMR (§8.3, for one attempt of one picture each side).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gate_agent.biometrics.face.cards import OperatingPoint
from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.biometrics.lab.dataset import Sample
from gate_agent.biometrics.lab.enrol import Enrolment, Progress, enrol
from gate_agent.biometrics.lab.scores import (
    BINS,
    SPAN,
    Indices,
    Rates,
    Scores,
    all_pairs,
    fnmr_curve,
    named_pairs,
    rates_at,
    threshold_at,
)
from gate_agent.errors import BadInput

FMRS = (1e-2, 1e-3, 1e-4, 1e-5)
CURVE = tuple(float(f) for f in np.logspace(-5.5, -2, 60))
Pairs = Sequence[tuple[int, int]]
Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group of people at the card's threshold; impostor comparisons are within the group."""

    attribute: str
    group: str
    people: int
    pictures: int
    failure_to_acquire: float
    genuine: int
    fnmr: float
    impostor: int
    fmr: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; `to_json` is the report's machine-readable form."""

    model: str
    protocol: str
    people: int
    pictures: int
    no_face: int
    unclear: int
    genuine: int
    impostor: int
    failure_to_acquire: float
    stated: OperatingPoint
    actual: Rates
    frr: float
    ungated_fnmr: float
    at_fmr: Mapping[str, Rates]
    groups: tuple[GroupRates, ...]
    curve: tuple[tuple[float, float], ...]
    genuine_histogram: tuple[int, ...]
    impostor_histogram: tuple[int, ...]
    template_ms_median: float
    template_ms_p95: float
    seconds: float

    def to_json(self) -> dict[str, object]:
        plain = asdict(self)
        plain["stated"] = self.stated.model_dump()
        plain["standard"] = "ISO/IEC 19795-1"
        return plain


def evaluate(
    settings: FaceSettings,
    samples: Sequence[Sample],
    *,
    pairs: Pairs | None = None,
    groups: Groups | None = None,
    keep: Path | None = None,
    progress: Progress = lambda what, part: None,
) -> Evaluation:
    """All against all, or the named pairs. Raises BadInput when the data set cannot measure anything."""
    begin = time.perf_counter()
    judge = FaceChain.load(settings)
    if judge.point is None:
        raise BadInput("an operating point is needed", field="face.operating_point")
    enrolment = enrol(
        FaceChain.load(settings.model_copy(update={"operating_point": ""})), samples, progress, keep=keep
    )
    names = {person: n for n, person in enumerate(dict.fromkeys(s.person for s in samples))}
    people = np.array([names[s.person] for s in samples], dtype=np.intp)
    progress("comparisons", 0.0)
    kept = enrolment.agreement >= max(judge.point.agreement, 0.0)
    gated = _scores(enrolment, people, kept, pairs)
    whole = _scores(enrolment, people, enrolment.acquired, pairs)
    progress("confidence intervals", 0.5)
    found = _groups(groups or {}, names, people, kept, gated, judge.point.threshold)
    name = judge.card.template_model(judge.augmentation.id)
    protocol = "all against all" if pairs is None else "named pairs"
    summary = _summary(name, protocol, judge.point, enrolment, kept, gated, whole, found, len(names), begin)
    progress("confidence intervals", 1.0)
    return summary


def _scores(enrolment: Enrolment, people: Indices, kept: np.ndarray, pairs: Pairs | None) -> Scores:
    if not kept.any():
        raise BadInput("no picture with a usable face", field="images")
    if pairs is None:
        return all_pairs(enrolment.vectors[kept], people[kept])
    place = np.cumsum(kept) - 1
    named = [(int(place[a]), int(place[b])) for a, b in pairs if kept[a] and kept[b]]
    if not named:
        raise BadInput("no pair has two usable faces", field="pairs")
    return named_pairs(enrolment.vectors[kept], people[kept], named)


def _summary(
    name: str,
    protocol: str,
    point: OperatingPoint,
    enrolment: Enrolment,
    kept: np.ndarray,
    gated: Scores,
    whole: Scores,
    groups: tuple[GroupRates, ...],
    people: int,
    begin: float,
) -> Evaluation:
    actual = rates_at(gated, point.threshold)
    fta = 1 - float(kept.mean())
    at_fmr = {
        f"{fmr:.0e}": rates_at(gated, threshold_at(gated, fmr))
        for fmr in FMRS
        if fmr * gated.impostors >= 1 and fmr * gated.impostors < len(gated.near) - 1
    }
    milliseconds = enrolment.seconds[enrolment.acquired] * 1e3
    return Evaluation(
        model=name,
        protocol=protocol,
        people=people,
        pictures=len(kept),
        no_face=int((~enrolment.acquired).sum()),
        unclear=int((enrolment.acquired & ~kept).sum()),
        genuine=len(gated.genuine),
        impostor=gated.impostors,
        failure_to_acquire=fta,
        stated=point,
        actual=actual,
        frr=fta + (1 - fta) * actual.fnmr,
        ungated_fnmr=_ungated(whole, point.fmr),
        at_fmr=at_fmr,
        groups=groups,
        curve=tuple(fnmr_curve(gated, CURVE)),
        genuine_histogram=tuple(_histogram(gated.genuine)),
        impostor_histogram=tuple(int(n) for n in gated.histogram),
        template_ms_median=float(np.median(milliseconds)),
        template_ms_p95=float(np.percentile(milliseconds, 95)),
        seconds=time.perf_counter() - begin,
    )


def _ungated(whole: Scores, fmr: float) -> float:
    """FNMR over every found face at the same FMR: what the gate is worth. -1 where it cannot be told."""
    if not len(whole.genuine) or not 1 <= fmr * whole.impostors < len(whole.near) - 1:
        return -1.0
    return float((whole.genuine > threshold_at(whole, fmr)).mean())


def _histogram(distances: np.ndarray) -> list[int]:
    return [int(n) for n in np.histogram(np.minimum(distances, SPAN), BINS, (0, SPAN))[0]]


def _groups(
    groups: Groups,
    names: Mapping[str, int],
    people: Indices,
    kept: np.ndarray,
    scores: Scores,
    threshold: float,
) -> tuple[GroupRates, ...]:
    found: list[GroupRates] = []
    inside = scores.near_people[: np.searchsorted(scores.near, threshold, side="right")]
    for attribute, of_person in groups.items():
        for group in sorted(set(of_person.values())):
            member = np.zeros(len(names), dtype=bool)
            member[[names[person] for person, own in of_person.items() if own == group]] = True
            own = member[people]
            samples = np.bincount(people[own & kept], minlength=len(names))
            impostor = int((samples.sum() ** 2 - (samples**2).sum()) // 2)
            genuine = scores.genuine[member[scores.genuine_people]]
            found.append(
                GroupRates(
                    attribute,
                    group,
                    int(member.sum()),
                    int(own.sum()),
                    1 - float(kept[own].mean()),
                    len(genuine),
                    float((genuine > threshold).mean()) if len(genuine) else 0.0,
                    impostor,
                    float(member[inside].all(axis=1).sum() / max(impostor, 1)),
                )
            )
    return tuple(found)
