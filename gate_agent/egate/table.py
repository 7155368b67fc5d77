"""The e-gate lane's transitions, one row each, in order of priority; the first row that fits wins.

``docs/egate-process.md`` is drawn from this table (``gate-agent process egate``). The door targets
are not actions of a row: they follow from the phase (:func:`gate_agent.egate.process.door_targets`), so that no row
can forget to close a door.
"""

from __future__ import annotations

from gate_agent.decision import Verdict
from gate_agent.devices import Light
from gate_agent.egate import actions as a
from gate_agent.egate import guards as g
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase
from gate_agent.station.transitions import REST, Row, index

BEFORE_ENTRY = (Phase.PRESENTED, Phase.READING)
ENTERING = (Phase.ENTRY_OPENING, Phase.ENTRY_OCCUPIED, Phase.ENTRY_CLOSING)
CHECKING = (Phase.CAPTURING, Phase.DECIDING)
EXITING = (Phase.EXIT_OPENING, Phase.LEAVING)
ACTIVE = BEFORE_ENTRY + ENTERING + CHECKING + EXITING
SERVING = (Phase.IDLE, *ACTIVE, Phase.EXIT_CLOSING, Phase.TURNED_AWAY, Phase.REFERRED)
EVERY = tuple(Phase)


P = Phase
TABLE: tuple[Row[Lane, Event, Effect, Phase], ...] = (
    # --- an emergency wins over everything; then the controller's contradictions
    Row((*SERVING, P.OUT_OF_SERVICE), v.LaneChanged, g.emergency, P.EMERGENCY, (a.refer("EMERGENCY"), a.alarm("EMERGENCY"))),
    Row((P.EMERGENCY,), v.LaneChanged, g.emergency_over, P.OUT_OF_SERVICE, (a.latch,)),
    Row(SERVING, v.LaneChanged, g.contradiction, P.OUT_OF_SERVICE, (a.refer("INTERLOCK_BROKEN"), a.latch, a.alarm("INTERLOCK_BROKEN"))),
    Row(SERVING, v.LaneChanged, g.forced, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), a.latch, a.alarm("DOOR_FORCED"))),
    Row(SERVING, v.LaneChanged, g.door_fault, P.OUT_OF_SERVICE, (a.refer("DOOR_FAULT"), a.latch, a.alarm("DOOR_FAULT"))),
    Row(SERVING, v.Fault, g.lane_fault, P.OUT_OF_SERVICE, (a.refer("DEVICE_FAULT"), a.alarm_fault)),
    # --- an officer may close the lane at any time, except against an emergency
    Row(SERVING, v.OfficerRequest, g.order("out_of_service"), P.OUT_OF_SERVICE, (a.refer("OFFICER_CLOSED"), a.latch, a.accept)),
    # --- out of service
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.contradiction, None, (a.latch,)),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.forced, None, (a.latch,)),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.LaneChanged, g.found_inside, P.REFERRED, (a.alarm("INTRUSION"),)),
    Row((P.OUT_OF_SERVICE,), v.Recovered, g.back_in_service, P.IDLE),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, g.order("out_of_service"), None, (a.latch, a.accept)),
    Row((P.OUT_OF_SERVICE,), v.OfficerRequest, g.both(g.order("reset", "in_service"), g.clear), REST, (a.unlatch, a.accept)),
    # --- idle
    Row((P.IDLE,), v.LaneChanged, g.somebody_inside, P.REFERRED, (a.alarm("INTRUSION"),)),
    Row((P.IDLE,), v.LaneChanged, g.object_left, P.REFERRED, (a.alarm("LEFT_OBJECT"),)),
    Row((P.IDLE,), v.LaneChanged, g.a_door_not_closed, P.OUT_OF_SERVICE, (a.latch, a.alarm("DOOR_FORCED"))),
    Row((P.IDLE,), v.LaneChanged, g.sensors_disagree, P.OUT_OF_SERVICE, (a.alarm("SENSORS_DISAGREE"),)),
    Row((P.IDLE,), v.Fault, g.always, P.OUT_OF_SERVICE, (a.alarm_fault,)),
    Row((P.IDLE,), v.DocumentPresented, g.readable_with_chip, P.READING, (a.begin, a.read)),
    Row((P.IDLE,), v.DocumentPresented, g.readable, P.PRESENTED, (a.begin,)),
    Row((P.IDLE,), v.DocumentPresented, g.misread_again, P.TURNED_AWAY, (a.begin, a.refer("MRZ_UNREADABLE"))),
    Row((P.IDLE,), v.DocumentPresented, g.always, None, (a.note_misread,)),
    Row((P.IDLE,), v.OfficerRequest, g.order("reset", "in_service"), None, (a.accept,)),
    # --- whoever is in a lane that should be empty, and sensors that contradict each other
    Row(BEFORE_ENTRY, v.LaneChanged, g.somebody_inside, P.REFERRED, (a.refer("INTRUSION"), a.alarm("INTRUSION"))),
    Row(BEFORE_ENTRY, v.LaneChanged, g.object_left, P.REFERRED, (a.refer("LEFT_OBJECT"), a.alarm("LEFT_OBJECT"))),
    Row(BEFORE_ENTRY, v.LaneChanged, g.a_door_not_closed, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), a.latch, a.alarm("DOOR_FORCED"))),
    Row((*BEFORE_ENTRY, P.ENTRY_OPENING), v.LaneChanged, g.sensors_disagree, P.TURNED_AWAY, (a.refer("SENSORS_DISAGREE"),)),
    Row((P.ENTRY_OCCUPIED, P.ENTRY_CLOSING, *CHECKING), v.LaneChanged, g.sensors_disagree, P.REFERRED, (a.refer("SENSORS_DISAGREE"),)),
    Row((*ENTERING, *CHECKING, *EXITING), v.LaneChanged, g.two_inside, P.REFERRED, (a.refer("TAILGATING"), a.alarm("TAILGATING"))),
    Row(BEFORE_ENTRY, v.HubVerdict, g.always, P.TURNED_AWAY, (a.refer("HUB_HOLD"),)),
    Row((*ENTERING, *CHECKING), v.HubVerdict, g.always, P.REFERRED, (a.refer("HUB_HOLD"),)),
    Row((P.EXIT_OPENING,), v.HubVerdict, g.exit_closed, P.REFERRED, (a.refer("HUB_HOLD"),)),
    Row((*EXITING, P.TURNED_AWAY, P.REFERRED), v.HubVerdict, g.always, None, (a.alarm("HUB_HOLD"),)),
    # --- the document
    Row((P.PRESENTED,), v.ChipPresent, g.chip_arrived, P.READING, (a.read,)),
    Row((P.PRESENTED,), v.DocumentPresented, g.another_document, P.TURNED_AWAY, (a.refer("DOCUMENT_CHANGED"),)),
    Row((P.PRESENTED,), v.DocumentPresented, g.same_with_chip, P.READING, (a.read,)),
    Row((P.PRESENTED,), v.Timeout, g.presented_before, P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.PRESENTED,), v.Timeout, g.always, P.TURNED_AWAY, (a.refer("CHIP_NOT_PRESENTED"),)),
    Row((P.READING,), v.ChipPresent, g.chip_left_again, P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.READING,), v.ChipPresent, g.chip_left, P.PRESENTED, (a.stop,)),
    Row((P.READING,), v.CardLost, g.tries_used, P.TURNED_AWAY, (a.refer("CARD_LOST"),)),
    Row((P.READING,), v.CardLost, g.always, P.PRESENTED, (a.stop,)),
    Row((P.READING,), v.DocumentRemoved, g.always, None, (a.keep_document_still,)),
    Row((P.READING,), v.DocumentPresented, g.another_document, P.TURNED_AWAY, (a.refer("DOCUMENT_CHANGED"),)),
    Row((P.READING,), v.DocumentVetted, g.enter, P.ENTRY_OPENING, (a.expect,)),
    Row((P.READING,), v.DocumentVetted, g.enter_but_fault, P.TURNED_AWAY, (a.refer("DEVICE_FAULT"),)),
    Row((P.READING,), v.DocumentVetted, g.always, P.TURNED_AWAY, (a.decide,)),
    Row((P.READING,), v.Timeout, g.always, P.TURNED_AWAY, (a.refer("CHIP_TIMEOUT"),)),
    # --- through the entry
    Row((P.ENTRY_OPENING,), v.LaneChanged, g.one_inside, P.ENTRY_OCCUPIED),
    Row((P.ENTRY_OPENING,), v.Timeout, g.entry_open, P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_OPENING,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.refer("DOOR_STUCK"), a.latch, a.alarm("DOOR_STUCK"))),
    Row((P.ENTRY_OCCUPIED,), v.LaneChanged, g.went_back_again, P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_OCCUPIED,), v.LaneChanged, g.nobody_inside, P.ENTRY_OPENING, (a.note_wavering,)),
    Row((P.ENTRY_OCCUPIED,), v.Timeout, g.always, P.ENTRY_CLOSING),
    Row((P.ENTRY_CLOSING,), v.LaneChanged, g.entry_closed_one_inside, P.CAPTURING, (a.capture,)),
    Row((P.ENTRY_CLOSING,), v.LaneChanged, g.entry_closed_nobody, P.TURNED_AWAY, (a.refer("NOBODY_ENTERED"),)),
    Row((P.ENTRY_CLOSING,), v.Timeout, g.always, P.REFERRED, (a.refer("DOOR_HELD"), a.alarm("DOOR_HELD"))),
    # --- face and decision
    Row(CHECKING, v.LaneChanged, g.nobody_inside, P.REFERRED, (a.refer("LANE_EMPTY"),)),
    Row((P.CAPTURING,), v.LaneChanged, g.entry_not_closed, P.OUT_OF_SERVICE, (a.refer("DOOR_FORCED"), a.latch, a.alarm("DOOR_FORCED"))),
    Row((P.CAPTURING,), v.FaceCaptured, g.always, P.DECIDING, (a.decide,)),
    Row((P.CAPTURING,), v.Timeout, g.always, P.REFERRED, (a.refer("CAPTURE_TIMEOUT"),)),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed_admit_and_may_exit, P.EXIT_OPENING, (a.mark_admitted,)),
    Row((P.DECIDING,), v.DecisionCommitted, g.committed_admit, None, (a.mark_admitted,)),
    Row((P.DECIDING,), v.DecisionCommitted, g.always, P.REFERRED),
    Row((P.DECIDING,), v.CommitFailed, g.always, P.REFERRED, (a.alarm("JOURNAL_FAULT"),)),
    Row((P.DECIDING,), v.LaneChanged, g.admitted_and_may_exit, P.EXIT_OPENING),
    Row((P.DECIDING,), v.Timeout, g.always, P.REFERRED, (a.refer("DECISION_TIMEOUT"),)),
    # --- through the exit
    Row((P.EXIT_OPENING,), v.Fault, g.stops_exit_before_it_opened, P.REFERRED, (a.refer("DEVICE_FAULT"),)),
    Row((P.EXIT_OPENING,), v.LaneChanged, g.exit_open_one_inside, P.LEAVING),
    Row((P.EXIT_OPENING,), v.LaneChanged, g.nobody_inside_exit_closed, P.REFERRED, (a.refer("LANE_EMPTY"),)),
    Row(EXITING, v.LaneChanged, g.nobody_inside, P.EXIT_CLOSING, (a.finish,)),
    Row((P.EXIT_OPENING,), v.Timeout, g.always, P.REFERRED, (a.refer("DOOR_STUCK"), a.alarm("DOOR_STUCK"))),
    Row((P.LEAVING,), v.Timeout, g.always, P.REFERRED, (a.refer("OCCUPANT_TIMEOUT"), a.alarm("OCCUPANT_TIMEOUT"))),
    Row((P.EXIT_CLOSING,), v.LaneChanged, g.exit_closed_somebody, P.REFERRED, (a.alarm("INTRUSION"),)),
    Row((P.EXIT_CLOSING,), v.LaneChanged, g.exit_closed_object, P.REFERRED, (a.alarm("LEFT_OBJECT"),)),
    Row((P.EXIT_CLOSING,), v.LaneChanged, g.exit_closed, REST),
    Row((P.EXIT_CLOSING,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.latch, a.alarm("DOOR_HELD"))),
    # --- sent to an officer from outside the lane
    Row((P.TURNED_AWAY,), v.LaneChanged, g.somebody_inside, P.REFERRED, (a.alarm("INTRUSION"),)),
    Row((P.TURNED_AWAY,), v.OfficerRequest, g.both(g.order("admit"), g.case_open), None, (a.officer(Verdict.ADMIT), a.settle, a.accept)),
    Row((P.TURNED_AWAY,), v.OfficerRequest, g.both(g.order("refuse"), g.case_open), None, (a.officer(Verdict.REFUSE), a.settle, a.accept)),
    Row((P.TURNED_AWAY,), v.OfficerRequest, g.both(g.order("reset"), g.clear), REST, (a.accept,)),
    Row((P.TURNED_AWAY,), v.Timeout, g.clear, REST),
    Row((P.TURNED_AWAY,), v.Timeout, g.always, P.REFERRED),
    Row((P.TURNED_AWAY, P.REFERRED), v.CommitFailed, g.always, None, (a.reopen, a.alarm("JOURNAL_FAULT"))),
    # --- an officer takes over inside the lane
    Row((P.REFERRED,), v.LaneChanged, g.closed_and_clear, REST),
    Row((P.REFERRED,), v.OfficerRequest, g.both(g.order("admit"), g.officer_may_release), P.DECIDING, (a.officer(Verdict.ADMIT), a.accept)),
    Row((P.REFERRED,), v.OfficerRequest, g.both(g.order("admit"), g.case_open_outside), None, (a.officer(Verdict.ADMIT), a.settle, a.accept)),
    Row((P.REFERRED,), v.OfficerRequest, g.both(g.order("refuse"), g.case_open), None, (a.officer(Verdict.REFUSE), a.settle, a.accept)),
    Row((P.REFERRED,), v.OfficerRequest, g.both(g.order("reset"), g.clear), REST, (a.accept,)),
    Row((P.REFERRED,), v.Timeout, g.clear, REST),
    Row((P.REFERRED,), v.Timeout, g.always, P.OUT_OF_SERVICE, (a.latch, a.alarm("UNATTENDED"))),
    # --- an officer's order that does not fit the phase
    Row(EVERY, v.OfficerRequest, g.always, None, (a.decline,)),
)  # fmt: skip

