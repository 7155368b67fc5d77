"""Reads the edition of 2006 (ANSI N42.42-2006): ``N42InstrumentData``, mapped to the terms of 2011.

That edition nests loosely and instruments differ, so spectra, counts and nuclides are looked for anywhere
below a Measurement, and what is said of them (detector, time, occupancy) on the way up. One Measurement may
hold a portal's whole time series; :mod:`gate_agent.radiation.n42_samples` says which counts are one sample.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from gate_agent.radiation.n42_calibrations import Calibrations
from gate_agent.radiation.n42_model import (
    DETECTOR_KINDS,
    AnalysisResults,
    Detector,
    DoseRate,
    GrossCounts,
    Instrument,
    N42Document,
    Nuclide,
    RadAlarm,
    RadMeasurement,
    Spectrum,
)
from gate_agent.radiation.n42_samples import Count, Sample, samples_of
from gate_agent.radiation.n42_values import (
    boolean,
    channels,
    counts,
    date_time,
    duration_s,
    number,
    text,
)
from gate_agent.radiation.n42_xml import (
    Element,
    Notes,
    Said,
    attribute,
    child,
    child_text,
    descendants,
    local,
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
_CLASSES = {
    "background": "Background",
    "calibration": "Calibration",
    "foreground": "Foreground",
    "intrinsicactivity": "IntrinsicActivity",
    "item": "Foreground",
}
_ALARMS = ("gamma", "neutron")
_SPEEDS = {"": 1.0, "m/s": 1.0, "mph": 0.44704, "km/h": 1 / 3.6, "kph": 1 / 3.6, "kmh": 1 / 3.6}
_NEUTRON_NAME = re.compile(r"(?i:.*neutron.*|he-?3|n\d{0,3})|.*\dN")
"""Also Aa1N: a neutron detector by the naming that portals share (annex D of the edition of 2011)."""
_GAMMA_NAME = re.compile(r"(?i:.*gamma.*|g\d{0,3})|[A-Z][a-z]?\d{1,3}")
_NEUTRON_KINDS = ("He3", "He4", "LiFiber", "LiGlass", "LiI", "BF3", "LiCAF", "LiZnS")
_COUNTED_IN = ("CountDoseData", "GrossCounts", "GrossCountMeasurement")
_KNOWN = frozenset(
    {
        *("Measurement", "DetectorData", "DetectorMeasurement", "SpectrumMeasurement", "SpectrumAvailable"),
        *("GrossCountMeasurement", "GrossCountAvailable", "CountDoseData", "GrossCounts", "Counts"),
        *("Spectrum", "ChannelData", "RealTime", "LiveTime", "SampleRealTime", "SampleNumber", "DoseRate"),
        *("StartTime", "MeasurementTime", "Occupied", "OccupancyNumber", "Speed", "SourceType"),
        *("DetectorType", "Calibration", "InstrumentInformation", "InstrumentType", "Manufacturer"),
        *("InstrumentModel", "InstrumentID", "InstrumentVersion", "MeasuredItemInformation"),
        *("ItemDescription", "AnalysisResults"),
    }
)
_READ_WHOLE = frozenset({"Calibration", "AnalysisResults"})


def read(root: Element, notes: Notes) -> N42Document:
    """The document; what is malformed is left out and noted, what has no place is named as ignored."""
    _ignored(root, notes)
    wholes = _measurements(root, notes)
    said = Said()
    calibrations = Calibrations(root, notes)
    detectors = _Detectors(said, notes)
    read_all: list[RadMeasurement] = []
    names: dict[Element | None, tuple[str, ...]] = {}
    for number_, (whole, values) in enumerate(wholes.items(), 1):
        found = (notes.attempt(lambda v=v: _count(v, detectors, calibrations, said, notes)) for v in values)
        samples = samples_of([count for count in found if count is not None], notes)
        made = _samples(whole, number_, samples, said, notes)
        names[whole] = tuple(measurement.id for measurement in made)
        read_all += made
    return N42Document(
        instrument=_instrument(root),
        detectors=detectors.all,
        measurements=tuple(read_all),
        analyses=tuple(
            _analysis(found, names.get(_owner(found, wholes), ()))
            for found in descendants(root, "AnalysisResults")
        ),
        calibrations=calibrations.used,
        item=_item(root),
        uuid=attribute(root, "n42DocUUID"),
        edition=2006,
    )


def _ignored(parent: Element, notes: Notes) -> None:
    for element in parent:
        name = local(element)
        if name not in _KNOWN:
            notes.ignore(element)
        elif name not in _READ_WHOLE:
            _ignored(element, notes)


def _measurements(root: Element, notes: Notes) -> dict[Element, list[Element]]:
    """Every Measurement with its values in the document's order; last the root, for values outside of all."""
    wholes: dict[Element, list[Element]] = {found: [] for found in descendants(root, "Measurement")}
    if not wholes:
        notes.repaired("Measurement", "missing")
        wholes[root] = []
    for element in root.iter():
        if local(element) in _VALUES and _measured(element):
            owner = _owner(element, wholes)
            wholes.setdefault(root if owner is None else owner, []).append(element)
    return wholes


