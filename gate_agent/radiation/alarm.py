"""The agent's own alarm computation on an occupancy profile, beside the monitor's.

Three questions, each with its own answer:

* **N-sigma**: is any sum of five 200 ms intervals more than N·√B above the background B? Asked of all gamma
  detectors together and of each pillar (horizontal pair), as monitors set to the algorithms "sum" and
  "horizontal" ask.
* **Contrast**: a truck keeps about 40 % of the background away, so a source must first fill that gap before
  N-sigma sees it. The contrast compares each window with the same truck's counts a few metres before and
  behind it, and finds a small source in the middle of a truck long before N-sigma does. It is no alarm of
  its own: a gap between goods looks alike.
* **Neutrons**: how improbable is the count under the neutron background alone (Poisson)?
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings

_NEAR_INTERVALS, _FAR_INTERVALS = 5, 15
"""The contrast's neighbourhood begins 1 s and ends 3 s before and behind the window (200 ms intervals)."""
_END_INTERVALS = 8
_LEAST_SHARE = 0.3  # of the background: nothing suppresses more


@dataclass(frozen=True, slots=True)
class RadiationFinding:
    """What the profile says. Sigmas are NaN when they could not be computed; `windows` counts those judged.

    `*_at_s` is the time into the occupancy at which the maximum was found, for pointing at the picture.
    """

    gamma_sigma: float
    gamma_at_s: float
    gamma_alarm: bool
    contrast_sigma: float
    contrast_at_s: float
    contrast: bool
    neutron_probability: float
    neutron_alarm: bool
    suppression: float
    """Share of the background that was kept away at most, -1 when unknown."""
    windows: int
    unknown_share: float
    """Share of gamma values that the monitor did not give."""


def judge(profile: OccupancyProfile, settings: RadiationSettings) -> RadiationFinding:
    """Compute all three. Never raises: what cannot be computed is NaN and alarms nothing."""
    width = settings.window_intervals
    sigma, sigma_at, windows = _n_sigma(profile, width)
    contrast, contrast_at = _contrast(profile, width)
    probability = _neutron_probability(profile, settings.neutron_window_intervals)
    known = profile.gamma.size and float(np.isnan(profile.gamma).mean())
    middle_s = width * profile.gamma_interval_s / 2
    return RadiationFinding(
        gamma_sigma=sigma,
        gamma_at_s=sigma_at * profile.gamma_interval_s + middle_s,
        gamma_alarm=sigma >= settings.n_sigma,
        contrast_sigma=contrast,
        contrast_at_s=contrast_at * profile.gamma_interval_s + middle_s,
        contrast=contrast >= settings.contrast_sigma,
        neutron_probability=probability,
        neutron_alarm=probability <= settings.neutron_false_alarm,
        suppression=_suppression(profile, width),
        windows=windows,
        unknown_share=float(known) if profile.gamma.size else 1.0,
    )


def groups_of(detectors: int) -> tuple[tuple[int, ...], ...]:
    """All detectors, and each half of them: the panels of one pillar."""
    every = tuple(range(detectors))
    half = detectors // 2
    return (every, every[:half], every[half:]) if detectors >= 2 and detectors % 2 == 0 else (every,)


