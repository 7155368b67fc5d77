"""Writes the edition of 2011. The order of elements is the schema's; what it requires is always there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42_model import (
    ALARM_CATEGORIES,
    DETECTOR_CATEGORIES,
    DETECTOR_KINDS,
    FAULT_SEVERITIES,
    INSTRUMENT_CLASSES,
    MEASUREMENT_CLASSES,
    AnalysisResults,
    Detector,
    EnergyCalibration,
    Fault,
    Instrument,
    N42Document,
    RadMeasurement,
)
from gate_agent.radiation.n42_values import counted_zeroes, duration_text
from gate_agent.radiation.n42_xml import NAMESPACES, etree

_NS = NAMESPACES[2011]
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_ITEM = "RadItemInformation-1"
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""The schema wants a start; a document without one is read with a repair, so this only fills its place."""
Element = Any


def write(document: N42Document) -> bytes:
    """The document as XML. Raises N42Error when it has no detector or refers to what it does not contain."""
    if not document.detectors:
        raise N42Error("a document needs at least one detector", field="RadDetectorInformation")
    names = Names()
    root: Element = etree.Element(f"{{{_NS}}}RadInstrumentData", nsmap={None: _NS})
    if _UUID.fullmatch(document.uuid):
        root.set("n42DocUUID", document.uuid)
    if document.creator:
        _add(root, "RadInstrumentDataCreatorName", document.creator)
    _instrument(root, document.instrument, names)
    for detector in document.detectors:
        _detector(root, detector, names)
    if document.item or any(m.speed_m_s is not None for m in document.measurements):
        item = _add(root, "RadItemInformation", id=names.define(_ITEM, "RadItemInformation"))
        if document.item:
            _add(item, "RadItemDescription", document.item)
    _settings(root, document, names)
    for group in dict.fromkeys(group for m in document.measurements for group in m.groups):
        _add(root, "RadMeasurementGroup", id=names.define(group, "RadMeasurementGroup"))
    for measurement in document.measurements:
        _measurement(root, measurement, document, names)
    for analysis in document.analyses:
        _analysis(root, analysis, document, names)
    names.check()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


class Names:
    """Identifiers as XML wants them (NCName, unique), and whether what is referred to is there."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._defined: set[str] = set()

    def define(self, name: str, kind: str) -> str:
        """The identifier of a new object; one without a name, or with another's, gets a fresh one."""
        number = 1
        while not name or name in self._defined:
            name, number = f"{kind}-{number}", number + 1
        self._defined.add(name)
        return self.of(name)

    def of(self, name: str) -> str:
        """The identifier of an object to refer to."""
        if name not in self._given:
            plain = _NAME.sub("_", name)[:64]
            if not plain or not (plain[0].isalpha() or plain[0] == "_"):
                plain = f"_{plain}"
            unique, number = plain, 2
            while unique in self._given.values():
                unique, number = f"{plain}-{number}", number + 1
            self._given[name] = unique
        return self._given[name]

    def all(self, names: Iterable[str]) -> str:
        return " ".join(self.of(name) for name in names)

    def check(self) -> None:
        """Raises N42Error when something was referred to that the document does not have."""
        for name in self._given:
            if name not in self._defined:
                raise N42Error(
                    "the document refers to what it does not contain", field=name[:64] or "reference"
                )


def _add(parent: Element, name: str, content: str | None = None, **attributes: str) -> Element:
    element = etree.SubElement(parent, f"{{{_NS}}}{name}", attributes)
    if content is not None:
        try:
            element.text = content
        except ValueError as error:  # a control character
            raise N42Error("text that XML cannot carry", field=name) from error
    return element


def _add_known(parent: Element, name: str, value: str, known: tuple[str, ...]) -> None:
    """A code of the schema's list; any other value is the list's last."""
    _add(parent, name, value if value in known else known[-1])


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _numbers(values: Iterable[float]) -> str:
    return " ".join(_number(value) for value in values)


# ---------------------------------------------------------------- the instrument


