"""Reads the edition of 2011 (ANSI/IEEE N42.42-2011, IEC 62755): ``RadInstrumentData``."""

from __future__ import annotations

from collections.abc import Callable

from gate_agent.radiation.n42_model import (
    AnalysisResults,
    Detector,
    DoseRate,
    EnergyCalibration,
    EnergyWindows,
    Fault,
    GrossCounts,
    Instrument,
    N42Document,
    Nuclide,
    RadAlarm,
    RadMeasurement,
    Spectrum,
)
from gate_agent.radiation.n42_values import (
    MAX_CHANNELS,
    boolean,
    channels,
    counts,
    date_time,
    duration_s,
    number,
    numbers,
    text,
)
from gate_agent.radiation.n42_xml import (
    Element,
    Notes,
    Value,
    attribute,
    child,
    child_text,
    children,
    local,
    path,
)

_KNOWN = frozenset(
    {
        *("RadInstrumentDataCreatorName", "RadInstrumentInformation", "RadDetectorInformation"),
        *(
            "RadItemInformation",
            "RadMeasurement",
            "RadMeasurementGroup",
            "EnergyCalibration",
            "EnergyWindows",
        ),
        "AnalysisResults",
    }
)
_KNOWN_IN_MEASUREMENT = frozenset(
    {
        *("MeasurementClassCode", "StartDateTime", "RealTimeDuration", "Spectrum", "GrossCounts", "DoseRate"),
        *("RadInstrumentState", "RadItemState", "OccupancyIndicator"),
    }
)


def read(root: Element, notes: Notes) -> N42Document:
    """The document; what is malformed is left out and noted."""
    for element in root:
        if local(element) not in _KNOWN:
            notes.ignore(element)
    return N42Document(
        instrument=_instrument(child(root, "RadInstrumentInformation"), notes),
        detectors=tuple(_detector(element) for element in children(root, "RadDetectorInformation")),
        measurements=tuple(_measurement(element, notes) for element in children(root, "RadMeasurement")),
        analyses=tuple(_analysis(element, notes) for element in children(root, "AnalysisResults")),
        windows=_all(root, "EnergyWindows", _windows, notes),
        calibrations=_all(root, "EnergyCalibration", _calibration, notes),
        item=_item(root),
        uuid=attribute(root, "n42DocUUID"),
        creator=text(child_text(root, "RadInstrumentDataCreatorName")),
        edition=2011,
    )


def _all(parent: Element, name: str, read_one: Callable[[Element], Value], notes: Notes) -> tuple[Value, ...]:
    """Every child of that name which can be read."""
    found = (notes.attempt(lambda element=element: read_one(element)) for element in children(parent, name))
    return tuple(value for value in found if value is not None)


def _instrument(element: Element | None, notes: Notes) -> Instrument:
    if element is None:
        notes.repaired("RadInstrumentInformation", "missing")
        return Instrument("", "", "Other")
    versions = tuple(
        (
            text(child_text(version, "RadInstrumentComponentName")),
            text(child_text(version, "RadInstrumentComponentVersion")),
        )
        for version in children(element, "RadInstrumentVersion")
    )
    return Instrument(
        manufacturer=text(child_text(element, "RadInstrumentManufacturerName")),
        model=text(child_text(element, "RadInstrumentModelName")),
        instrument_class=text(child_text(element, "RadInstrumentClassCode")),
        identifier=text(child_text(element, "RadInstrumentIdentifier")),
        description=text(child_text(element, "RadInstrumentDescription")),
        versions=versions,
        id=attribute(element, "id"),
    )


def _detector(element: Element) -> Detector:
    return Detector(
        id=attribute(element, "id"),
        category=text(child_text(element, "RadDetectorCategoryCode")),
        kind=text(child_text(element, "RadDetectorKindCode")),
        name=text(child_text(element, "RadDetectorName")),
        description=text(child_text(element, "RadDetectorDescription")),
    )


def _item(root: Element) -> str:
    item = child(root, "RadItemInformation")
    return "" if item is None else text(child_text(item, "RadItemDescription"))


def _windows(element: Element) -> EnergyWindows:
    return EnergyWindows(
        id=attribute(element, "id"),
        starts=numbers(child_text(element, "WindowStartEnergyValues"), path(element)),
        ends=numbers(child_text(element, "WindowEndEnergyValues"), path(element)),
    )


def _calibration(element: Element) -> EnergyCalibration:
    return EnergyCalibration(
        id=attribute(element, "id"),
        coefficients=numbers(child_text(element, "CoefficientValues"), path(element)),
        boundaries=numbers(child_text(element, "EnergyBoundaryValues"), path(element), MAX_CHANNELS + 1),
    )


# ---------------------------------------------------------------- measurements


