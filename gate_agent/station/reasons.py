"""Reason codes that any kind of station gives."""

from __future__ import annotations

STATION_REASONS = frozenset(
    {
        "DEVICE_FAULT",
        "JOURNAL_FAULT",
        "HUB_HOLD",
        "INTERNAL_ERROR",
        "OFFICER_ORDER",
        "OFFICER_CLOSED",
        "EMERGENCY",
    }
)
