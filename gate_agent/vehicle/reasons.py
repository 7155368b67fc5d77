"""Reason codes of the yard's checks."""

from __future__ import annotations

REASONS = frozenset(
    {
        "CONTAINER_CODE_UNREADABLE",
        "CONTAINER_CODE_UNCONFIRMED",
        "CONTAINER_CODE_CONFLICT",
        "CONTAINER_CODE_MISMATCH",
        "WEIGHT_NOT_DONE",
        "WEIGHT_UNSTABLE",
        "WEIGHT_NOT_GROSS",
        "WEIGHT_ABOVE_DECLARED",
        "WEIGHT_BELOW_DECLARED",
        "SEAL_NOT_HEARD",
        "SEAL_MISMATCH",
        "SEAL_SEVERAL",
        "SEAL_OPENED",
        "SEAL_NEVER_CLOSED",
        "SEAL_CONTRADICTS_ITSELF",
        "SEAL_BATTERY_LOW",
    }
)
