"""Reads container codes in a picture: the finder marks lines, a reader reads each, ISO 6346 sorts them out.

    recogniser = CodeRecogniser.load(RecogniserSettings())
    reads = recogniser.read(pixels)          # RGB uint8; the most probable code first

Codes are read in one line, in lines below each other (owner, then number), and in columns of upright
characters. The networks run in onnxruntime on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from gate_agent.networks import NetworkSession
from gate_agent.vehicle.cards import RecogniserSettings, load_model
from gate_agent.vehicle.correction import ALPHABET, Scores, correct
from gate_agent.vehicle.errors import ContainerCodeError, PictureError
from gate_agent.vehicle.iso6346 import CODE_LENGTH, ContainerCode, parse_size_type
from gate_agent.vehicle.lines import FoundLine, Grey, lines_of, normalised, straightened

MIN_SIDE, MAX_SIDE = 64, 8192
_MULTIPLE = 8
_MAX_READ = 24  # lines of one picture that are read: the best marked ones
MAX_REPAIRS, LEAST_CONFIDENCE = 3, 0.5
"""Beyond these a line is not a misread code but other lettering that was bent into one."""
SURE = 0.9
_MARGINS = (1.0, 1.25, 0.85)
"""Unless a code is read so surely, lines are cut out again with more and with less around them."""
_DOUBT = 0.8
"""What a check digit that was not seen takes off the confidence."""
_UNSEEN_DIGIT: Scores = np.array([0.1] * 10 + [1e-5] * 26)
ort = cast("Any", onnxruntime)  # it ships no type information


@dataclass(frozen=True, slots=True, eq=False)
class LineText:
    """One line as read: its characters and, for each, the probabilities of all."""

    line: FoundLine
    text: str
    places: tuple[Scores, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CodeRead:
    """One code in one picture. `places` are the eleven places' probabilities, for fusing views.

    `repairs` counts characters changed to make structure and check digit hold.
    """

    code: ContainerCode
    confidence: float
    repairs: int
    margin: float
    vertical: bool
    quad: NDArray[np.float32]
    places: tuple[Scores, ...]
    size_type: str = ""


class CodeRecogniser:
    """The networks, loaded. ``read()`` may be called from several threads."""

    def __init__(self, finder: bytes, rows: bytes, columns: bytes, settings: RecogniserSettings) -> None:
        self._settings = settings
        self._finder = NetworkSession(finder, "finder", threads=settings.threads)
        self._readers = {
            False: NetworkSession(rows, "row reader", threads=settings.threads),
            True: NetworkSession(columns, "column reader", threads=settings.threads),
        }

    @classmethod
    def load(cls, settings: RecogniserSettings) -> CodeRecogniser:
        """Raises NetworkError when a model is missing or not what its card pins."""
        names = (settings.finder, settings.row_reader, settings.column_reader)
        finder, rows, columns = (load_model(settings.models, name) for name in names)
        return cls(finder, rows, columns, settings)

    def read(self, pixels: NDArray[np.uint8]) -> tuple[CodeRead, ...]:
        """Codes in the picture, the most probable first. Raises PictureError."""
        grey = _grey(pixels)
        found: dict[str, CodeRead] = {}
        looked: set[float] = set()
        for side in self._settings.search_sides:
            scale = min(1.0, side / max(grey.shape))
            if scale in looked:
                continue
            looked.add(scale)
            lines = self.find(grey, side)
            for margin in _MARGINS:
                for read in _codes(self._texts(grey, [_wider(line, margin) for line in lines])):
                    known = found.get(str(read.code))
                    if known is None or _rank(read) < _rank(known):
                        found[str(read.code)] = read
                reads = sorted(found.values(), key=_rank)
                if reads and not reads[0].repairs and reads[0].confidence >= SURE:
                    return tuple(reads)
        return tuple(sorted(found.values(), key=_rank))

    def find(self, grey: Grey, side: int) -> list[FoundLine]:
        """Lines of lettering in the picture, searched with its longer side brought to `side` pixels."""
        height, width = grey.shape
        scale = min(1.0, side / max(height, width))
        rows, columns = (max(_MULTIPLE, round(n * scale / _MULTIPLE) * _MULTIPLE) for n in (height, width))
        small = np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        marks = self._finder.run(normalised(small)[None, None])[0]
        found = lines_of(marks, height / marks.shape[1], self._settings.line_threshold)
        return sorted(found, key=lambda line: -line.score * line.length)[:_MAX_READ]

    def _texts(self, grey: Grey, lines: list[FoundLine]) -> list[LineText]:
        texts: list[LineText] = []
        for vertical, reader in self._readers.items():
            some = [line for line in lines if line.vertical is vertical]
            if some:
                cut = np.stack([straightened(grey, line.quad, vertical) for line in some])[:, None]
                scores = reader.run(np.asarray(cut, np.float32))[:, :, 0, :]
                texts += [decoded(line, one) for line, one in zip(some, scores, strict=True)]
        return texts


def _wider(line: FoundLine, factor: float) -> FoundLine:
    """The line with its thickness multiplied, and its ends moved as far."""
    if factor == 1.0:
        return line
    across = (line.quad[3] - line.quad[0]) * (factor - 1) / 2
    along = (line.quad[1] - line.quad[0]) / max(line.length, 1e-3) * line.thickness * (factor - 1) / 2
    moved = np.stack([-along - across, along - across, along + across, -along + across])
    return FoundLine(np.asarray(line.quad + moved, np.float32), line.vertical, line.score)


def decoded(line: FoundLine, scores: NDArray[np.float32]) -> LineText:
    """Greedy CTC: the best class at each step, repetitions merged, blanks dropped.

    A character's probabilities are taken where it is surest; the blank's share is left out.
    """
    best = scores.argmax(axis=0)
    text: list[str] = []
    places: list[Scores] = []
    step = 0
    while step < len(best):
        end = step + 1
        while end < len(best) and best[end] == best[step]:
            end += 1
        if best[step] != 0:
            peak = step + int(scores[best[step], step:end].argmax())
            chars = scores[1:, peak].astype(np.float64)
            places.append(chars / max(float(chars.sum()), 1e-9))
            text.append(ALPHABET[int(best[step]) - 1])
        step = end
    return LineText(line, "".join(text), tuple(places))


# ---------------------------------------------------------------- from lines to codes


def _codes(texts: list[LineText]) -> list[CodeRead]:
    """Every code that a line, or lines that belong together, give; each code once."""
    found: dict[str, CodeRead] = {}
    for group in (*([text] for text in texts), *_neighbours(texts)):
        read = _code(group)
        if read is None:
            continue
        known = found.get(str(read.code))
        if known is None or _rank(read) < _rank(known):
            found[str(read.code)] = read
    reads = sorted(found.values(), key=_rank)
    return [_with_size_type(read, texts) for read in reads]


def _code(group: list[LineText]) -> CodeRead | None:
    places = tuple(place for text in group for place in text.places)
    best: CodeRead | None = None
    for candidate, missing in _elevens(places):
        correction = correct(candidate)
        if correction is None:
            continue
        repairs = correction.repairs + missing
        if repairs > MAX_REPAIRS or correction.confidence < LEAST_CONFIDENCE:
            continue
        first = group[0].line
        read = CodeRead(
            correction.code,
            correction.confidence * _DOUBT**missing,
            repairs,
            correction.margin,
            first.vertical,
            first.quad,
            candidate,
        )
        if best is None or _rank(read) < _rank(best):
            best = read
    return best


def _rank(read: CodeRead) -> tuple[int, float]:
    return read.repairs, -read.confidence


def _elevens(places: tuple[Scores, ...]) -> list[tuple[tuple[Scores, ...], int]]:
    """Eleven places out of ten to thirteen, and how many of them were not seen.

    Of too many, ends or the least sure are left out: strokes beside a code, or the box around its check
    digit, are read as characters. Of ten, the check digit may be the one that is missing.
    """
    surplus = len(places) - CODE_LENGTH
    if surplus == 0:
        return [(places, 0)]
    if surplus == -1:
        return [((*places, _UNSEEN_DIGIT), 1)]
    if not 0 < surplus <= 2:
        return []
    ends = [places[start : start + CODE_LENGTH] for start in range(surplus + 1)]
    sure = sorted(range(len(places)), key=lambda n: float(places[n].max()))[surplus:]
    return [(eleven, 0) for eleven in (*ends, tuple(places[n] for n in sorted(sure)))]


def _neighbours(texts: list[LineText]) -> list[list[LineText]]:
    """Two or three lines that follow each other and hold a code together: owner, number, check digit."""
    pairs = [
        [first, second]
        for first in texts
        for second in texts
        if second is not first and first.text and second.text and _follows(first.line, second.line)
    ]
    triples = [
        [*pair, third]
        for pair in pairs
        for third in texts
        if third not in pair and third.text and _follows(pair[-1].line, third.line)
    ]
    return [
        group
        for group in (*pairs, *triples)
        if CODE_LENGTH - 1 <= sum(len(text.text) for text in group) <= CODE_LENGTH + 2
    ]


def _follows(before: FoundLine, line: FoundLine) -> bool:
    """Whether a line is the next in reading: begins where the other ends, or beside its beginning."""
    thick = max(before.thickness, line.thickness)
    if min(before.thickness, line.thickness) < 0.55 * thick:
        return False
    begin = (line.quad[0] + line.quad[3]) / 2
    end_of, begin_of = (before.quad[1] + before.quad[2]) / 2, (before.quad[0] + before.quad[3]) / 2
    along = (before.quad[1] - before.quad[0]) / max(before.length, 1e-3)
    behind = begin - end_of
    onward = float(behind @ along)
    aside = float(np.linalg.norm(behind - onward * along))
    if -0.8 * thick < onward < 2.5 * thick and aside < 0.6 * thick:
        return True
    beside = begin - begin_of
    onward = float(beside @ along)
    aside = float(np.linalg.norm(beside - onward * along))
    return abs(onward) < 1.5 * thick and 0.6 * thick < aside < 2.4 * thick


def _with_size_type(read: CodeRead, texts: list[LineText]) -> CodeRead:
    """The size and type code nearest to the code, if one was read."""
    nearest, distance = "", np.inf
    for text in texts:
        try:
            size_type = parse_size_type(text.text).code
        except ContainerCodeError:
            continue
        away = float(np.linalg.norm(text.line.centre - read.quad.mean(axis=0)))
        if away < distance:
            nearest, distance = size_type, away
    return CodeRead(
        read.code,
        read.confidence,
        read.repairs,
        read.margin,
        read.vertical,
        read.quad,
        read.places,
        nearest,
    )


# ---------------------------------------------------------------- pictures


def _grey(pixels: NDArray[np.uint8]) -> Grey:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise PictureError("not an RGB picture of 8 bits a channel", field="pixels")
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in pixels.shape[:2]):
        raise PictureError(
            f"sides {pixels.shape[:2]} are not {MIN_SIDE} to {MAX_SIDE} pixels", field="pixels"
        )
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
