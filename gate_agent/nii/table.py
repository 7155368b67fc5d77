"""The scanner station's transitions, one row each, in order of priority; the first row that fits wins.

``docs/nii-process.md`` is drawn from this table (``gate-agent process nii``). The barrier targets are not
actions of a row: they follow from the phase (:func:`gate_agent.nii.process.barrier_targets`), so that no row
can forget to close a barrier.
"""

from __future__ import annotations

from gate_agent.decision import Verdict
from gate_agent.devices import Signal
from gate_agent.nii import actions as a
from gate_agent.nii import guards as g
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Effect, Event, Phase, Yard
from gate_agent.station.transitions import REST, Row, index

P = Phase

INSPECTING = (P.SCANNING, P.GATHERING, P.DECIDING)
SERVING = (P.IDLE, P.ENTRY_OPENING, *INSPECTING, P.RELEASING, P.REVIEW, P.DIRECTING, P.CLEARING)
EVERY = tuple(Phase)

TABLE: tuple[Row[Yard, Event, Effect, Phase], ...] = (
    # --- an emergency wins over everything; then the controller's contradictions
    Row((*SERVING, P.OUT_OF_SERVICE), v.YardChanged, g.emergency, P.EMERGENCY, (a.divert("EMERGENCY"), a.alarm("EMERGENCY"))),
    Row((P.EMERGENCY,), v.YardChanged, g.emergency_over, P.OUT_OF_SERVICE, (a.latch,)),
    Row(SERVING, v.YardChanged, g.contradiction, P.OUT_OF_SERVICE, (a.divert("INTERLOCK_BROKEN"), a.latch, a.alarm("INTERLOCK_BROKEN"))),
    Row(SERVING, v.YardChanged, g.forced, P.OUT_OF_SERVICE, (a.divert("BARRIER_FORCED"), a.latch, a.alarm("BARRIER_FORCED"))),
    Row(SERVING, v.YardChanged, g.barrier_fault, P.OUT_OF_SERVICE, (a.divert("BARRIER_FAULT"), a.latch, a.alarm("BARRIER_FAULT"))),
    Row(SERVING, v.Fault, g.fault_of("yard"), P.OUT_OF_SERVICE, (a.divert("DEVICE_FAULT"), a.alarm_fault)),
    # --- an officer may close the lane at any time, except against an emergency
    Row(SERVING, v.OfficerRequest, g.order("out_of_service"), P.OUT_OF_SERVICE, (a.divert("OFFICER_CLOSED"), a.latch, a.accept)),
    # --- out of service
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.contradiction, None, (a.latch,)),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.forced, None, (a.latch,)),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.YardChanged, g.found_inside, P.DIRECTING, (a.begin, a.divert("INTRUSION"), a.alarm("INTRUSION"))),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.found_inside, P.DIRECTING, (a.begin, a.divert("INTRUSION"), a.alarm("INTRUSION"))),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, g.order("out_of_service"), None, (a.latch, a.accept)),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, g.both(g.order("reset", "in_service"), g.clear), REST, (a.unlatch, a.accept)),
    # --- idle
    Row((P.IDLE,), v.YardChanged, g.a_vehicle, P.DIRECTING, (a.begin, a.divert("INTRUSION"), a.alarm("INTRUSION"))),
    Row((P.IDLE,), v.YardChanged, g.a_barrier_not_closed, P.OUT_OF_SERVICE, (a.latch, a.alarm("BARRIER_FORCED"))),
    Row((P.IDLE,), v.YardChanged, g.sensors_disagree, P.OUT_OF_SERVICE, (a.alarm("SENSORS_DISAGREE"),)),
    Row((P.IDLE,), v.YardChanged, g.truck_waits, P.ENTRY_OPENING, (a.begin,)),
    Row((P.IDLE,), v.Fault, g.needed_fault, P.OUT_OF_SERVICE, (a.alarm_fault,)),
    Row((P.IDLE,), v.OfficerRequest, g.order("reset", "in_service"), P.IDLE, (a.unlatch, a.accept)),
    # --- a radiation alarm always wins: at once where the release road is near, else when the evidence is complete
    Row((P.ENTRY_OPENING, P.SCANNING, P.GATHERING), v.RadiationAlarm, g.not_alarmed, None, (a.note_radiation,)),
    Row((P.DECIDING,), v.RadiationAlarm, g.released, P.DIRECTING, (a.note_radiation, a.divert("RADIATION_ALARM"))),
    Row((P.DECIDING,), v.RadiationAlarm, g.not_alarmed, None, (a.note_radiation,)),
    Row((P.RELEASING, P.REVIEW), v.RadiationAlarm, g.always, P.DIRECTING, (a.note_radiation, a.divert("RADIATION_ALARM"))),
    Row((P.DIRECTING,), v.RadiationAlarm, g.not_alarmed, None, (a.note_radiation,)),
    # --- more than one vehicle, none, or sensors that contradict each other
    Row((P.ENTRY_OPENING, *INSPECTING, P.RELEASING, P.REVIEW), v.YardChanged, g.two_vehicles, P.DIRECTING, (a.divert("TAILGATING"), a.alarm("TAILGATING"))),
    Row((*INSPECTING, P.REVIEW), v.YardChanged, g.no_vehicle, P.CLEARING, (a.divert("LEFT_UNINSPECTED"), a.alarm("LEFT_UNINSPECTED"))),
    Row((P.RELEASING,), v.YardChanged, g.gone_with_release_closed, P.CLEARING, (a.divert("LEFT_UNINSPECTED"), a.alarm("LEFT_UNINSPECTED"))),
    Row((P.DIRECTING,), v.YardChanged, g.gone_with_inspection_closed, P.CLEARING, (a.alarm("LEFT_UNINSPECTED"),)),
    Row((P.ENTRY_OPENING,), v.YardChanged, g.both(g.sensors_disagree, g.no_vehicle), P.CLEARING, (a.divert("SENSORS_DISAGREE"), a.alarm("SENSORS_DISAGREE"))),
    Row((P.ENTRY_OPENING, *INSPECTING), v.YardChanged, g.sensors_disagree, P.DIRECTING, (a.divert("SENSORS_DISAGREE"), a.alarm("SENSORS_DISAGREE"))),
    Row((P.RELEASING,), v.YardChanged, g.disagree_with_release_closed, P.DIRECTING, (a.divert("SENSORS_DISAGREE"), a.alarm("SENSORS_DISAGREE"))),
    # --- the hub can hold: an officer looks before the truck goes
    Row((P.ENTRY_OPENING, P.SCANNING, P.GATHERING), v.HubVerdict, g.always, None, (a.note_hold,)),
    Row((P.DECIDING,), v.HubVerdict, g.released, P.REVIEW, (a.note_hold,)),
    Row((P.DECIDING,), v.HubVerdict, g.always, None, (a.note_hold,)),
    Row((P.RELEASING,), v.HubVerdict, g.always, P.REVIEW, (a.note_hold,)),
    Row((P.REVIEW, P.DIRECTING), v.HubVerdict, g.always, None, (a.alarm("HUB_HOLD"),)),
    # --- an officer may send any truck to inspection
    Row((*INSPECTING, P.RELEASING, P.REVIEW), v.OfficerRequest, g.both(g.order("inspect"), g.unsettled), P.DECIDING, (a.officer(Verdict.INSPECT), a.accept)),
    # --- a fault: what the lane cannot do without closes it to the next truck; the truck inside keeps its course
    Row((P.ENTRY_OPENING,), v.Fault, g.both(g.needed_fault, g.no_vehicle), P.CLEARING, (a.divert("DEVICE_FAULT"), a.alarm_fault)),
    Row((P.RELEASING,), v.Fault, g.stops_release_before_it_opened, P.DIRECTING, (a.divert("DEVICE_FAULT"), a.alarm_fault)),
    Row(SERVING, v.Fault, g.always, None, (a.alarm_fault,)),
    # --- through the entry and the scanner to the hold line
    Row((P.ENTRY_OPENING,), v.YardChanged, g.vehicle_while_entry_closed, P.DIRECTING, (a.divert("INTRUSION"), a.alarm("INTRUSION"))),
    Row((P.ENTRY_OPENING,), v.YardChanged, g.one_vehicle, P.SCANNING),
    Row((P.ENTRY_OPENING,), v.Timeout, g.entry_open, P.CLEARING, (a.divert("NOBODY_ENTERED"), a.note_balking, a.alarm("NOBODY_ENTERED"))),
    Row((P.ENTRY_OPENING,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.divert("BARRIER_STUCK"), a.latch, a.alarm("BARRIER_STUCK"))),
    Row((P.SCANNING,), v.YardChanged, g.closed_behind_at_hold, P.GATHERING, (a.gather,)),
    Row((P.SCANNING,), v.Timeout, g.always, P.DIRECTING, (a.divert("PASSAGE_TIMEOUT"), a.alarm("PASSAGE_TIMEOUT"))),
    # --- evidence and decision
    Row((P.GATHERING,), v.YardChanged, g.a_barrier_not_closed, P.OUT_OF_SERVICE, (a.divert("BARRIER_FORCED"), a.latch, a.alarm("BARRIER_FORCED"))),
    Row((P.GATHERING,), v.Gathered, g.always, P.DECIDING, (a.decide,)),
    Row((P.GATHERING,), v.Timeout, g.always, P.DIRECTING, (a.divert("GATHERING_TIMEOUT"), a.alarm("GATHERING_TIMEOUT"))),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed(Verdict.INSPECT), P.DIRECTING),
    Row((P.DECIDING,), v.DecisionCommitted, g.alarmed, P.DIRECTING, (a.divert("RADIATION_ALARM"),)),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed_release_of_a_held_truck, P.REVIEW),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed_release_and_may, P.RELEASING, (a.note_release,)),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed(Verdict.RELEASE), None, (a.note_release,)),
    Row((P.DECIDING,), v.DecisionCommitted, g.always, P.REVIEW),
    Row((P.DECIDING,), v.CommitFailed, g.alarmed, P.DIRECTING, (a.divert("RADIATION_ALARM"), a.alarm("JOURNAL_FAULT"))),
    Row((P.DECIDING,), v.CommitFailed, g.always, P.REVIEW, (a.alarm("JOURNAL_FAULT"),)),
    Row((P.DECIDING,), v.YardChanged, g.released_and_may, P.RELEASING),
    Row((P.DECIDING,), v.Timeout, g.always, P.DIRECTING, (a.divert("DECISION_TIMEOUT"), a.alarm("DECISION_TIMEOUT"))),
    # --- to the release road
    Row((P.RELEASING,), v.YardChanged, g.no_vehicle, P.CLEARING),
    Row((P.RELEASING,), v.Timeout, g.release_closed, P.DIRECTING, (a.divert("BARRIER_STUCK"), a.alarm("BARRIER_STUCK"))),
    Row((P.RELEASING,), v.Timeout, g.always, P.DIRECTING, (a.divert("TRUCK_STANDS"), a.alarm("TRUCK_STANDS"))),
    # --- an officer's look
    Row((P.REVIEW,), v.OfficerRequest, g.both(g.order("release"), g.officer_may_release), P.DECIDING, (a.officer(Verdict.RELEASE), a.accept)),
    Row((P.REVIEW,), v.Timeout, g.always, P.DIRECTING, (a.divert("REVIEW_TIMEOUT"), a.alarm("UNATTENDED"))),
    # --- to the inspection area
    Row((P.DIRECTING,), v.YardChanged, g.no_vehicle, P.CLEARING),
    Row((P.DIRECTING,), v.CommitFailed, g.always, None, (a.alarm("JOURNAL_FAULT"),)),
    Row((P.DIRECTING,), v.Timeout, g.inspection_open, P.OUT_OF_SERVICE, (a.latch, a.alarm("TRUCK_STANDS"))),
    Row((P.DIRECTING,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.latch, a.alarm("BARRIER_STUCK"))),
    # --- the lane closes behind it
    Row((P.CLEARING,), v.YardChanged, g.closed_with_vehicle, P.DIRECTING, (a.begin, a.divert("INTRUSION"), a.alarm("INTRUSION"))),
    Row((P.CLEARING,), v.YardChanged, g.closed_and_empty, REST),
    Row((P.CLEARING,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.latch, a.alarm("BARRIER_HELD"))),
    # --- an officer's order that does not fit the phase
    Row(EVERY, v.OfficerRequest, g.always, None, (a.decline,)),
)  # fmt: skip

