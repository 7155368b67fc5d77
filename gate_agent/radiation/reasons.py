"""Reason codes of the radiation check."""

from __future__ import annotations

REASONS = frozenset(
    {
        "RPM_GAMMA_ALARM",
        "RPM_NEUTRON_ALARM",
        "RPM_DEVICE_ALARM",
        "RPM_CONTRAST",
        "RPM_DISAGREE",
        "RPM_PROFILE_INCOMPLETE",
        "RPM_NO_BACKGROUND",
        "RPM_BACKGROUND_DRIFT",
        "RPM_BACKGROUND_FAULT",
        "RPM_TAMPER",
        "RPM_NOT_DONE",
    }
)
