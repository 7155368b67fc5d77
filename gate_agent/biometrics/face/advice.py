"""What the traveller may be told while the camera looks: codes for the lane's display.

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
