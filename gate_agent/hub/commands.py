"""Orders from the hub: read with suspicion, obeyed once, always answered.

A command carries who orders it, why, and until when it may be obeyed. One that is too large, unreadable,
unknown, expired or valid for implausibly long is rejected with a reason code; one that arrives a
second time gets the first answer again.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, cast

from pydantic import TypeAdapter, ValidationError

from gate_agent.hub.errors import BadMessage
from gate_agent.hub.messages import AnswerData, CommandEvent, Identifier, seconds

MAX_LIFETIME_S = 300.0
MAX_SKEW_S = 60.0
_REMEMBERED = 256
_IDENTIFIER = TypeAdapter[str](Identifier)


class CommandReason(StrEnum):
    """Why a command was not obeyed."""

    TOO_LARGE = "COMMAND_TOO_LARGE"
    MALFORMED = "COMMAND_MALFORMED"
    UNKNOWN = "COMMAND_UNKNOWN"
    EXPIRED = "COMMAND_EXPIRED"
    BAD_LIFETIME = "COMMAND_BAD_LIFETIME"
    TOO_MANY = "COMMAND_TOO_MANY"
    FAILED = "COMMAND_FAILED"


@dataclass(frozen=True, slots=True)
class Command:
    """A valid order. `action` is ``hold``, ``out_of_service``, ``in_service`` or ``ping``."""

    correlation: str
    action: str
    officer: str
    reason: str
    transaction: str
    hub: str
    issued_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What the station made of a command. `reason` is a reason code when it was not done."""

    done: bool
    reason: str = ""
    detail: str = ""

    def answer(self, correlation: str) -> AnswerData:
        outcome = "done" if self.done else "rejected"
        return AnswerData(
            correlation=correlation, outcome=outcome, reason=self.reason[:64], detail=self.detail[:256]
        )


@dataclass(frozen=True, slots=True)
class RejectedCommand:
    """An order that will not be obeyed. `correlation` is empty where it could not be read."""

    correlation: str
    reason: CommandReason
    detail: str

    def answer(self) -> AnswerData:
        return CommandOutcome(done=False, reason=self.reason, detail=self.detail).answer(self.correlation)


Reading: TypeAlias = Command | RejectedCommand | AnswerData
"""An order to obey, one to reject, or the answer that a repeated one already got."""


class CommandDesk:
    """Reads commands and remembers the newest answers. `clock` gives UTC seconds."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._answers: OrderedDict[str, AnswerData] = OrderedDict()

    def read(self, payload: bytes | None) -> Reading:
        """Judge one payload; None stands for one that was too large to keep."""
        if payload is None or len(payload) > self._limit:
            return RejectedCommand("", CommandReason.TOO_LARGE, f"at most {self._limit} bytes are taken")
        try:
            event = CommandEvent.parse(payload, self._limit)
            issued, expires = seconds(event.time), seconds(event.expirytime)
        except BadMessage as error:
            unknown = error.field == "data.action"
            reason = CommandReason.UNKNOWN if unknown else CommandReason.MALFORMED
            return RejectedCommand(_correlation_of(payload), reason, str(error)[:256])
        data = event.data
        if data.correlation in self._answers:
            return self._answers[data.correlation]
        command = Command(
            data.correlation,
            data.action,
            data.officer,
            data.reason,
            data.transaction,
            event.source,
            issued_at=issued,
            expires_at=expires,
        )
        return self.stale(command) or command

    def stale(self, command: Command) -> RejectedCommand | None:
        """Why the time for this command is wrong, asked again just before it is obeyed."""
        now = self._clock()
        if command.expires_at <= now:
            late = now - command.expires_at
            detail = f"expired {late:.1f} s ago"
            return RejectedCommand(command.correlation, CommandReason.EXPIRED, detail)
        lifetime = command.expires_at - command.issued_at
        if not 0 < lifetime <= MAX_LIFETIME_S or command.issued_at > now + MAX_SKEW_S:
            detail = f"issued for {lifetime:.0f} s, at most {MAX_LIFETIME_S:.0f}; or the clocks differ"
            return RejectedCommand(command.correlation, CommandReason.BAD_LIFETIME, detail)
        return None

    def remember(self, answer: AnswerData) -> None:
        """Keep the answer, for a repetition of its command."""
        if not answer.correlation:
            return
        self._answers[answer.correlation] = answer
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)


def _correlation_of(payload: bytes) -> str:
    """The correlation id of a message that is otherwise wrong, so that its sender can be told."""
    try:
        loaded: object = json.loads(payload)
        data = cast(dict[str, Any], loaded)["data"]
        return _IDENTIFIER.validate_python(data["correlation"], strict=True)
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        return ""