def _instrument(root: Element, instrument: Instrument, names: Names) -> None:
    name = names.define(_instrument_id(instrument), "RadInstrumentInformation")
    element = _add(root, "RadInstrumentInformation", id=name)
    _add(element, "RadInstrumentManufacturerName", instrument.manufacturer or "unknown")
    if instrument.identifier:
        _add(element, "RadInstrumentIdentifier", instrument.identifier)
    _add(element, "RadInstrumentModelName", instrument.model or "unknown")
    if instrument.description:
        _add(element, "RadInstrumentDescription", instrument.description)
    _add_known(element, "RadInstrumentClassCode", instrument.instrument_class, INSTRUMENT_CLASSES)
    for component, version in instrument.versions or (("Software", "unknown"),):
        entry = _add(element, "RadInstrumentVersion")
        _add(entry, "RadInstrumentComponentName", component or "Software")
        _add(entry, "RadInstrumentComponentVersion", version or "unknown")


def _instrument_id(instrument: Instrument) -> str:
    return instrument.id or "RadInstrumentInformation-1"


def _detector(root: Element, detector: Detector, names: Names) -> None:
    element = _add(root, "RadDetectorInformation", id=names.define(detector.id, "RadDetectorInformation"))
    if detector.name:
        _add(element, "RadDetectorName", detector.name)
    _add_known(element, "RadDetectorCategoryCode", detector.category, DETECTOR_CATEGORIES)
    _add_known(element, "RadDetectorKindCode", detector.kind, DETECTOR_KINDS)
    if detector.description or detector.kind not in DETECTOR_KINDS or detector.kind == "Other":
        # Annex M: a detector of kind Other is described.
        _add(element, "RadDetectorDescription", detector.description or detector.kind or "not stated")


def _settings(root: Element, document: N42Document, names: Names) -> None:
    for windows in document.windows:
        element = _add(root, "EnergyWindows", id=names.define(windows.id, "EnergyWindows"))
        _add(element, "WindowStartEnergyValues", _numbers(windows.starts))
        _add(element, "WindowEndEnergyValues", _numbers(windows.ends))
    for calibration in document.calibrations:
        _calibration(root, calibration, names)


def _calibration(root: Element, calibration: EnergyCalibration, names: Names) -> None:
    element = _add(root, "EnergyCalibration", id=names.define(calibration.id, "EnergyCalibration"))
    if calibration.boundaries:
        _add(element, "EnergyBoundaryValues", _numbers(calibration.boundaries))
    else:  # the schema's list has exactly three
        _add(element, "CoefficientValues", _numbers((*calibration.coefficients, 0.0, 0.0, 0.0)[:3]))


# ---------------------------------------------------------------- measurements


def _measurement(root: Element, measurement: RadMeasurement, document: N42Document, names: Names) -> None:
    element = _add(root, "RadMeasurement", id=names.define(measurement.id, "RadMeasurement"))
    if measurement.groups:
        element.set("radMeasurementGroupReferences", names.all(measurement.groups))
    _add_known(element, "MeasurementClassCode", measurement.measurement_class, MEASUREMENT_CLASSES)
    _add(element, "StartDateTime", measurement.start or _UNKNOWN_TIME)
    _add(element, "RealTimeDuration", duration_text(measurement.real_time_s or 0.0))
    first = document.detectors[0].id
    for spectrum in measurement.spectra:
        if not spectrum.calibration:
            raise N42Error("a spectrum without its energy calibration", field=spectrum.id or "Spectrum")
        part = _add(element, "Spectrum", id=names.define(spectrum.id, "Spectrum"))
        part.set("radDetectorInformationReference", names.of(spectrum.detector or first))
        part.set("energyCalibrationReference", names.of(spectrum.calibration))
        _add(part, "LiveTimeDuration", _live_time(spectrum.live_time_s, measurement))
        _add(part, "ChannelData", counted_zeroes(spectrum.counts), compressionCode="CountedZeroes")
    for gross in measurement.gross_counts:
        part = _add(element, "GrossCounts", id=names.define(gross.id, "GrossCounts"))
        part.set("radDetectorInformationReference", names.of(gross.detector or first))
        if gross.windows:
            part.set("energyWindowsReference", names.of(gross.windows))
        _add(part, "LiveTimeDuration", _live_time(gross.live_time_s, measurement))
        _add(part, "CountData", _numbers(gross.counts))
    for dose in measurement.dose_rates:
        part = _add(element, "DoseRate", id=names.define(dose.id, "DoseRate"))
        part.set("radDetectorInformationReference", names.of(dose.detector or first))
        _add(part, "DoseRateValue", _number(dose.value))
    _states(element, measurement, document, names)


