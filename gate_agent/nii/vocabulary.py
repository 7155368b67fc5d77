"""The words of the scanner station's process: phases, what can happen, what can be asked for, what is known.

A truck drives through one lane: past an entry barrier, by cameras, radiation portal, scale and scanner, to a
hold line with two ways out: the release road, and the inspection area. Only a committed release opens the
first; the second is always there, so that no truck is trapped.

All are frozen values without behaviour, so that every state can be compared, stored and explored.
A *ticket* numbers what the process asked: an answer to an older ticket is stale and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from gate_agent.devices import DoorPosition, Signal
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
    """Where the lane is in its work."""

    IDLE = "idle"
    ENTRY_OPENING = "entry_opening"  # a truck is before the entry and may come in
    SCANNING = "scanning"  # it drives through portal and scanner, the entry closed behind it
    GATHERING = "gathering"  # it stands at the hold line; what the devices still owe is awaited
    DECIDING = "deciding"
    RELEASING = "releasing"  # the release barrier is open for it
    REVIEW = "review"  # it waits for an officer's word
    DIRECTING = "directing"  # the inspection barrier is open for it
    CLEARING = "clearing"  # it has left; the barriers close
    OUT_OF_SERVICE = "out_of_service"
    EMERGENCY = "emergency"


# ---------------------------------------------------------------- what can happen


class Seen(NamedTuple):
    """The barrier controller's inputs, as far as the process needs them (a YardReading, reduced).

    `vehicles` counts those between the three barriers (0, 1, 2 = two or more); `at_hold`: one stands at the
    hold line. `known` is False while the controller has not spoken since it was lost.
    """

    entry: DoorPosition = DoorPosition.CLOSED
    release: DoorPosition = DoorPosition.CLOSED
    inspection: DoorPosition = DoorPosition.CLOSED
    approach: bool = False
    vehicles: int = 0
    at_hold: bool = False
    emergency: bool = False
    forced: bool = False
    sensors_disagree: bool = False
    interlock_ok: bool = True
    known: bool = True


UNKNOWN = Seen(known=False)


@dataclass(frozen=True, slots=True)
class YardChanged:
    """The controller reported."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class BarriersRefused:
    """The controller would not take the last barrier request; its barriers are as they were."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the devices owe about this truck is there and was examined, or will not come any more."""

    ticket: int


@dataclass(frozen=True, slots=True)
class RadiationAlarm:
    """Gamma or neutron alarm for this truck, from the monitor or from our own judgement.

    It speaks of the truck, not of a question: it carries the ticket of its :class:`Begin`, or any newer.
    """

    ticket: int


OfficerOrder: TypeAlias = Literal["release", "inspect", "reset", "out_of_service", "in_service"]

Event: TypeAlias = (
    YardChanged
    | BarriersRefused
    | Gathered
    | RadiationAlarm
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
class Gather:
    """The truck stands at the hold line: wait for what is still owed, examine it, answer with Gathered."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Divert:
    """Commit that this truck is to be inspected, for this reason, whatever the policy would say."""

    ticket: int
    reason: str


@dataclass(frozen=True, slots=True)
class SetBarriers:
    """Request these barrier targets from the controller."""

    entry_open: bool
    release_open: bool
    inspection_open: bool


@dataclass(frozen=True, slots=True)
class Show:
    """Set the signals at the entry and at the hold line, and the driver's instruction (a code)."""

    entry: Signal
    hold: Signal
    instruction: str


Effect: TypeAlias = (
    Begin
    | Gather
    | Decide
    | Divert
    | CommitOfficer
    | Stop
    | Finish
    | Alarm
    | AlarmOver
    | Answer
    | SetBarriers
    | Show
    | StartTimer
)


# ---------------------------------------------------------------- what is known


class Yard(NamedTuple):
    """Everything the process remembers.

    `targets` are those last requested (None: unknown, request again), `confirmed`: the controller
    has reported since; `ticket` the newest question asked; `truck` the ticket with which the inspection of
    this truck began, `open` while it runs; `released`: a release of this ticket is committed; `alarmed`:
    radiation was found on this truck, which no release outlives; `hub_hold`: the hub wants an officer to
    look before it goes; `settled`: an officer sent it to inspection; `balked`: the truck before the entry
    did not come in when it could; `latched`: only an officer ends the outage.
    """

    phase: Phase = Phase.OUT_OF_SERVICE
    seen: Seen = UNKNOWN
    targets: SetBarriers | None = None
    confirmed: bool = False
    ticket: int = 0
    truck: int = 0
    open: bool = False
    released: bool = False
    alarmed: bool = False
    hub_hold: bool = False
    settled: bool = False
    balked: bool = False
    latched: bool = False
    faults: frozenset[str] = frozenset({"yard"})
