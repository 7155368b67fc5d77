"""Measures an embedder's error rates on a folder of faces and writes them into its card.

Protocol (ISO/IEC 19795-1): every picture against every other, once. A threshold is the largest distance
at which the share of impostor comparisons that match is still the wanted FMR. Comparisons of one person
depend on each other, so confidence intervals resample identities (bootstrap, percentile 95 %).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gate_agent.errors import BadInput
from gate_agent.face.cards import ModelKind, OperatingPoint, load_card
from gate_agent.face.chain import DetectedFace, FaceChain, FaceSettings
from gate_agent.face.errors import FaceError, PictureError
from gate_agent.face.pixels import Pixels
from gate_agent.face.portrait import decode_portrait
from gate_models.build import write_atomically

Progress = Callable[[str, float], None]
FMRS: Mapping[str, float] = {"fmr-1e-3": 1e-3, "fmr-1e-4": 1e-4}
RESAMPLES = 1000
SEED = 19795
PICTURES = {".jpg", ".jpeg", ".jp2"}
_MARK = "\n# Measured by `gate-models calibrate`; do not edit by hand.\n"


@dataclass(frozen=True, slots=True)
class Scores:
    """Distances of all pairs, split by truth; `identity` indices per pair feed the bootstrap."""

    genuine: NDArray[np.float32]
    genuine_identity: NDArray[np.intp]
    impostor: NDArray[np.float32]
    impostor_identities: NDArray[np.intp]
    identities: int


def calibrate(
    images: Path,
    settings: FaceSettings,
    data_set: str,
    progress: Progress = lambda what, part: None,
) -> list[OperatingPoint]:
    """The operating points, after they were written into the embedder's card."""
    pictures = list_pictures(images)
    chain = FaceChain.load(settings.model_copy(update={"operating_point": ""}))
    vectors, people = _templates(chain, pictures, progress)
    scores = all_pairs(vectors, np.array(people, dtype=np.intp))
    sample = {
        "images": len(people),
        "failure_to_acquire": round(1 - len(people) / len(pictures), 6),
        "data_set": data_set,
    }
    points: list[OperatingPoint] = []
    for number, (name, fmr) in enumerate(FMRS.items()):
        progress("confidence intervals", number / len(FMRS))
        points.append(OperatingPoint.model_validate(measure(name, fmr, scores) | sample))
    progress("confidence intervals", 1.0)
    write_points(settings.cards / f"{settings.embedder}.toml", points)
    load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
    return points


