"""Reason and instruction codes of a cargo lane, in words for officers and drivers.

Codes that an e-gate has too mean the same here, in the words of a lane with trucks and barriers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "RADIATION_ALARM": "Radiation was found on this truck. It goes to the inspection area.",
        "RADIATION_ALARM_LATE": "Radiation was found on a truck that has left the lane.",
        "TAILGATING": "More than one vehicle is in the lane.",
        "INTRUSION": "A vehicle is in the lane that was not let in.",
        "LEFT_UNINSPECTED": "The truck left the lane before it was decided on.",
        "LANE_EMPTY": "There is no truck in the lane any more.",
        "BARRIER_FORCED": "A barrier moved without a command, or was broken.",
        "BARRIER_HELD": "A barrier is kept from closing.",
        "BARRIER_STUCK": "A barrier did not reach its position in time.",
        "BARRIER_FAULT": "The controller cannot tell where a barrier is.",
        "INTERLOCK_BROKEN": "The controller reports barriers that break the interlock.",
        "SENSORS_DISAGREE": "The vehicle sensors contradict each other.",
        "NOBODY_ENTERED": "The truck before the entry did not come in.",
        "PASSAGE_TIMEOUT": "The truck did not reach the hold line in time.",
        "GATHERING_TIMEOUT": "The devices did not answer in time.",
        "DECISION_TIMEOUT": "The decision was not reached in time.",
        "REVIEW_TIMEOUT": "No officer decided in time: the truck goes to the inspection area.",
        "TRUCK_STANDS": "The released truck did not leave in time.",
        "REVIEW_OVERDUE": "A review waits for longer than officers have for it.",
        "UNATTENDED": "No officer decided on a review in time.",
        "EMERGENCY": "Fire alarm or emergency stop: the way to the inspection area is open.",
        "OFFICER_CLOSED": "An officer took the lane out of service.",
        "DEVICE_FAULT": "A device of the lane has failed; see device health.",
        "JOURNAL_FAULT": "The journal cannot take decisions; nothing may be released.",
        "HUB_HOLD": "The hub holds this truck.",
        "SCAN_WITHOUT_TRUCK": "A scan arrived that no truck in the lane accounts for.",
        "SHELF_FAULT": "A scan could not be kept for the officers' desk.",
        "RECORD_FAULT": "An inspection record could not be written.",
        "MANIFEST_UNAVAILABLE": "No manifest has ever arrived.",
    }
)

INSTRUCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "DRIVE_TO_ENTRY": "Please drive to the entry barrier.",
        "DRIVE_IN_SLOWLY": "Please drive in slowly, through portal and scanner, to the stop line.",
        "DRIVE_TO_HOLD_LINE": "Please drive on to the stop line.",
        "WAIT_AT_HOLD_LINE": "Please wait at the stop line, engine off.",
        "FOLLOW_RELEASE_ARROW": "You may go. Please follow the green arrow.",
        "WAIT_FOR_OFFICER": "Please wait, an officer is coming.",
        "FOLLOW_INSPECTION_ARROW": "Please follow the arrow to the inspection area.",
        "LANE_CLOSED": "This lane is closed.",
        "LEAVE_THE_LANE": "Please leave the lane toward the inspection area.",
    }
)
"""What the lane tells the driver in each phase. The driver is shown the way, never what was found."""


def words() -> dict[str, str]:
    """Codes -> words, for the console."""
    return {**REASONS, **INSTRUCTIONS}
