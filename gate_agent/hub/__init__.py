"""The link to the central hub: an outbox over MQTT, acknowledged by the hub itself."""

from gate_agent.hub.commands import Command, CommandOutcome, CommandReason, RejectedCommand
from gate_agent.hub.errors import BadMessage, HubError, HubRefused, HubSilent, HubUnreachable
from gate_agent.hub.link import HubLink
from gate_agent.hub.settings import HubSettings

__all__ = [
    "BadMessage",
    "Command",
    "CommandOutcome",
    "CommandReason",
    "HubError",
    "HubLink",
    "HubRefused",
    "HubSettings",
    "HubSilent",
    "HubUnreachable",
    "RejectedCommand",
]
