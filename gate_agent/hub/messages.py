"""What travels between station and hub: CloudEvents 1.0 in structured JSON mode.

Context attributes are CloudEvents §3; the extension attributes are ``stationepoch`` and
``stationseq`` (text: a CloudEvents integer has 32 bits only), ``historical`` and ``expirytime``.
Everything that matters is inside the message, never in MQTT 5 properties alone, so that a broker
that speaks 3.1.1 only loses nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gate_agent.hub.errors import BadMessage
from gate_agent.hub.topics import (
    ACKNOWLEDGEMENTS,
    ANSWERS,
    COMMANDS,
    HEARTBEAT,
    HUB_STATE,
    PRESENCE,
    RECORDS,
    Topic,
)
from gate_agent.journal import OutboxRow, RecordKind
from gate_agent.times import parse_rfc3339, rfc3339

TYPE_PREFIX = "org.gate-agent."
SCHEMA_PREFIX = "urn:gate-agent:schema:"

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)$")]
Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,15})$")]
Text = Annotated[str, Field(max_length=256)]


class Message(BaseModel):
    """Frozen; unknown members are errors, so that a drift between the two ends is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Message):
    """The CloudEvents context attributes that every message has besides its ``type``."""

    topic: ClassVar[Topic]
    kind: ClassVar[str]

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=128, description="unique within `source`")]
    source: Annotated[
        str, Field(pattern=r"^/(stations|hubs)/[A-Za-z0-9._:-]{1,64}$", description="who says it")
    ]
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str

    @classmethod
    def parse(cls, payload: bytes, limit: int) -> Self:
        """Read one message of at most `limit` bytes. Raises BadMessage naming the field."""
        if len(payload) > limit:
            raise BadMessage(f"{len(payload)} bytes, at most {limit} are taken", field="payload")
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            complaint = BadMessage.complaint(error)
            complaint.field = complaint.field or "payload"
            raise complaint from error

    def encode(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


# ---------------------------------------------------------------- records


class LogPosition(Message):
    """What makes the record part of the station's log; the hub recomputes all three."""

    leaf: Digest = Field(description="RFC 6962 leaf hash of the canonical JSON of `entry`")
    chain: Digest = Field(description="SHA-256(0x02 || chain of the record before || leaf)")
    root: Digest = Field(description="RFC 6962 Merkle root over all records up to this one")


class Entry(Message):
    """A record exactly as it was committed."""

    station: Identifier
    epoch: Number
    seq: Annotated[int, Field(ge=1, le=2**53 - 1)]
    kind: RecordKind
    transaction: Annotated[str, Field(max_length=64)]
    at: Moment
    evidence_digest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    body: dict[str, Any]


class RecordData(Message):
    entry: Entry
    log: LogPosition


class RecordEvent(Event):
    """One committed record. `type` is ``org.gate-agent.<kind>.v1``."""

    topic: ClassVar[Topic] = RECORDS
    kind: ClassVar[str] = "record"

    type: Annotated[
        str,
        Field(
            pattern=r"^org\.gate-agent\.(decision|officer-action|officer-outcome|lane-event|lifecycle)\.v1$"
        ),
    ]
    subject: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="the transaction")
    stationepoch: Decimal
    stationseq: Decimal
    historical: bool = Field(description="sent late: not news any more when it arrives")
    data: RecordData

    @classmethod
    def of(cls, row: OutboxRow, station: str, *, historical: bool) -> RecordEvent:
        entry = Entry.model_validate_json(row.entry)
        name = entry.kind.value.replace("_", "-")
        return cls(
            id=record_id(station, row.epoch, row.seq),
            source=f"/stations/{station}",
            type=f"{TYPE_PREFIX}{name}.v1",
            time=entry.at,
            dataschema=SCHEMA_PREFIX + "record:v1",
            subject=entry.transaction or None,
            stationepoch=str(row.epoch),
            stationseq=str(row.seq),
            historical=historical,
            data=RecordData(
                entry=entry,
                log=LogPosition(leaf=row.leaf.hex(), chain=row.chain.hex(), root=row.root.hex()),
            ),
        )


def record_id(station: str, epoch: int, seq: int) -> str:
    """A record's CloudEvents id: its key in the station's log."""
    return f"{station}/{epoch}/{seq}"


# ---------------------------------------------------------------- acknowledgement, presence, heartbeat


class AckData(Message):
    epoch: Number
    upto: Number = Field(description="every record up to this one is stored; 0 for none")
    root: Digest | None = Field(default=None, description="the hub's own root over them; absent if unknown")
    gap: bool = Field(default=False, description="a later record arrived before the next one: send again")
    beat: Number = Field(default=0, description="the newest heartbeat that the hub has seen")
    problem: Text = Field(default="", description="why the next record is refused")
    hub: Identifier


