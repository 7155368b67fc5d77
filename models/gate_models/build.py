"""Builds the model files once, from the weights of an installed package pinned by SHA-256.

The package is located, never imported: its code needs a retired setuptools interface. A build is
idempotent and atomic: each file is written beside its place and renamed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gate_agent.errors import GateError
from gate_agent.files import read_bounded, write_whole
from gate_models.dat import DatReader, WeightsError
from gate_models.networks import read_detector, read_embedder, read_shape_predictor

PACKAGE = "face_recognition_models"
MANIFEST = "built.json"
Progress = Callable[[float], None]


class BuildError(GateError):
    """The models cannot be built."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight file of the package: its name, exact size and digest, and the file made from it.

    Raise `recipe` when the conversion changes, so that files built before are built again.
    """

    name: str
    size: int
    sha256: str
    output: str
    convert: Callable[[bytes, str, Progress], bytes]
    recipe: int = 1

    @property
    def origin(self) -> str:
        return f"{self.sha256}/{self.recipe}"


def _convert_embedder(data: bytes, name: str, progress: Progress) -> bytes:
    from gate_models.onnx_graph import embedder_model  # noqa: PLC0415 (onnx loads slowly; a cached build skips it)

    return embedder_model(read_embedder(DatReader(data, name))).SerializeToString(deterministic=True)


def _convert_detector(data: bytes, name: str, progress: Progress) -> bytes:
    from gate_models.onnx_graph import detector_model  # noqa: PLC0415

    return detector_model(read_detector(DatReader(data, name))).SerializeToString(deterministic=True)


def _convert_landmarks(data: bytes, name: str, progress: Progress) -> bytes:
    return _npz(asdict(read_shape_predictor(DatReader(data, name), progress)))


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as numpy's .npz, byte for byte the same under every Python.

    ``numpy.savez`` is not: it streams its members, and zipfile's headers for streams changed in 3.11.4.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in sorted(arrays.items()):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(array), version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o600 << 16
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


WEIGHTS = (
    Weights(
        "dlib_face_recognition_resnet_model_v1.dat",
        22_466_066,
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        "dlib-resnet-v1.onnx",
        _convert_embedder,
    ),
    Weights(
        "mmod_human_face_detector.dat",
        729_940,
        "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
        "dlib-mmod-face.onnx",
        _convert_detector,
        recipe=2,
    ),
    Weights(
        "shape_predictor_5_face_landmarks.dat",
        9_150_489,
        "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        "dlib-5-point.npz",
        _convert_landmarks,
        recipe=2,
    ),
)


def weights_folder() -> Path:
    """Where the installed package keeps its weights, found without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    if not locations:
        raise BuildError(
            f"the package {PACKAGE} is not installed",
            field=PACKAGE,
            advice="install the extra: pip install 'gate-agent[models]'",
        )
    return Path(locations[0]) / "models"


def read_weights(folder: Path, weights: Weights) -> bytes:
    """The file's bytes, after its size and digest were checked."""
    path = folder / weights.name
    advice = f"reinstall {PACKAGE}==0.3.0 with its hash"
    data = read_bounded(path, weights.size, WeightsError, advice=advice)
    if len(data) != weights.size or hashlib.sha256(data).hexdigest() != weights.sha256:
        raise WeightsError(
            "size or SHA-256 differs from the pinned file",
            field=str(path),
            advice=advice,
        )
    return data


def build(cache: Path, progress: Callable[[str, float], None] = lambda name, part: None) -> dict[str, str]:
    """Makes what is missing in `cache`; returns file name -> SHA-256 of every model file.

    `progress` is told (file, part done 0..1).
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"cannot make the folder: {error}", field=str(cache)) from error
    known = _manifest(cache)
    digests: dict[str, str] = {}
    for weights in WEIGHTS:
        target = cache / weights.output
        entry = known.get(weights.output, {})
        if entry.get("source") == weights.origin and _digest(target) == entry.get("sha256"):
            digests[weights.output] = str(entry["sha256"])
        else:
            data = read_weights(weights_folder(), weights)
            built = weights.convert(
                data, weights.name, lambda part, name=weights.output: progress(name, part)
            )
            write_whole(target, built)
            digests[weights.output] = hashlib.sha256(built).hexdigest()
        progress(weights.output, 1.0)
    manifest = {w.output: {"source": w.origin, "sha256": digests[w.output]} for w in WEIGHTS}
    if manifest != known:
        write_whole(cache / MANIFEST, json.dumps(manifest, indent=2).encode())
    return digests


def _manifest(cache: Path) -> dict[str, dict[str, str]]:
    try:
        loaded = json.loads((cache / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}  # no build yet, or a damaged note of one: build again
    return loaded if isinstance(loaded, dict) else {}


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
