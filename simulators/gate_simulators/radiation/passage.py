"""One truck through the portal: expected rates by physics, counts by Poisson.

A truck suppresses the background: it stands between the ground's radiation and the panels. How deep and how
structured is drawn per truck; the depths are those seen at real portals (median about 0.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gate_simulators.radiation.detectors import PANELS, Portal, gamma_rates, neutron_rates
from gate_simulators.radiation.sources import Source

GAMMA_S = 0.2
NEUTRON_S = 1.0
_MARGIN_M = 1.5  # the occupancy sensors see the truck a little before and after the panels' plane


@dataclass(frozen=True, slots=True)
class Truck:
    """`suppression` is the share of background that its trailer keeps away, `unevenness` how that varies."""

    length_m: float = 16.5
    speed_m_s: float = 2.2
    suppression: float = 0.38
    unevenness: float = 0.12
    sources: tuple[Source, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Counts while the portal was occupied: gamma (interval, panel), of these above 400 keV, neutrons."""

    gamma: NDArray[np.int64]
    gamma_high: NDArray[np.int64]
    neutron: NDArray[np.int64]
    background: NDArray[np.float64]
    """Counts per second and panel, as the monitor had averaged them before."""
    background_high: NDArray[np.float64]
    neutron_background: NDArray[np.float64]
    speed_m_s: float


def drawn_truck(rng: np.random.Generator, sources: tuple[Source, ...] = ()) -> Truck:
    """A truck of the usual kind.

    Suppression and its unevenness are set so that innocent trucks give the sigmas and contrasts of 695
    real ones (docs/radiation.md).
    """
    return Truck(
        length_m=float(rng.uniform(13, 18)),
        speed_m_s=float(rng.uniform(1.4, 2.8)),
        suppression=float(np.clip(rng.normal(0.36, 0.07), 0.1, 0.6)),
        unevenness=float(rng.uniform(0.2, 0.6)),
        sources=sources,
    )


def background_share(
    rng: np.random.Generator, truck: Truck, front_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What is left of the background when the truck's front is `front_m` past the panels."""
    step = 0.25
    places = np.arange(-6.0, truck.length_m + 6.0, step)
    cover = ((places > 0) & (places < truck.length_m)).astype(np.float64)
    gap = rng.uniform(3.2, 4.2)
    cover[(places > gap) & (places < gap + 1.0)] *= 0.4  # between tractor and trailer
    cover[(places > 0) & (places < gap)] *= rng.uniform(0.7, 1.1)
    knots = np.clip(rng.normal(1.0, truck.unevenness, 8), 0.0, 2.0)  # goods, axles, floor
    cover *= np.interp(places, np.linspace(0, truck.length_m, 8), knots)
    # A panel sees several metres of road, most of it near by.
    kernel = 1 / (1 + (np.arange(-6, 6 + step, step) / 1.4) ** 2)
    seen = np.convolve(cover, kernel / kernel.sum(), mode="same")
    passing = np.asarray(np.interp(front_m, places, seen, 0.0, 0.0), np.float64)
    return 1 - truck.suppression * np.clip(passing, 0, 1.6)


def drive(rng: np.random.Generator, truck: Truck, portal: Portal | None = None) -> Passage:
    """Drive the truck through and count."""
    portal = portal or Portal()
    seconds = (truck.length_m + 2 * _MARGIN_M) / truck.speed_m_s
    intervals = max(5, round(seconds / GAMMA_S))
    front = np.asarray((np.arange(intervals) + 0.5) * GAMMA_S * truck.speed_m_s - _MARGIN_M, np.float64)
    left = background_share(rng, truck, front)[:, None]
    background = np.array(portal.background_per_s)
    high_share = portal.background_high_share
    total = left * background
    high = total * high_share
    for source in truck.sources:
        every, above = gamma_rates(portal, source, front - source.along_m)
        total, high = total + every, high + above
    gamma_high = rng.poisson(high * GAMMA_S)
    gamma = gamma_high + rng.poisson((total - high) * GAMMA_S)
    learnt = rng.poisson(background * 20) / 20  # the monitor averages 20 s
    learnt_high = rng.poisson(background * high_share * 60) / 60
    return Passage(
        gamma=gamma,
        gamma_high=gamma_high,
        neutron=_neutrons(rng, truck, portal, seconds),
        background=learnt,
        background_high=learnt_high,
        neutron_background=rng.poisson(np.array(portal.neutron_background_per_s) * 120) / 120,
        speed_m_s=truck.speed_m_s,
    )


def _neutrons(rng: np.random.Generator, truck: Truck, portal: Portal, seconds: float) -> NDArray[np.int64]:
    moments = (np.arange(max(1, round(seconds / NEUTRON_S))) + 0.5) * NEUTRON_S
    front = np.asarray(moments * truck.speed_m_s - _MARGIN_M, np.float64)
    rate = np.tile(np.array(portal.neutron_background_per_s), (len(moments), 1))
    for source in truck.sources:
        rate = rate + neutron_rates(portal, source, front - source.along_m)
    return rng.poisson(rate * NEUTRON_S).reshape(len(moments), PANELS)
