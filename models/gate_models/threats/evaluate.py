"""Measures a detector by threat image projection: rates by band of penetration, thresholds, and the card.

    python -m gate_models.threats.evaluate [--card CARD] [--number 150] [--seed 700000]

An object counts in the band of what it was projected onto. AUC and TPR at 5 % FPR compare the highest score
where it lies with the highest score at the same place of the same scan without it. An operating point's
thresholds are chosen on one half of the scans so that a stated share of clean scans is reported, and all its
rates are measured on the other half, through the same steps as at the station. Run as a program it uses drawn
loading spaces with seeds that training never saw; ``benchmarks/nii/bench_threats.py`` does the same with the
physics simulator's scans."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
from gate_agent.scans.triage.artefacts import clean
from gate_agent.scans.triage.container import Box, Container, find_container
from gate_agent.scans.triage.detector import BandRate, Detector, OperatingPoint, default_card, load_detector
from gate_agent.scans.triage.inspectable import Band, band_of, inspectable_map
from gate_agent.scans.triage.materials import noise_floor
from gate_agent.scans.triage.threats import ScoreMap, score_map
from gate_models.threats.beam import Scanner, detected, picture, random_scanner, transmitted
from gate_models.threats.loads import load, walls
from gate_models.threats.space import Space, pixels
from gate_models.threats.tip import Projected, with_objects

BANDS: Final = (Band.CLEAR, Band.MEDIUM, Band.DENSE, Band.DARK)
FALSE_REVIEWS: Final[Mapping[str, float]] = {"review": 0.10, "search": 0.30}
"""Operating points: share of clean scans in which something is reported."""
LEAST_TPR: Final = 0.5
"""A band in which fewer objects than that are found has no usable rate, and is left out of the card."""
LEAST_OBJECTS: Final = 40
OBJECTS_PER_SCAN: Final = 6
LONG_MM: Final = 12000.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """The same scan without and with objects. `whole`: the picture is the loading space, nothing to find
    first."""

    before: ScanImage
    after: ScanImage
    objects: Sequence[Projected]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One object: its band, the highest score where it lies with and without it, and by band of the cells."""

    kind: str
    band: Band
    score: float
    without: float
    by_band: Mapping[Band, float]


@dataclass
class Measured:
    """Everything that rates are made of. `clean`: per scan without objects, the highest score of each
    band."""

    objects: list[Found] = field(default_factory=list[Found])
    clean: list[dict[Band, float]] = field(default_factory=list[dict[Band, float]])
    missed: int = 0

    def of(self, band: Band, kind: str = "") -> list[Found]:
        return [f for f in self.objects if f.band is band and (not kind or f.kind == kind)]


def looked(image: ScanImage, detector: Detector, whole: bool) -> ScoreMap | None:
    """The station's own steps up to the scores; None without container."""
    cleaned, _ = clean(image)
    rows, columns = image.shape
    everything = Box(0, columns, 0, rows)
    container = Container(everything, everything) if whole else find_container(cleaned)
    if container is None or container.inner.width < 8 or container.inner.height < 8:
        return None
    seen = inspectable_map(cleaned, container.inner, noise_floor(cleaned))
    return score_map(cleaned, container, seen, detector)


def highest(found: ScoreMap, thing: Projected) -> dict[Band, float]:
    """The highest score of each band among the cells that the object covers, wholly or in part."""
    across, down = found.cell
    shape = found.scores.shape
    c0, r0 = int((thing.box.left - found.inner.left) / across), int((thing.box.top - found.inner.top) / down)
    c1 = max(c0 + 1, math.ceil((thing.box.right - found.inner.left) / across))
    r1 = max(r0 + 1, math.ceil((thing.box.bottom - found.inner.top) / down))
    inside = (
        cv2.resize(thing.extent.astype(np.float32), (c1 - c0, r1 - r0), interpolation=cv2.INTER_AREA) > 0.05
    )
    top, left = max(r0, 0), max(c0, 0)
    part = np.s_[top : min(r1, shape[0]), left : min(c1, shape[1])]
    covered = inside[top - r0 :, left - c0 :][: max(0, shape[0] - top), : max(0, shape[1] - left)]
    return _by_band(found.scores[part][covered], found.bands[part][covered])


def _by_band(scores: NDArray[np.float32], bands: NDArray[np.uint8]) -> dict[Band, float]:
    return {band: float(scores[bands == band].max()) for band in BANDS if (bands == band).any()}


