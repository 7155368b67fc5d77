"""The e-gate lane's transitions, one row each, in order of priority; the first row that fits wins.

``docs/egate-process.md`` is drawn from this table (``gate-agent process egate``). The door targets
are not actions of a row: they follow from the phase (:func:`gate_agent.egate.process.door_targets`), so that no row
can forget to close a door.
"""

from __future__ import annotations

from typing import Any

from gate_agent.decision import Verdict
from gate_agent.devices import Light
from gate_agent.egate import actions as a
from gate_agent.egate import guards as g
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Lane, Phase, Show
from gate_agent.station.actions import alarm_fault, ask, forget, note, stop
from gate_agent.station.guards import always, both, case_open, committed, fault_of, latched, no_journal, order
from gate_agent.station.transitions import REST, Lasts, Row

BEFORE_ENTRY = (Phase.PRESENTED, Phase.READING)
ENTERING = (Phase.ENTRY_OPENING, Phase.ENTRY_OCCUPIED, Phase.ENTRY_CLOSING)
CHECKING = (Phase.CAPTURING, Phase.DECIDING)
EXITING = (Phase.EXIT_OPENING, Phase.LEAVING)
ACTIVE = BEFORE_ENTRY + ENTERING + CHECKING + EXITING
SERVING = (Phase.IDLE, *ACTIVE, Phase.EXIT_CLOSING, Phase.TURNED_AWAY, Phase.REFERRED)
EVERY = tuple(Phase)


