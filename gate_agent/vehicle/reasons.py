"""Reason codes of the yard's checks and the officer's words for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "CONTAINER_CODE_UNREADABLE": "No camera could read the container code.",
        "CONTAINER_CODE_UNCONFIRMED": "Only one view shows this container code, and it was not declared.",
        "CONTAINER_CODE_CONFLICT": "The views show different container codes.",
        "CONTAINER_CODE_MISMATCH": "The container code is not the declared one.",
        "WEIGHT_NOT_DONE": "The truck was not weighed.",
        "WEIGHT_UNSTABLE": "The weight did not come to rest.",
        "WEIGHT_NOT_GROSS": "The scale showed a net weight.",
        "WEIGHT_ABOVE_DECLARED": "The truck weighs more than declared.",
        "WEIGHT_BELOW_DECLARED": "The truck weighs less than declared.",
        "SEAL_NOT_HEARD": "No electronic seal answered.",
        "SEAL_MISMATCH": "The declared seal did not answer, another one did.",
        "SEAL_SEVERAL": "Several seals answered and none was declared.",
        "SEAL_OPENED": "The seal was opened.",
        "SEAL_NEVER_CLOSED": "The seal was never closed.",
        "SEAL_CONTRADICTS_ITSELF": "The seal's state and its times contradict each other.",
        "SEAL_BATTERY_LOW": "The seal's battery is low.",
    }
)
