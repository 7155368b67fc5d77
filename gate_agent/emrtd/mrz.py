"""The machine readable zone (Doc 9303-3 §4, with the formats of Doc 9303-4 TD3, -5 TD1, -6 TD2)."""

from __future__ import annotations

from gate_agent.errors import BadInput


class MrzError(BadInput):
    """The machine readable zone breaks a rule of Doc 9303. `field` names the data element."""


_WEIGHTS = (7, 3, 1)


def check_digit(text: str) -> str:
    """The check digit over `text` (Doc 9303-3 §4.9): weights 7-3-1, modulus 10, A=10..Z=35, '<'=0."""
    return str(sum(_character_value(c) * _WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def _character_value(character: str) -> int:
    if "0" <= character <= "9":
        return ord(character) - ord("0")
    if "A" <= character <= "Z":
        return ord(character) - ord("A") + 10
    if character == "<":
        return 0
    raise MrzError(f"{character!r} is not a character of the zone", field="mrz")
