"""Real photographs of real people for the simulated travellers, fetched once by name and hash.

* `astronaut`: a NASA portrait (public domain) that scikit-image carries.
* `president_a`, `president_b`: official portraits (works of the US federal government, public domain)
  among the test pictures in the source distribution of `face-recognition` 1.3.0.

`python -m gate_simulators.egate.photographs` fills the cache at set-up; afterwards nothing touches the
network.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.errors import GateError

DISTRIBUTION = "face-recognition==1.3.0"
DISTRIBUTION_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
_MAX_PICTURE_BYTES = 1024 * 1024
_FOLDER = "face_recognition-1.3.0/tests/test_images"

# person -> (file in the distribution, SHA-256), the reference portrait first
PICTURES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "president_a": (
        ("obama.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
        ("obama2.jpg", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
        ("obama3.jpg", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
    ),
    "president_b": (("biden.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),),
}


class PhotographsError(GateError):
    """The test photographs are not here and cannot be fetched."""


def default_cache() -> Path:
    """`.cache/photographs` of the checkout."""
    return Path(__file__).resolve().parents[3] / ".cache" / "photographs"


@functools.cache
def photographs(cache: Path | None = None) -> Mapping[str, tuple[NDArray[np.uint8], ...]]:
    """Person -> RGB pictures. Fetches what the cache lacks. Raises PhotographsError."""
    folder = fetch(cache)
    people = {
        person: tuple(_decode(folder / name) for name, _ in pictures) for person, pictures in PICTURES.items()
    }
    return {**people, "astronaut": (_astronaut(),)}


def fetch(cache: Path | None = None) -> Path:
    """The folder with every picture, each checked against its SHA-256."""
    folder = cache or default_cache()
    wanted = dict(entry for pictures in PICTURES.values() for entry in pictures)
    if any(_digest(folder / name) != digest for name, digest in wanted.items()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as temporary:
                _unpack(_download(Path(temporary)), folder, wanted)
        except OSError as error:
            raise PhotographsError(f"cannot write the cache: {error}", field=str(folder)) from error
    return folder


def _download(folder: Path) -> Path:
    # A virtual environment need not have pip, so it is the interpreter below it that downloads.
    python = os.environ.get("PYTHON") or getattr(sys, "_base_executable", sys.executable)
    command = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), DISTRIBUTION]
    advice = f"connect once and run `python -m gate_simulators.egate.photographs`; it needs {python} -m pip"
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PhotographsError(f"cannot run pip: {error}", field=DISTRIBUTION, advice=advice) from error
    archives = sorted(folder.glob("*.tar.gz"))
    if result.returncode or len(archives) != 1:
        reason = (result.stderr.strip().splitlines() or ["nothing was downloaded"])[-1]
        raise PhotographsError(f"download failed: {reason}", field=DISTRIBUTION, advice=advice)
    if _digest(archives[0]) != DISTRIBUTION_SHA256:
        raise PhotographsError("SHA-256 differs from the pinned one", field=archives[0].name)
    return archives[0]


def _unpack(archive: Path, folder: Path, wanted: Mapping[str, str]) -> None:
    with tarfile.open(archive) as tar:
        for name, digest in wanted.items():
            member = tar.extractfile(f"{_FOLDER}/{name}")
            data = member.read(_MAX_PICTURE_BYTES) if member else b""
            if hashlib.sha256(data).hexdigest() != digest:
                raise PhotographsError("SHA-256 differs from the pinned one", field=name)
            partial = folder / f".{name}.{os.getpid()}"
            partial.write_bytes(data)
            partial.replace(folder / name)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _decode(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise PhotographsError("cannot be decoded", field=str(path))
    return np.ascontiguousarray(picture[:, :, ::-1]).astype(np.uint8, copy=False)


def _astronaut() -> NDArray[np.uint8]:
    try:
        from skimage.data import astronaut  # noqa: PLC0415 (an optional, slow import)
    except ImportError as error:
        raise PhotographsError(
            "scikit-image is not installed", field="astronaut", advice="install the extra `sim`"
        ) from error
    return np.asarray(astronaut(), dtype=np.uint8)


def main() -> int:
    try:
        fetch()
    except PhotographsError as error:
        print(f"photographs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
