"""Reason codes of the radiation check and the officer's words for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "RPM_GAMMA_ALARM": "The gamma counts are above the alarm threshold.",
        "RPM_NEUTRON_ALARM": "More neutrons were counted than the background explains.",
        "RPM_DEVICE_ALARM": "The portal monitor itself alarmed.",
        "RPM_CONTRAST": "Counts rise at one place in the truck, below the alarm threshold.",
        "RPM_DISAGREE": "The portal monitor and the agent's own computation disagree about an alarm.",
        "RPM_NATURAL_ENERGY": "The energy of the excess is that of natural radioactivity.",
        "RPM_PROFILE_INCOMPLETE": "The radiation profile is incomplete.",
        "RPM_NO_BACKGROUND": "There is no recent background to compare the counts with.",
        "RPM_BACKGROUND_DRIFT": "The background is unusually high or low; thresholds are unsafe.",
        "RPM_BACKGROUND_FAULT": "The portal monitor says that its background is at fault.",
        "RPM_TAMPER": "A cabinet of the portal monitor was open.",
        "RPM_NOT_DONE": "The truck did not pass the portal.",
    }
)
