"""Reads the edition of 2006 (ANSI N42.42-2006): ``N42InstrumentData``, mapped to the terms of 2011.

That edition nests loosely and instruments differ, so spectra, count data and nuclides are looked for
anywhere below a Measurement.
"""

from __future__ import annotations

from gate_agent.radiation.n42_model import (
    AnalysisResults,
    Detector,
    DoseRate,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    N42Document,
    Nuclide,
    RadAlarm,
    RadMeasurement,
    Spectrum,
)
from gate_agent.radiation.n42_values import channels, counts, date_time, duration_s, number, numbers, text
from gate_agent.radiation.n42_xml import (
    Element,
    Notes,
    attribute,
    child,
    child_text,
    children,
    descendants,
    path,
)

INSTRUMENT_CLASSES = {
    "portalmonitor": "Portal Monitor",
    "specportal": "Spectroscopic Portal Monitor",
    "radionuclideidentifier": "Radionuclide Identifier",
    "personalradiationdetector": "Personal Radiation Detector",
    "surveymeter": "Gamma Handheld",
    "spectrometer": "Other",
}
"""InstrumentType of 2006 to RadInstrumentClassCode of 2011."""
_CLASSES = {"background": "Background", "calibration": "Calibration", "foreground": "Foreground"}
_ALARMS = ("gamma", "neutron")


def read(root: Element, notes: Notes) -> N42Document:
    """The document; what is malformed is left out and noted."""
    measurements = list(descendants(root, "Measurement"))
    if not measurements:
        notes.repaired("Measurement", "missing")
    calibrations: dict[str, EnergyCalibration] = {}
    read_all = tuple(
        _measurement(element, number, calibrations, notes) for number, element in enumerate(measurements, 1)
    )
    used = {part.detector for m in read_all for part in (*m.spectra, *m.gross_counts, *m.dose_rates)}
    return N42Document(
        instrument=_instrument(root),
        detectors=tuple(Detector(name, _category(name), "Other", name) for name in sorted(used)),
        measurements=read_all,
        analyses=tuple(
            _analysis(found, f"Measurement-{number}")
            for number, element in enumerate(measurements, 1)
            for found in descendants(element, "AnalysisResults")
        ),
        calibrations=tuple(calibrations.values()),
        item=_item(root),
        uuid=attribute(root, "n42DocUUID"),
        edition=2006,
    )


def _instrument(root: Element) -> Instrument:
    element = next(descendants(root, "InstrumentInformation"), None)
    if element is None:
        return Instrument("", "", "Other")
    told = text(child_text(element, "InstrumentType"))
    return Instrument(
        manufacturer=text(child_text(element, "Manufacturer")),
        model=text(child_text(element, "InstrumentModel")),
        instrument_class=INSTRUMENT_CLASSES.get(told.casefold().replace(" ", ""), told or "Other"),
        identifier=text(child_text(element, "InstrumentID")),
        versions=(("Software", text(child_text(element, "InstrumentVersion")) or "unknown"),),
    )


def _item(root: Element) -> str:
    element = next(descendants(root, "MeasuredItemInformation"), None)
    return "" if element is None else text(child_text(element, "ItemDescription"))


def _category(detector: str) -> str:
    name = detector.casefold()
    return "Neutron" if "neutron" in name or name.endswith("n") else "Gamma"


def _measurement(
    element: Element, number_: int, calibrations: dict[str, EnergyCalibration], notes: Notes
) -> RadMeasurement:
    spectra: list[Spectrum] = []
    for place, found in enumerate(descendants(element, "Spectrum"), 1):
        spectrum = notes.attempt(
            lambda found=found, place=place: _spectrum(found, f"Spectrum-{number_}-{place}", calibrations)
        )
        if spectrum is not None:
            spectra.append(spectrum)
    gross: list[GrossCounts] = []
    doses: list[DoseRate] = []
    for place, found in enumerate(descendants(element, "CountDoseData"), 1):
        _count_dose(found, f"{number_}-{place}", gross, doses, notes)
    start = next((s for name in ("StartTime", "MeasurementTime") for s in descendants(element, name)), None)
    occupied = next(descendants(element, "OccupancyNumber"), None) is not None
    return RadMeasurement(
        id=attribute(element, "id") or f"Measurement-{number_}",
        measurement_class=_measurement_class(element),
        start="" if start is None else _start(start, notes),
        real_time_s=_real_time_s(element, notes),
        spectra=tuple(spectra),
        gross_counts=tuple(gross),
        dose_rates=tuple(doses),
        speed_m_s=_speed(element, notes),
        occupied=True if occupied else None,
    )


