"""From what the reader saw at eleven places to the container code it most likely is.

The structure of ISO 6346 says which places hold letters and which digits, so an O in the serial number is a
zero; the check digit says whether the whole holds. Where it does not, the most probable reading that holds
is looked for among the reader's own alternatives. That uses the check digit up: a repaired code
proves nothing about itself and needs a second view or the manifest (:mod:`gate_agent.vehicle.voting`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gate_agent.vehicle.iso6346 import CATEGORIES, CODE_LENGTH, ContainerCode, check_digit, parse

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Scores = NDArray[np.float64]
"""Probabilities of the characters of ALPHABET at one place."""

LOOKALIKES: Mapping[str, str] = MappingProxyType(
    {"0": "ODQ", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B"}
)
"""Digits, and the letters that the same strokes may be."""
_FLOOR = 1e-5
_ALTERNATIVES = 4
_MAX_LOSS = 9.0
"""Nats: a repaired reading e^9 times less probable than the one that does not hold is not believed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The most probable code. `repairs` counts characters that are not what the reader saw first.

    `confidence` is the geometric mean of the places' probabilities; `margin` the logarithm of how much more
    probable it is than the next code that holds.
    """

    code: ContainerCode
    confidence: float
    repairs: int
    margin: float


def exact(text: str) -> list[Scores]:
    """Scores of a reader that is sure."""
    scores: list[Scores] = []
    for char in text:
        place = np.full(len(ALPHABET), _FLOOR)
        place[ALPHABET.index(char)] = 1.0
        scores.append(place / place.sum())
    return scores


def correct(places: Sequence[Scores]) -> Correction | None:
    """The most probable valid code, or None when none is probable enough. `places` must be eleven."""
    if len(places) != CODE_LENGTH:
        return None
    fitted = [_fitted(scores, place) for place, scores in enumerate(places)]
    order = [np.argsort(scores)[::-1][:_ALTERNATIVES] for scores in fitted]
    first = [int(best[0]) for best in order]
    with np.errstate(divide="ignore"):
        logs = [np.log(scores) for scores in fitted]
    best: list[tuple[float, list[int]]] = []
    if _holds(first):
        best.append((0.0, first))
    best += _repaired(first, order, logs)
    best.sort(key=lambda found: found[0])
    if not best or best[0][0] > _MAX_LOSS:
        return None
    loss, chosen = best[0]
    margin = best[1][0] - loss if len(best) > 1 else _MAX_LOSS
    probabilities = [max(float(fitted[place][char]), _FLOOR) for place, char in enumerate(chosen)]
    seen = [int(np.argmax(scores)) for scores in places]
    return Correction(
        code=parse("".join(ALPHABET[char] for char in chosen)),
        confidence=float(np.exp(np.mean(np.log(probabilities)))),
        repairs=sum(a != b for a, b in zip(chosen, seen, strict=True)),
        margin=float(margin),
    )


def _fitted(scores: Scores, place: int) -> Scores:
    """The scores with only those characters that may stand at the place; lookalikes lend theirs."""
    full = np.asarray(scores, np.float64)
    out = np.zeros(len(ALPHABET))
    if place < 4:
        allowed = CATEGORIES if place == 3 else ALPHABET[10:]
        for letter in allowed:
            out[ALPHABET.index(letter)] = full[ALPHABET.index(letter)]
        for digit, letters in LOOKALIKES.items():
            for letter in letters:
                if letter in allowed:
                    out[ALPHABET.index(letter)] += full[ALPHABET.index(digit)] / len(letters)
    else:
        out[:10] = full[:10]
        for digit, letters in LOOKALIKES.items():
            out[ALPHABET.index(digit)] += sum(full[ALPHABET.index(letter)] for letter in letters)
    if not out.any():  # nothing that may stand here was seen: all are alike
        out[:10] = _FLOOR if place >= 4 else 0.0
        for letter in CATEGORIES if place == 3 else ALPHABET[10:] if place < 3 else "":
            out[ALPHABET.index(letter)] = _FLOOR
    # What was seen and may not stand here weakens the place: it is not scaled away.
    return np.maximum(out, _FLOOR * (out > 0))


def _holds(chars: Sequence[int]) -> bool:
    text = "".join(ALPHABET[char] for char in chars)
    return text[3] in CATEGORIES and check_digit(text[:10]) == int(text[10])


def _repaired(
    first: list[int], order: list[NDArray[np.intp]], logs: list[NDArray[np.float64]]
) -> list[tuple[float, list[int]]]:
    """Codes that hold with one or two characters changed, and how much less probable each is."""
    changes = [
        (float(logs[place][first[place]] - logs[place][char]), place, int(char))
        for place in range(CODE_LENGTH)
        for char in order[place][1:]
        if np.isfinite(logs[place][char])
    ]
    changes = [change for change in changes if change[0] <= _MAX_LOSS]
    found: list[tuple[float, list[int]]] = []
    for count in (1, 2):
        for chosen in itertools.combinations(changes, count):
            if len({place for _, place, _ in chosen}) < count:
                continue
            chars = list(first)
            for _, place, char in chosen:
                chars[place] = char
            if _holds(chars):
                found.append((sum(loss for loss, _, _ in chosen), chars))
    return found
