"""Which counts of a Measurement of 2006 are one time sample.

A portal's Measurement is a time series. Makers write it as a DetectorData for each sample with all detectors
in it, as one for each detector and sample, or as a single one whose spectra carry ``SampleNumber``. So counts
belong together when they share the sample's number and start; what lacks one of the two goes by the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42_model import Detector, DoseRate, GrossCounts, Spectrum
from gate_agent.radiation.n42_xml import Element, Notes, Said, local, path

MAX_SAMPLE = 10**9
Part: TypeAlias = Spectrum | GrossCounts | DoseRate
PartT = TypeVar("PartT", Spectrum, GrossCounts, DoseRate)
Key: TypeAlias = tuple[int | None, str]
"""Number and start of a sample; None and empty where the document does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """A value of one detector and where it stands: `container` is its DetectorData, if any."""

    element: Element
    part: Part
    detector: Detector
    measurement_class: str
    container: Element | None
    key: Key

    @classmethod
    def of(
        cls,
        element: Element,
        part: Part,
        detector: Detector,
        measurement_class: str,
        said: Said,
        notes: Notes,
    ) -> Count:
        container = next((a for a in element.iterancestors() if local(a) == "DetectorData"), None)
        number = notes.attempt(lambda: _number(element, said))
        start = "" if container is None else said.text(container, "StartTime") or ""
        start = start or _own_start(element, said)
        if container is not None and number is None and not start:
            start = f"DetectorData in line {container.sourceline}"  # at least told from its neighbours
        return cls(element, part, detector, measurement_class, container, (number, start.strip()))

    @property
    def identity(self) -> tuple[object, ...]:
        """What a sample has once: a detector's value of this sort, and a spectrum for each calibration."""
        calibration = self.part.calibration if isinstance(self.part, Spectrum) else ""
        return type(self.part), self.detector.id, calibration, self.measurement_class


def _number(element: Element, said: Said) -> int | None:
    value = said.nearest(element, "SampleNumber")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()) or int(value[:12]) > MAX_SAMPLE:
        raise N42Error(f"{value[:16]!r} is no sample's number", field=f"{path(element)}/SampleNumber")
    return int(value[:12])


def _own_start(element: Element, said: Said) -> str:
    """The StartTime of a value or of what encloses it, below the Measurement: that one's is the series'."""
    for place in (element, *element.iterancestors()):
        if local(place) in ("Measurement", "N42InstrumentData"):
            break
        if value := (said.text(place, "StartTime") or "").strip():
            return value
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Counts of one time sample. `shared`: its DetectorData holds other samples, too."""

    counts: tuple[Count, ...]
    element: Element
    number: int | None
    shared: bool = False

    @property
    def places(self) -> Iterator[Element]:
        """Where its times are said, the most particular place first."""
        containers = [c.container for c in self.counts if c.container is not None]
        if containers and not self.shared:
            yield containers[0]
        for count in sorted(self.counts, key=lambda count: not isinstance(count.part, Spectrum)):
            yield count.element
        yield self.element
        yield from self.element.iterancestors()

    def parts(self, kind: type[PartT], mark: str) -> Iterator[PartT]:
        """Its values of one sort, with their detectors; what has no id gets one made of `mark`."""
        found = ((count.part, count.detector) for count in self.counts)
        for place, (part, detector) in enumerate(found, 1):
            if isinstance(part, kind):
                yield replace(part, id=part.id or f"{kind.__name__}-{mark}-{place}", detector=detector.id)


def samples_of(counts: Sequence[Count], notes: Notes) -> list[Sample]:
    """The samples of one Measurement, by number where all have one, else in the document's order."""
    groups = _grouped(counts, notes)
    made: list[tuple[Key, list[Count]]] = []
    for key, group in groups.items():
        made += [(key, part) for part in _apart(group, notes)]
    holders: defaultdict[Element, int] = defaultdict(int)
    for _, group in made:
        for container in {count.container for count in group if count.container is not None}:
            holders[container] += 1
    samples = [_sample(key, group, holders) for key, group in made]
    if all(sample.number is not None for sample in samples):
        samples.sort(key=lambda sample: sample.number or 0)
    return samples


def _sample(key: Key, group: Sequence[Count], holders: dict[Element, int]) -> Sample:
    placed = next((count for count in group if count.container is not None), group[0])
    shared = any(holders.get(count.container, 0) > 1 for count in group)
    return Sample(tuple(group), placed.element, key[0], shared)


def _grouped(counts: Sequence[Count], notes: Notes) -> dict[Key, list[Count]]:
    """Counts by number and start; those that say only one of the two, or none, join where only one fits."""
    whole = dict.fromkeys(count.key for count in counts if count.key[0] is not None and count.key[1])
    by_number, by_start = _unique(whole, 0), _unique(whole, 1)
    groups: dict[Key, list[Count]] = {}
    loose: list[Count] = []
    for count in counts:
        number, start = count.key
        if number is None and not start:
            loose.append(count)
            continue
        key = count.key
        if number is None and start in by_start:
            key = _one_of(by_start[start], count, notes)
        elif not start and number in by_number:
            key = _one_of(by_number[number], count, notes)
        groups.setdefault(key, []).append(count)
    if loose:
        _join(loose, groups, notes)
    return groups


def _unique(keys: Iterable[Key], place: int) -> dict[object, list[Key]]:
    found: dict[object, list[Key]] = {}
    for key in keys:
        found.setdefault(key[place], []).append(key)
    return found


def _one_of(keys: Sequence[Key], count: Count, notes: Notes) -> Key:
    if len(keys) == 1:
        return keys[0]
    notes.repaired(
        path(count.element), f"does not say to which of {len(keys)} samples it belongs: kept apart"
    )
    return count.key


def _join(loose: list[Count], groups: dict[Key, list[Count]], notes: Notes) -> None:
    """Counts without number and time: the only sample's, else a sample of their own."""
    if len(groups) == 1:
        next(iter(groups.values())).extend(loose)
        return
    if groups:
        where, many = path(loose[0].element), len(groups)
        notes.repaired(where, f"does not say to which of {many} samples it belongs: kept apart")
    groups[None, ""] = loose


def _apart(group: Sequence[Count], notes: Notes) -> list[list[Count]]:
    """A group whose detectors count more than once, as so many samples; and each class for itself."""
    seen: defaultdict[tuple[object, ...], int] = defaultdict(int)
    parts: dict[tuple[int, str], list[Count]] = {}
    for count in group:
        turn = seen[count.identity]
        seen[count.identity] += 1
        if turn == 1:
            where = path(count.element)
            notes.repaired(where, "a detector counts more than once in a sample: taken as samples in a row")
        parts.setdefault((turn, count.measurement_class), []).append(count)
    for (turn, said), unsaid in list(parts.items()):
        classes = [key for key in parts if key[0] == turn and key[1]]
        if not said and len(classes) == 1:
            parts[classes[0]] += parts.pop((turn, said))
        elif not said and classes:
            notes.repaired(path(unsaid[0].element), "counts of an item or of background, unsaid: kept apart")
    return list(parts.values())