def _measurement_class(element: Element) -> str:
    for found in (element, *descendants(element, "Spectrum")):
        told = attribute(found, "MeasurementClass") or text(child_text(found, "SourceType"))
        if told.casefold() in _CLASSES:
            return _CLASSES[told.casefold()]
    return "Foreground" if next(descendants(element, "Spectrum"), None) is not None else "NotSpecified"


def _start(element: Element, notes: Notes) -> str:
    return notes.attempt(lambda: date_time(element.text, path(element))) or ""


def _real_time_s(element: Element, notes: Notes) -> float | None:
    for name in ("RealTime", "SampleRealTime"):
        for found in descendants(element, name):
            return notes.attempt(lambda found=found: duration_s(found.text, path(found)))
    return None


def _speed(element: Element, notes: Notes) -> float | None:
    found = next(descendants(element, "Speed"), None)
    if found is None:
        return None
    speed = notes.attempt(lambda: number(found.text, path(found)))
    if speed is None or attribute(found, "Units").casefold() in ("", "m/s"):
        return speed
    factors = {"mph": 0.44704, "km/h": 1 / 3.6, "kph": 1 / 3.6, "kmh": 1 / 3.6}
    factor = factors.get(attribute(found, "Units").casefold())
    if factor is None:
        notes.repaired(path(found), f"left out: a speed in {attribute(found, 'Units')[:16]!r}")
        return None
    return speed * factor


def _spectrum(element: Element, name: str, calibrations: dict[str, EnergyCalibration]) -> Spectrum:
    data = child(element, "ChannelData")
    compression = "" if data is None else attribute(data, "Compression")
    live = child_text(element, "LiveTime")
    return Spectrum(
        id=attribute(element, "id") or name,
        counts=channels(child_text(element, "ChannelData"), compression, f"{path(element)}/ChannelData"),
        live_time_s=None if live is None else duration_s(live, f"{path(element)}/LiveTime"),
        detector=attribute(element, "Detector") or attribute(element, "DetectorType") or "Gamma",
        calibration=_calibration(element, calibrations),
    )


def _calibration(element: Element, calibrations: dict[str, EnergyCalibration]) -> str:
    """Notes the spectrum's own energy polynomial, once for each that differs; gives its id."""
    for found in children(element, "Calibration"):
        if attribute(found, "Type").casefold() not in ("", "energy"):
            continue
        told = next(descendants(found, "Coefficients"), None)
        if told is None:
            continue
        coefficients = numbers(told.text, path(told))
        known = next((c.id for c in calibrations.values() if c.coefficients == coefficients), "")
        if known:
            return known
        name = attribute(found, "id") or f"EnergyCalibration-{len(calibrations) + 1}"
        calibrations[name] = EnergyCalibration(name, coefficients)
        return name
    return attribute(element, "CalibrationIDs").split(" ")[0]


def _count_dose(
    element: Element, name: str, gross: list[GrossCounts], doses: list[DoseRate], notes: Notes
) -> None:
    detector = attribute(element, "DetectorType") or attribute(element, "Detector") or "Gamma"
    counted = child_text(element, "Counts")
    if counted is not None:
        real = child_text(element, "SampleRealTime")
        values = notes.attempt(lambda: counts(counted, f"{path(element)}/Counts"))
        time_s = (
            None
            if real is None
            else notes.attempt(lambda: duration_s(real, f"{path(element)}/SampleRealTime"))
        )
        if values is not None:
            gross.append(GrossCounts(f"GrossCounts-{name}", values, time_s, detector))
    dose = child_text(element, "DoseRate")
    if dose is not None:
        value = notes.attempt(lambda: number(dose, f"{path(element)}/DoseRate"))
        if value is not None:
            doses.append(DoseRate(f"DoseRate-{name}", value, detector))


def _analysis(element: Element, measurement: str) -> AnalysisResults:
    nuclides = tuple(
        Nuclide(
            name=text(child_text(found, "NuclideName")),
            identified=True,
            confidence=text(
                child_text(found, "NuclideIDConfidenceIndication")
                or child_text(found, "NuclideIDConfidenceDescription")
                or child_text(found, "NuclideIDConfidence")
            ),
            category=text(child_text(found, "NuclideType")),
        )
        for found in descendants(element, "Nuclide")
        if child(found, "NuclideName") is not None
    )
    threat = text(child_text(element, "ThreatDescription"))
    alarms = tuple(
        RadAlarm(kind.capitalize(), description=text(found.text))
        for kind in _ALARMS
        for found in descendants(element, f"{kind.capitalize()}Alarm")
        if text(found.text).casefold() in ("true", "1", "alarm")
    )
    return AnalysisResults(description=threat, alarms=alarms, nuclides=nuclides, measurements=(measurement,))
