"""What can be wrong with a manifest."""

from __future__ import annotations

from gate_agent.errors import BadInput


class ManifestError(BadInput):
    """A manifest that is missing, oversized, malformed or contradictory. `field` names file and field."""


class SignatureError(BadInput):
    """A kept signature of a load that is not one. `field` names the part."""
