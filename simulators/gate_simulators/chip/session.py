"""What a card remembers between two commands, and how protocols join it.

Each protocol is one more :class:`CardProtocol` in the card's list; none knows of another.
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
    `chained` is the part of a command chain that has come so far, `pending` the part of a response chain
    that is still to go; `broken` makes the channel fail at the next command. `was_open` stays
    when access ends.
    `environment` is what the last MANAGE SECURITY ENVIRONMENT chose, known to the protocol that chose it.

    For terminal authentication (Doc 9303-11 §7.1.3): `chip_identity` is ID_IC of the access procedure,
    `terminal_key` the terminal's compressed key of chip authentication, `rights` the data groups that an
    authenticated terminal may read beyond the others.
    """

    application: bool = False
    current: ElementaryFile | None = None
    access: bool = False
    was_open: bool = False
    channel: SecureChannel | None = None
    next_channel: SecureChannel | None = None
    room: int = 0
    environment: object = None
    chained: Command | None = None
    pending: bytes = b""
    broken: bool = False
    challenge: bytes = field(default=b"", repr=False)
    chip_identity: bytes = field(default=b"", repr=False)
    terminal_key: bytes = b""
    rights: frozenset[str] = frozenset()

    def abort_secure_messaging(self) -> None:
        """The session keys and the rights they carried are gone (Doc 9303-11 §9.8.3)."""
        self.channel = None
        self.next_channel = None
        self.access = False
        self.environment = None
        self.chained = None
        self.broken = False
        self.challenge = b""
        self.chip_identity = b""
        self.terminal_key = b""
        self.rights = frozenset()


class CardProtocol(Protocol):
    """One protocol of the card: answers the commands that are its own."""

    def answer(self, command: Command, session: Session) -> Response | None:
        """The response, or None when the command belongs to another protocol. Raises Refused."""
        ...
