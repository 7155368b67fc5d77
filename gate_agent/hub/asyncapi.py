"""The AsyncAPI 3.0 document of the station–hub interface, made from the topics and the models.

``python -m gate_agent.hub.asyncapi > docs/wire/asyncapi.json`` writes it; a test fails when the
committed document no longer says what the code does.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from gate_agent.hub.messages import EVENTS, Event
from gate_agent.hub.topics import TOPICS, Direction, Topic

_SCHEMAS = "#/components/schemas/"


def document() -> dict[str, Any]:
    """The whole document, seen from the station: it sends what goes to the hub."""
    _, definitions = models_json_schema(
        [(kind, "validation") for kind in EVENTS], ref_template=_SCHEMAS + "{model}"
    )
    by_topic = {kind.topic.name: kind for kind in EVENTS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "gate-agent station to hub",
            "version": "1",
            "description": "CloudEvents 1.0 in structured JSON mode over MQTT 5 (or 3.1.1).",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic, by_topic[topic.name]) for topic in TOPICS},
        "operations": dict(_operation(topic, sends) for topic in TOPICS for sends in _directions(topic)),
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in EVENTS},
            "schemas": definitions["$defs"],
        },
    }


def _channel(topic: Topic, kind: type[Event]) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": topic.pattern,
        "description": f"{topic.meaning[0].upper()}{topic.meaning[1:]}. Rate: {topic.rate}.",
        "messages": {kind.kind: {"$ref": f"#/components/messages/{kind.__name__}"}},
    }
    if "{station}" in topic.pattern:
        channel["parameters"] = {"station": {"description": "the station's id"}}
    return channel


def _directions(topic: Topic) -> tuple[bool, ...]:
    """Whether the station sends, receives, or does both."""
    if topic.direction is Direction.BOTH:
        return (True, False)
    return (topic.direction is Direction.TO_HUB,)


def _operation(topic: Topic, sends: bool) -> tuple[str, dict[str, Any]]:
    action = "send" if sends else "receive"
    operation = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.retained}},
    }
    return f"{action}-{topic.name}", operation


def _message(kind: type[Event]) -> dict[str, Any]:
    return {
        "name": kind.kind,
        "summary": (kind.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": _SCHEMAS + kind.__name__},
    }


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
