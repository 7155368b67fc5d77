"""An N42.42 document as the agent keeps it: ANSI/IEEE N42.42-2011 (IEC 62755) terms, either edition read.

Energies are keV, durations seconds, speeds m/s, dose rates µSv/h. Times are RFC 3339 text as the instrument
wrote them, because an instrument without a time zone means its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEASUREMENT_CLASSES = ("Foreground", "Background", "Calibration", "IntrinsicActivity", "NotSpecified")
INSTRUMENT_CLASSES = (
    *("Backpack", "Dosimeter", "Electronic Personal Emergency Radiation Detector", "Mobile System"),
    *("Network Area Monitor", "Neutron Handheld", "Personal Radiation Detector", "Radionuclide Identifier"),
    *("Portal Monitor", "Spectroscopic Portal Monitor", "Spectroscopic Personal Radiation Detector"),
    *("Gamma Handheld", "Transportable System", "Other"),
)
DETECTOR_CATEGORIES = ("Gamma", "Neutron", "Alpha", "Beta", "X-ray", "Other")
DETECTOR_KINDS = (
    *("HPGe", "HPXe", "NaI", "LaBr3", "LaCl3", "BGO", "CZT", "CdTe", "CsI", "GMT", "GMTW", "LiFiber"),
    *("PVT", "PS", "He3", "He4", "LiGlass", "LiI", "SrI2", "CLYC", "CdWO4", "BF3", "HgI2", "CeBr4"),
    *("LiCAF", "LiZnS", "Other"),
)
ALARM_CATEGORIES = ("Neutron", "Gamma", "Alpha", "Beta", "Isotope", "Other")
FAULT_SEVERITIES = ("Fatal", "Error", "Warning")


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that was wrong with the document and how it was read all the same.

    `harmless`: no count can be missing or misplaced by it, as when the document lay in an envelope.
    """

    where: str
    what: str
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """RadInstrumentInformation. `versions` are (component, version) pairs."""

    manufacturer: str
    model: str
    instrument_class: str
    identifier: str = ""
    description: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    id: str = "RadInstrumentInformation-1"


@dataclass(frozen=True, slots=True)
class Detector:
    """RadDetectorInformation."""

    id: str
    category: str
    kind: str
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class EnergyWindows:
    """Which energies the values of a CountData belong to: starts and ends in keV."""

    id: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EnergyCalibration:
    """Energy of channel x: polynomial coefficients (0 order first), or the channels' boundaries."""

    id: str
    coefficients: tuple[float, ...] = ()
    boundaries: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Counts per channel. `live_time_s` None: the document does not say."""

    id: str
    counts: NDArray[np.float64]
    live_time_s: float | None = None
    detector: str = ""
    calibration: str = ""


@dataclass(frozen=True, slots=True)
class GrossCounts:
    """Counts of one detector, one value per energy window."""

    id: str
    counts: tuple[float, ...]
    live_time_s: float | None = None
    detector: str = ""
    windows: str = ""


@dataclass(frozen=True, slots=True)
class DoseRate:
    """A dose rate in µSv/h."""

    id: str
    value: float
    detector: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the instrument says is wrong with itself."""

    code: str
    description: str
    severity: str


@dataclass(frozen=True, slots=True, eq=False)
class RadMeasurement:
    """One measurement. `occupied` is the OccupancyIndicator, None when the document does not say.

    `sample` is the SampleNumber of a time series of 2006; the edition of 2011 has no place for it.
    """

    id: str
    measurement_class: str
    start: str
    real_time_s: float | None
    spectra: tuple[Spectrum, ...] = ()
    gross_counts: tuple[GrossCounts, ...] = ()
    dose_rates: tuple[DoseRate, ...] = ()
    faults: tuple[Fault, ...] = ()
    speed_m_s: float | None = None
    occupied: bool | None = None
    groups: tuple[str, ...] = ()
    sample: int | None = None


@dataclass(frozen=True, slots=True)
class RadAlarm:
    """An alarm of the instrument: Gamma, Neutron, …"""

    category: str
    detectors: tuple[str, ...] = ()
    description: str = ""
    light: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Nuclide:
    """A nuclide that an analysis named. `confidence` as the instrument put it: a number or a word."""

    name: str
    identified: bool
    confidence: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class AnalysisResults:
    """What one analysis concluded."""

    algorithm: str = ""
    version: str = ""
    description: str = ""
    alarms: tuple[RadAlarm, ...] = ()
    nuclides: tuple[Nuclide, ...] = ()
    faults: tuple[Fault, ...] = ()
    measurements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class N42Document:
    """One document. `edition` is 2006 or 2011; `ignored` names elements that this model has no place for."""

    instrument: Instrument
    detectors: tuple[Detector, ...]
    measurements: tuple[RadMeasurement, ...]
    analyses: tuple[AnalysisResults, ...] = ()
    windows: tuple[EnergyWindows, ...] = ()
    calibrations: tuple[EnergyCalibration, ...] = ()
    item: str = ""
    uuid: str = ""
    creator: str = ""
    edition: int = 2011
    repairs: tuple[Repair, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def alarms(self) -> tuple[RadAlarm, ...]:
        return tuple(alarm for analysis in self.analyses for alarm in analysis.alarms)

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        return tuple(nuclide for analysis in self.analyses for nuclide in analysis.nuclides)
