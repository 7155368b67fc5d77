"""What a portal counted while one vehicle passed, and the background before it.

Time is the number of an interval times its length: a monitor sends what it held back in one burst, so
arrival times would squeeze the beginning of every profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Background:
    """Counts per second and detector before the vehicle, NaN where the monitor gave none.

    `age_s` is its age at the vehicle's entry, `drift` the share by which it differs from its long mean: a
    source parked near by raises it and makes every threshold too high.
    """

    gamma: tuple[float, ...]
    neutron: tuple[float, ...]
    age_s: float
    drift: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OccupancyProfile:
    """One vehicle. Counts are (interval, detector), NaN where the monitor gave no number.

    Each interval lasts `*_interval_s`, or as `*_lengths_s` tells where they differ (then the former is their
    median).

    `gamma_alarms` and `neutron_alarms` mark the intervals in which the *monitor* alarmed. `complete` is false
    when the monitor never said that the vehicle left, or lines were garbled meanwhile.
    """

    gamma: NDArray[np.float64]
    neutron: NDArray[np.float64]
    gamma_alarms: NDArray[np.bool_]
    neutron_alarms: NDArray[np.bool_]
    background: Background | None
    gamma_interval_s: float = 0.2
    neutron_interval_s: float = 1.0
    number: int | None = None
    speed_km_h: float | None = None
    tampered: bool = False
    complete: bool = True
    lost_lines: int = 0
    gamma_lengths_s: tuple[float, ...] = ()
    neutron_lengths_s: tuple[float, ...] = ()

    @property
    def gamma_edges_s(self) -> NDArray[np.float64]:
        """When gamma intervals begin, and when the last ends: (intervals + 1), seconds from the first."""
        return _edges(self.gamma_lengths_s or (self.gamma_interval_s,) * len(self.gamma))

    @property
    def neutron_edges_s(self) -> NDArray[np.float64]:
        """The same for neutrons."""
        return _edges(self.neutron_lengths_s or (self.neutron_interval_s,) * len(self.neutron))

    @property
    def seconds(self) -> float:
        return float(max(self.gamma_edges_s[-1], self.neutron_edges_s[-1]))

    @property
    def device_gamma_alarm(self) -> bool:
        return bool(self.gamma_alarms.any())

    @property
    def device_neutron_alarm(self) -> bool:
        return bool(self.neutron_alarms.any())


def _edges(lengths_s: Sequence[float]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.array(lengths_s, np.float64))])


def lengths(seconds: Sequence[float]) -> tuple[float, tuple[float, ...]]:
    """The median of intervals' lengths, and all of them where they differ: the fields of a profile."""
    usual = float(np.median(seconds))
    return usual, () if all(length == usual for length in seconds) else tuple(seconds)