def _live_time(live_time_s: float | None, measurement: RadMeasurement) -> str:
    return duration_text(live_time_s if live_time_s is not None else measurement.real_time_s or 0.0)


def _states(element: Element, measurement: RadMeasurement, document: N42Document, names: Names) -> None:
    if measurement.faults:
        instrument = names.of(_instrument_id(document.instrument))
        state = _add(element, "RadInstrumentState", radInstrumentInformationReference=instrument)
        for fault in measurement.faults:
            _fault(state, fault)
    if measurement.speed_m_s is not None:
        state = _add(element, "RadItemState", radItemInformationReference=names.of(_ITEM))
        _add(_add(state, "StateVector"), "SpeedValue", _number(measurement.speed_m_s))
    if measurement.occupied is not None:
        _add(element, "OccupancyIndicator", "true" if measurement.occupied else "false")


def _fault(parent: Element, fault: Fault) -> None:
    element = _add(parent, "Fault")
    _add(element, "FaultCodeValue", fault.code or "unknown")
    _add(element, "FaultDescription", fault.description or "not described")
    _add_known(element, "FaultSeverityCode", fault.severity, FAULT_SEVERITIES)


# ---------------------------------------------------------------- analyses


def _analysis(root: Element, analysis: AnalysisResults, document: N42Document, names: Names) -> None:
    element = _add(root, "AnalysisResults")
    if analysis.groups:
        element.set("radMeasurementGroupReferences", names.all(analysis.groups))
    if analysis.measurements:
        element.set("radMeasurementReferences", names.all(analysis.measurements))
    if analysis.algorithm:
        _add(element, "AnalysisAlgorithmName", analysis.algorithm)
    if analysis.version:
        entry = _add(element, "AnalysisAlgorithmVersion")
        _add(entry, "AnalysisAlgorithmComponentName", "Main")
        _add(entry, "AnalysisAlgorithmComponentVersion", analysis.version)
    if analysis.description:
        _add(element, "AnalysisResultDescription", analysis.description)
    for alarm in analysis.alarms:
        detectors = alarm.detectors or tuple(d.id for d in document.detectors)
        part = _add(element, "RadAlarm", radDetectorInformationReferences=names.all(detectors))
        if alarm.at:
            _add(part, "RadAlarmDateTime", alarm.at)
        _add_known(part, "RadAlarmCategoryCode", alarm.category, ALARM_CATEGORIES)
        if alarm.description:
            _add(part, "RadAlarmDescription", alarm.description)
        if alarm.light:
            _add(part, "RadAlarmLightColor", alarm.light)
    if analysis.nuclides:
        _nuclides(element, analysis)
    for fault in analysis.faults:
        _fault(element, fault)


def _nuclides(parent: Element, analysis: AnalysisResults) -> None:
    results = _add(parent, "NuclideAnalysisResults")
    for nuclide in analysis.nuclides:
        element = _add(results, "Nuclide")
        _add(element, "NuclideIdentifiedIndicator", "true" if nuclide.identified else "false")
        _add(element, "NuclideName", nuclide.name or "Unknown")
        if re.fullmatch(r"(?:100|\d{1,2})(?:\.\d+)?", nuclide.confidence):
            _add(element, "NuclideIDConfidenceValue", nuclide.confidence)
        else:
            _add(element, "NuclideIDConfidenceDescription", nuclide.confidence or "not stated")
        if nuclide.category:
            _add(element, "NuclideCategoryDescription", nuclide.category)