P = Phase
TABLE: tuple[Row[Lane, Any, Effect, Phase], ...] = (
    # --- an emergency wins over everything; then the controller's contradictions
    Row((*SERVING, P.OUT_OF_SERVICE), v.LaneChanged, g.emergency, P.EMERGENCY, (a.refer("EMERGENCY"),), alarm="EMERGENCY"),
    Row((P.EMERGENCY,), v.LaneChanged, g.emergency_over, P.OUT_OF_SERVICE, (note("latched"),)),
    Row(SERVING, v.LaneChanged, g.contradiction, P.OUT_OF_SERVICE, (a.refer("INTERLOCK_BROKEN"), note("latched")), alarm="INTERLOCK_BROKEN"),
    Row(SERVING, v.LaneChanged, g.forced, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), note("latched")), alarm="DOOR_FORCED"),
    Row(SERVING, v.LaneChanged, g.door_fault, P.OUT_OF_SERVICE, (a.refer("DOOR_FAULT"), note("latched")), alarm="DOOR_FAULT"),
    Row(SERVING, v.Fault, fault_of("lane"), P.OUT_OF_SERVICE, (a.refer("DEVICE_FAULT"), alarm_fault)),
    # --- an officer may close the lane at any time, except against an emergency
    Row(SERVING, v.OfficerRequest, order("out_of_service"), P.OUT_OF_SERVICE, (a.refer("OFFICER_CLOSED"), note("latched")), accepts="LANE_CLOSES"),
    # --- out of service
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.contradiction, None, (note("latched"),)),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.forced, None, (note("latched"),)),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.found_inside, P.REFERRED, alarm="INTRUSION"),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, order("out_of_service"), None, (note("latched"),), accepts="STAYS_CLOSED"),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, both(order("reset", "in_service"), g.clear), REST, (forget("latched"),), accepts="LANE_OPENS"),
    # --- idle
    Row((P.IDLE,), v.LaneChanged, g.somebody_inside, P.REFERRED, alarm="INTRUSION"),
    Row((P.IDLE,), v.LaneChanged, g.object_left, P.REFERRED, alarm="LEFT_OBJECT"),
    Row((P.IDLE,), v.LaneChanged, g.a_door_not_closed, P.OUT_OF_SERVICE, (note("latched"),), alarm="DOOR_FORCED"),
    Row((P.IDLE,), v.LaneChanged, g.sensors_disagree, P.OUT_OF_SERVICE, alarm="SENSORS_DISAGREE"),
    Row((P.IDLE,), v.Fault, always, P.OUT_OF_SERVICE, (alarm_fault,)),
    Row((P.IDLE,), v.DocumentPresented, both(g.readable, g.with_chip), P.READING, (a.begin, a.read)),
    Row((P.IDLE,), v.DocumentPresented, g.readable, P.PRESENTED, (a.begin,)),
    Row((P.IDLE,), v.DocumentPresented, both(g.somebody_before, g.misread_before), P.TURNED_AWAY, (a.begin, a.refer("MRZ_UNREADABLE"))),
    Row((P.IDLE,), v.DocumentPresented, g.somebody_before, None, (a.note_misread,)),
    Row((P.IDLE,), v.OfficerRequest, order("reset", "in_service"), None, accepts="IN_SERVICE_ALREADY"),
    # --- whoever is in a lane that should be empty, and sensors that contradict each other
    Row(BEFORE_ENTRY, v.LaneChanged, g.somebody_inside, P.REFERRED, (a.refer("INTRUSION"),), alarm="INTRUSION"),
    Row(BEFORE_ENTRY, v.LaneChanged, g.object_left, P.REFERRED, (a.refer("LEFT_OBJECT"),), alarm="LEFT_OBJECT"),
    Row(BEFORE_ENTRY, v.LaneChanged, g.a_door_not_closed, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), note("latched")), alarm="DOOR_FORCED"),
    Row((*BEFORE_ENTRY, P.ENTRY_OPENING), v.LaneChanged, g.sensors_disagree, P.TURNED_AWAY, (a.refer("SENSORS_DISAGREE"),)),
    Row((P.ENTRY_OCCUPIED, P.ENTRY_CLOSING, *CHECKING), v.LaneChanged, g.sensors_disagree, P.REFERRED, (a.refer("SENSORS_DISAGREE"),)),
    Row((*ENTERING, *CHECKING, *EXITING), v.LaneChanged, g.two_inside, P.REFERRED, (a.refer("TAILGATING"),), alarm="TAILGATING"),
    Row(BEFORE_ENTRY, v.HubVerdict, always, P.TURNED_AWAY, (a.refer("HUB_HOLD"),)),
    Row((*ENTERING, *CHECKING), v.HubVerdict, always, P.REFERRED, (a.refer("HUB_HOLD"),)),
    Row((P.EXIT_OPENING,), v.HubVerdict, g.exit_closed, P.REFERRED, (a.refer("HUB_HOLD"),)),
    Row((*EXITING, P.TURNED_AWAY, P.REFERRED), v.HubVerdict, always, None, alarm="HUB_HOLD"),
    # --- the document
    Row((P.PRESENTED,), v.ChipPresent, g.chip_arrived, P.READING, (a.read,)),
    Row((P.PRESENTED,), v.DocumentPresented, g.another_document, P.TURNED_AWAY, (a.refer("DOCUMENT_CHANGED"),)),
    Row((P.PRESENTED,), v.DocumentPresented, both(g.readable, g.with_chip), P.READING, (a.read,)),
    Row((P.PRESENTED,), v.Timeout, g.presented_before, P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.PRESENTED,), v.Timeout, always, P.TURNED_AWAY, (a.refer("CHIP_NOT_PRESENTED"),)),
    Row((P.READING,), v.ChipPresent, both(g.chip_left, g.tries_used), P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.READING,), v.ChipPresent, g.chip_left, P.PRESENTED, (stop,)),
    Row((P.READING,), v.CardLost, g.tries_used, P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.READING,), v.CardLost, always, P.PRESENTED, (stop,)),
    Row((P.READING,), v.DocumentRemoved, always, None, (a.keep_document_still,)),
    Row((P.READING,), v.DocumentPresented, g.another_document, P.TURNED_AWAY, (a.refer("DOCUMENT_CHANGED"),)),
    Row((P.READING,), v.DocumentVetted, g.enter, P.ENTRY_OPENING, (forget("vacated", "wavered"),)),
    Row((P.READING,), v.DocumentVetted, g.enter_but_fault, P.TURNED_AWAY, (a.refer("DEVICE_FAULT"),)),
    Row((P.READING,), v.DocumentVetted, always, P.TURNED_AWAY, (ask(v.Decide),)),
    Row((P.READING,), v.Timeout, always, P.TURNED_AWAY, (a.refer("CHIP_TIMEOUT"),)),
    # --- through the entry
    Row((P.ENTRY_OPENING,), v.LaneChanged, g.one_inside, P.ENTRY_OCCUPIED),
    Row((P.ENTRY_OPENING,), v.Timeout, g.entry_open, P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_OPENING,), v.Timeout, always, P.OUT_OF_SERVICE, (a.refer("DOOR_STUCK"), note("latched")), alarm="DOOR_STUCK"),
    Row((P.ENTRY_OCCUPIED,), v.LaneChanged, both(g.nobody_inside, g.wavered), P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_OCCUPIED,), v.LaneChanged, g.nobody_inside, P.ENTRY_OPENING, (note("wavered"),)),
    Row((P.ENTRY_OCCUPIED,), v.Timeout, always, P.ENTRY_CLOSING),
    Row((P.ENTRY_CLOSING,), v.LaneChanged, both(g.entry_closed, g.one_inside), P.CAPTURING, (forget("vacated", "wavered"), ask(v.Capture))),
    Row((P.ENTRY_CLOSING,), v.LaneChanged, both(g.entry_closed, g.nobody_inside), P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_CLOSING,), v.Timeout, always, P.REFERRED, (a.refer("DOOR_HELD"),), alarm="DOOR_HELD"),
    # --- face and decision
    Row(CHECKING, v.LaneChanged, g.nobody_inside, P.REFERRED, (a.refer("LANE_EMPTY"),)),
    Row((P.CAPTURING,), v.LaneChanged, g.entry_not_closed, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), note("latched")), alarm="DOOR_FORCED"),
    Row((P.CAPTURING,), v.FaceCaptured, always, P.DECIDING, (ask(v.Decide),)),
    Row((P.CAPTURING,), v.Timeout, always, P.REFERRED, (a.refer("CAPTURE_TIMEOUT"),)),
    Row((P.DECIDING,), v.DecisionCommitted, both(committed(Verdict.ADMIT), g.may_exit), P.EXIT_OPENING, (note("admitted"),)),
    Row((P.DECIDING,), v.DecisionCommitted, committed(Verdict.ADMIT), None, (note("admitted"),)),
    Row((P.DECIDING,), v.DecisionCommitted, always, P.REFERRED),
    Row((P.DECIDING,), v.CommitFailed, always, P.REFERRED, alarm="JOURNAL_FAULT"),
    Row((P.DECIDING,), v.LaneChanged, both(g.admitted, g.may_exit), P.EXIT_OPENING),
    Row((P.DECIDING,), v.Timeout, always, P.REFERRED, (a.refer("DECISION_TIMEOUT"),)),
    # --- through the exit
    Row((P.EXIT_OPENING,), v.Fault, g.stops_exit_before_it_opened, P.REFERRED, (a.refer("DEVICE_FAULT"),)),
    Row((P.EXIT_OPENING,), v.LaneChanged, both(g.exit_open, g.one_inside), P.LEAVING),
    Row((P.EXIT_OPENING,), v.LaneChanged, both(g.nobody_inside, g.exit_closed), P.REFERRED, (a.refer("LANE_EMPTY"),)),
    Row(EXITING, v.LaneChanged, g.nobody_inside, P.EXIT_CLOSING),
    Row((P.EXIT_OPENING,), v.Timeout, always, P.REFERRED, (a.refer("DOOR_STUCK"),), alarm="DOOR_STUCK"),
    Row((P.LEAVING,), v.Timeout, always, P.REFERRED, (a.refer("OCCUPANT_TIMEOUT"),), alarm="OCCUPANT_TIMEOUT"),
    Row((P.EXIT_CLOSING,), v.LaneChanged, both(g.exit_closed, g.somebody_inside), P.REFERRED, alarm="INTRUSION"),
    Row((P.EXIT_CLOSING,), v.LaneChanged, both(g.exit_closed, g.object_left), P.REFERRED, alarm="LEFT_OBJECT"),
    Row((P.EXIT_CLOSING,), v.LaneChanged, g.exit_closed, REST),
    Row((P.EXIT_CLOSING,), v.Timeout, always, P.OUT_OF_SERVICE, (note("latched"),), alarm="DOOR_HELD"),
    # --- sent to an officer from outside the lane
    Row((P.TURNED_AWAY,), v.LaneChanged, g.somebody_inside, P.REFERRED, alarm="INTRUSION"),
    Row((P.TURNED_AWAY,), v.OfficerRequest, both(order("admit"), g.case_unsettled), None, (a.officer(Verdict.ADMIT), note("settled")), accepts="ADMIT_CLOSES_CASE"),
    Row((P.TURNED_AWAY,), v.OfficerRequest, both(order("refuse"), g.case_unsettled), None, (a.officer(Verdict.REFUSE), note("settled")), accepts="REFUSE_CLOSES_CASE"),
    Row((P.TURNED_AWAY,), v.OfficerRequest, both(order("reset"), g.clear), REST, accepts="LANE_OPENS"),
    Row((P.TURNED_AWAY,), v.Timeout, g.clear, REST),
    Row((P.TURNED_AWAY,), v.Timeout, always, P.REFERRED),
    Row((P.TURNED_AWAY, P.REFERRED), v.CommitFailed, always, None, (forget("settled"),), alarm="JOURNAL_FAULT"),
    # --- an officer takes over inside the lane
    Row((P.REFERRED,), v.LaneChanged, g.closed_and_clear, REST),
    Row((P.REFERRED,), v.OfficerRequest, both(order("admit"), g.officer_may_release), P.DECIDING, (a.officer(Verdict.ADMIT),), accepts="ADMIT_EXIT_OPENS"),
    Row((P.REFERRED,), v.OfficerRequest, both(order("admit"), g.case_open_outside), None, (a.officer(Verdict.ADMIT), note("settled")), accepts="ADMIT_CLOSES_CASE"),
    Row((P.REFERRED,), v.OfficerRequest, both(order("refuse"), g.case_unsettled), None, (a.officer(Verdict.REFUSE), note("settled")), accepts="REFUSE_CLOSES_CASE"),
    Row((P.REFERRED,), v.OfficerRequest, both(order("reset"), g.clear), REST, accepts="LANE_OPENS"),
    Row((P.REFERRED,), v.Timeout, g.clear, REST),
    Row((P.REFERRED,), v.Timeout, always, P.OUT_OF_SERVICE, (note("latched"),), alarm="UNATTENDED"),
)  # fmt: skip

