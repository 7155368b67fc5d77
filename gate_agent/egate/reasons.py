"""Reason and instruction codes of an e-gate. Their words are in `words/`, beside this file.

The traveller is told what to do, never what is suspected: everything that concerns the authenticity of a
document, a watchlist or the lane's security says only that an officer will help.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.biometrics.face.advice import Advice
from gate_agent.biometrics.face.reasons import REASONS as FACE_REASONS
from gate_agent.emrtd.coding.reasons import REASONS as CHIP_REASONS
from gate_agent.station.reasons import STATION_REASONS

_DOCUMENT = frozenset(
    {
        "MRZ_UNREADABLE",
        "MRZ_MALFORMED",
        "MRZ_CHECK_DIGIT",
        "DOCUMENT_EXPIRED",
        "DOCUMENT_TYPE_UNSUPPORTED",
        "DOCUMENT_REMOVED",
        "DOCUMENT_CHANGED",
        "CHIP_NOT_PRESENTED",
        "TRUST_STALE",
        "TRUST_UNAVAILABLE",
        "MINOR",
        "AGE_UNKNOWN",
    }
)

_LANE = frozenset(
    {
        "TAILGATING",
        "INTRUSION",
        "LEFT_OBJECT",
        "DOOR_FORCED",
        "DOOR_HELD",
        "DOOR_STUCK",
        "DOOR_FAULT",
        "INTERLOCK_BROKEN",
        "SENSORS_DISAGREE",
        "OCCUPANT_TIMEOUT",
        "NOBODY_ENTERED",
        "LANE_EMPTY",
        "CAPTURE_TIMEOUT",
        "DECISION_TIMEOUT",
        "UNATTENDED",
    }
)

REASONS = CHIP_REASONS | FACE_REASONS | STATION_REASONS | _DOCUMENT | _LANE

TOLD: Mapping[str, str] = MappingProxyType(
    {
        "TAILGATING": "STAND_STILL",
        "INTRUSION": "STAND_STILL",
        "DOOR_STUCK": "STAND_STILL",
        "SENSORS_DISAGREE": "STAND_STILL",
        "LEFT_OBJECT": "TAKE_BELONGINGS",
        "DOOR_HELD": "STAND_CLEAR_OF_DOOR",
    }
)
"""What a traveller who is referred is told instead of the way to an officer, by the first reason."""

INSTRUCTIONS = frozenset(
    {
        "PRESENT_DOCUMENT",
        "PRESENT_AGAIN",
        "PLACE_DOCUMENT",
        "KEEP_DOCUMENT",
        "TAKE_DOCUMENT_AND_ENTER",
        "ENTER_ALONE",
        "STAND_CLEAR_OF_DOOR",
        "LOOK_AT_CAMERA",
        "PLEASE_WAIT",
        "PROCEED",
        "SEE_OFFICER",
        "WAIT_FOR_OFFICER",
        "LANE_CLOSED",
        "LEAVE_THE_LANE",
        *TOLD.values(),
        *(advice.value for advice in Advice),
    }
)
"""What the lane tells the traveller in each phase, while the camera looks, and when somebody is referred."""
