"""What can go wrong between the station and the hub. None of it ever stops the station."""

from __future__ import annotations

from gate_agent.errors import BadInput, GateError


class HubError(GateError):
    """The link to the hub does not work; what was committed waits in the outbox."""


class HubUnreachable(HubError):
    """No connection to the broker, or it was lost."""


class HubRefused(HubError):
    """The broker refused the connection, a subscription or a message."""


class HubSilent(HubError):
    """The connection stands but nothing comes back through it."""


class BadMessage(BadInput):
    """A message from outside that is oversized, malformed or not what its topic carries."""