class AckEvent(Event):
    """The hub's cumulative acknowledgement for one station and epoch."""

    topic: ClassVar[Topic] = ACKNOWLEDGEMENTS
    kind: ClassVar[str] = "ack"

    type: Literal["org.gate-agent.ack.v1"] = "org.gate-agent.ack.v1"
    data: AckData


class PresenceData(Message):
    state: Literal["online", "offline"]
    epoch: Number
    connection: Identifier = Field(description="pairs a birth with its death")
    newest: Number = Field(default=0, description="the last committed record")
    oldest: Number = Field(
        default=0, description="the oldest record that the station can still send; 0: none"
    )


class PresenceEvent(Event):
    """Birth of a station's connection; its death is the will that the broker publishes."""

    topic: ClassVar[Topic] = PRESENCE
    kind: ClassVar[str] = "presence"

    type: Literal["org.gate-agent.presence.v1"] = "org.gate-agent.presence.v1"
    data: PresenceData


class HeartbeatData(Message):
    beat: Annotated[int, Field(ge=1)]
    epoch: Number
    connection: Identifier
    newest: Number
    oldest: Number


class HeartbeatEvent(Event):
    """Sent by the station, seen again by itself through the broker, answered by the hub."""

    topic: ClassVar[Topic] = HEARTBEAT
    kind: ClassVar[str] = "heartbeat"

    type: Literal["org.gate-agent.heartbeat.v1"] = "org.gate-agent.heartbeat.v1"
    data: HeartbeatData


class HubStateData(Message):
    state: Literal["online", "offline"]
    hub: Identifier
    session: Identifier = Field(description="new with every start of the hub")


class HubStateEvent(Event):
    """Whether the primary hub is there (retained; ``offline`` is its will)."""

    topic: ClassVar[Topic] = HUB_STATE
    kind: ClassVar[str] = "hub-state"

    type: Literal["org.gate-agent.hub-state.v1"] = "org.gate-agent.hub-state.v1"
    data: HubStateData


# ---------------------------------------------------------------- commands


class CommandData(Message):
    correlation: Identifier
    action: Literal["hold", "out_of_service", "in_service", "ping"]
    officer: Annotated[str, Field(min_length=1, max_length=64, description="who orders it")]
    reason: Annotated[str, Field(min_length=1, max_length=256, description="why")]
    transaction: Annotated[str, Field(max_length=64, description="what to hold")] = ""


class CommandEvent(Event):
    """An order for one station. After `expirytime` it must not be obeyed any more."""

    topic: ClassVar[Topic] = COMMANDS
    kind: ClassVar[str] = "command"

    type: Literal["org.gate-agent.command.v1"] = "org.gate-agent.command.v1"
    expirytime: Moment
    data: CommandData


class AnswerData(Message):
    correlation: Annotated[str, Field(max_length=64, description="of the command; empty if unreadable")]
    outcome: Literal["done", "rejected"]
    reason: Annotated[str, Field(max_length=64, description="a reason code; empty when done")] = ""
    detail: Text = ""


class AnswerEvent(Event):
    """What became of a command."""

    topic: ClassVar[Topic] = ANSWERS
    kind: ClassVar[str] = "answer"

    type: Literal["org.gate-agent.answer.v1"] = "org.gate-agent.answer.v1"
    data: AnswerData


EVENTS: tuple[type[Event], ...] = (
    RecordEvent,
    AckEvent,
    PresenceEvent,
    HeartbeatEvent,
    HubStateEvent,
    CommandEvent,
    AnswerEvent,
)

E = TypeVar("E", bound=Event)


def event(kind: type[E], source: str, identity: str, at: float, data: Message, **more: str) -> E:
    """A message of `kind` from `source` (``/stations/ID`` or ``/hubs/ID``) at UTC seconds `at`."""
    return kind.model_validate(
        {
            "id": identity,
            "source": source,
            "time": moment(at),
            "dataschema": f"{SCHEMA_PREFIX}{kind.kind}:v1",
            "data": data,
            **more,
        }
    )


def moment(at: float) -> str:
    """UTC seconds -> RFC 3339 with milliseconds."""
    return rfc3339(datetime.fromtimestamp(at, UTC))


def seconds(text: str) -> float:
    """RFC 3339 -> UTC seconds. Raises BadMessage for a day that does not exist."""
    try:
        return parse_rfc3339(text).timestamp()
    except ValueError as error:
        raise BadMessage("no such time", field="time") from error
