"""What the traveller may be told while the camera looks: a code for the lane's display and plain words.

Importing this loads neither OpenCV nor onnxruntime.
"""

from __future__ import annotations

from enum import Enum


class Advice(Enum):
    """One instruction; which one, :func:`gate_agent.biometrics.face.quality.advise` and the watch decide."""

    COME_ALONE = "COME_ALONE"
    MOVE_CLOSER = "MOVE_CLOSER"
    STEP_BACK = "STEP_BACK"
    CENTRE_YOURSELF = "CENTRE_YOURSELF"
    LOOK_AT_CAMERA = "LOOK_AT_CAMERA"
    HOLD_HEAD_STRAIGHT = "HOLD_HEAD_STRAIGHT"
    TOO_DARK = "TOO_DARK"
    TOO_BRIGHT = "TOO_BRIGHT"
    UNEVEN_LIGHT = "UNEVEN_LIGHT"
    HOLD_STILL = "HOLD_STILL"
    TURN_HEAD = "TURN_HEAD"
    LOOK_AGAIN = "LOOK_AGAIN"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Advice.COME_ALONE: "One person at a time, please.",
    Advice.MOVE_CLOSER: "Please move closer.",
    Advice.STEP_BACK: "Please take a step back.",
    Advice.CENTRE_YOURSELF: "Please stand in the middle.",
    Advice.LOOK_AT_CAMERA: "Please look straight at the camera.",
    Advice.HOLD_HEAD_STRAIGHT: "Please hold your head upright.",
    Advice.TOO_DARK: "The face is too dark: please step into the light.",
    Advice.TOO_BRIGHT: "The face is too bright: please turn away from strong light.",
    Advice.UNEVEN_LIGHT: "The light falls from one side: please turn to the camera.",
    Advice.HOLD_STILL: "Please hold still.",
    Advice.TURN_HEAD: "Please turn your head a little to one side and back.",
    Advice.LOOK_AGAIN: "One more picture: please look straight at the camera.",
}