def _owner(element: Element, wholes: Container[Element]) -> Element | None:
    return next((above for above in element.iterancestors() if above in wholes), None)


def _instrument(root: Element) -> Instrument:
    element = next(descendants(root, "InstrumentInformation"), None)
    if element is None:
        return Instrument("", "", "Other")
    kind = text(child_text(element, "InstrumentType"))
    return Instrument(
        manufacturer=text(child_text(element, "Manufacturer")),
        model=text(child_text(element, "InstrumentModel")),
        instrument_class=INSTRUMENT_CLASSES.get(kind.casefold().replace(" ", ""), kind or "Other"),
        identifier=text(child_text(element, "InstrumentID")),
        versions=(("Software", text(child_text(element, "InstrumentVersion")) or "unknown"),),
    )


def _item(root: Element) -> str:
    element = next(descendants(root, "MeasuredItemInformation"), None)
    return "" if element is None else text(child_text(element, "ItemDescription"))


# ---------------------------------------------------------------- detectors


class _Detectors:
    """Detectors by kind and name: two of different kinds may share a name, and stay two."""

    def __init__(self, said: Said, notes: Notes) -> None:
        self._said = said
        self._notes = notes
        self._found: dict[tuple[str, str], Detector] = {}

    @property
    def all(self) -> tuple[Detector, ...]:
        return tuple(sorted(self._found.values(), key=lambda detector: detector.id))

    def of(self, element: Element, *, spectrum: bool) -> Detector:
        """The detector that counted what the element says."""
        name = text(self._said.nearest(element, "Detector"))
        kinds = [text(kind) for _, kind in self._said.every(element, "DetectorType")]
        category = next((c for c in map(_category, kinds) if c), "") or _by_name(name)
        if not category and spectrum:
            category = "Gamma"  # a spectrum of an unnamed kind: only gamma detectors resolve energies
        if not category:
            what = "does not say whether gammas or neutrons were counted: kept apart"
            self._notes.repaired(path(element), what)
            category = "Other"
        name = name or category
        known = self._found.get((category, name))
        if known is None:
            taken = any(detector.id == name for detector in self._found.values())
            kind, description = _kind(kinds)
            known = Detector(f"{name}-{category}" if taken else name, category, kind, name, description)
            self._found[category, name] = known
        return known


def _category(kind: str) -> str:
    """Gamma, Neutron, or nothing when the DetectorType names neither or both."""
    plain = kind.casefold()
    gamma = "gamma" in plain or _material(kind) not in ("", *_NEUTRON_KINDS, "CLYC", "Other")
    neutron = "neutron" in plain or _material(kind) in _NEUTRON_KINDS
    return "" if gamma == neutron else "Neutron" if neutron else "Gamma"


def _material(kind: str) -> str:
    """The schema's code at the beginning of a DetectorType such as "HPGe 50%"."""
    plain = kind.replace("-", "").casefold()
    return max((code for code in DETECTOR_KINDS if plain.startswith(code.casefold())), key=len, default="")


def _kind(kinds: Sequence[str]) -> tuple[str, str]:
    material = next((m for m in map(_material, kinds) if m), "") or "Other"
    return material, next((kind for kind in kinds if _material(kind) == material != kind), "")


def _by_name(name: str) -> str:
    if _NEUTRON_NAME.fullmatch(name):
        return "Neutron"
    return "Gamma" if _GAMMA_NAME.fullmatch(name) else ""


# ---------------------------------------------------------------- counts


def _measured(element: Element) -> bool:
    """Whether this is a value of a detector, not a part of an analysis or a mere shell of others."""
    name = local(element)
    if any(local(above) == "AnalysisResults" for above in element.iterancestors()):
        return False
    if name == "Counts":
        return local(element.getparent()) in _COUNTED_IN
    return name != "GrossCounts" or child(element, "Counts") is None


def _count(
    element: Element, detectors: _Detectors, calibrations: Calibrations, said: Said, notes: Notes
) -> Count:
    name = local(element)
    part = _VALUES[name](element, calibrations, said, notes)
    detector = detectors.of(element, spectrum=name == "Spectrum")
    return Count.of(element, part, detector, _class(element, said), said, notes)


def _spectrum(element: Element, calibrations: Calibrations, said: Said, notes: Notes) -> Spectrum:
    data = child(element, "ChannelData")
    compression = "" if data is None else attribute(data, "Compression")
    values = channels(child_text(element, "ChannelData"), compression, f"{path(element)}/ChannelData")
    notes.charge(len(values))
    return Spectrum(
        id=attribute(element, "id"),
        counts=values,
        live_time_s=_duration(element, ("LiveTime",), said, notes),
        calibration=calibrations.of(element),
    )


