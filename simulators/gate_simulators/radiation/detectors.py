"""Four plastic scintillators and neutron tubes beside a lane: what they count of a source at a place.

Two pillars, each with an upper and a lower gamma panel (PVT) and moderated helium tubes. Numbers are chosen
so that an empty portal counts what real ones do (about 400 gammas per second and panel, 2.4 neutrons in all).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_simulators.radiation.sources import (
    GAMMA_LINES,
    NEUTRONS_PER_DECAY,
    Source,
    attenuation_cm2_g,
    transmission,
)

PANELS = 4
WINDOW_KEV = 400.0
"""Boundary between the low and the high energy window."""


@dataclass(frozen=True, slots=True)
class Portal:
    """Geometry and response. Panels in the order: near lower, near upper, far lower, far upper."""

    lane_width_m: float = 5.0
    heights_m: tuple[float, float] = (0.8, 2.4)
    panel_m2: float = 0.11
    panel_cm: float = 3.8
    threshold_kev: float = 45.0
    neutron_panel_m2: float = 0.10
    neutron_efficiency: float = 0.12
    background_per_s: tuple[float, float, float, float] = (390.0, 390.0, 430.0, 425.0)
    background_high_share: float = 0.36
    """Share of the background above WINDOW_KEV."""
    neutron_background_per_s: tuple[float, float, float, float] = (0.6, 0.6, 0.6, 0.6)

    def places(self) -> NDArray[np.float64]:
        """(panel, [off, height])"""
        near, far = -self.lane_width_m / 2, self.lane_width_m / 2
        low, high = self.heights_m
        return np.array([(near, low), (near, high), (far, low), (far, high)])


def solid_angle_share(
    portal: Portal, source: Source, ahead_m: NDArray[np.float64], panel_m2: float
) -> NDArray[np.float64]:
    """Share of all directions that a panel covers, (place, panel), for a source `ahead_m` along the lane."""
    points = np.array([0.0])
    if source.length_m > 0:
        points = (np.arange(16) + 0.5) / 16 * source.length_m - source.length_m / 2
    along = ahead_m[:, None, None] + points[None, None, :]
    places = portal.places()
    across = np.abs(places[:, 0] - source.off_m)[None, :, None]
    up = (places[:, 1] - source.height_m)[None, :, None]
    distance2 = along**2 + across**2 + up**2
    return (panel_m2 * across / np.sqrt(distance2) / (4 * np.pi * distance2)).mean(axis=2)


def gamma_efficiency(portal: Portal, kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of photons on a panel that it counts: interaction times deposit above threshold.

    In plastic a photon deposits energy by Compton scattering only, about evenly up to the Compton edge.
    """
    interacts = 1 - np.exp(-attenuation_cm2_g("water", kev) * 1.03 * portal.panel_cm)
    return interacts * np.clip(1 - portal.threshold_kev / compton_edge_kev(kev), 0.05, 1.0)


def compton_edge_kev(kev: NDArray[np.float64]) -> NDArray[np.float64]:
    return kev / (1 + 511.0 / (2 * kev))


def gamma_rates(
    portal: Portal, source: Source, ahead_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts per second (place, panel) in all, and of these above WINDOW_KEV."""
    lines = GAMMA_LINES.get(source.nuclide, ())
    none = np.zeros((len(ahead_m), PANELS))
    if not lines:
        return none, none
    kev, per_decay = np.array(lines).T
    counted = (
        source.activity_bq * per_decay * transmission(source.shields, kev) * gamma_efficiency(portal, kev)
    )
    edge = compton_edge_kev(kev)
    usable = np.maximum(edge - portal.threshold_kev, 1.0)
    high = counted * np.clip((edge - WINDOW_KEV) / usable, 0.0, 1.0)
    share = solid_angle_share(portal, source, ahead_m, portal.panel_m2)
    return share * counted.sum(), share * high.sum()


def neutron_rates(portal: Portal, source: Source, ahead_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts per second (place, panel). Hydrogen before the source moderates and absorbs: 8 cm halve them."""
    emitted = source.activity_bq * NEUTRONS_PER_DECAY.get(source.nuclide, 0.0)
    water_cm = sum(shield.cm for shield in source.shields if shield.material == "water")
    emitted *= 0.5 ** (water_cm / 8.0)
    share = solid_angle_share(portal, source, ahead_m, portal.neutron_panel_m2)
    return share * emitted * portal.neutron_efficiency
