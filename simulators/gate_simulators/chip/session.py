"""What a card remembers between two commands, and how protocols join it.

PACE, chip, active and terminal authentication are each one more :class:`CardProtocol` in the card's
list, beside :class:`~gate_simulators.chip.bac.BasicAccessControl`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from gate_simulators.chip.apdu import Command, Response
from gate_simulators.chip.filesystem import ElementaryFile
from gate_simulators.chip.secure_messaging import SecureChannel


@dataclass(slots=True)
class Session:
    """From power-on to power-off.

    `room` is the number of plain bytes that the response to the current command can carry. A protocol
    that agrees on keys puts the new channel into `next_channel`: it holds from the next command on.
    """

    application: bool = False
    current: ElementaryFile | None = None
    access: bool = False
    channel: SecureChannel | None = None
    next_channel: SecureChannel | None = None
    room: int = 0
    challenge: bytes = field(default=b"", repr=False)

    def abort_secure_messaging(self) -> None:
        """The session keys and the rights they carried are gone (Doc 9303-11 §9.8.3)."""
        self.channel = None
        self.next_channel = None
        self.access = False
        self.challenge = b""


class CardProtocol(Protocol):
    """One protocol of the card: answers the commands that are its own."""

    def answer(self, command: Command, session: Session) -> Response | None:
        """The response, or None when the command belongs to another protocol. Raises Refused."""
        ...
