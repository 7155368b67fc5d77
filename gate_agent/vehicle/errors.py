"""What can be wrong with the numbers, weights and seals of a yard."""

from __future__ import annotations

from gate_agent.errors import BadInput


class ContainerCodeError(BadInput):
    """Text that is no container code of ISO 6346. `field` names the part: owner, category, serial, …"""


class PictureError(BadInput):
    """Pixels that are not an RGB picture of 8 bits a channel, within bounds."""