def look(measured: Measured, case: Case, detector: Detector) -> None:
    """Add one case. A scan whose container is not found is counted as `missed` and left out."""
    before = looked(case.before, detector, case.whole)
    after = looked(case.after, detector, case.whole) if case.objects else before
    if before is None or after is None:
        measured.missed += 1
        return
    measured.clean.append(_by_band(before.scores, before.bands))
    for thing in case.objects:
        with_it, without = highest(after, thing), highest(before, thing)
        score, bare = max(with_it.values(), default=0.0), max(without.values(), default=0.0)
        band = Band(int(band_of(np.array([thing.background], np.float32))[0]))
        measured.objects.append(Found(thing.kind, band, score, bare, with_it))


# ---------------------------------------------------------------- rates


def auc(objects: Sequence[Found]) -> float:
    """Chance that an object scores higher than an object-sized clean place of its band."""
    bare = np.sort([f.without for f in objects])
    scores = np.array([f.score for f in objects])
    below = np.searchsorted(bare, scores, "left") + np.searchsorted(bare, scores, "right")
    return float(below.mean() / (2 * bare.size)) if bare.size else 0.0


def tpr_at(objects: Sequence[Found], fpr: float) -> float:
    limit = float(np.quantile([f.without for f in objects], 1 - fpr))
    return float(np.mean([f.score > limit for f in objects]))


def thresholds(clean_scans: Sequence[Mapping[Band, float]], share: float) -> dict[Band, float]:
    """One quantile for all bands, so that `share` of the clean scans has something above its band's."""

    def at(quantile: float) -> dict[Band, float]:
        each = {band: [scan[band] for scan in clean_scans if band in scan] for band in BANDS}
        return {b: float(np.clip(np.quantile(v, quantile), 0.02, 0.999)) for b, v in each.items() if v}

    for quantile in np.linspace(1 - share, 1.0, 101):
        limits = at(float(quantile))
        if np.mean([reported(scan, limits) for scan in clean_scans]) <= share:
            return limits
    return at(1.0)


def reported(scores: Mapping[Band, float], limits: Mapping[Band, float]) -> bool:
    return any(score >= limits.get(band, 2.0) for band, score in scores.items())


