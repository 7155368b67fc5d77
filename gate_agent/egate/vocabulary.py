"""The words of the e-gate process: phases, what can happen, what can be asked for, what is known.

All are frozen values without behaviour, so that every state can be compared, stored and explored.
A *ticket* numbers what the process asked: an answer to an older ticket is stale and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from gate_agent.devices import DoorPosition, Light
from gate_agent.station.vocabulary import (
    Alarm,
    AlarmOver,
    Answer,
    Begin,
    CommitFailed,
    CommitOfficer,
    Decide,
    DecisionCommitted,
    Fault,
    Finish,
    HubVerdict,
    OfficerRequest,
    Recovered,
    StartTimer,
    Stop,
    Timeout,
)


class Phase(StrEnum):
    """Where a lane is in its work.

    ``TURNED_AWAY`` and ``REFERRED`` both send the traveller to an officer: the first from outside the
    lane, which stays closed; the second from inside, where the officer takes over.
    """

    IDLE = "idle"
    PRESENTED = "document_presented"
    READING = "reading"
    ENTRY_OPENING = "entry_opening"
    ENTRY_OCCUPIED = "entry_occupied"
    ENTRY_CLOSING = "entry_closing"
    CAPTURING = "capturing"
    DECIDING = "deciding"
    EXIT_OPENING = "exit_opening"
    LEAVING = "leaving"
    EXIT_CLOSING = "exit_closing"
    TURNED_AWAY = "turned_away"
    REFERRED = "referred"
    OUT_OF_SERVICE = "out_of_service"
    EMERGENCY = "emergency"


# ---------------------------------------------------------------- what can happen


class Seen(NamedTuple):
    """The door controller's inputs, as far as the process needs them (a LaneReading, reduced).

    `approach`: somebody stands before the entry, at the document reader. `known` is False while the
    controller has not spoken since it was lost: nothing may be concluded.
    """

    entry: DoorPosition = DoorPosition.CLOSED
    exit: DoorPosition = DoorPosition.CLOSED
    approach: bool = False
    inside: int = 0
    object_inside: bool = False
    emergency: bool = False
    forced: bool = False
    held: bool = False
    sensors_disagree: bool = False
    interlock_ok: bool = True
    known: bool = True


UNKNOWN = Seen(known=False)


@dataclass(frozen=True, slots=True)
class LaneChanged:
    """The controller reported; doors, presence per zone, objects and alarms are in `seen`."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class DoorsRefused:
    """The controller would not take the last door request; its doors are as they were."""


@dataclass(frozen=True, slots=True)
class DocumentPresented:
    """An MRZ arrived. `readable`: it gives the chip's key; `same`: as the transaction's own."""

    readable: bool = True
    same: bool = True


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document left the scanner."""


@dataclass(frozen=True, slots=True)
class ChipPresent:
    """A chip came into the reader's field, or left it."""

    present: bool


@dataclass(frozen=True, slots=True)
class CardLost:
    """The chip stopped answering in the middle of the inspection."""

    ticket: int


@dataclass(frozen=True, slots=True)
class DocumentVetted:
    """The chip was inspected and the document rules asked; `enter`: nothing speaks against it."""

    ticket: int
    enter: bool


@dataclass(frozen=True, slots=True)
class FaceCaptured:
    """The capture ended, with whatever evidence it found."""

    ticket: int


OfficerOrder: TypeAlias = Literal["admit", "refuse", "reset", "out_of_service", "in_service"]

Event: TypeAlias = (
    LaneChanged
    | DoorsRefused
    | DocumentPresented
    | DocumentRemoved
    | ChipPresent
    | CardLost
    | DocumentVetted
    | FaceCaptured
    | DecisionCommitted
    | CommitFailed
    | HubVerdict
    | Fault
    | Recovered
    | OfficerRequest
    | Timeout
)


# ---------------------------------------------------------------- what can be asked for


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """Inspect the chip, ask the document rules, answer with DocumentVetted or CardLost."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Capture:
    """Watch the camera, compare with the portrait, answer with FaceCaptured."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Refer:
    """Commit that this transaction goes to an officer, for this reason."""

    ticket: int
    reason: str


@dataclass(frozen=True, slots=True)
class SetDoors:
    """Request these door targets from the controller."""

    entry_open: bool
    exit_open: bool


@dataclass(frozen=True, slots=True)
class Show:
    """Set the lane lights and the traveller's instruction (an instruction code)."""

    outside: Light
    inside: Light
    instruction: str


Effect: TypeAlias = (
    Begin
    | ReadDocument
    | Capture
    | Decide
    | Refer
    | CommitOfficer
    | Stop
    | Finish
    | Alarm
    | AlarmOver
    | Answer
    | SetDoors
    | Show
    | StartTimer
)


# ---------------------------------------------------------------- what is known


class Lane(NamedTuple):
    """Everything the process remembers.

    `targets` are those last requested (None: unknown, request again), `confirmed`: the controller
    has reported since, so what is seen is not older than what was asked; `ticket` the newest
    question asked, `open` while its transaction runs; `admitted`: an admit of this ticket is committed;
    `attempts` the chip presentations so far; `misread`: a zone was unreadable, once; `wavered`: the
    traveller came in and went back, once; `vacated`: whoever is inside is not known to be this
    transaction's traveller, because nobody was let in yet or the lane stood empty since; `settled`: an
    officer closed the case; `latched`: only an officer ends the outage.
    """

    phase: Phase = Phase.OUT_OF_SERVICE
    seen: Seen = UNKNOWN
    targets: SetDoors | None = None
    confirmed: bool = False
    ticket: int = 0
    open: bool = False
    admitted: bool = False
    chip: bool = False
    attempts: int = 0
    misread: bool = False
    wavered: bool = False
    vacated: bool = False
    settled: bool = False
    latched: bool = False
    faults: frozenset[str] = frozenset({"lane"})
