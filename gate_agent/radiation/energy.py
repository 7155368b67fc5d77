"""Energy-window ratios: natural radioactivity looks different from a source that somebody hides.

Goods with natural potassium, thorium or uranium raise the windows in about the proportion of the background
(whose photons are natural too); a medical or industrial source, or nuclear material, raises the low
window more. A ratio explains an alarm; it never takes one away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """What the excess resembles. ``UNKNOWN``: too few counts to tell."""

    NATURAL = "natural"
    LOW_ENERGY = "low_energy"
    HIGH_ENERGY = "high_energy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WindowRatio:
    """Share of the excess above the window boundary, against the share of the background.

    `deviations` is their difference over its statistical uncertainty.
    """

    share: float
    background_share: float
    deviations: float
    origin: Origin


LEAST_SIGNIFICANCE = 4.0
"""Standard deviations that the excess must have before its energy is judged."""
ALIKE = 3.0
"""Up to so many deviations, and up to so much difference of share, an excess resembles the background."""
ALIKE_SHARE = 0.12


def window_ratio(low: float, high: float, background_low: float, background_high: float) -> WindowRatio:
    """Judge the excess of counts in two windows over the background expected in the same time."""
    background = background_low + background_high
    excess_low, excess_high = low - background_low, high - background_high
    excess = excess_low + excess_high
    share = background_high / background if background > 0 else math.nan
    if not background > 0 or excess < LEAST_SIGNIFICANCE * math.sqrt(background):
        return WindowRatio(math.nan, share, 0.0, Origin.UNKNOWN)
    found = excess_high / excess
    # Variance of high - found·(low + high) by error propagation, background taken as well known.
    spread = math.sqrt((1 - found) ** 2 * high + found**2 * low) / excess
    deviations = (found - share) / spread
    if abs(deviations) <= ALIKE or abs(found - share) <= ALIKE_SHARE:
        origin = Origin.NATURAL
    else:
        origin = Origin.LOW_ENERGY if found < share else Origin.HIGH_ENERGY
    return WindowRatio(found, share, deviations, origin)