def window_sums(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Sums of `width` successive values, NaN where one of them is."""
    if len(values) < width:
        return np.empty(0)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, width).sum(axis=1), np.float64)


def _n_sigma(profile: OccupancyProfile, width: int) -> tuple[float, int, int]:
    """The largest (FG - BG) / √BG, where its window begins, and how many windows were judged."""
    best, at, judged = math.nan, 0, 0
    if profile.background is None:
        return best, at, judged
    rates = np.array(profile.background.gamma)
    detectors = min(len(rates), profile.gamma.shape[1])
    for group in groups_of(detectors):
        chosen = list(group)
        expected = float(rates[chosen].sum()) * width * profile.gamma_interval_s
        sums = window_sums(profile.gamma[:, chosen].sum(axis=1), width)
        if not expected > 0 or not np.isfinite(sums).any():
            continue
        sigmas = (sums - expected) / math.sqrt(expected)
        judged += int(np.isfinite(sigmas).sum())
        place = int(np.nanargmax(sigmas))
        if not sigmas[place] <= best:
            best, at = float(sigmas[place]), place
    return best, at, judged


def _contrast(profile: OccupancyProfile, width: int) -> tuple[float, int]:
    """The largest local excess in standard deviations, and where its window begins."""
    total = np.nansum(profile.gamma, axis=1) if profile.gamma.size else np.empty(0)
    if len(total) < 2 * (_END_INTERVALS + _NEAR_INTERVALS) + width or np.isnan(profile.gamma).any():
        return math.nan, 0
    floor = 0.0
    if profile.background is not None:
        floor = _LEAST_SHARE * float(np.nansum(profile.background.gamma)) * profile.gamma_interval_s
    sums = np.concatenate([[0.0], np.cumsum(total)])
    first, last = _END_INTERVALS, len(total) - width - _END_INTERVALS
    begin = np.arange(first, last + 1)
    before = _mean(sums, begin - _FAR_INTERVALS, begin - _NEAR_INTERVALS + width // 2)
    behind = _mean(sums, begin + width + _NEAR_INTERVALS - width // 2, begin + width + _FAR_INTERVALS)
    level = np.maximum((before[0] + behind[0]) / 2, floor)
    noise = width * level + width**2 / 4 * (before[0] / before[1] + behind[0] / behind[1])
    excess = (sums[begin + width] - sums[begin] - width * level) / np.sqrt(np.maximum(noise, 1.0))
    place = int(np.argmax(excess))
    return float(excess[place]), int(begin[place])


def _mean(
    sums: NDArray[np.float64], begin: NDArray[np.int_], end: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean counts per interval between two places, and over how many intervals."""
    begin, end = np.clip(begin, 0, len(sums) - 1), np.clip(end, 0, len(sums) - 1)
    number = np.maximum(end - begin, 1).astype(np.float64)
    return (sums[end] - sums[begin]) / number, number


def _suppression(profile: OccupancyProfile, width: int) -> float:
    if profile.background is None or not profile.gamma.size:
        return -1.0
    expected = float(np.sum(profile.background.gamma)) * width * profile.gamma_interval_s
    sums = window_sums(profile.gamma.sum(axis=1), width)
    sums = sums[np.isfinite(sums)]
    return float(1 - sums.min() / expected) if len(sums) and expected > 0 else -1.0


def _neutron_probability(profile: OccupancyProfile, longest: int) -> float:
    """The smallest probability of any run of intervals under the background; 1 when it cannot be told."""
    if profile.background is None or not profile.background.neutron or not profile.neutron.size:
        return 1.0
    rate = float(np.nansum(profile.background.neutron))
    if not math.isfinite(rate):
        return 1.0
    total = np.nansum(profile.neutron, axis=1)
    smallest = 1.0
    for width in range(1, min(longest, len(total)) + 1):
        most = float(window_sums(total, width).max())
        # A background of nothing would make any count infinitely improbable.
        mean = max(rate, 0.05) * width * profile.neutron_interval_s
        smallest = min(smallest, poisson_tail(int(most), mean))
    return smallest


def poisson_tail(count: int, mean: float) -> float:
    """The probability of `count` or more when `mean` are expected."""
    if count <= 0:
        return 1.0
    if count <= mean:
        below = math.fsum(_poisson(k, mean) for k in range(count))
        return max(0.0, 1.0 - below)
    total, k = 0.0, count
    while (term := _poisson(k, mean)) > total * 1e-16:
        total, k = total + term, k + 1
    return min(1.0, total)


def _poisson(k: int, mean: float) -> float:
    return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