def list_pictures(folder: Path) -> list[tuple[str, Path]]:
    """(person, file), from names `ID_NN.jpg` or from one folder a person. Raises BadInput."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
    if not files:
        raise BadInput("no pictures (.jpg, .jp2) in this folder", field=str(folder))
    return [(_person(file, folder), file) for file in files]


def _person(file: Path, folder: Path) -> str:
    return file.stem.rsplit("_", 1)[0] if file.parent == folder else str(file.parent.relative_to(folder))


def _templates(
    chain: FaceChain, pictures: Sequence[tuple[str, Path]], progress: Progress
) -> tuple[NDArray[np.float32], list[int]]:
    numbers = {person: n for n, person in enumerate(dict.fromkeys(person for person, _ in pictures))}
    vectors: list[NDArray[np.float32]] = []
    people: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        templates = pool.map(lambda entry: _template(chain, entry[1]), pictures)
        for done, ((person, _), vector) in enumerate(zip(pictures, templates, strict=True), start=1):
            progress("templates", done / len(pictures))
            if vector is not None:
                vectors.append(vector)
                people.append(numbers[person])
    if len(set(people)) < 2:
        raise BadInput("fewer than two people with a usable face", field="images")
    return np.stack(vectors), people


def _template(chain: FaceChain, file: Path) -> NDArray[np.float32] | None:
    """None is a failure to acquire: not a picture, or no face in it."""
    try:
        pixels = decode_portrait(file.read_bytes())
        faces = chain.find(pixels)
        return chain.template(pixels, _most_central(pixels, faces)).vector if faces else None
    except (PictureError, FaceError):
        return None


def _most_central(pixels: Pixels, faces: Sequence[DetectedFace]) -> DetectedFace:
    """Data sets of this kind centre the person they name; others may stand behind."""
    middle = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    return min(faces, key=lambda face: float(np.hypot(*(face.landmarks.mean(axis=0) - middle))))


def all_pairs(vectors: NDArray[np.float32], people: NDArray[np.intp]) -> Scores:
    """Euclidean distances of all pairs of templates."""
    exact = vectors.astype(np.float64)
    squares = (exact**2).sum(axis=1)
    first, second = np.triu_indices(len(exact), k=1)
    gram = exact @ exact.T
    squared = squares[first] + squares[second] - 2 * gram[first, second]
    distances = np.sqrt(np.maximum(squared, 0)).astype(np.float32)
    same = people[first] == people[second]
    return Scores(
        distances[same],
        people[first[same]],
        distances[~same],
        np.stack((people[first[~same]], people[second[~same]]), axis=1),
        int(people.max()) + 1,
    )


def threshold_at(impostor: NDArray[np.float32], fmr: float) -> float:
    """The largest threshold whose share of matching impostor pairs is at most `fmr`."""
    allowed = int(np.floor(fmr * len(impostor)))
    if allowed < 1:
        raise BadInput(f"{len(impostor)} impostor pairs cannot measure an FMR of {fmr}", field="images")
    between = np.partition(impostor, (allowed - 1, allowed))[allowed - 1 : allowed + 1]
    return round(float(between.mean()), 6)


def measure(name: str, fmr: float, scores: Scores) -> dict[str, object]:
    """The measured fields of an operating point."""
    threshold = threshold_at(scores.impostor, fmr)
    missed = scores.genuine > threshold
    fmr_low, fmr_high, fnmr_low, fnmr_high = _intervals(scores, threshold)
    return {
        "id": name,
        "threshold": threshold,
        "fmr": fmr,
        "fmr_low": fmr_low,
        "fmr_high": fmr_high,
        "fnmr": round(float(missed.mean()), 6),
        "fnmr_low": fnmr_low,
        "fnmr_high": fnmr_high,
        "genuine": len(scores.genuine),
        "impostor": len(scores.impostor),
        "identities": scores.identities,
        "method": f"all against all; 95 % bootstrap over identities, {RESAMPLES} resamples",
    }


def _intervals(scores: Scores, threshold: float) -> tuple[float, float, float, float]:
    """95 % bounds of FMR and FNMR at `threshold`, resampling identities."""
    count = scores.identities
    pair = scores.impostor_identities[:, 0] * count + scores.impostor_identities[:, 1]
    false_match, all_match = (
        np.bincount(pair, weights, minlength=count * count).reshape(count, count)
        for weights in ((scores.impostor <= threshold).astype(np.float64), None)
    )
    missed = np.bincount(scores.genuine_identity, scores.genuine > threshold, minlength=count)
    genuine = np.bincount(scores.genuine_identity, minlength=count)
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(np.float64)
    fmrs = np.einsum("ri,ri->r", drawn @ false_match, drawn) / np.einsum("ri,ri->r", drawn @ all_match, drawn)
    fnmrs = (drawn @ missed) / (drawn @ genuine)
    bounds = (*np.percentile(fmrs, (2.5, 97.5)), *np.percentile(fnmrs, (2.5, 97.5)))
    low, high, miss_low, miss_high = (round(float(bound), 6) for bound in bounds)
    return low, high, miss_low, miss_high


def write_points(card: Path, points: Sequence[OperatingPoint]) -> None:
    """Replaces the measured part of the card and leaves the written part as it is."""
    written = card.read_text(encoding="utf-8").split(_MARK)[0].rstrip("\n")
    tables = (
        "\n[[operating_points]]\n"
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in point.model_dump().items())
        for point in points
    )
    write_atomically(card, (written + "\n" + _MARK + "".join(tables)).encode())
