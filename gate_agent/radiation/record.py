"""An occupancy profile as an N42.42 document and back: what is kept, and what other systems read.

Each interval becomes one RadMeasurement with a GrossCounts per detector, after the background's; the
monitor's and the agent's alarms are two AnalysisResults. A spectroscopic portal's document becomes a profile
likewise.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gate_agent.radiation.alarm import RadiationFinding
from gate_agent.radiation.check import ALGORITHM
from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42_model import (
    AnalysisResults,
    Detector,
    EnergyWindows,
    GrossCounts,
    Instrument,
    N42Document,
    RadAlarm,
    RadMeasurement,
)
from gate_agent.radiation.profile import Background, OccupancyProfile

MAX_DETECTORS = 16
_GROUP = "Occupancy"


def document_of(
    profile: OccupancyProfile,
    finding: RadiationFinding,
    instrument: Instrument,
    *,
    started: datetime,
    item: str = "",
) -> N42Document:
    """The document of one vehicle; `started` is the time of the first interval, with its time zone."""
    gamma = tuple(Detector(f"G{n + 1}", "Gamma", "PVT") for n in range(profile.gamma.shape[1]))
    neutron = tuple(Detector(f"N{n + 1}", "Neutron", "He3") for n in range(profile.neutron.shape[1]))
    speed = None if profile.speed_km_h is None else profile.speed_km_h / 3.6
    measurements = [
        *_background(profile, gamma, neutron, started),
        *_intervals("G", profile.gamma, profile.gamma_interval_s, gamma, started, speed),
        *_intervals("N", profile.neutron, profile.neutron_interval_s, neutron, started, speed),
    ]
    return N42Document(
        instrument=instrument,
        detectors=(*gamma, *neutron),
        measurements=tuple(measurements),
        analyses=_analyses(profile, finding, gamma, neutron),
        item=item,
        uuid=str(uuid.uuid4()),
        creator="gate-agent",
    )


def _background(
    profile: OccupancyProfile, gamma: Sequence[Detector], neutron: Sequence[Detector], started: datetime
) -> list[RadMeasurement]:
    if profile.background is None:
        return []
    rates = [
        *zip(gamma, profile.background.gamma, strict=False),
        *zip(neutron, _shared_out(profile.background.neutron, len(neutron)), strict=False),
    ]
    counts = tuple(
        GrossCounts(f"B-{detector.id}", (rate,), 1.0, detector.id)
        for detector, rate in rates
        if math.isfinite(rate)
    )
    at = (started - timedelta(seconds=profile.background.age_s)).isoformat()
    return [RadMeasurement("B", "Background", at, 1.0, gross_counts=counts, occupied=False, groups=(_GROUP,))]


def _shared_out(rates: Sequence[float], detectors: int) -> Sequence[float]:
    """A rate that the monitor told for all tubes together, in equal parts."""
    return [rates[0] / detectors] * detectors if len(rates) == 1 and detectors > 1 else rates


def _intervals(
    prefix: str,
    counts: NDArray[np.float64],
    seconds: float,
    detectors: Sequence[Detector],
    started: datetime,
    speed: float | None,
) -> list[RadMeasurement]:
    found: list[RadMeasurement] = []
    for number, row in enumerate(counts.tolist()):
        gross = tuple(
            GrossCounts(f"{prefix}-{number}-{detector.id}", (value,), seconds, detector.id)
            for detector, value in zip(detectors, row, strict=True)
            if math.isfinite(value)
        )
        at = (started + timedelta(seconds=number * seconds)).isoformat()
        found.append(
            RadMeasurement(
                f"{prefix}-{number}",
                "Foreground",
                at,
                seconds,
                gross_counts=gross,
                speed_m_s=speed,
                occupied=True,
                groups=(_GROUP,),
            )
        )
    return found


def _analyses(
    profile: OccupancyProfile,
    finding: RadiationFinding,
    gamma: Sequence[Detector],
    neutron: Sequence[Detector],
) -> tuple[AnalysisResults, ...]:
    def alarms(*, of_gamma: bool, of_neutron: bool) -> tuple[RadAlarm, ...]:
        rows = (("Gamma", of_gamma, gamma), ("Neutron", of_neutron, neutron))
        return tuple(
            RadAlarm(name, tuple(d.id for d in them)) for name, is_on, them in rows if is_on and them
        )

    own = alarms(of_gamma=finding.gamma_alarm, of_neutron=finding.neutron_alarm)
    monitor = alarms(of_gamma=profile.device_gamma_alarm, of_neutron=profile.device_neutron_alarm)
    sigma = f"{finding.gamma_sigma:.2f}" if math.isfinite(finding.gamma_sigma) else "unknown"
    return (
        AnalysisResults("portal monitor", alarms=monitor, groups=(_GROUP,)),
        AnalysisResults("gate-agent", ALGORITHM, f"gamma sigma {sigma}", own, groups=(_GROUP,)),
    )


# ---------------------------------------------------------------- documents of portals


def profile_of(document: N42Document) -> OccupancyProfile:
    """The profile in a portal's document. Raises N42Error when nothing in it was counted in a vehicle.

    A measurement belongs to the vehicle when its OccupancyIndicator says so, or its class is Foreground where
    no measurement has the indicator. Energy windows are summed, of overlapping ones the widest.
    """
    told = any(m.occupied is not None for m in document.measurements)
    inside = [
        m
        for m in document.measurements
        if (m.occupied if told else m.measurement_class == "Foreground") and _counted(m)
    ]
    if not inside:
        raise N42Error("no measurement with a vehicle in the portal", field="OccupancyIndicator")
    outside = [m for m in document.measurements if m.measurement_class == "Background" and not m.occupied]
    names = {kind: _detectors(document, kind) for kind in ("Gamma", "Neutron")}
    windows = {w.id: _apart(w) for w in document.windows}
    gamma, gamma_s = _matrix(inside, names["Gamma"], windows)
    neutron, neutron_s = _matrix(inside, names["Neutron"], windows)
    speeds = [m.speed_m_s for m in inside if m.speed_m_s is not None]
    alarmed = {alarm.category for alarm in document.alarms}
    return OccupancyProfile(
        gamma=gamma,
        neutron=neutron,
        # An alarm of the document is the vehicle's, not an interval's: mark all.
        gamma_alarms=np.full(len(gamma), "Gamma" in alarmed),
        neutron_alarms=np.full(len(neutron), "Neutron" in alarmed),
        background=_rates(outside, names, windows) if outside else None,
        gamma_interval_s=gamma_s,
        neutron_interval_s=neutron_s,
        speed_km_h=float(np.median(speeds)) * 3.6 if speeds else None,
        complete=not document.repairs,
    )


def _counted(measurement: RadMeasurement) -> bool:
    return bool(measurement.gross_counts or measurement.spectra)


def _detectors(document: N42Document, category: str) -> list[str]:
    return [d.id for d in document.detectors if d.category == category][:MAX_DETECTORS]


def _apart(windows: EnergyWindows) -> tuple[int, ...]:
    """The places of windows that do not overlap, the widest first."""
    spans = list(zip(windows.starts, windows.ends, strict=False))
    chosen: list[int] = []
    for place in sorted(range(len(spans)), key=lambda n: spans[n][0] - spans[n][1]):
        start, end = spans[place]
        if all(end <= spans[other][0] or start >= spans[other][1] for other in chosen):
            chosen.append(place)
    return tuple(chosen)


def _sum(gross: GrossCounts, windows: dict[str, tuple[int, ...]]) -> float:
    places = windows.get(gross.windows, tuple(range(len(gross.counts))))
    return float(sum(gross.counts[place] for place in places if place < len(gross.counts)))


def _counts(
    measurement: RadMeasurement, windows: dict[str, tuple[int, ...]]
) -> dict[str, tuple[float, float | None]]:
    """Counts and live time per detector: gross counts where there are any, else the spectrum's sum."""
    found = {s.detector: (float(s.counts.sum()), s.live_time_s) for s in measurement.spectra}
    found |= {g.detector: (_sum(g, windows), g.live_time_s) for g in measurement.gross_counts}
    return found


