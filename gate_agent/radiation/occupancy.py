"""Puts a portal's readings together: one :class:`OccupancyProfile` for each vehicle. Pure: `at` is the clock.

An occupancy begins with the first occupied count (which belongs to it) and ends with the monitor's word,
with the first background after it, or when counts stay away. An end that the monitor did not say makes it
incomplete.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gate_agent.devices import (
    BackgroundCounts,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    RadiationReading,
    Tamper,
    VehicleSpeed,
)
from gate_agent.radiation.profile import Background, OccupancyProfile, lengths
from gate_agent.radiation.settings import RadiationSettings

_MAX_DETECTORS = 16


class BackgroundTracker:
    """The newest background of each kind, and the long mean that it is compared with."""

    def __init__(self, settings: RadiationSettings) -> None:
        self._settings = settings
        self._newest: dict[Radiation, BackgroundCounts] = {}
        self._mean: float | None = None

    def update(self, counts: BackgroundCounts) -> None:
        before = self._newest.get(counts.kind)
        self._newest[counts.kind] = counts
        if counts.kind is not Radiation.GAMMA or counts.fault:
            return
        total = _total(counts.per_second)
        if total is None:
            return
        if self._mean is None or before is None:
            self._mean = total
            return
        elapsed = max(0.0, counts.at - before.at)
        self._mean += (total - self._mean) * (1 - math.exp(-elapsed / self._settings.background_memory_s))

    def at(self, now: float) -> Background | None:
        """The background for a vehicle that enters now; None when none was ever told."""
        gamma = self._newest.get(Radiation.GAMMA)
        if gamma is None:
            return None
        neutron = self._newest.get(Radiation.NEUTRON)
        total = _total(gamma.per_second)
        drift = total / self._mean - 1 if total is not None and self._mean else 0.0
        return Background(
            gamma=_numbers(gamma.per_second),
            neutron=() if neutron is None else _numbers(neutron.per_second),
            age_s=max(0.0, now - gamma.at),
            drift=drift,
            fault=gamma.fault or ("" if neutron is None else neutron.fault and f"neutron {neutron.fault}"),
        )


class Occupancies:
    """``feed()`` every reading, ``expire()`` now and then; both give a profile when one is finished."""

    def __init__(self, settings: RadiationSettings) -> None:
        self._settings = settings
        self._tracker = BackgroundTracker(settings)
        self._current: _Collected | None = None
        self._tampered = False
        self._speed: tuple[float, float] | None = None  # km/h, when

    @property
    def occupied(self) -> bool:
        return self._current is not None

    def feed(self, reading: RadiationReading) -> OccupancyProfile | None:
        match reading:
            case OccupiedCounts():
                return self._count(reading)
            case OccupancyEnded():
                return self._end(reading)
            case BackgroundCounts():
                finished = self._finish(complete=False)
                self._tracker.update(reading)
                return finished
            case VehicleSpeed(km_h=km_h, at=at):
                self._speed = km_h, at
                if self._current is not None:
                    self._current.speeds.append(km_h)
            case Tamper(open=is_open):
                self._tampered = is_open
                if self._current is not None and is_open:
                    self._current.tampered = True
            case _:
                pass
        return None

    def lost(self) -> None:
        """A line was garbled: what it said is missing from the current profile."""
        if self._current is not None:
            self._current.lost_lines += 1

    def expire(self, now: float) -> OccupancyProfile | None:
        """End an occupancy whose counts stay away."""
        current = self._current
        if current is not None and now - current.newest_at > self._settings.occupancy_gap_s:
            return self._finish(complete=False)
        return None

    def monitor_lost(self) -> OccupancyProfile | None:
        """End an occupancy whose monitor is gone: what it counts after it is back is another vehicle's."""
        return self._finish(complete=False)

    def _count(self, reading: OccupiedCounts) -> OccupancyProfile | None:
        finished = self.expire(reading.at)
        current = self._current
        if current is not None and reading.at - current.began_at > self._settings.longest_occupancy_s:
            finished = self._finish(complete=False)
        if self._current is None:
            self._current = _Collected(reading.at, self._tracker.at(reading.at), self._tampered)
            if self._speed is not None and reading.at - self._speed[1] < 5.0:  # measured on the way in
                self._current.speeds.append(self._speed[0])
        self._current.add(reading)
        return finished

    def _end(self, ended: OccupancyEnded) -> OccupancyProfile | None:
        if self._current is None:
            return None  # the beginning was before we listened
        self._current.number = ended.number
        if ended.neutron_background is not None:
            self._current.neutron_background = ended.neutron_background
        return self._finish(complete=True)

    def _finish(self, *, complete: bool) -> OccupancyProfile | None:
        current, self._current = self._current, None
        return None if current is None else current.profile(complete=complete)


class _Collected:
    """The occupancy in progress."""

    def __init__(self, at: float, background: Background | None, tampered: bool) -> None:
        self.began_at = self.newest_at = at
        self.background = background
        self.tampered = tampered
        self.rows: dict[Radiation, list[tuple[float, ...]]] = {kind: [] for kind in Radiation}
        self.alarms: dict[Radiation, list[bool]] = {kind: [] for kind in Radiation}
        self.seconds: dict[Radiation, list[float]] = {kind: [] for kind in Radiation}
        self.speeds: list[float] = []
        self.number: int | None = None
        self.neutron_background: float | None = None
        self.lost_lines = 0

    def add(self, reading: OccupiedCounts) -> None:
        self.newest_at = reading.at
        self.rows[reading.kind].append(_numbers(reading.counts))
        self.alarms[reading.kind].append(reading.alarm)
        self.seconds[reading.kind].append(reading.seconds)

    def profile(self, *, complete: bool) -> OccupancyProfile:
        background = self.background
        if background is not None and self.neutron_background is not None:
            # Background lines round to whole counts per second, which for neutrons is nothing; the monitor
            # tells all tubes together to three decimals when the vehicle leaves.
            background = replace(background, neutron=(self.neutron_background,))
        gamma_s, gamma_lengths_s = lengths(self.seconds[Radiation.GAMMA] or (0.2,))
        neutron_s, neutron_lengths_s = lengths(self.seconds[Radiation.NEUTRON] or (1.0,))
        return OccupancyProfile(
            gamma=_array(self.rows[Radiation.GAMMA]),
            neutron=_array(self.rows[Radiation.NEUTRON]),
            gamma_alarms=np.array(self.alarms[Radiation.GAMMA], np.bool_),
            neutron_alarms=np.array(self.alarms[Radiation.NEUTRON], np.bool_),
            background=background,
            gamma_interval_s=gamma_s,
            neutron_interval_s=neutron_s,
            gamma_lengths_s=gamma_lengths_s,
            neutron_lengths_s=neutron_lengths_s,
            number=self.number,
            speed_km_h=float(np.median(self.speeds)) if self.speeds else None,
            tampered=self.tampered,
            complete=complete and not self.lost_lines,
            lost_lines=self.lost_lines,
        )


def _numbers(counts: tuple[float | None, ...] | tuple[int | None, ...]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else float(value) for value in counts[:_MAX_DETECTORS])


def _total(counts: tuple[float | None, ...]) -> float | None:
    known = [value for value in counts if value is not None]
    return sum(known) if known else None


def _array(rows: list[tuple[float, ...]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Rows of possibly different lengths; what is missing is NaN."""
    width = max((len(row) for row in rows), default=0)
    out = np.full((len(rows), width), np.nan)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return out