def interval(successes: int, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    z, rate = 1.96, successes / number
    middle = (rate + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(rate * (1 - rate) / number + z * z / (4 * number * number))
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def operating_points(
    calibration: Calibration, chosen_on: Measured, measured: Measured, data_set: str
) -> list[OperatingPoint]:
    """Thresholds from one set of scans, all rates from another."""
    return [_point(name, calibration, chosen_on, measured, data_set) for name in FALSE_REVIEWS]


def _point(
    name: str, calibration: Calibration, chosen_on: Measured, measured: Measured, data_set: str
) -> OperatingPoint:
    """Bands without a usable rate are left out, the worst first: what they spend of the false reviews goes to
    the others."""
    bands = [band for band in BANDS if len(measured.of(band)) >= LEAST_OBJECTS]
    while True:
        limits = thresholds([_only(scan, bands) for scan in chosen_on.clean], FALSE_REVIEWS[name])
        rates = [_rate(band, limits, measured.of(band)) for band in bands if band in limits]
        worst = min(rates, key=lambda rate: rate.tpr, default=None)
        if worst is None or worst.tpr >= LEAST_TPR:
            break
        bands.remove(Band[worst.band.upper()])
    false = sum(reported(scan, limits) for scan in measured.clean)
    low, high = interval(false, len(measured.clean))
    return OperatingPoint(
        id=name,
        calibration=calibration.value,
        scanners=("simulated",),
        bands=tuple(rates),
        false_reviews=round(false / len(measured.clean), 4),
        false_reviews_low=low,
        false_reviews_high=high,
        scans=len(measured.clean),
        data_set=data_set,
    )


def _only(scan: Mapping[Band, float], bands: Sequence[Band]) -> dict[Band, float]:
    return {band: scan[band] for band in bands if band in scan}


def _rate(band: Band, limits: Mapping[Band, float], objects: Sequence[Found]) -> BandRate:
    hits = sum(reported(f.by_band, limits) for f in objects)
    low, high = interval(hits, len(objects))
    return BandRate(
        band=band.name.lower(),  # type: ignore[arg-type]
        threshold=round(limits[band], 4),
        auc=round(auc(objects), 4),
        tpr=round(hits / len(objects), 4),
        tpr_low=low,
        tpr_high=high,
        objects=len(objects),
        tpr_at_fpr_5=round(tpr_at(objects, 0.05), 4),
        places=len(objects),
    )


# ---------------------------------------------------------------- drawn loading spaces


def drawn_cases(number: int, seed: int, calibration: Calibration, objects: int) -> Iterator[Case]:
    """Whole loading spaces, drawn as for training but with other seeds and accelerators only."""
    for n in range(number):
        random = np.random.Generator(np.random.SFC64((seed + n, 6)))
        scanner = random_scanner(random)
        while scanner.energies[-1].peak_kev < 1000:
            scanner = random_scanner(random)
        space = Space(pixels(float(random.choice([2390.0, 2690.0]))), pixels(LONG_MM), heaviest=180.0)
        walls(random, space, refrigerated=False)
        load(random, space)
        measured = tuple(detected(random, transmitted(space, energy), scanner) for energy in scanner.energies)
        yield _case(random, scanner, measured, calibration, objects)


def _case(
    random: np.random.Generator,
    scanner: Scanner,
    measured: tuple[NDArray[np.float32], ...],
    calibration: Calibration,
    number: int,
) -> Case:
    before = transmission_image(
        measured,
        calibration=Calibration.KNOWN,
        peaks_kev=tuple(energy.peak_kev for energy in scanner.energies),
        geometry=Geometry(scanner.row_mm, scanner.column_mm),
    )
    rows, columns = before.shape
    after, objects = with_objects(before, Box(0, columns, 0, rows), random, number, scanner.quanta)
    if calibration is Calibration.KNOWN:
        return Case(before, after, objects, whole=True)
    settings = int(random.integers(2**32))
    shown = [_displayed(image, scanner, settings) for image in (before, after)]
    return Case(shown[0], shown[1], objects, whole=True)


def _displayed(image: ScanImage, scanner: Scanner, settings: int) -> ScanImage:
    random = np.random.Generator(np.random.SFC64(settings))
    return picture(random, (image.high,), replace(scanner, display=True))


# ---------------------------------------------------------------- tables


def table(measured: Measured) -> Iterator[str]:
    """Lines of a table by band, then by kind of object."""
    yield f"{len(measured.clean)} scans, {measured.missed} without container, {len(measured.objects)} objects"
    rows: list[tuple[str, list[Found]]] = [(band.name.lower(), measured.of(band)) for band in BANDS]
    kinds = sorted({f.kind for f in measured.objects})
    rows += [(f"{band.name.lower()} {kind}", measured.of(band, kind)) for kind in kinds for band in BANDS[:2]]
    for name, objects in rows:
        if objects:
            rate = f"AUC {auc(objects):.3f}  TPR at 5 % FPR {tpr_at(objects, 0.05):.3f}"
            yield f"  {name:18} N {len(objects):4}  {rate}"


def describe(point: OperatingPoint) -> Iterator[str]:
    yield f"  {point.id}: {point.false_reviews:.1%} of {point.scans} clean scans reported"
    for rate in point.bands:
        yield f"    {rate.band:8} threshold {rate.threshold:.3f}  TPR {rate.tpr:.3f} of {rate.objects}"


def at_the_cards_thresholds(measured: Measured, limits: Mapping[Band, float]) -> str:
    """What becomes of thresholds that were chosen on other scans: how far a card can be trusted elsewhere."""
    false = np.mean([reported(scan, limits) for scan in measured.clean])
    judged = [f for f in measured.objects if f.band in limits]
    right = np.mean([reported(f.by_band, limits) for f in judged]) if judged else 0.0
    return (
        f"  at the card's thresholds: {false:.1%} of clean scans reported, TPR {right:.3f} of {len(judged)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--card", type=Path, default=default_card())
    parser.add_argument("--number", type=int, default=100, help="scans in each half")
    parser.add_argument("--seed", type=int, default=700_000)
    arguments = parser.parse_args()
    detector = load_detector(arguments.card)
    for calibration in Calibration:
        halves = Measured(), Measured()
        for place, half in enumerate(halves):
            first = arguments.seed + place * arguments.number
            for case in drawn_cases(arguments.number, first, calibration, OBJECTS_PER_SCAN if place else 0):
                look(half, case, detector)
        print(f"calibration {calibration.value}:", *table(halves[1]), sep="\n")
        print(at_the_cards_thresholds(halves[1], detector.thresholds(calibration)))
        for point in operating_points(calibration, *halves, "drawn loading spaces"):
            print(*describe(point), sep="\n", flush=True)


if __name__ == "__main__":
    main()