def _gross_counts(element: Element, calibrations: Calibrations, said: Said, notes: Notes) -> GrossCounts:
    return GrossCounts(
        id=attribute(element, "id"),
        counts=counts(element.text, path(element)),
        live_time_s=_live_time_s(element, said, notes),
    )


def _dose_rate(element: Element, calibrations: Calibrations, said: Said, notes: Notes) -> DoseRate:
    return DoseRate(id=attribute(element, "id"), value=number(element.text, path(element)))


_VALUES = {
    "Spectrum": _spectrum,
    "GrossCounts": _gross_counts,
    "Counts": _gross_counts,
    "DoseRate": _dose_rate,
}


def _live_time_s(element: Element, said: Said, notes: Notes) -> float | None:
    """The live time of a count, told by itself or by its detector's part of the sample."""
    for place in (element, *element.iterancestors()):
        if (found := _duration(place, ("LiveTime", "SampleRealTime"), said, notes)) is not None:
            return found
        if local(place) in ("CountDoseData", "DetectorMeasurement"):
            break
    return None


def _duration(place: Element, names: Sequence[str], said: Said, notes: Notes) -> float | None:
    """The first of these children that is there and can be read, in seconds."""
    for name in names:
        value = said.text(place, name)
        if value is not None:
            where = f"{path(place)}/{name}"
            return notes.attempt(lambda value=value, where=where: duration_s(value, where))
    return None


def _class(element: Element, said: Said) -> str:
    """The measurement class that the document tells of a value; empty when it tells none."""
    for name in ("MeasurementClass", "SourceType"):
        for _, value in said.every(element, name):
            if value.casefold() in _CLASSES:
                return _CLASSES[value.casefold()]
    return ""


# ---------------------------------------------------------------- samples


def _samples(
    whole: Element, number_: int, samples: Sequence[Sample], said: Said, notes: Notes
) -> list[RadMeasurement]:
    """One RadMeasurement for each sample of a Measurement, and one without counts for an empty one."""
    name = attribute(whole, "id") or f"Measurement-{number_}"
    numbered = next(descendants(whole, "OccupancyNumber"), None) is not None
    made: list[RadMeasurement] = []
    for place, sample in enumerate(samples or [Sample((), whole, None)], 1):
        own = f"-{place}" if len(samples) > 1 else ""
        occupied = _occupied(sample.element, said, notes, otherwise=True if numbered else None)
        made.append(
            RadMeasurement(
                id=name + own,
                measurement_class=_sample_class(sample, occupied),
                start=_start(sample, said, notes),
                real_time_s=_real_time_s(sample, said, notes),
                spectra=tuple(sample.parts(Spectrum, f"{number_}{own}")),
                gross_counts=tuple(sample.parts(GrossCounts, f"{number_}{own}")),
                dose_rates=tuple(sample.parts(DoseRate, f"{number_}{own}")),
                speed_m_s=_speed(sample.element, said, notes),
                occupied=occupied,
                sample=sample.number,
            )
        )
    return made


def _sample_class(sample: Sample, occupied: bool | None) -> str:
    """What the document tells; else an empty portal's counts are background, and a spectrum is of an item."""
    said = next((count.measurement_class for count in sample.counts if count.measurement_class), "")
    if said:
        return said
    if occupied is not None:
        return "Foreground" if occupied else "Background"
    spectrum = any(isinstance(count.part, Spectrum) for count in sample.counts)
    return "Foreground" if spectrum else "NotSpecified"


def _start(sample: Sample, said: Said, notes: Notes) -> str:
    for place in sample.places:
        for name in ("StartTime", "MeasurementTime"):
            value = said.text(place, name)
            if value is not None:
                where = f"{path(place)}/{name}"
                return notes.attempt(lambda value=value, where=where: date_time(value, where)) or ""
    return ""


def _real_time_s(sample: Sample, said: Said, notes: Notes) -> float | None:
    found = (_duration(place, ("SampleRealTime", "RealTime"), said, notes) for place in sample.places)
    return next((seconds for seconds in found if seconds is not None), None)


def _occupied(element: Element, said: Said, notes: Notes, *, otherwise: bool | None) -> bool | None:
    value = said.nearest(element, "Occupied")
    if not value:
        return otherwise
    return notes.attempt(lambda: boolean(value.casefold(), f"{path(element)}/Occupied"))


def _speed(element: Element, said: Said, notes: Notes) -> float | None:
    """Of the item, m/s."""
    for place in (element, *element.iterancestors()):
        found = said.child(place, "Speed")
        if found is None:
            continue
        speed = notes.attempt(lambda found=found: number(found.text, path(found)))
        factor = _SPEEDS.get(attribute(found, "Units").casefold())
        if factor is None:
            notes.repaired(path(found), f"left out: a speed in {attribute(found, 'Units')[:16]!r}")
        return None if speed is None or factor is None else speed * factor
    return None


# ---------------------------------------------------------------- analyses


def _analysis(element: Element, measurements: tuple[str, ...]) -> AnalysisResults:
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
    return AnalysisResults(description=threat, alarms=alarms, nuclides=nuclides, measurements=measurements)
