"""Error rates of verification, all against all, with their confidence (ISO/IEC 19795-1).

FMR is the share of impostor comparisons at or below a threshold, FNMR the share of genuine comparisons
above it. Comparisons of one person depend on each other, so intervals resample people, not comparisons
(§8.6, bootstrap). Of the impostor comparisons only the nearest are kept one by one, with a count of all:
millions of strangers then fit in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_agent.biometrics.face.pixels import Doubles, Floats
from gate_agent.errors import BadInput

Indices = NDArray[np.intp]
RESAMPLES = 1000
SPLITS = 100
SEED = 19795
LARGEST_FMR = 0.02  # thresholds for larger false match rates cannot be found
BINS = 400
SPAN = 2.0  # the largest distance of two unit vectors
_BLOCK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Distances of all pairs by truth. `*_people` are indices of people, for each kept pair.

    `near` are the impostor distances up to `reach`, ascending; `impostors` counts them all, and
    `histogram` spreads them over BINS bins of 0..SPAN. `samples` is how many templates each person has.
    """

    genuine: Floats
    genuine_people: Indices
    near: Floats
    near_people: Indices
    reach: float
    impostors: int
    histogram: NDArray[np.int64]
    samples: Indices

    @property
    def people(self) -> int:
        return len(self.samples)


@dataclass(frozen=True, slots=True)
class Rates:
    """Both error rates at one threshold, each with its 95 % interval."""

    threshold: float
    fmr: float
    fmr_low: float
    fmr_high: float
    fnmr: float
    fnmr_low: float
    fnmr_high: float


def all_pairs(vectors: Floats, people: Indices) -> Scores:
    """Every template against every other, once."""
    squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
    reach = _reach(vectors, squares, people)
    genuine: list[Floats] = []
    genuine_people: list[Indices] = []
    near: list[Floats] = []
    near_people: list[Indices] = []
    histogram, impostors = np.zeros(BINS, np.int64), 0
    for begin in range(0, len(vectors), _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, len(vectors)))
        distances = _distances(vectors, squares, rows)
        later = np.arange(len(vectors))[None, :] > rows[:, None]
        same = people[rows][:, None] == people[None, :]
        first, second = np.nonzero(later & same)
        genuine.append(distances[first, second])
        genuine_people.append(people[rows[first]])
        strange = later & ~same
        apart = distances[strange]
        impostors += len(apart)
        histogram += np.histogram(np.minimum(apart, SPAN), BINS, (0, SPAN))[0]
        first, second = np.nonzero(strange & (distances <= reach))
        near.append(distances[first, second])
        near_people.append(np.stack((people[rows[first]], people[second]), axis=1))
    distances, pairs = np.concatenate(near), np.concatenate(near_people)
    order = np.argsort(distances, kind="stable")
    return Scores(
        np.concatenate(genuine),
        np.concatenate(genuine_people),
        distances[order],
        pairs[order],
        reach,
        impostors,
        histogram,
        np.bincount(people),
    )


def _distances(vectors: Floats, squares: Doubles, rows: Indices) -> Floats:
    gram = vectors[rows].astype(np.float64) @ vectors.T.astype(np.float64)
    return np.sqrt(np.maximum(squares[rows][:, None] + squares[None, :] - 2 * gram, 0)).astype(np.float32)


def _reach(vectors: Floats, squares: Doubles, people: Indices) -> float:
    """A distance that a little more than LARGEST_FMR of the impostor comparisons stay below."""
    rows = np.linspace(0, len(vectors) - 1, min(len(vectors), _BLOCK)).astype(np.intp)
    sample = _distances(vectors, squares, rows)[people[rows][:, None] != people[None, :]]
    if not len(sample):
        raise BadInput("fewer than two people with a usable face", field="images")
    return float(np.quantile(sample, min(2 * LARGEST_FMR, 1.0)))


def named_pairs(vectors: Floats, people: Indices, pairs: Sequence[tuple[int, int]]) -> Scores:
    """Only the comparisons that a protocol names, by indices of templates."""
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    apart = np.linalg.norm(vectors[first].astype(np.float64) - vectors[second], axis=1).astype(np.float32)
    same = people[first] == people[second]
    strange = np.stack((people[first], people[second]), axis=1)[~same]
    order = np.argsort(apart[~same], kind="stable")
    return Scores(
        apart[same],
        people[first[same]],
        apart[~same][order],
        strange[order],
        float("inf"),
        int((~same).sum()),
        np.histogram(np.minimum(apart[~same], SPAN), BINS, (0, SPAN))[0].astype(np.int64),
        np.bincount(people),
    )


