"""What the console's HTTP interface takes and gives (pydantic: this is an edge)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, StringConstraints

from gate_agent.readmodel import Snapshot

OfficerId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,39}$"),
]
"""A service number or account, 2 to 40 characters; never free text, since it is journalled."""

Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    ),
]
"""Plain words on one line."""


class ActionRequest(BaseModel):
    """What a named officer orders, and why.

    `transaction` is the one the officer was looking at: when it is no longer the station's, the station
    declines the order, so that an admit meant for one traveller can never reach the next.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    action: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
    officer: OfficerId
    reason: Reason
    transaction: Annotated[str, StringConstraints(max_length=64)] | None = None


class ActionResult(BaseModel):
    """The station took the order."""

    accepted: Literal[True] = True
    action: str
    officer: str
    note: str = ""
    """What it still needs: a proposed release, a second officer."""


class AcknowledgeRequest(BaseModel):
    """Who has seen it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    officer: OfficerId


class Acknowledged(BaseModel):
    """The alert is acknowledged."""

    code: str
    officer: str


class DeviceReport(BaseModel):
    """One device, as /healthz reports it."""

    device: str
    driver: str
    state: str
    age_s: float | None
    restarts: int
    error: str = ""
    advice: str = ""


class Health(BaseModel):
    """Whether the station can work."""

    model_config = ConfigDict(extra="allow")

    ok: bool
    phase: str
    devices: list[DeviceReport]


class JournalEntry(BaseModel):
    """One record of the journal, reduced to what may stand on a screen: codes, ids and times.

    An officer's order has its outcome with it: `done` is None where none was written; `why` is the
    objection's code, `first` the officer who had decided before.
    """

    epoch: int | None = None
    seq: int | None = None
    kind: str = ""
    at: str = ""
    transaction: str = ""
    verdict: str = ""
    action: str = ""
    by: str = ""
    reasons: list[str] = []
    done: bool | None = None
    why: str = ""
    first: str = ""


_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,63}(:[a-z0-9_-]{1,32})?")
"""A reason code, perhaps with its source (``DEVICE_FAULT:camera``)."""

_TIMES = ("at", "decided_at", "committed_at", "time")
_AUTHORS = ("decided_by", "officer", "by")
_ACTIONS = ("action", "order", "event")
_ORDER, _OUTCOME = "officer_action", "officer_outcome"


def journal_entries(records: Iterable[Mapping[str, Any]]) -> list[JournalEntry]:
    """The records as entries, the newest first; the outcome of an order stands with the order, and nowhere
    else."""
    fields = sorted((_fields(record) for record in records), key=_place, reverse=True)
    outcomes = [each for each in fields if each.get("kind") == _OUTCOME]
    return [_with_outcome(each, outcomes) for each in fields if each.get("kind") != _OUTCOME]


def _place(fields: Mapping[str, Any]) -> tuple[int, int]:
    return fields.get("epoch") or 0, fields.get("seq") or 0


def _with_outcome(fields: Mapping[str, Any], outcomes: list[dict[str, Any]]) -> JournalEntry:
    """An order is written before its outcome, except the safe one, which waits for no disk: of what fits, the
    nearest outcome is its own."""
    entry = _entry(fields)
    if entry.kind != _ORDER:
        return entry
    about = ("action", "officer", "transaction")
    fitting = [each for each in outcomes if all(each.get(name) == fields.get(name) for name in about)]
    if not fitting:
        return entry
    own = min(
        fitting,
        key=lambda each: (_place(each)[0] != _place(fields)[0], abs(_place(each)[1] - _place(fields)[1])),
    )
    outcomes.remove(own)
    return entry.model_copy(
        update={
            "done": own.get("done") is True,
            "why": _code(own.get("why")),
            "first": _text(own, "decided_by", "by"),
        }
    )


def redacted(record: Mapping[str, Any]) -> JournalEntry:
    """An allow-list over one journal record and its body: free text never passes."""
    return _entry(_fields(record))


def _fields(record: Mapping[str, Any]) -> dict[str, Any]:
    body: Any = record.get("body") or {}
    if isinstance(body, str | bytes):
        body = json.loads(body)
    return {**cast("Mapping[str, Any]", body), **record}


def _entry(fields: Mapping[str, Any]) -> JournalEntry:
    reasons = fields.get("reasons") or [fields.get("reason")]
    return JournalEntry(
        epoch=fields.get("epoch"),
        seq=fields.get("seq"),
        kind=_text(fields, "kind"),
        at=_text(fields, *_TIMES),
        transaction=_text(fields, "transaction"),
        verdict=_text(fields, "verdict"),
        action=_text(fields, *_ACTIONS),
        by=_text(fields, *_AUTHORS),
        reasons=[code for reason in reasons if (code := _code(reason))],
    )


def _code(value: Any) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _text(fields: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds a short text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value[:64]
    return ""


def health_of(snapshot: Snapshot) -> Health:
    """Healthy: every device delivers. A closed lane is healthy; one with a silent camera is not."""
    return Health(
        ok=bool(snapshot.devices) and all(d.state.value == "up" for d in snapshot.devices),
        phase=snapshot.phase,
        devices=[
            DeviceReport(
                device=d.device,
                driver=d.driver,
                state=d.state.value,
                age_s=d.age_s if d.age_s < float("inf") else None,
                restarts=d.restarts,
                error=d.error,
                advice=d.advice,
            )
            for d in snapshot.devices
        ],
    )
