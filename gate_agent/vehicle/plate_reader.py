"""Reads licence plates with the networks that read container codes.

    reader = PlateReader.load(RecogniserSettings())
    reads = reader.read(pixels)          # RGB uint8; the surest first

The networks were never shown a plate; they read lines of Latin capitals and digits. Give them pictures of a
truck's front or rear: on a container's side every marking looks like a plate.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.networks import NetworkSession
from gate_agent.vehicle.cards import RecogniserSettings, load_model
from gate_agent.vehicle.errors import PictureError
from gate_agent.vehicle.lines import FoundLine, Grey, straightened
from gate_agent.vehicle.plates import PlateRead, normalised
from gate_agent.vehicle.recogniser import MAX_SIDE, MIN_SIDE, CodeRecogniser, LineText, decoded

FEWEST, MOST = 4, 10
"""Characters of a plate; a container code has eleven."""
LEAST_CONFIDENCE = 0.5


class PlateReader:
    """``read()`` may be called from several threads."""

    def __init__(
        self, recogniser: CodeRecogniser, rows: NetworkSession, settings: RecogniserSettings
    ) -> None:
        self._recogniser = recogniser
        self._rows = rows
        self._settings = settings

    @classmethod
    def load(cls, settings: RecogniserSettings) -> PlateReader:
        """Raises a GateError when a network is missing or not what its card pins."""
        network = load_model(settings.models, settings.row_reader)
        rows = NetworkSession(network, settings.row_reader, threads=settings.threads)
        return cls(CodeRecogniser.load(settings), rows, settings)

    def read(self, pixels: NDArray[np.uint8]) -> tuple[PlateRead, ...]:
        """Every line that may be a plate, each plate once. Raises PictureError, NetworkError."""
        grey = _grey(pixels)
        found: dict[str, PlateRead] = {}
        for side in self._settings.search_sides:
            lines = [line for line in self._recogniser.find(grey, side) if not line.vertical]
            for read in self._plates(grey, lines):
                known = found.get(read.text)
                if known is None or read.confidence > known.confidence:
                    found[read.text] = read
        return tuple(sorted(found.values(), key=lambda read: -read.confidence))

    def _plates(self, grey: Grey, lines: list[FoundLine]) -> list[PlateRead]:
        if not lines:
            return []
        cut = np.stack([straightened(grey, line.quad, False) for line in lines])[:, None]
        scores = self._rows.run(np.asarray(cut, np.float32))[:, :, 0, :]
        texts = [decoded(line, one) for line, one in zip(lines, scores, strict=True)]
        return [read for text in texts if (read := _plate(text)) is not None]


def _plate(text: LineText) -> PlateRead | None:
    """A line of the length of a plate with a digit in it, read surely enough."""
    if not FEWEST <= len(text.text) <= MOST or not any(char.isdigit() for char in text.text):
        return None
    confidence = float(np.exp(np.mean([np.log(max(float(place.max()), 1e-9)) for place in text.places])))
    return PlateRead(normalised(text.text), confidence) if confidence >= LEAST_CONFIDENCE else None


def _grey(pixels: NDArray[np.uint8]) -> Grey:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise PictureError("not an RGB picture of 8 bits a channel", field="pixels")
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in pixels.shape[:2]):
        raise PictureError(
            f"sides {pixels.shape[:2]} are not {MIN_SIDE} to {MAX_SIDE} pixels", field="pixels"
        )
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