ROWS = index(TABLE)

SHOWN: dict[Phase, tuple[Signal, Signal, str]] = {
    P.IDLE: (Signal.STOP, Signal.STOP, "DRIVE_TO_ENTRY"),
    P.ENTRY_OPENING: (Signal.ENTER, Signal.STOP, "DRIVE_IN_SLOWLY"),
    P.SCANNING: (Signal.STOP, Signal.STOP, "DRIVE_TO_HOLD_LINE"),
    P.GATHERING: (Signal.STOP, Signal.WAIT, "WAIT_AT_HOLD_LINE"),
    P.DECIDING: (Signal.STOP, Signal.WAIT, "WAIT_AT_HOLD_LINE"),
    P.RELEASING: (Signal.STOP, Signal.RELEASE, "FOLLOW_RELEASE_ARROW"),
    P.REVIEW: (Signal.STOP, Signal.OFFICER, "WAIT_FOR_OFFICER"),
    P.DIRECTING: (Signal.STOP, Signal.INSPECTION, "FOLLOW_INSPECTION_ARROW"),
    P.CLEARING: (Signal.STOP, Signal.STOP, "DRIVE_TO_ENTRY"),
    P.OUT_OF_SERVICE: (Signal.STOP, Signal.INSPECTION, "LANE_CLOSED"),
    P.EMERGENCY: (Signal.STOP, Signal.INSPECTION, "LEAVE_THE_LANE"),
}
"""What each phase shows at the entry, at the hold line, and tells the driver. The driver is shown the way,
never what was found; out of service and in an emergency the way to the inspection area is free."""

UNTIMED = frozenset({P.IDLE, P.OUT_OF_SERVICE, P.EMERGENCY})
"""Phases in which nobody waits for the lane."""
