"""Somebody between chip and reader: relays, alters, repeats or makes up what the chip says.

Each class wraps a card and is one itself, so that it can lie on any reader. None of them knows a key.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from gate_simulators.chip.link import Card

_SECURED = 0x0C
_OK = b"\x90\x00"


@dataclass(slots=True)
class Interference:
    """Relays everything, and counts the protected exchanges."""

    card: Card
    secured: int = field(default=0, init=False)

    @property
    def ATR(self) -> bytes:  # noqa: N802
        return self.card.ATR

    def reset(self) -> None:
        self.secured = 0
        self.card.reset()

    def process(self, apdu: bytes) -> bytes:
        response = self.card.process(apdu)
        if not apdu or apdu[0] & _SECURED != _SECURED:
            return self.plain(apdu, response)
        self.secured += 1
        return self.protected(apdu, response)

    def plain(self, command: bytes, response: bytes) -> bytes:
        """What the reader gets to see of an exchange without secure messaging."""
        return response

    def protected(self, command: bytes, response: bytes) -> bytes:
        """What it gets to see of one with secure messaging."""
        return response


@dataclass(slots=True)
class FlippedBit(Interference):
    """Alters one bit of a protected answer."""

    at: int = 4

    def protected(self, command: bytes, response: bytes) -> bytes:
        if self.secured != self.at or len(response) < 8:
            return response
        return response[:4] + bytes([response[4] ^ 1]) + response[5:]


@dataclass(slots=True)
class Replay(Interference):
    """Answers with what the chip said before."""

    at: int = 5
    last: bytes = b""

    def protected(self, command: bytes, response: bytes) -> bytes:
        repeated = self.last if self.secured == self.at else response
        self.last = response
        return repeated


@dataclass(slots=True)
class ClearAnswers(Interference):
    """Answers protected commands in the clear, with data of its own: a downgrade of the channel."""

    at: int = 3

    def protected(self, command: bytes, response: bytes) -> bytes:
        return (
            bytes.fromhex("60145F0104303130375F36063034303030305C0161") + _OK
            if self.secured >= self.at
            else response
        )


@dataclass(slots=True)
class BareSuccess(Interference):
    """Answers protected commands with a bare 9000."""

    at: int = 3

    def protected(self, command: bytes, response: bytes) -> bytes:
        return _OK if self.secured >= self.at else response


@dataclass(slots=True)
class AlteredStatus(Interference):
    """Leaves the protected status word alone and puts another behind it."""

    at: int = 3

    def protected(self, command: bytes, response: bytes) -> bytes:
        return response[:-2] + b"\x6a\x82" if self.secured == self.at else response


@dataclass(slots=True)
class Noise(Interference):
    """Answers everything with random octets."""

    generator: random.Random = field(default_factory=lambda: random.Random(1))

    def plain(self, command: bytes, response: bytes) -> bytes:
        return self.generator.randbytes(self.generator.randrange(2, 64))

    protected = plain


@dataclass(slots=True)
class AlwaysSuccess(Interference):
    """Answers everything with 9000 and nothing else."""

    def plain(self, command: bytes, response: bytes) -> bytes:
        return _OK

    protected = plain


@dataclass(slots=True)
class Echo(Interference):
    """Answers every command with its own data."""

    def plain(self, command: bytes, response: bytes) -> bytes:
        return command[5:] + _OK

    protected = plain


Interposer: TypeAlias = Callable[[Card], Interference]
