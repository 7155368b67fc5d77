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
    GrossCounts,
    Instrument,
    N42Document,
    RadAlarm,
    RadMeasurement,
)
from gate_agent.radiation.profile import Background, OccupancyProfile, lengths

MAX_DETECTORS = 64
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
        *_intervals("G", profile.gamma, profile.gamma_edges_s, gamma, started, speed),
        *_intervals("N", profile.neutron, profile.neutron_edges_s, neutron, started, speed),
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
    edges_s: NDArray[np.float64],
    detectors: Sequence[Detector],
    started: datetime,
    speed: float | None,
) -> list[RadMeasurement]:
    found: list[RadMeasurement] = []
    for number, row in enumerate(counts.tolist()):
        begin, end = float(edges_s[number]), float(edges_s[number + 1])
        seconds = round(end - begin, 6)  # what a document's durations carry
        gross = tuple(
            GrossCounts(f"{prefix}-{number}-{detector.id}", (value,), seconds, detector.id)
            for detector, value in zip(detectors, row, strict=True)
            if math.isfinite(value)
        )
        at = (started + timedelta(seconds=begin)).isoformat()
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
    counter = _Counter(document)
    gamma, gamma_s = counter.matrix(inside, counter.gammas)
    neutron, neutron_s = counter.matrix(inside, counter.neutrons)
    (gamma_interval_s, gamma_lengths_s), (neutron_interval_s, neutron_lengths_s) = gamma_s, neutron_s
    speeds = [m.speed_m_s for m in inside if m.speed_m_s is not None]
    alarmed = {alarm.category for alarm in document.alarms}
    return OccupancyProfile(
        gamma=gamma,
        neutron=neutron,
        # An alarm of the document is the vehicle's, not an interval's: mark all.
        gamma_alarms=np.full(len(gamma), "Gamma" in alarmed),
        neutron_alarms=np.full(len(neutron), "Neutron" in alarmed),
        background=counter.background(outside) if outside else None,
        gamma_interval_s=gamma_interval_s,
        neutron_interval_s=neutron_interval_s,
        gamma_lengths_s=gamma_lengths_s,
        neutron_lengths_s=neutron_lengths_s,
        speed_km_h=float(np.median(speeds)) * 3.6 if speeds else None,
        complete=counter.complete and all(repair.harmless for repair in document.repairs),
    )


def _counted(measurement: RadMeasurement) -> bool:
    return bool(measurement.gross_counts or measurement.spectra)


class _Counter:
    """Counts of a document's detectors, gammas and neutrons apart; not `complete` when one cannot be used."""

    def __init__(self, document: N42Document) -> None:
        self.complete = True
        self.gammas = self._detectors(document, "Gamma")
        self.neutrons = self._detectors(document, "Neutron")
        self._windows = {windows.id: windows for windows in document.windows}

    def _detectors(self, document: N42Document, category: str) -> list[str]:
        found = [d.id for d in document.detectors if d.category == category]
        if len(found) > MAX_DETECTORS:
            self.complete = False
        return found[:MAX_DETECTORS]

    def matrix(
        self, measurements: Sequence[RadMeasurement], names: list[str]
    ) -> tuple[NDArray[np.float64], tuple[float, tuple[float, ...]]]:
        """Counts (measurement, detector) and the intervals' lengths; one without any is left out."""
        rows: list[list[float]] = []
        seconds: list[float] = []
        for measurement in measurements:
            counts = self._counts(measurement)
            if not any(name in counts for name in names):
                continue
            rows.append([counts.get(name, (math.nan, None))[0] for name in names])
            seconds.append(measurement.real_time_s or math.nan)
        matrix = np.array(rows, np.float64) if rows else np.empty((0, len(names)))
        return matrix, self._lengths(seconds)

    def _lengths(self, seconds: list[float]) -> tuple[float, tuple[float, ...]]:
        told = [length for length in seconds if not math.isnan(length)]
        if not told:
            self.complete = self.complete and not seconds
            return 1.0, ()
        if len(told) < len(seconds):
            self.complete = False
        usual = float(np.median(told))
        return lengths([usual if math.isnan(length) else length for length in seconds])

    def background(self, measurements: Sequence[RadMeasurement]) -> Background:
        """Counts per second and detector over all background measurements."""
        totals: dict[str, list[float]] = {}
        for measurement in measurements:
            for name, (count, live_time_s) in self._counts(measurement).items():
                seconds = live_time_s or measurement.real_time_s or 0.0
                total = totals.setdefault(name, [0.0, 0.0])
                total[0] += count
                total[1] += seconds
        rate = {name: count / seconds for name, (count, seconds) in totals.items() if seconds > 0}
        return Background(
            gamma=tuple(rate.get(name, math.nan) for name in self.gammas),
            neutron=tuple(rate.get(name, math.nan) for name in self.neutrons),
            age_s=0.0,
        )

    def _counts(self, measurement: RadMeasurement) -> dict[str, tuple[float, float | None]]:
        """Count and live time of each detector.

        A gamma detector counts by its first spectrum where it has one: a gross count that refers to it may be
        another's (:mod:`gate_agent.radiation.n42_references`).
        """
        gross: dict[str, list[GrossCounts]] = {}
        for part in measurement.gross_counts:
            gross.setdefault(part.detector, []).append(part)
        found = {name: (self._sum(parts), parts[0].live_time_s) for name, parts in gross.items()}
        for spectrum in reversed(measurement.spectra):
            if spectrum.detector in self.gammas or spectrum.detector not in gross:
                found[spectrum.detector] = (float(spectrum.counts.sum()), spectrum.live_time_s)
        return found

    def _sum(self, parts: Sequence[GrossCounts]) -> float:
        """All that one detector counted: of overlapping windows the widest, of equal ones the first."""
        spans: list[tuple[float, float, float]] = []
        for part in parts:
            windows = self._windows.get(part.windows)
            if windows is None:
                spans.append((-math.inf, math.inf, float(sum(part.counts))))
            else:
                spans += zip(windows.starts, windows.ends, part.counts, strict=False)
        chosen: list[tuple[float, float, float]] = []
        for start, end, count in sorted(spans, key=lambda span: span[0] - span[1]):
            if all(end <= other[0] or start >= other[1] for other in chosen):
                chosen.append((start, end, count))
        return sum(count for *_, count in chosen)
