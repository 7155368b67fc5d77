"""Measures an embedder's error rates on a folder of faces and writes operating points into its card.

For each augmentation of the card, and for one picture and three fused ones: every template against every
other, the threshold of each FMR, and how well that threshold holds on other people (split halves).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gate_agent.biometrics.face.cards import ModelKind, OperatingPoint, load_card
from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.landmarks import DetectedFace
from gate_agent.biometrics.face.pixels import Floats
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.biometrics.lab.dataset import list_samples
from gate_agent.biometrics.lab.enrol import Enrolment, Progress, enrol
from gate_agent.biometrics.lab.scores import (
    RESAMPLES,
    Indices,
    Scores,
    all_pairs,
    rates_at,
    split_factor,
    threshold_at,
)
from gate_agent.errors import BadInput
from gate_agent.files import read_bounded, write_whole
from gate_agent.networks import MAX_CARD_BYTES

FMRS: Mapping[str, float] = {"fmr-1e-2": 1e-2, "fmr-1e-3": 1e-3, "fmr-5e-4": 5e-4, "fmr-1e-4": 1e-4}
FUSED = 3
UNCLEAR = 0.04  # share of the data set whose views agree least: asking again costs less than a mismatch
_MARK = "\n# Measured by `gate-agent face calibrate`; do not edit by hand.\n"


def calibrate(
    images: Path,
    settings: FaceSettings,
    data_set: str,
    progress: Progress = lambda what, part: None,
) -> list[OperatingPoint]:
    """The operating points, after they were written into the embedder's card."""
    samples = list_samples(images)
    names = {person: n for n, person in enumerate(dict.fromkeys(s.person for s in samples))}
    people = np.array([names[s.person] for s in samples], dtype=np.intp)
    faces: dict[Path, DetectedFace] = {}
    points: list[OperatingPoint] = []
    card = load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
    for augmentation in card.augmentations or (card.augmentation(),):
        chosen = settings.model_copy(update={"operating_point": "", "augmentation": augmentation.id})
        enrolment = enrol(FaceChain.load(chosen), samples, progress, faces=faces)
        views = len(augmentation.views) * (2 if augmentation.mirrored else 1)
        points += _points(augmentation.id, enrolment, people, data_set, gated=views > 1, progress=progress)
    write_points(settings.cards / f"{settings.embedder}.toml", points)
    load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
    return points


def _points(
    augmentation: str,
    enrolment: Enrolment,
    people: Indices,
    data_set: str,
    *,
    gated: bool,
    progress: Progress,
) -> list[OperatingPoint]:
    found = enrolment.agreement[enrolment.acquired]
    if not len(found):
        raise BadInput("no picture with a usable face", field="images")
    least = round(float(np.quantile(found, UNCLEAR)), 6) if gated else 0.0
    kept = enrolment.agreement >= max(least, 0.0)
    vectors, owners = enrolment.vectors[kept], people[kept]
    common: dict[str, object] = {
        "augmentation": augmentation,
        "agreement": least,
        "images": int(kept.sum()),
        "identities": len(np.unique(owners)),
        "failure_to_acquire": round(1 - float(kept.mean()), 6),
        "data_set": data_set,
    }
    points: list[OperatingPoint] = []
    cases = {1: all_pairs(vectors, _dense(owners)), FUSED: fused_pairs(vectors, _dense(owners), FUSED)}
    for done, (frames, scores) in enumerate(cases.items(), start=1):
        for name, fmr in FMRS.items():
            if fmr * scores.impostors >= 1 and len(scores.genuine):
                measured = measure(name, fmr, scores, fused=frames)
                points.append(OperatingPoint.model_validate(common | measured))
        progress(f"confidence {augmentation}", done / len(cases))
    if not points:
        raise BadInput("too few pictures to measure any false match rate", field="images")
    return points


def _dense(people: Indices) -> Indices:
    """The same people, numbered without gaps."""
    return np.unique(people, return_inverse=True)[1].astype(np.intp)


def fused_pairs(vectors: Floats, people: Indices, frames: int) -> Scores:
    """Each picture against every person's fusion of `frames` others.

    Photographs taken on different days differ more than frames of one walk through a lane: what fusing
    gains here is more than it gains there, while the threshold, set on strangers, holds for both.
    """
    random = np.random.default_rng(frames)
    probes: list[int] = []
    gallery: list[Floats] = []
    owners: list[int] = []
    for person in range(int(people.max()) + 1):
        own = random.permutation(np.nonzero(people == person)[0])
        if len(own) <= frames:
            probes += own.tolist()
            continue
        mean = vectors[own[:frames]].mean(axis=0)
        length = float(np.linalg.norm(vectors[own[:frames]], axis=1).mean())
        gallery.append((mean * (length / np.linalg.norm(mean))).astype(np.float32))
        owners.append(person)
        probes += own[frames:].tolist()
    return _against(vectors, people, np.array(probes, np.intp), gallery, np.array(owners, np.intp))


def _against(
    vectors: Floats, people: Indices, probes: Indices, gallery: Sequence[Floats], owners: Indices
) -> Scores:
    samples = np.bincount(people, minlength=int(people.max()) + 1)
    if not gallery:
        none = np.empty(0, np.float32)
        return Scores(
            none,
            np.empty(0, np.intp),
            none,
            np.empty((0, 2), np.intp),
            0.0,
            0,
            np.zeros(1, np.int64),
            samples,
        )
    apart = np.linalg.norm(vectors[probes][:, None] - np.stack(gallery)[None], axis=2)
    same = people[probes][:, None] == owners[None, :]
    first, second = np.nonzero(~same)
    order = np.argsort(apart[~same], kind="stable")
    pairs = np.stack((people[probes[first]], owners[second]), axis=1)[order]
    return Scores(
        apart[same].astype(np.float32),
        people[probes[np.nonzero(same)[0]]],
        apart[~same][order].astype(np.float32),
        pairs,
        float("inf"),
        len(order),
        np.zeros(1, np.int64),
        samples,
    )


def measure(name: str, fmr: float, scores: Scores, fused: int = 1) -> dict[str, object]:
    """The measured fields of an operating point."""
    rates = asdict(rates_at(scores, threshold_at(scores, fmr)))
    rounded: dict[str, object] = {key: round(value, 6) for key, value in rates.items()}
    pairing = "all against all" if fused == 1 else f"each against fusions of {fused} others"
    return rounded | {
        "id": name,
        "frames": fused,
        "fmr": fmr,
        "genuine": len(scores.genuine),
        "impostor": scores.impostors,
        "split_factor": split_factor(scores, fmr) if fused == 1 else 0.0,
        "method": f"{pairing}; 95 % bootstrap over people, {RESAMPLES} resamples",
    }


def write_points(card: Path, points: Sequence[OperatingPoint]) -> None:
    """Replaces the measured part of the card and leaves the written part as it is."""
    written = read_bounded(card, MAX_CARD_BYTES).decode().split(_MARK)[0].rstrip("\n")
    tables = (
        "\n[[operating_points]]\n"
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in point.model_dump().items())
        for point in points
    )
    try:
        write_whole(card, (written + "\n" + _MARK + "".join(tables)).encode())
    except OSError as error:
        raise BadInput(f"cannot write the card: {error}", field=str(card)) from error