ROWS = index(TABLE)

SHOWN: dict[Phase, tuple[Light, Light, str]] = {
    P.IDLE: (Light.READY, Light.WAIT, "PRESENT_DOCUMENT"),
    P.PRESENTED: (Light.WAIT, Light.WAIT, "PLACE_DOCUMENT"),
    P.READING: (Light.WAIT, Light.WAIT, "KEEP_DOCUMENT"),
    P.ENTRY_OPENING: (Light.PROCEED, Light.WAIT, "TAKE_DOCUMENT_AND_ENTER"),
    P.ENTRY_OCCUPIED: (Light.STOP, Light.WAIT, "ENTER_ALONE"),
    P.ENTRY_CLOSING: (Light.STOP, Light.WAIT, "STAND_CLEAR_OF_DOOR"),
    P.CAPTURING: (Light.STOP, Light.WAIT, "LOOK_AT_CAMERA"),
    P.DECIDING: (Light.STOP, Light.WAIT, "PLEASE_WAIT"),
    P.EXIT_OPENING: (Light.STOP, Light.PROCEED, "PROCEED"),
    P.LEAVING: (Light.STOP, Light.PROCEED, "PROCEED"),
    P.EXIT_CLOSING: (Light.WAIT, Light.WAIT, "PLEASE_WAIT"),
    P.TURNED_AWAY: (Light.OFFICER, Light.WAIT, "SEE_OFFICER"),
    P.REFERRED: (Light.STOP, Light.OFFICER, "WAIT_FOR_OFFICER"),
    P.OUT_OF_SERVICE: (Light.STOP, Light.STOP, "LANE_CLOSED"),
    P.EMERGENCY: (Light.STOP, Light.STOP, "LEAVE_THE_LANE"),
}
"""What each phase shows outside, inside, and tells the traveller."""

UNTIMED = frozenset({P.IDLE, P.OUT_OF_SERVICE, P.EMERGENCY})
"""Phases in which nobody waits for the lane."""