SHOWN: dict[Phase, Show] = {
    P.IDLE: Show(Light.READY, Light.WAIT, "PRESENT_DOCUMENT"),
    P.PRESENTED: Show(Light.WAIT, Light.WAIT, "PLACE_DOCUMENT"),
    P.READING: Show(Light.WAIT, Light.WAIT, "KEEP_DOCUMENT"),
    P.ENTRY_OPENING: Show(Light.PROCEED, Light.WAIT, "TAKE_DOCUMENT_AND_ENTER"),
    P.ENTRY_OCCUPIED: Show(Light.STOP, Light.WAIT, "ENTER_ALONE"),
    P.ENTRY_CLOSING: Show(Light.STOP, Light.WAIT, "STAND_CLEAR_OF_DOOR"),
    P.CAPTURING: Show(Light.STOP, Light.WAIT, "LOOK_AT_CAMERA"),
    P.DECIDING: Show(Light.STOP, Light.WAIT, "PLEASE_WAIT"),
    P.EXIT_OPENING: Show(Light.STOP, Light.PROCEED, "PROCEED"),
    P.LEAVING: Show(Light.STOP, Light.PROCEED, "PROCEED"),
    P.EXIT_CLOSING: Show(Light.WAIT, Light.WAIT, "PLEASE_WAIT"),
    P.TURNED_AWAY: Show(Light.OFFICER, Light.WAIT, "SEE_OFFICER"),
    P.REFERRED: Show(Light.STOP, Light.OFFICER, "WAIT_FOR_OFFICER"),
    P.OUT_OF_SERVICE: Show(Light.STOP, Light.STOP, "LANE_CLOSED"),
    P.EMERGENCY: Show(Light.STOP, Light.STOP, "LEAVE_THE_LANE"),
}
"""What each phase shows outside, inside, and tells the traveller."""

