"""Whose counts are these? What a document says of its detectors, held against what it counted with them.

A count that names no detector, or one that the document does not describe, gets a detector of category
Other: it is kept, and belongs to neither the gammas nor the neutrons. A gross count of a gamma detector that
is not its spectrum's sum may be another detector's: it stays where it is, is said, and the spectrum counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from gate_agent.radiation.n42_model import (
    Detector,
    DoseRate,
    GrossCounts,
    N42Document,
    RadMeasurement,
    Spectrum,
)
from gate_agent.radiation.n42_xml import Notes

SAME_SHARE = 0.05
"""A gross count may differ so much from its spectrum's sum: discriminators and overflow channels differ."""
UNNAMED = "UnnamedDetector"
_OTHER_SPECTRUM = "another spectrum of its detector has another sum: the first counts"
_OTHER_COUNT = "its detector has another count in this measurement: the first counts"
_NOT_ITS_SPECTRUM = "of a gamma detector, and not its spectrum's sum: kept, not added (neutrons?)"
PartT = TypeVar("PartT", Spectrum, GrossCounts, DoseRate)


def settled(document: N42Document, notes: Notes) -> N42Document:
    """The document with every count's detector described; what is doubtful is noted, once a detector."""
    known = {detector.id for detector in document.detectors}
    only = document.detectors[0].id if len(document.detectors) == 1 else UNNAMED
    measurements = tuple(_named(measurement, only) for measurement in document.measurements)
    strange: dict[str, str] = {}
    for measurement in measurements:
        for part in (*measurement.spectra, *measurement.gross_counts, *measurement.dose_rates):
            if part.detector not in known:
                strange.setdefault(part.detector, part.id or measurement.id)
    for detector, where in strange.items():
        what = "names no detector" if detector == UNNAMED else f"names {detector[:32]!r}, described nowhere"
        notes.repaired(where, f"{what}: kept apart from gammas and neutrons")
    added = tuple(Detector(name, "Other", "Other") for name in strange)
    found = replace(document, measurements=measurements, detectors=(*document.detectors, *added))
    _doubts(found, notes)
    _silent(found, notes)
    return found


def _named(measurement: RadMeasurement, only: str) -> RadMeasurement:
    def named(parts: tuple[PartT, ...]) -> tuple[PartT, ...]:
        return tuple(part if part.detector else replace(part, detector=only) for part in parts)

    return replace(
        measurement,
        spectra=named(measurement.spectra),
        gross_counts=named(measurement.gross_counts),
        dose_rates=named(measurement.dose_rates),
    )


def _doubts(document: N42Document, notes: Notes) -> None:
    gammas = {detector.id for detector in document.detectors if detector.category == "Gamma"}
    said: dict[tuple[str, str], tuple[str, int]] = {}
    for measurement in document.measurements:
        for detector, where, what in _doubtful(measurement, gammas):
            first, times = said.get((detector, what), (where, 0))
            said[detector, what] = (first, times + 1)
    for (_, what), (where, times) in said.items():
        notes.repaired(where, what + (f" ({times} times)" if times > 1 else ""))


def _silent(document: N42Document, notes: Notes) -> None:
    """A neutron detector without a single count: its counts are missing, or stand under another's name."""
    counted = {
        part.detector
        for measurement in document.measurements
        for part in (*measurement.spectra, *measurement.gross_counts, *measurement.dose_rates)
    }
    for detector in document.detectors:
        if counted and detector.category == "Neutron" and detector.id not in counted:
            notes.repaired(detector.id, "a neutron detector without any count")


def _doubtful(measurement: RadMeasurement, gammas: set[str]) -> Iterator[tuple[str, str, str]]:
    """Detector, place and doubt of every count that may be another detector's."""
    sums: dict[str, float] = {}
    for spectrum in measurement.spectra:
        total = float(spectrum.counts.sum())
        if not _alike(total, sums.setdefault(spectrum.detector, total)):
            yield spectrum.detector, spectrum.id or measurement.id, _OTHER_SPECTRUM
    totals: set[str] = set()
    for gross in measurement.gross_counts:
        name, total = gross.detector, sum(gross.counts)
        if gross.windows:
            continue
        if name in totals:
            yield name, gross.id or measurement.id, _OTHER_COUNT
        elif name in gammas and not _alike(total, sums.get(name, total)):
            yield name, gross.id or measurement.id, _NOT_ITS_SPECTRUM
        totals.add(name)


def _alike(total: float, expected: float) -> bool:
    return abs(total - expected) <= SAME_SHARE * expected
