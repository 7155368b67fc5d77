"""The one table of reason codes: what each means to the officer and what the traveller is told.

A code is the machine's word for *why*; it is what checks report, rules name, the journal keeps and the
hub receives. Words for people exist only here (the chip's own codes come from the emrtd room). A policy
rule that names a code outside this table does not load.

The traveller is told what to do, never what is suspected: everything that concerns the authenticity of a
document, a watchlist or the lane's security says only that an officer will help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gate_agent.biometrics.face.advice import Advice
from gate_agent.cargo.reasons import REASONS as CARGO_REASONS
from gate_agent.emrtd.coding.reasons import REASONS as CHIP_REASONS
from gate_agent.nii.reasons import REASONS as CARGO_LANE_REASONS
from gate_agent.radiation.reasons import REASONS as RADIATION_REASONS
from gate_agent.scans.reasons import REASONS as SCAN_REASONS
from gate_agent.vehicle.reasons import REASONS as YARD_REASONS

_OFFICER = "Please wait, an officer will help you."
_DESK = "Please go to an officer."
_AGAIN = "Please place your passport on the reader again."
_CAMERA = "Please look at the camera."
_STOP = "Please stand still, an officer is coming."
_CLOSED = "This lane is closed. Please use another lane."


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code. `group` orders the officer's view and the manual."""

    code: str
    group: str
    officer: str
    traveller: str = _OFFICER


def _group(group: str, *rows: tuple[str, str] | tuple[str, str, str]) -> tuple[Reason, ...]:
    return tuple(Reason(row[0], group, *row[1:]) for row in rows)


_DOCUMENT = _group(
    "document",
    ("MRZ_UNREADABLE", "The machine readable zone could not be read.", _AGAIN),
    ("MRZ_MALFORMED", "The machine readable zone breaks a field rule of Doc 9303.", _DESK),
    ("MRZ_CHECK_DIGIT", "A check digit of the machine readable zone is wrong.", _DESK),
    ("DOCUMENT_EXPIRED", "The document has expired.", _DESK),
    ("DOCUMENT_TYPE_UNSUPPORTED", "This kind of document is not accepted at the gate.", _DESK),
    ("DOCUMENT_REMOVED", "The document was taken off the reader too early.", _AGAIN),
    ("DOCUMENT_CHANGED", "Another document was presented during the transaction.", _DESK),
)

# The chip's codes and the officer's words for them are the emrtd room's. Their traveller stands outside,
# at the reader: told to try again where that can help, and to go to an officer otherwise.
_TRY_AGAIN = frozenset(("CHIP_TIMEOUT", "CHIP_READING_INTERRUPTED", "CHIP_CHANNEL_LOST", "CARD_LOST"))
_CHIP = tuple(
    Reason(code, "chip", words, _AGAIN if code in _TRY_AGAIN else _DESK)
    for code, words in CHIP_REASONS.items()
)

_TRAVELLER = _group(
    "traveller",
    ("MINOR", "The traveller is a minor and needs an officer.", _DESK),
    ("AGE_UNKNOWN", "The date of birth does not give an age.", _DESK),
)

_FACE = _group(
    "face",
    ("FACE_MISMATCH", "The face does not match the portrait in the chip."),
    ("FACE_NOT_FOUND", "No usable picture of the face within the time.", _CAMERA),
    ("FACE_SEVERAL", "More than one face before the camera.", "Please come alone."),
    ("FACE_QUALITY_LOW", "The pictures of the face are not good enough to compare.", _CAMERA),
    ("PORTRAIT_UNREADABLE", "The portrait in the chip cannot be decoded."),
    ("PORTRAIT_NO_FACE", "No single face in the chip's portrait."),
    ("PORTRAIT_UNCLEAR", "The portrait in the chip is too unclear to be compared."),
    ("FACE_NOT_LIVE", "Something speaks against a live face before the camera: look at the traveller."),
    ("LIVENESS_UNCERTAIN", "Too little was seen to tell a live face from a picture of one.", _CAMERA),
    ("REPEATED_FRAMES", "The camera's pictures repeat themselves: a recording may have been fed in."),
    ("NO_SENSOR_NOISE", "The pictures lack a camera's noise: they may have been fed in."),
    ("SCREEN_RASTER", "The face shows the raster of a screen."),
    ("FLAT_FACE", "The face moves like something flat: a printed photograph or a screen."),
    ("MODEL_SAYS_ATTACK", "The presentation attack detector takes the face for an attack."),
    ("LIVENESS_MODEL_MISSING", "The policy demands a presentation attack detector, and none is installed."),
    ("CAMERA_FROZEN", "The camera shows a frozen or stale picture."),
    ("FACE_MODEL_UNAVAILABLE", "The face model is missing or not calibrated."),
)

_WATCHLIST = _group(
    "watchlist",
    ("WATCHLIST_HIT", "Document or person is on the watchlist. Act as ordered for this list."),
    ("WATCHLIST_STALE", "The watchlist is older than allowed.", _DESK),
    ("WATCHLIST_UNAVAILABLE", "The watchlist is missing or its signature does not verify.", _DESK),
)

