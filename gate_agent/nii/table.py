"""The scanner station's transitions, one row each, in order of priority; the first row that fits wins.

``docs/nii-process.md`` is drawn from this table (``gate-agent process nii``). The barrier targets are not
actions of a row: they follow from the phase (:func:`gate_agent.nii.process.barrier_targets`), so that no row
can forget to close a barrier.
"""

from __future__ import annotations

from typing import Any

from gate_agent.decision import Verdict
from gate_agent.devices import Signal
from gate_agent.nii import actions as a
from gate_agent.nii import guards as g
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Effect, Phase, Show, Yard
from gate_agent.station.actions import alarm_fault, ask, forget, note
from gate_agent.station.guards import always, both, case_open, committed, fault_of, latched, no_journal, order
from gate_agent.station.transitions import REST, Lasts, Row

P = Phase

INSPECTING = (P.SCANNING, P.GATHERING, P.DECIDING)
SERVING = (P.IDLE, P.ENTRY_OPENING, *INSPECTING, P.RELEASING, P.REVIEW, P.DIRECTING, P.CLEARING)
EVERY = tuple(Phase)

TABLE: tuple[Row[Yard, Any, Effect, Phase], ...] = (
    # --- an emergency wins over everything; then the controller's contradictions
    Row((*SERVING, P.OUT_OF_SERVICE), v.YardChanged, g.emergency, P.EMERGENCY, (a.divert("EMERGENCY"),), alarm="EMERGENCY"),
    Row((P.EMERGENCY,), v.YardChanged, g.emergency_over, P.OUT_OF_SERVICE, (note("latched"),)),
    Row(SERVING, v.YardChanged, g.contradiction, P.OUT_OF_SERVICE, (a.divert("INTERLOCK_BROKEN"), note("latched")), alarm="INTERLOCK_BROKEN"),
    Row(SERVING, v.YardChanged, g.forced, P.OUT_OF_SERVICE, (a.divert("BARRIER_FORCED"), note("latched")), alarm="BARRIER_FORCED"),
    Row(SERVING, v.YardChanged, g.barrier_fault, P.OUT_OF_SERVICE, (a.divert("BARRIER_FAULT"), note("latched")), alarm="BARRIER_FAULT"),
    Row(SERVING, v.Fault, fault_of("yard"), P.OUT_OF_SERVICE, (a.divert("DEVICE_FAULT"), alarm_fault)),
    # --- an officer may close the lane at any time, except against an emergency
    Row(SERVING, v.OfficerRequest, order("out_of_service"), P.OUT_OF_SERVICE, (a.divert("OFFICER_CLOSED"), note("latched")), accepts="LANE_CLOSES"),
    # --- out of service
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.contradiction, None, (note("latched"),)),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.forced, None, (note("latched"),)),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.found_inside, P.DIRECTING, (a.begin, a.divert("INTRUSION")), alarm="INTRUSION"),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.found_inside, P.DIRECTING, (a.begin, a.divert("INTRUSION")), alarm="INTRUSION"),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, order("out_of_service"), None, (note("latched"),), accepts="STAYS_CLOSED"),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, both(order("reset", "in_service"), g.clear), REST, (forget("latched", "balked"),), accepts="LANE_OPENS"),
    # --- idle
    Row((P.IDLE,), v.YardChanged, g.a_vehicle, P.DIRECTING, (a.begin, a.divert("INTRUSION")), alarm="INTRUSION"),
    Row((P.IDLE,), v.YardChanged, g.a_barrier_not_closed, P.OUT_OF_SERVICE, (note("latched"),), alarm="BARRIER_FORCED"),
    Row((P.IDLE,), v.YardChanged, g.sensors_disagree, P.OUT_OF_SERVICE, alarm="SENSORS_DISAGREE"),
    Row((P.IDLE,), v.YardChanged, g.truck_waits, P.ENTRY_OPENING, (a.begin,)),
    Row((P.IDLE,), v.Fault, g.needed_fault, P.OUT_OF_SERVICE, (alarm_fault,)),
    Row((P.IDLE,), v.OfficerRequest, order("reset", "in_service"), P.IDLE, (forget("latched", "balked"),), accepts="STARTS_AFRESH"),
    # --- a radiation alarm always wins: at once where the release road is near, else when the evidence is complete
    Row((P.ENTRY_OPENING, P.SCANNING, P.GATHERING), v.RadiationAlarm, g.not_alarmed, None, (note("alarmed"),), alarm="RADIATION_ALARM"),
    Row((P.DECIDING,), v.RadiationAlarm, g.released, P.DIRECTING, (note("alarmed"), a.divert("RADIATION_ALARM")), alarm="RADIATION_ALARM"),
    Row((P.DECIDING,), v.RadiationAlarm, g.not_alarmed, None, (note("alarmed"),), alarm="RADIATION_ALARM"),
    Row((P.RELEASING, P.REVIEW), v.RadiationAlarm, always, P.DIRECTING, (note("alarmed"), a.divert("RADIATION_ALARM")), alarm="RADIATION_ALARM"),
    Row((P.DIRECTING,), v.RadiationAlarm, g.not_alarmed, None, (note("alarmed"),), alarm="RADIATION_ALARM"),
    # --- more than one vehicle, none, or sensors that contradict each other
    Row((P.ENTRY_OPENING, *INSPECTING, P.RELEASING, P.REVIEW), v.YardChanged, g.two_vehicles, P.DIRECTING, (a.divert("TAILGATING"),), alarm="TAILGATING"),
    Row((*INSPECTING, P.REVIEW), v.YardChanged, g.no_vehicle, P.CLEARING, (a.divert("LEFT_UNINSPECTED"),), alarm="LEFT_UNINSPECTED"),
    Row((P.RELEASING,), v.YardChanged, both(g.no_vehicle, g.release_closed), P.CLEARING, (a.divert("LEFT_UNINSPECTED"),), alarm="LEFT_UNINSPECTED"),
    Row((P.DIRECTING,), v.YardChanged, both(g.no_vehicle, g.inspection_closed), P.CLEARING, alarm="LEFT_UNINSPECTED"),
    Row((P.ENTRY_OPENING,), v.YardChanged, both(g.sensors_disagree, g.no_vehicle), P.CLEARING, (a.divert("SENSORS_DISAGREE"),), alarm="SENSORS_DISAGREE"),
    Row((P.ENTRY_OPENING, *INSPECTING), v.YardChanged, g.sensors_disagree, P.DIRECTING, (a.divert("SENSORS_DISAGREE"),), alarm="SENSORS_DISAGREE"),
    Row((P.RELEASING,), v.YardChanged, both(g.sensors_disagree, g.release_closed), P.DIRECTING, (a.divert("SENSORS_DISAGREE"),), alarm="SENSORS_DISAGREE"),
    # --- the hub can hold: an officer looks before the truck goes
    Row((P.ENTRY_OPENING, P.SCANNING, P.GATHERING), v.HubVerdict, always, None, (note("hub_hold"),), alarm="HUB_HOLD"),
    Row((P.DECIDING,), v.HubVerdict, g.released, P.REVIEW, (note("hub_hold"),), alarm="HUB_HOLD"),
    Row((P.DECIDING,), v.HubVerdict, always, None, (note("hub_hold"),), alarm="HUB_HOLD"),
    Row((P.RELEASING,), v.HubVerdict, always, P.REVIEW, (note("hub_hold"),), alarm="HUB_HOLD"),
    Row((P.REVIEW, P.DIRECTING), v.HubVerdict, always, None, alarm="HUB_HOLD"),
    # --- an officer may send any truck to inspection
    Row((*INSPECTING, P.RELEASING, P.REVIEW), v.OfficerRequest, both(order("inspect"), g.unsettled), P.DECIDING, (a.officer(Verdict.INSPECT),), accepts="INSPECTION_WAY_OPENS"),
    # --- a fault: what the lane cannot do without closes it to the next truck; the truck inside keeps its course
    Row((P.ENTRY_OPENING,), v.Fault, both(g.needed_fault, g.no_vehicle), P.CLEARING, (a.divert("DEVICE_FAULT"), alarm_fault)),
    Row((P.RELEASING,), v.Fault, g.stops_release_before_it_opened, P.DIRECTING, (a.divert("DEVICE_FAULT"), alarm_fault)),
    Row(SERVING, v.Fault, always, None, (alarm_fault,)),
    # --- through the entry and the scanner to the hold line
    Row((P.ENTRY_OPENING,), v.YardChanged, both(g.entry_closed, g.a_vehicle), P.DIRECTING, (a.divert("INTRUSION"),), alarm="INTRUSION"),
    Row((P.ENTRY_OPENING,), v.YardChanged, g.one_vehicle, P.SCANNING),
    Row((P.ENTRY_OPENING,), v.Timeout, g.entry_open, P.CLEARING, (a.divert("NOBODY_ENTERED"), a.note_balking), alarm="NOBODY_ENTERED"),
    Row((P.ENTRY_OPENING,), v.Timeout, always, P.OUT_OF_SERVICE, (a.divert("BARRIER_STUCK"), note("latched")), alarm="BARRIER_STUCK"),
    Row((P.SCANNING,), v.YardChanged, g.closed_behind_at_hold, P.GATHERING, (ask(v.Gather),)),
    Row((P.SCANNING,), v.Timeout, always, P.DIRECTING, (a.divert("PASSAGE_TIMEOUT"),), alarm="PASSAGE_TIMEOUT"),
    # --- evidence and decision
    Row((P.GATHERING,), v.YardChanged, g.a_barrier_not_closed, P.OUT_OF_SERVICE, (a.divert("BARRIER_FORCED"), note("latched")), alarm="BARRIER_FORCED"),
    Row((P.GATHERING,), v.Gathered, always, P.DECIDING, (ask(v.Decide),)),
    Row((P.GATHERING,), v.Timeout, always, P.DIRECTING, (a.divert("GATHERING_TIMEOUT"),), alarm="GATHERING_TIMEOUT"),
    Row((P.DECIDING,), v.DecisionCommitted, committed(Verdict.INSPECT), P.DIRECTING),
    Row((P.DECIDING,), v.DecisionCommitted, g.alarmed, P.DIRECTING, (a.divert("RADIATION_ALARM"),)),
    Row((P.DECIDING,), v.DecisionCommitted, both(committed(Verdict.RELEASE), g.held), P.REVIEW),
    Row((P.DECIDING,), v.DecisionCommitted, both(committed(Verdict.RELEASE), g.may_release), P.RELEASING, (note("released"),)),
    Row((P.DECIDING,), v.DecisionCommitted, committed(Verdict.RELEASE), None, (note("released"),)),
    Row((P.DECIDING,), v.DecisionCommitted, always, P.REVIEW),
    Row((P.DECIDING,), v.CommitFailed, g.alarmed, P.DIRECTING, (a.divert("RADIATION_ALARM"),), alarm="JOURNAL_FAULT"),
    Row((P.DECIDING,), v.CommitFailed, always, P.REVIEW, alarm="JOURNAL_FAULT"),
    Row((P.DECIDING,), v.YardChanged, both(g.released, g.may_release), P.RELEASING),
    Row((P.DECIDING,), v.Timeout, always, P.DIRECTING, (a.divert("DECISION_TIMEOUT"),), alarm="DECISION_TIMEOUT"),
    # --- to the release road
    Row((P.RELEASING,), v.YardChanged, g.no_vehicle, P.CLEARING),
    Row((P.RELEASING,), v.Timeout, g.release_closed, P.DIRECTING, (a.divert("BARRIER_STUCK"),), alarm="BARRIER_STUCK"),
    Row((P.RELEASING,), v.Timeout, always, P.DIRECTING, (a.divert("TRUCK_STANDS"),), alarm="TRUCK_STANDS"),
    # --- an officer's look
    Row((P.REVIEW,), v.OfficerRequest, both(order("release"), g.officer_may_release), P.DECIDING, (a.officer(Verdict.RELEASE),), accepts="RELEASE_WAY_OPENS"),
    Row((P.REVIEW,), v.Timeout, always, P.DIRECTING, (a.divert("REVIEW_TIMEOUT"),), alarm="UNATTENDED"),
    # --- to the inspection area
    Row((P.DIRECTING,), v.YardChanged, g.no_vehicle, P.CLEARING),
    Row((P.DIRECTING,), v.CommitFailed, always, None, alarm="JOURNAL_FAULT"),
    Row((P.DIRECTING,), v.Timeout, g.inspection_open, P.OUT_OF_SERVICE, (note("latched"),), alarm="TRUCK_STANDS"),
    Row((P.DIRECTING,), v.Timeout, always, P.OUT_OF_SERVICE, (note("latched"),), alarm="BARRIER_STUCK"),
    # --- the lane closes behind it
    Row((P.CLEARING,), v.YardChanged, both(g.all_closed, g.a_vehicle), P.DIRECTING, (a.begin, a.divert("INTRUSION")), alarm="INTRUSION"),
    Row((P.CLEARING,), v.YardChanged, both(g.all_closed, g.no_vehicle), REST),
    Row((P.CLEARING,), v.Timeout, always, P.OUT_OF_SERVICE, (note("latched"),), alarm="BARRIER_HELD"),
)  # fmt: skip

