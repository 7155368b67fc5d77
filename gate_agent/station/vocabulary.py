"""The vocabulary that the processes of all stations share: what can happen to any, what any may ask for.

A station's own vocabulary takes these up and adds its own. A *ticket* numbers what the process asked: an
answer to an older ticket is stale and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gate_agent.decision import Verdict

# ---------------------------------------------------------------- what can happen


@dataclass(frozen=True, slots=True)
class DecisionCommitted:
    """A decision of this ticket is durably in the journal."""

    ticket: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CommitFailed:
    """The journal could not take the decision; nothing may move for it."""

    ticket: int


@dataclass(frozen=True, slots=True)
class HubVerdict:
    """The hub's word on the running case. It can only hold, never let pass."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A device, the journal, or signed data (``policy``, ``trust``, …) cannot be used."""

    source: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The source of a fault works again."""

    source: str


@dataclass(frozen=True, slots=True)
class OfficerRequest:
    """A named officer orders something (who and why is the conductor's to record)."""

    order: str


@dataclass(frozen=True, slots=True)
class Timeout:
    """The bound of this phase (the station's own word for it) has passed."""

    phase: str


# ---------------------------------------------------------------- what can be asked for


@dataclass(frozen=True, slots=True)
class Begin:
    """A case starts: a traveller's transaction, a truck's inspection."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the policy and commit; answer with DecisionCommitted or CommitFailed."""

    ticket: int


@dataclass(frozen=True, slots=True)
class CommitOfficer:
    """Commit the officer's own decision; answer with DecisionCommitted or CommitFailed."""

    ticket: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Stop:
    """Abandon running work."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The case is over at this station."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tell officers and the hub; journalled as a lane event."""

    reason: str


@dataclass(frozen=True, slots=True)
class AlarmOver:
    """What an Alarm of this reason told of, if there was one, is over."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the station could do what the officer asked."""

    order: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Arm the bound of this phase; arming one disarms the last."""

    phase: str


SharedEffect: TypeAlias = (
    Begin | Decide | CommitOfficer | Stop | Finish | Alarm | AlarmOver | Answer | StartTimer
)
