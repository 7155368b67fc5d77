"""Every topic between stations and hub, in one table.

Delivery is at least once (QoS 1) where the loss of one message would cost time; nothing relies on
the broker having kept anything: what counts is the hub's own acknowledgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ROOT = "gate/v1"


class Direction(StrEnum):
    TO_HUB = "station to hub"
    TO_STATION = "hub to station"
    BOTH = "station to hub, and back to itself through the broker"


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of message. `pattern` has the station's id in braces; `rate` is what to expect."""

    name: str
    pattern: str
    direction: Direction
    qos: int
    retained: bool
    rate: str
    meaning: str

    def of(self, station: str) -> str:
        return self.pattern.format(station=station)

    @property
    def everywhere(self) -> str:
        """The filter that matches this topic of every station."""
        return self.pattern.format(station="+")


RECORDS = Topic(
    "records",
    ROOT + "/{station}/records",
    Direction.TO_HUB,
    qos=1,
    retained=False,
    rate="one per committed record: 1-20 a minute",
    meaning="a committed record; repeated until acknowledged",
)
ACKNOWLEDGEMENTS = Topic(
    "acknowledgements",
    ROOT + "/{station}/ack",
    Direction.TO_STATION,
    qos=1,
    retained=False,
    rate="after each batch of records, and for each heartbeat",
    meaning="the hub has stored everything up to a record; only this empties the outbox",
)
PRESENCE = Topic(
    "presence",
    ROOT + "/{station}/presence",
    Direction.TO_HUB,
    qos=1,
    retained=True,
    rate="once per connection, and by the broker as the will",
    meaning="birth and death of a station's connection",
)
HEARTBEAT = Topic(
    "heartbeat",
    ROOT + "/{station}/heartbeat",
    Direction.BOTH,
    qos=0,
    retained=False,
    rate="every `heartbeat_s`",
    meaning="proves both network threads and the broker; the hub answers with an acknowledgement",
)
HUB_STATE = Topic(
    "hub-state",
    ROOT + "/hub/state",
    Direction.TO_STATION,
    qos=1,
    retained=True,
    rate="when the hub comes or goes",
    meaning="whether the primary hub is there; stations send records only while it is",
)
COMMANDS = Topic(
    "commands",
    ROOT + "/{station}/commands",
    Direction.TO_STATION,
    qos=1,
    retained=False,
    rate="rare: an officer at the hub",
    meaning="an order with identity, reason and expiry inside",
)
ANSWERS = Topic(
    "answers",
    ROOT + "/{station}/answers",
    Direction.TO_HUB,
    qos=1,
    retained=False,
    rate="one per command",
    meaning="what became of a command",
)

TOPICS: tuple[Topic, ...] = (
    RECORDS,
    ACKNOWLEDGEMENTS,
    PRESENCE,
    HEARTBEAT,
    HUB_STATE,
    COMMANDS,
    ANSWERS,
)


def station_of(topic: str) -> str:
    """The station's id in a topic that a broker delivered; empty when there is none."""
    parts = topic.split("/")
    return parts[2] if len(parts) == 4 and topic.startswith(ROOT + "/") else ""
