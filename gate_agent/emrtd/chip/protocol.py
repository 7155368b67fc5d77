"""How a chip protocol is written here: a generator without I/O.

It yields a :class:`CommandApdu` and is sent the chip's :class:`ResponseApdu`, or yields
:class:`Progress` and is sent None; what it returns is the protocol's result. Protocols nest with
``yield from``; :func:`gate_agent.emrtd.chip.exchange.run` drives the outermost over a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: `done` of `total` (bytes when reading a file, else 0 or 1 of 1)."""

    step: str
    done: int = 0
    total: int = 1


T = TypeVar("T")

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many bytes from a cryptographic source (``secrets.token_bytes``)."""

Protocol: TypeAlias = Generator[CommandApdu | Progress, ResponseApdu | None, T]


def transceive(command: CommandApdu) -> Protocol[ResponseApdu]:
    """One command and its response."""
    response = yield command
    if response is None:
        raise RuntimeError("a command must be answered with a response, not with None")
    return response
