"""A portal's daily file as profiles, and sources injected into them: a study on a site's own traffic.

A daily file is what a TSA or Rapiscan monitor writes: its lines, each with the time of day behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gate_agent.devices import GarbledReading
from gate_agent.radiation.occupancy import Occupancies
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings
from gate_drivers.radiation.portal_lines import decode
from gate_simulators.radiation.detectors import Portal, gamma_rates, neutron_rates
from gate_simulators.radiation.sources import Source

_USUAL_KM_H = 8.0
_MARGIN_M = 1.5  # the beams see a vehicle a little before and after the panels' plane


def vehicles(path: Path) -> Iterator[OccupancyProfile]:
    """Every whole vehicle of a daily file whose background is known."""
    occupancies = Occupancies(RadiationSettings())
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            hours, minutes, seconds = line.rstrip().rpartition(",")[2].split("-")
            at = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            try:
                profile = occupancies.feed(decode(line.rstrip(), at))
            except GarbledReading:
                occupancies.lost()
                continue
            if profile is not None and profile.complete and profile.background is not None:
                yield profile


def injected(rng: np.random.Generator, profile: OccupancyProfile, source: Source) -> OccupancyProfile:
    """The same vehicle with a source in its rear two thirds, by the simulated panels' response."""
    speed = (profile.speed_km_h or _USUAL_KM_H) / 3.6
    length = max(3.0, profile.seconds * speed - 2 * _MARGIN_M)
    place = replace(source, along_m=float(rng.uniform(0.33, 0.95)) * length)
    portal = Portal()

    def ahead(intervals: int, seconds: float) -> NDArray[np.float64]:
        middle = np.arange(0.5, intervals, dtype=np.float64)
        return middle * seconds * speed - _MARGIN_M - place.along_m

    gamma, _ = gamma_rates(portal, place, ahead(len(profile.gamma), profile.gamma_interval_s))
    neutron = neutron_rates(portal, place, ahead(len(profile.neutron), profile.neutron_interval_s))
    return replace(
        profile,
        gamma=profile.gamma + rng.poisson(gamma * profile.gamma_interval_s),
        neutron=profile.neutron + rng.poisson(neutron * profile.neutron_interval_s),
    )
