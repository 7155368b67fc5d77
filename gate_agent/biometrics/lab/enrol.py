"""Makes the templates of a data set: faces are found once, embedded once for each kind of view.

Measuring needs many templates at once. They are a data set's, not travellers': a run may keep them beside
its report to resume after an interruption, and removes them when the report is written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.errors import FaceError, ModelError, PictureError
from gate_agent.biometrics.face.landmarks import DetectedFace
from gate_agent.biometrics.face.pixels import Doubles, Floats, Pixels
from gate_agent.biometrics.face.portrait import MAX_BYTES, decode_portrait
from gate_agent.biometrics.lab.dataset import Sample
from gate_agent.errors import BadInput
from gate_agent.files import read_bounded, replacing

Progress = Callable[[str, float], None]
WORKERS = 2
_SAVED_EVERY = 256


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """One row a picture: vectors (NaN where none was acquired), agreement of views (-1: none), seconds."""

    vectors: Floats
    agreement: Doubles
    seconds: Doubles

    @property
    def acquired(self) -> np.ndarray:
        return self.agreement >= 0


def most_central(pixels: Pixels, faces: Sequence[DetectedFace]) -> DetectedFace:
    """Data sets of this kind centre the person they name; others may stand behind."""
    middle = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    return min(faces, key=lambda face: float(np.hypot(*(face.landmarks.mean(axis=0) - middle))))


def enrol(
    chain: FaceChain,
    samples: Sequence[Sample],
    progress: Progress,
    *,
    keep: Path | None = None,
    faces: dict[Path, DetectedFace] | None = None,
) -> Enrolment:
    """The template of each picture. `keep`: file to resume from; `faces`: what an earlier pass found."""
    done = _resumed(keep, chain, samples)
    found = {} if faces is None else faces
    start = len(done.agreement)
    rows = [done]
    pending: list[tuple[Floats, float, float]] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        results = _in_order(pool, lambda sample: _one(chain, sample, found), samples[start:])
        for number, row in enumerate(results, start=start + 1):
            pending.append(row)
            progress(f"templates {chain.augmentation.id}", number / len(samples))
            if keep is not None and len(pending) % _SAVED_EVERY == 0:
                rows.append(_stacked(pending, chain.card.output.dimension))
                pending = []
                _save(keep, _joined(rows), _key(chain, samples))
    if pending:
        rows.append(_stacked(pending, chain.card.output.dimension))
    return _joined(rows)


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Sample], tuple[Floats, float, float]],
    samples: Iterable[Sample],
) -> Iterator[tuple[Floats, float, float]]:
    """`pool.map`, but an interruption leaves nothing queued behind it."""
    try:
        yield from pool.map(work, samples)
    finally:
        pool.shutdown(cancel_futures=True)


def _one(chain: FaceChain, sample: Sample, found: dict[Path, DetectedFace]) -> tuple[Floats, float, float]:
    """(vector, agreement, seconds of computing). A failure to acquire has agreement -1."""
    nothing = np.full(chain.card.output.dimension, np.nan, np.float32)
    try:
        pixels = decode_portrait(read_bounded(sample.file, MAX_BYTES, PictureError), str(sample.file))
        begin = time.perf_counter()
        face = found.get(sample.file)
        if face is None:
            faces = chain.find(pixels)
            if not faces:
                return nothing, -1.0, time.perf_counter() - begin
            face = found[sample.file] = most_central(pixels, faces)
        template = chain.template(pixels, face)
    except ModelError:
        raise
    except (PictureError, FaceError):
        return nothing, -1.0, 0.0
    return template.vector, template.agreement, time.perf_counter() - begin


def _stacked(rows: list[tuple[Floats, float, float]], dimension: int) -> Enrolment:
    vectors = np.stack([row[0] for row in rows]) if rows else np.empty((0, dimension), np.float32)
    return Enrolment(vectors, np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))


def _joined(parts: Sequence[Enrolment]) -> Enrolment:
    return Enrolment(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.agreement for part in parts]),
        np.concatenate([part.seconds for part in parts]),
    )


def _key(chain: FaceChain, samples: Sequence[Sample]) -> str:
    """Changes with the pictures and with everything that makes a template what it is."""
    point = chain.point.model_dump_json() if chain.point else ""
    text = "\n".join((chain.card.model, chain.augmentation.model_dump_json(), point))
    files = "\n".join(f"{s.file} {s.file.stat().st_size} {s.file.stat().st_mtime_ns}" for s in samples)
    return hashlib.sha256(f"{text}\n{files}".encode()).hexdigest()


def _resumed(keep: Path | None, chain: FaceChain, samples: Sequence[Sample]) -> Enrolment:
    empty = _stacked([], chain.card.output.dimension)
    if keep is None or not keep.is_file():
        return empty
    try:
        with np.load(keep, allow_pickle=False) as saved:
            if str(saved["key"]) != _key(chain, samples):
                return empty
            return Enrolment(saved["vectors"], saved["agreement"], saved["seconds"])
    except Exception:  # a damaged file of an interrupted run: begin again
        return empty


def _save(keep: Path, enrolment: Enrolment, key: str) -> None:
    try:
        with replacing(keep, mode=0o600) as file:
            np.savez(
                file,
                key=key,
                vectors=enrolment.vectors,
                agreement=enrolment.agreement,
                seconds=enrolment.seconds,
            )
    except OSError as error:
        raise BadInput(f"cannot keep intermediate results: {error}", field=str(keep)) from error