SHOWN: dict[Phase, Show] = {
    P.IDLE: Show(Signal.STOP, Signal.STOP, "DRIVE_TO_ENTRY"),
    P.ENTRY_OPENING: Show(Signal.ENTER, Signal.STOP, "DRIVE_IN_SLOWLY"),
    P.SCANNING: Show(Signal.STOP, Signal.STOP, "DRIVE_TO_HOLD_LINE"),
    P.GATHERING: Show(Signal.STOP, Signal.WAIT, "WAIT_AT_HOLD_LINE"),
    P.DECIDING: Show(Signal.STOP, Signal.WAIT, "WAIT_AT_HOLD_LINE"),
    P.RELEASING: Show(Signal.STOP, Signal.RELEASE, "FOLLOW_RELEASE_ARROW"),
    P.REVIEW: Show(Signal.STOP, Signal.OFFICER, "WAIT_FOR_OFFICER"),
    P.DIRECTING: Show(Signal.STOP, Signal.INSPECTION, "FOLLOW_INSPECTION_ARROW"),
    P.CLEARING: Show(Signal.STOP, Signal.STOP, "DRIVE_TO_ENTRY"),
    P.OUT_OF_SERVICE: Show(Signal.STOP, Signal.INSPECTION, "LANE_CLOSED"),
    P.EMERGENCY: Show(Signal.STOP, Signal.INSPECTION, "LEAVE_THE_LANE"),
}
"""What each phase shows at the entry, at the hold line, and tells the driver. The driver is shown the way,
never what was found; out of service and in an emergency the way to the inspection area is free."""