def _matrix(
    measurements: Sequence[RadMeasurement], names: list[str], windows: dict[str, tuple[int, ...]]
) -> tuple[NDArray[np.float64], float]:
    rows: list[list[float]] = []
    seconds: list[float] = []
    for measurement in measurements:
        counts = _counts(measurement, windows)
        if not any(name in counts for name in names):
            continue
        rows.append([counts.get(name, (math.nan, None))[0] for name in names])
        if measurement.real_time_s:
            seconds.append(measurement.real_time_s)
    matrix = np.array(rows, np.float64) if rows else np.empty((0, len(names)))
    return matrix, float(np.median(seconds)) if seconds else 1.0


def _rates(
    measurements: Sequence[RadMeasurement], names: dict[str, list[str]], windows: dict[str, tuple[int, ...]]
) -> Background:
    """Counts per second and detector over all background measurements."""
    totals: dict[str, list[float]] = {}
    for measurement in measurements:
        for name, (count, live_time_s) in _counts(measurement, windows).items():
            seconds = live_time_s or measurement.real_time_s or 0.0
            total = totals.setdefault(name, [0.0, 0.0])
            total[0] += count
            total[1] += seconds
    rate = {name: count / seconds for name, (count, seconds) in totals.items() if seconds > 0}
    return Background(
        gamma=tuple(rate.get(name, math.nan) for name in names["Gamma"]),
        neutron=tuple(rate.get(name, math.nan) for name in names["Neutron"]),
        age_s=0.0,
    )
