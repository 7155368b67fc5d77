"""The base of every configuration model: frozen, no unknown keys, units in the names.

Each room keeps its own settings beside the code that they steer; :mod:`gate_agent.app.config` only puts
them together. A field's description is its manual (shown by ``gate-agent drivers show`` and used in
the error that ``gate-agent check-config`` prints).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Frozen settings of one room or device."""

    # A setting may be a password, and an error is for everybody to read.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