_LANE = _group(
    "lane",
    ("TAILGATING", "More than one person is between the doors.", _STOP),
    ("INTRUSION", "Somebody is between the doors who should not be.", _STOP),
    ("LEFT_OBJECT", "An object was left between the doors.", "Please take your belongings with you."),
    ("DOOR_FORCED", "A door moved without a command.", _STOP),
    ("DOOR_HELD", "A door is kept from closing.", "Please step away from the door."),
    ("DOOR_STUCK", "A door did not reach its position in time.", _STOP),
    ("DOOR_FAULT", "The controller cannot tell where a door is.", _STOP),
    ("INTERLOCK_BROKEN", "The controller reports doors that break the interlock.", _STOP),
    ("OCCUPANT_TIMEOUT", "The traveller stayed between the doors for too long."),
    ("NOBODY_ENTERED", "Nobody entered after the entry door opened.", _DESK),
    ("LANE_EMPTY", "The traveller left the lane before the decision.", _DESK),
    ("SENSORS_DISAGREE", "The presence sensors contradict each other.", _STOP),
    ("EMERGENCY", "Fire alarm or emergency stop: the doors are released.", "Please leave the lane."),
    ("CHIP_NOT_PRESENTED", "No chip was presented after the printed zone was read.", _DESK),
    ("CAPTURE_TIMEOUT", "The face was not captured in time."),
    ("DECISION_TIMEOUT", "The decision was not reached in time."),
    ("UNATTENDED", "No officer took over in time; the lane is closed.", _CLOSED),
    ("OFFICER_CLOSED", "An officer took the lane out of service.", _CLOSED),
)

_SYSTEM = _group(
    "system",
    ("DEVICE_FAULT", "A device of the lane has failed; see device health.", _CLOSED),
    ("DEVICE_SILENT", "A device of the lane has stopped answering.", _CLOSED),
    ("JOURNAL_FAULT", "The journal cannot take decisions; nothing may be admitted.", _CLOSED),
    ("POLICY_STALE", "The policy is past its validity.", _DESK),
    ("POLICY_NOT_YET_VALID", "The policy is dated in the future; check the clock.", _DESK),
    ("POLICY_UNAVAILABLE", "There is no usable policy.", _CLOSED),
    ("TRUST_STALE", "The trusted issuer certificates are older than allowed.", _DESK),
    ("TRUST_UNAVAILABLE", "There are no usable issuer certificates.", _DESK),
    ("RULE_ERROR", "A policy rule could not be evaluated; report it to the policy's author."),
    ("EVIDENCE_MALFORMED", "A check reported something that the policy does not know; report it."),
    ("CHECK_MISSING", "A check that admission needs was not done."),
    ("CHECK_NOT_PASSED", "A check that admission needs did not pass."),
    ("NO_RULE_ADMITS", "No rule of the policy admits this traveller."),
    ("ALL_CHECKS_PASSED", "Every required check passed.", "Please proceed. Welcome."),
    ("HUB_HOLD", "The hub holds this transaction."),
    ("HUB_UNREACHABLE", "The hub has been out of reach for longer than allowed."),
    ("INTERNAL_ERROR", "The agent failed while it handled this transaction; see its log."),
    ("OFFICER_ORDER", "An officer decided."),
)

# A scanner station's codes are their rooms'; drivers are told the way and no reason. What both kinds of
# station have stands in the e-gate's words here, and in a lane's own words on that lane's console.
_CARGO = tuple(
    Reason(code, "cargo", words)
    for codes in (CARGO_LANE_REASONS, RADIATION_REASONS, SCAN_REASONS, YARD_REASONS, CARGO_REASONS)
    for code, words in codes.items()
)

REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        row.code: row
        for group in (_CARGO, _DOCUMENT, _CHIP, _TRAVELLER, _FACE, _WATCHLIST, _LANE, _SYSTEM)
        for row in group
    }
)


INSTRUCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "PRESENT_DOCUMENT": "Please place your passport on the reader.",
        "PRESENT_AGAIN": _AGAIN,
        "PLACE_DOCUMENT": "Please lay the open passport flat on the reader.",
        "KEEP_DOCUMENT": "Please leave your passport on the reader.",
        "TAKE_DOCUMENT_AND_ENTER": "Please take your passport and enter.",
        "ENTER_ALONE": "Please come alone.",
        "STAND_CLEAR_OF_DOOR": "Please step away from the door.",
        "LOOK_AT_CAMERA": _CAMERA,
        "PLEASE_WAIT": "Please wait.",
        "PROCEED": "Please proceed. Welcome.",
        "SEE_OFFICER": _DESK,
        "WAIT_FOR_OFFICER": _OFFICER,
        "LANE_CLOSED": _CLOSED,
        "LEAVE_THE_LANE": "Please leave the lane.",
    }
    | {advice.value: advice.words for advice in Advice if advice is not Advice.LOOK_AT_CAMERA}
)
"""What the lane tells the traveller in each phase, and while the camera looks: instruction code -> words."""


def reason(code: str) -> Reason | None:
    """The table's row; a code may carry its source behind a colon (``DEVICE_FAULT:camera``)."""
    return REASONS.get(code.partition(":")[0])


def officer_words() -> dict[str, str]:
    """Reason and instruction codes -> plain words: the console's table."""
    return {code: row.officer for code, row in REASONS.items()} | dict(INSTRUCTIONS)


def traveller_words(reasons: Iterable[str]) -> str:
    """The one short instruction for these reasons: that of the first known code."""
    return next((row.traveller for code in reasons if (row := reason(code)) is not None), _OFFICER)