def _measurement(element: Element, notes: Notes) -> RadMeasurement:
    for part in element:
        if local(part) not in _KNOWN_IN_MEASUREMENT:
            notes.ignore(part)
    where = path(element)
    start = notes.attempt(lambda: date_time(child_text(element, "StartDateTime"), f"{where}/StartDateTime"))
    real_time = notes.attempt(
        lambda: duration_s(child_text(element, "RealTimeDuration"), f"{where}/RealTimeDuration")
    )
    state = child(element, "RadInstrumentState")
    return RadMeasurement(
        id=attribute(element, "id"),
        measurement_class=text(child_text(element, "MeasurementClassCode")) or "NotSpecified",
        start=start or "",
        real_time_s=real_time,
        spectra=_all(element, "Spectrum", lambda part: _spectrum(part, notes), notes),
        gross_counts=_all(element, "GrossCounts", _gross_counts, notes),
        dose_rates=_all(element, "DoseRate", _dose_rate, notes),
        faults=() if state is None else _faults(state),
        speed_m_s=_speed(element, notes),
        occupied=_occupied(element, where, notes),
        groups=tuple(attribute(element, "radMeasurementGroupReferences").split()),
    )


def _occupied(element: Element, where: str, notes: Notes) -> bool | None:
    told = child_text(element, "OccupancyIndicator")
    if told is None:
        return None
    return notes.attempt(lambda: boolean(told, f"{where}/OccupancyIndicator"))


def _speed(element: Element, notes: Notes) -> float | None:
    """Of the item that is measured (RadItemState), m/s."""
    for state in children(element, "RadItemState"):
        vector = child(state, "StateVector")
        told = None if vector is None else child_text(vector, "SpeedValue")
        if told is not None:
            return notes.attempt(lambda told=told, state=state: number(told, f"{path(state)}/SpeedValue"))
    return None


def _live_time_s(element: Element) -> float | None:
    told = child_text(element, "LiveTimeDuration")
    return None if told is None else duration_s(told, f"{path(element)}/LiveTimeDuration")


def _spectrum(element: Element, notes: Notes) -> Spectrum:
    data = child(element, "ChannelData")
    compression = "" if data is None else attribute(data, "compressionCode") or attribute(data, "Compression")
    values = channels(child_text(element, "ChannelData"), compression, f"{path(element)}/ChannelData")
    notes.charge(len(values))
    return Spectrum(
        id=attribute(element, "id"),
        counts=values,
        live_time_s=_live_time_s(element),
        detector=attribute(element, "radDetectorInformationReference").strip(),
        calibration=attribute(element, "energyCalibrationReference"),
    )


def _gross_counts(element: Element) -> GrossCounts:
    return GrossCounts(
        id=attribute(element, "id"),
        counts=counts(child_text(element, "CountData"), f"{path(element)}/CountData"),
        live_time_s=_live_time_s(element),
        detector=attribute(element, "radDetectorInformationReference").strip(),
        windows=attribute(element, "energyWindowsReference"),
    )


def _dose_rate(element: Element) -> DoseRate:
    return DoseRate(
        id=attribute(element, "id"),
        value=number(child_text(element, "DoseRateValue"), f"{path(element)}/DoseRateValue"),
        detector=attribute(element, "radDetectorInformationReference").strip(),
    )


def _faults(parent: Element) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            text(child_text(fault, "FaultCodeValue")),
            text(child_text(fault, "FaultDescription")),
            text(child_text(fault, "FaultSeverityCode")),
        )
        for fault in children(parent, "Fault")
    )


# ---------------------------------------------------------------- analyses


def _analysis(element: Element, notes: Notes) -> AnalysisResults:
    versions = (
        text(child_text(version, "AnalysisAlgorithmComponentVersion"))
        for version in children(element, "AnalysisAlgorithmVersion")
    )
    found = child(element, "NuclideAnalysisResults")
    return AnalysisResults(
        algorithm=text(child_text(element, "AnalysisAlgorithmName")),
        version=next(versions, ""),
        description=text(child_text(element, "AnalysisResultDescription")),
        alarms=tuple(_alarm(alarm) for alarm in children(element, "RadAlarm")),
        nuclides=() if found is None else _all(found, "Nuclide", _nuclide, notes),
        faults=_faults(element),
        measurements=tuple(attribute(element, "radMeasurementReferences").split()),
        groups=tuple(attribute(element, "radMeasurementGroupReferences").split()),
    )


def _alarm(element: Element) -> RadAlarm:
    return RadAlarm(
        category=text(child_text(element, "RadAlarmCategoryCode")),
        detectors=tuple(attribute(element, "radDetectorInformationReferences").split()),
        description=text(child_text(element, "RadAlarmDescription")),
        light=text(child_text(element, "RadAlarmLightColor")),
        at=text(child_text(element, "RadAlarmDateTime")),
    )


def _nuclide(element: Element) -> Nuclide:
    told = child_text(element, "NuclideIdentifiedIndicator")
    confidence = child_text(element, "NuclideIDConfidenceValue")
    if confidence is None:
        confidence = child_text(element, "NuclideIDConfidenceDescription")
    return Nuclide(
        name=text(child_text(element, "NuclideName")),
        identified=told is None or boolean(told, f"{path(element)}/NuclideIdentifiedIndicator"),
        confidence=text(confidence),
        category=text(child_text(element, "NuclideCategoryDescription")),
    )
