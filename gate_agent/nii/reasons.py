"""Reason and instruction codes of a cargo lane. Their words are in `words/`, beside this file.

The driver is shown the way, never what was found.
"""

from __future__ import annotations

from gate_agent.cargo.reasons import REASONS as CARGO_REASONS
from gate_agent.radiation.reasons import REASONS as RADIATION_REASONS
from gate_agent.scans.reasons import REASONS as SCAN_REASONS
from gate_agent.station.reasons import STATION_REASONS
from gate_agent.vehicle.reasons import REASONS as VEHICLE_REASONS

_LANE = frozenset(
    {
        "RADIATION_ALARM",
        "RADIATION_ALARM_LATE",
        "TAILGATING",
        "INTRUSION",
        "LEFT_UNINSPECTED",
        "LANE_EMPTY",
        "BARRIER_FORCED",
        "BARRIER_HELD",
        "BARRIER_STUCK",
        "BARRIER_FAULT",
        "INTERLOCK_BROKEN",
        "SENSORS_DISAGREE",
        "NOBODY_ENTERED",
        "PASSAGE_TIMEOUT",
        "GATHERING_TIMEOUT",
        "DECISION_TIMEOUT",
        "REVIEW_TIMEOUT",
        "TRUCK_STANDS",
        "REVIEW_OVERDUE",
        "UNATTENDED",
        "SCAN_WITHOUT_TRUCK",
        "SHELF_FAULT",
        "RECORD_FAULT",
        "MANIFEST_UNAVAILABLE",
    }
)

REASONS = CARGO_REASONS | RADIATION_REASONS | SCAN_REASONS | VEHICLE_REASONS | STATION_REASONS | _LANE

INSTRUCTIONS = frozenset(
    {
        "DRIVE_TO_ENTRY",
        "DRIVE_IN_SLOWLY",
        "DRIVE_TO_HOLD_LINE",
        "WAIT_AT_HOLD_LINE",
        "FOLLOW_RELEASE_ARROW",
        "WAIT_FOR_OFFICER",
        "FOLLOW_INSPECTION_ARROW",
        "LANE_CLOSED",
        "LEAVE_THE_LANE",
    }
)
"""What the lane tells the driver in each phase."""