def threshold_at(scores: Scores, fmr: float) -> float:
    """The largest threshold whose share of matching impostor comparisons is at most `fmr`."""
    allowed = int(np.floor(fmr * scores.impostors))
    if allowed < 1:
        raise BadInput(f"{scores.impostors} impostor pairs cannot measure an FMR of {fmr}", field="images")
    if allowed >= len(scores.near):
        raise BadInput(f"an FMR of {fmr} is beyond {LARGEST_FMR}", field="fmr")
    low, high = float(scores.near[allowed - 1]), float(scores.near[allowed])
    # Six decimals are kept in a card, and rounding up could let one more stranger in.
    return float(np.floor((low + high) / 2 * 1e6) / 1e6)


def fmr_at(scores: Scores, threshold: float) -> float:
    return float(np.searchsorted(scores.near, threshold, side="right") / max(scores.impostors, 1))


def rates_at(scores: Scores, threshold: float) -> Rates:
    """FMR and FNMR with 95 % intervals, people drawn with replacement."""
    people = scores.people
    inside = scores.near_people[: np.searchsorted(scores.near, threshold, side="right")]
    missed = np.bincount(scores.genuine_people, scores.genuine > threshold, minlength=people)
    compared = np.bincount(scores.genuine_people, minlength=people)
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(people, np.full(people, 1 / people), size=RESAMPLES).astype(np.float32)
    matched = np.array([np.dot(w[inside[:, 0]], w[inside[:, 1]]) for w in drawn], dtype=np.float64)
    held = drawn.astype(np.float64) * scores.samples
    strangers = (held.sum(axis=1) ** 2 - (held**2).sum(axis=1)) / 2
    # Where a protocol names its pairs, fewer strangers are compared than could be.
    total = float(scores.samples.sum())
    possible = (total**2 - float((scores.samples.astype(np.float64) ** 2).sum())) / 2
    fmrs = matched / np.maximum(strangers * (scores.impostors / max(possible, 1)), 1)
    fnmrs = (drawn @ missed) / np.maximum(drawn @ compared, 1)
    bounds = [float(b) for b in (*np.percentile(fmrs, (2.5, 97.5)), *np.percentile(fnmrs, (2.5, 97.5)))]
    fnmr = float((scores.genuine > threshold).mean()) if len(scores.genuine) else 0.0
    return Rates(threshold, fmr_at(scores, threshold), bounds[0], bounds[1], fnmr, bounds[2], bounds[3])


def split_factor(scores: Scores, fmr: float, quantile: float = 0.9, parts: int = 2) -> float:
    """How far off a threshold is on other people: it is set on one of `parts` random parts of the people
    and tried on another.

    The larger of actual FMR / stated FMR and its inverse, which `quantile` of SPLITS splits stay below.
    """
    random = np.random.default_rng(SEED)
    factors: list[float] = []
    for _ in range(SPLITS):
        order = random.permutation(scores.people)
        set_on, tried_on = (np.zeros(scores.people, dtype=bool) for _ in range(2))
        set_on[order[: scores.people // parts]] = True
        tried_on[order[scores.people // parts : 2 * scores.people // parts]] = True
        own, other = (part[scores.near_people].all(axis=1) for part in (set_on, tried_on))
        allowed = int(fmr * _strangers(scores.samples[set_on]))
        if not 1 <= allowed < int(own.sum()):
            return 0.0
        threshold = scores.near[own][allowed - 1]
        actual = float((scores.near[other] <= threshold).sum()) / _strangers(scores.samples[tried_on])
        factors.append(max(actual / fmr, fmr / max(actual, 1e-12)))
    return round(float(np.quantile(factors, quantile)), 3)


def transfer_factor(split: float) -> float:
    """How far a threshold set on all of the people is off on as many others, from how far halves are.

    Comparisons depend on each other through people, so the logarithm of the factor shrinks with the root of
    their number, on either side of the split: halves of twice as many people, the root of two.
    """
    return round(float(split ** np.sqrt(0.5)), 3)


def _strangers(samples: Indices) -> float:
    return float((samples.sum() ** 2 - (samples**2).sum()) / 2)


def fnmr_curve(scores: Scores, fmrs: Sequence[float]) -> list[tuple[float, float]]:
    """(FMR, FNMR) wherever the comparisons can measure the FMR: the points of a DET plot."""
    curve: list[tuple[float, float]] = []
    for fmr in fmrs:
        allowed = int(np.floor(fmr * scores.impostors))
        if 1 <= allowed < len(scores.near):
            curve.append((fmr, float((scores.genuine > scores.near[allowed - 1]).mean())))
    return curve
