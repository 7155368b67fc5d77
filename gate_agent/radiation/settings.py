"""How a station judges a truck's radiation profile."""

from __future__ import annotations

from pydantic import Field

from gate_agent.settings import Settings


class RadiationSettings(Settings):
    """The agent's own alarm computation, beside the monitor's."""

    n_sigma: float = Field(
        default=5.0,
        ge=2,
        le=20,
        description="gamma alarm: so many standard deviations of the background above the background",
    )
    window_s: float = Field(
        default=1.0,
        ge=0.1,
        le=10,
        description="gamma counts are summed over so many seconds, whatever the monitor's intervals",
    )
    contrast_sigma: float = Field(
        default=12.0,
        ge=4,
        le=50,
        description="local excess over the truck's own suppressed background that is reported, deviations",
    )
    neutron_false_alarm: float = Field(
        default=1e-7,
        gt=0,
        le=1e-2,
        description="neutron alarm: probability that the background alone gives such a count in one window",
    )
    neutron_window_s: float = Field(
        default=4.0, ge=1, le=60, description="neutrons are summed over 1 s and more, up to so many seconds"
    )
    background_max_age_s: float = Field(
        default=120.0, ge=5, le=3600, description="a background older than this judges nothing, seconds"
    )
    background_drift: float = Field(
        default=0.25,
        gt=0,
        le=2,
        description="share by which the background may differ from its long mean before it is reported",
    )
    background_memory_s: float = Field(
        default=900.0, ge=60, le=86_400, description="time constant of the background's long mean, seconds"
    )
    least_s: float = Field(
        default=2.0,
        ge=0.1,
        le=200,
        description="a profile with less gamma counts, in seconds, is no whole truck",
    )
    longest_occupancy_s: float = Field(
        default=600.0, ge=10, le=7200, description="an occupancy is ended after so long, seconds"
    )
    occupancy_gap_s: float = Field(
        default=8.0, ge=1, le=120, description="without counts for so long, an occupancy is over, seconds"
    )
