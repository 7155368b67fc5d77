"""The radiation check: a truck's profile in, one :class:`CheckResult` out. An alarm of anybody fails it.

The monitor's alarm and the agent's own count alike: neither overrules the other. What cannot be judged is
inconclusive, never passed.
"""

from __future__ import annotations

import math

from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.radiation.alarm import RadiationFinding, judge
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings

CHECK = "radiation"
ALGORITHM = "n-sigma-1"
_TINY_S = 1e-6  # lengths are sums of binary fractions


def radiation_check(profile: OccupancyProfile | None, settings: RadiationSettings) -> CheckResult:
    """Judge a profile; None when the truck never passed the portal."""
    if profile is None:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("RPM_NOT_DONE",))
    finding = judge(profile, settings)
    alarms = _alarms(profile, finding)
    doubts = _doubts(profile, finding, settings)
    notes = ["RPM_CONTRAST"] if finding.contrast else []
    if alarms:
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.INCONCLUSIVE if doubts or finding.contrast else Outcome.PASSED
    return CheckResult(
        CHECK,
        outcome,
        (*alarms, *doubts, *notes),
        measured=_measured(profile, finding),
        versions={"algorithm": ALGORITHM},
    )


def _alarms(profile: OccupancyProfile, finding: RadiationFinding) -> list[str]:
    found = [
        *(["RPM_GAMMA_ALARM"] if finding.gamma_alarm else []),
        *(["RPM_NEUTRON_ALARM"] if finding.neutron_alarm else []),
    ]
    device = profile.device_gamma_alarm or profile.device_neutron_alarm
    if device:
        found.append("RPM_DEVICE_ALARM")
    if found and device != (finding.gamma_alarm or finding.neutron_alarm):
        found.append("RPM_DISAGREE")
    return found


def _doubts(profile: OccupancyProfile, finding: RadiationFinding, settings: RadiationSettings) -> list[str]:
    background = profile.background
    doubts: list[str] = []
    short = profile.gamma_edges_s[-1] < settings.least_s - _TINY_S or finding.unknown_share > 0
    if not profile.complete or short:
        doubts.append("RPM_PROFILE_INCOMPLETE")
    if background is None or background.age_s > settings.background_max_age_s or not finding.windows:
        doubts.append("RPM_NO_BACKGROUND")
    if background is not None and background.fault:
        doubts.append("RPM_BACKGROUND_FAULT")
    if background is not None and abs(background.drift) > settings.background_drift:
        doubts.append("RPM_BACKGROUND_DRIFT")
    if profile.tampered:
        doubts.append("RPM_TAMPER")
    return doubts


def _measured(profile: OccupancyProfile, finding: RadiationFinding) -> dict[str, Scalar]:
    """Finite numbers only: JSON has no NaN."""
    values: dict[str, float] = {
        "gamma_sigma": finding.gamma_sigma,
        "gamma_at_s": finding.gamma_at_s,
        "contrast_sigma": finding.contrast_sigma,
        "contrast_at_s": finding.contrast_at_s,
        "neutron_probability": finding.neutron_probability,
        "suppression": finding.suppression,
        "occupancy_s": profile.seconds,
        "speed_km_h": math.nan if profile.speed_km_h is None else profile.speed_km_h,
    }
    known = {name: float(f"{value:.6g}") for name, value in values.items() if math.isfinite(value)}
    return {**known, "windows": finding.windows, "lost_lines": profile.lost_lines}