SHUT = (P.OUT_OF_SERVICE, P.EMERGENCY)
DIVERTED = ("INTRUSION", "TAILGATING", "BARRIER_STUCK", "TRUCK_STANDS", "PASSAGE_TIMEOUT", "GATHERING_TIMEOUT", "DECISION_TIMEOUT", "UNATTENDED")  # fmt: skip

LASTING: tuple[Lasts[Yard, Phase], ...] = (
    Lasts(("EMERGENCY",), (P.EMERGENCY,), always),
    # --- until an officer takes the lane into service again
    Lasts(("INTERLOCK_BROKEN", "BARRIER_FORCED", "BARRIER_FAULT", "BARRIER_STUCK", "BARRIER_HELD", "TRUCK_STANDS"), SHUT, latched),
    # --- while the truck is on its way to the inspection area, and until the lane is seen to be empty
    Lasts(DIVERTED, (P.DIRECTING,), always),
    Lasts((*DIVERTED, "RADIATION_ALARM"), SHUT, g.not_clear),
    Lasts(("SENSORS_DISAGREE",), (P.DIRECTING, P.CLEARING, *SHUT), g.unsure),
    Lasts(("NOBODY_ENTERED",), (P.CLEARING,), always),
    # --- as long as the truck's inspection
    Lasts(("RADIATION_ALARM",), (P.ENTRY_OPENING, *INSPECTING, P.REVIEW, P.DIRECTING), g.alarmed),
    Lasts(("HUB_HOLD",), (P.ENTRY_OPENING, *INSPECTING), g.held),
    Lasts(("HUB_HOLD", "JOURNAL_FAULT"), (P.REVIEW, P.DIRECTING), case_open),
    Lasts(("JOURNAL_FAULT",), EVERY, no_journal),
)  # fmt: skip
"""While what each alarm is active."""

UNTIL_ACKNOWLEDGED = frozenset({"LEFT_UNINSPECTED", "RADIATION_ALARM_LATE"})
"""Alarms of a truck that is on the road: nothing that this lane sees can end them."""

UNTIMED = frozenset({P.IDLE, P.OUT_OF_SERVICE, P.EMERGENCY})
"""Phases in which nobody waits for the lane."""
