"""The agent's own alarm computation on an occupancy profile, beside the monitor's.

Three questions, each with its own answer:

* **N-sigma**: is any sum over one second more than N·√B above the background B? Asked of all gamma
  detectors together and of each pillar (horizontal pair), as monitors set to the algorithms "sum" and
  "horizontal" ask (of five intervals of 200 ms).
* **Contrast**: a truck keeps about 40 % of the background away, so a source must first fill that gap before
  N-sigma sees it. The contrast compares each window with the same truck's counts a few metres before and
  behind it, and finds a small source in the middle of a truck long before N-sigma does. It is no alarm of
  its own: a gap between goods looks alike.
* **Neutrons**: how improbable is the count under the neutron background alone (Poisson)?

All windows are seconds: a monitor that counts every 0.2 s and one that counts every second are judged over
the same time. A window is as many whole intervals as come nearest to it, and at least one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings

_NEAR_S, _FAR_S = 0.6, 3.0
"""The contrast's neighbourhood: so far before and behind the window it begins and ends."""
_END_S = 1.6
"""A truck's ends are no goods: windows keep so far from them."""
_LEAST_NEAR_S = 1.0
_NEUTRON_STEP_S = 1.0
_DIGITS, _TINY_S = 9, 1e-6  # lengths are sums of binary fractions
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
    windows = windows_of(profile.gamma_edges_s, settings.window_s)
    sigma, sigma_at, judged = _n_sigma(profile, windows)
    contrast, contrast_at = _contrast(profile, windows)
    probability = _neutron_probability(profile, settings.neutron_window_s)
    return RadiationFinding(
        gamma_sigma=sigma,
        gamma_at_s=sigma_at,
        gamma_alarm=sigma >= settings.n_sigma,
        contrast_sigma=contrast,
        contrast_at_s=contrast_at,
        contrast=contrast >= settings.contrast_sigma,
        neutron_probability=probability,
        neutron_alarm=probability <= settings.neutron_false_alarm,
        suppression=_suppression(profile, windows),
        windows=judged,
        unknown_share=float(np.isnan(profile.gamma).mean()) if profile.gamma.size else 1.0,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Runs of whole intervals: the first and the one behind the last of each, and when it begins and ends."""

    begin: NDArray[np.intp]
    end: NDArray[np.intp]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]

    @property
    def seconds(self) -> NDArray[np.float64]:
        return np.round(self.end_s - self.begin_s, _DIGITS)

    @property
    def middle_s(self) -> NDArray[np.float64]:
        return (self.begin_s + self.end_s) / 2

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of an interval's values (intervals) over each window, NaN where one of them is."""
        totals = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
        holes = np.concatenate([[0], np.cumsum(np.isnan(values))])
        found = totals[self.end] - totals[self.begin]
        return np.where(holes[self.end] > holes[self.begin], np.nan, found)


def windows_of(edges_s: NDArray[np.float64], seconds: float) -> Windows:
    """A window of about `seconds` from each interval on, as long as the profile reaches."""
    lengths = np.diff(edges_s)
    if not len(lengths) or not (np.isfinite(lengths).all() and (lengths > 0).all()):
        nothing, never = np.empty(0, np.intp), np.empty(0)
        return Windows(nothing, nothing, never, never)
    begin = np.arange(len(lengths), dtype=np.intp)
    wanted = edges_s[:-1] + seconds
    above = np.clip(np.searchsorted(edges_s, wanted), 1, len(lengths))
    nearer = wanted - edges_s[above - 1] < edges_s[above] - wanted
    end = np.maximum(np.where(nearer, above - 1, above), begin + 1)
    whole = wanted - edges_s[-1] <= lengths[-1] / 2
    begin, end = begin[whole], end[whole]
    return Windows(begin, end, edges_s[begin], edges_s[end])


def groups_of(detectors: int) -> tuple[tuple[int, ...], ...]:
    """All detectors, and each half of them: the panels of one pillar."""
    every = tuple(range(detectors))
    half = detectors // 2
    return (every, every[:half], every[half:]) if detectors >= 2 and detectors % 2 == 0 else (every,)


def _n_sigma(profile: OccupancyProfile, windows: Windows) -> tuple[float, float, int]:
    """The largest (FG - BG) / √BG, the middle of its window in seconds, and how many windows were judged."""
    best, at, judged = math.nan, math.nan, 0
    if profile.background is None:
        return best, at, judged
    rates = np.array(profile.background.gamma)
    detectors = min(len(rates), profile.gamma.shape[1])
    for group in groups_of(detectors):
        chosen = list(group)
        expected = float(rates[chosen].sum()) * windows.seconds
        sums = windows.sums(profile.gamma[:, chosen].sum(axis=1))
        if not (expected > 0).all() or not np.isfinite(sums).any():
            continue
        sigmas = (sums - expected) / np.sqrt(expected)
        judged += int(np.isfinite(sigmas).sum())
        place = int(np.nanargmax(sigmas))
        if not sigmas[place] <= best:
            best, at = float(sigmas[place]), float(windows.middle_s[place])
    return best, at, judged


def _contrast(profile: OccupancyProfile, windows: Windows) -> tuple[float, float]:
    """The largest local excess in standard deviations, and the middle of its window in seconds."""
    edges = profile.gamma_edges_s
    inside = (windows.begin_s >= _END_S - _TINY_S) & (windows.end_s <= edges[-1] - _END_S + _TINY_S)
    if not inside.any() or np.isnan(profile.gamma).any():
        return math.nan, math.nan
    if edges[-1] < 2 * (_END_S + _LEAST_NEAR_S) + float(windows.seconds.min()) - _TINY_S:
        return math.nan, math.nan
    total = profile.gamma.sum(axis=1)
    floor = 0.0
    if profile.background is not None:
        floor = _LEAST_SHARE * float(np.nansum(profile.background.gamma))
    begin_s, end_s, width = windows.begin_s[inside], windows.end_s[inside], windows.seconds[inside]
    before, before_s = _rate(edges, total, begin_s - _FAR_S, begin_s - _NEAR_S)
    behind, behind_s = _rate(edges, total, end_s + _NEAR_S, end_s + _FAR_S)
    level = np.maximum((before + behind) / 2, floor)
    noise = width * level + width**2 / 4 * (before / before_s + behind / behind_s)
    excess = (windows.sums(total)[inside] - width * level) / np.sqrt(np.maximum(noise, 1.0))
    place = int(np.argmax(excess))
    return float(excess[place]), float(windows.middle_s[inside][place])


def _rate(
    edges_s: NDArray[np.float64],
    total: NDArray[np.float64],
    begin_s: NDArray[np.float64],
    end_s: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts per second between two times inside the profile, and over how many seconds.

    An interval that is cut counts by its share.
    """
    begin_s, end_s = np.maximum(begin_s, 0.0), np.minimum(end_s, edges_s[-1])
    sums = np.concatenate([[0.0], np.cumsum(total)])
    seconds = end_s - begin_s
    return (np.interp(end_s, edges_s, sums) - np.interp(begin_s, edges_s, sums)) / seconds, seconds


def _suppression(profile: OccupancyProfile, windows: Windows) -> float:
    if profile.background is None or not profile.gamma.size:
        return -1.0
    expected = float(np.sum(profile.background.gamma)) * windows.seconds
    sums = windows.sums(profile.gamma.sum(axis=1))
    known = np.isfinite(sums) & (expected > 0)
    return float(1 - (sums[known] / expected[known]).min()) if known.any() else -1.0


def _neutron_probability(profile: OccupancyProfile, longest_s: float) -> float:
    """The smallest probability of any run of intervals under the background; 1 when it cannot be told."""
    if profile.background is None or not profile.background.neutron or not profile.neutron.size:
        return 1.0
    rate = float(np.nansum(profile.background.neutron))
    if not math.isfinite(rate):
        return 1.0
    total = np.nansum(profile.neutron, axis=1)
    edges = profile.neutron_edges_s
    smallest = 1.0
    for steps in range(1, int(longest_s / _NEUTRON_STEP_S) + 1):
        # A profile shorter than the first window is one itself.
        wanted_s = steps * _NEUTRON_STEP_S if steps > 1 else min(_NEUTRON_STEP_S, float(edges[-1]))
        windows = windows_of(edges, wanted_s)
        sums = windows.sums(total)
        for seconds in np.unique(windows.seconds).tolist():
            most = float(sums[windows.seconds == seconds].max())
            # A background of nothing would make any count infinitely improbable.
            smallest = min(smallest, poisson_tail(int(most), max(rate, 0.05) * seconds))
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