SHUT = (P.OUT_OF_SERVICE, P.EMERGENCY)
INSIDE = ("INTRUSION", "LEFT_OBJECT", "TAILGATING", "OCCUPANT_TIMEOUT", "DOOR_STUCK", "DOOR_HELD")

LASTING: tuple[Lasts[Lane, Phase], ...] = (
    Lasts(("EMERGENCY",), (P.EMERGENCY,), always),
    # --- until an officer takes the lane into service again
    Lasts(("INTERLOCK_BROKEN", "DOOR_FORCED", "DOOR_FAULT", "DOOR_STUCK", "DOOR_HELD", "UNATTENDED"), SHUT, latched),
    # --- while an officer has the lane, and until it is seen to be empty
    Lasts(INSIDE, (P.REFERRED,), always),
    Lasts(INSIDE, SHUT, g.not_clear),
    Lasts(("SENSORS_DISAGREE",), SHUT, g.unsure),
    # --- as long as the traveller's case
    Lasts(("HUB_HOLD",), (*EXITING, P.TURNED_AWAY, P.REFERRED), case_open),
    Lasts(("JOURNAL_FAULT",), (P.TURNED_AWAY, P.REFERRED), case_open),
    Lasts(("JOURNAL_FAULT",), EVERY, no_journal),
)  # fmt: skip
"""While what each alarm is active."""

UNTIMED = frozenset({P.IDLE, P.OUT_OF_SERVICE, P.EMERGENCY})
"""Phases in which nobody waits for the lane."""
