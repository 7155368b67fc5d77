"""The monitor's own mind: when it alarms. Written from docs/wire/portal.md, not from the agent's code.

Algorithms "sum" and "horizontal": all four panels, the near pair, the far pair. Each is compared over five
intervals with background + N·√background. Once it alarms it stays so for the window's length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

GROUPS = ((0, 1, 2, 3), (0, 1), (2, 3))
INTERVALS = 5


def gamma_alarms(
    counts: Sequence[Sequence[int]], background_per_s: Sequence[float], n_sigma: float
) -> list[bool]:
    """For every 200 ms interval whether the monitor is in alarm."""
    alarms: list[bool] = []
    for end in range(1, len(counts) + 1):
        if end < INTERVALS:
            alarms.append(False)
            continue
        window = counts[end - INTERVALS : end]
        alarms.append(any(_above(window, group, background_per_s, n_sigma) for group in GROUPS))
    return alarms


def _above(
    window: Sequence[Sequence[int]], group: Sequence[int], background_per_s: Sequence[float], n_sigma: float
) -> bool:
    foreground = sum(row[panel] for row in window for panel in group)
    background = sum(background_per_s[panel] for panel in group)
    return foreground >= background + n_sigma * math.sqrt(background)


def neutron_alarms(counts: Sequence[Sequence[int]], background_per_s: float) -> list[bool]:
    """For every second: six times the square root above the background, and at least eight neutrons."""
    limit = max(8.0, background_per_s + 6 * math.sqrt(max(background_per_s, 0.25)))
    return [sum(row) >= limit for row in counts]
