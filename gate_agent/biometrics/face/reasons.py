"""Every reason code of face verification. Their words are in `gate_agent/words`."""

from __future__ import annotations

REASONS = frozenset(
    {
        "FACE_MISMATCH",
        "FACE_NOT_FOUND",
        "FACE_SEVERAL",
        "FACE_QUALITY_LOW",
        "PORTRAIT_UNREADABLE",
        "PORTRAIT_NO_FACE",
        "PORTRAIT_UNCLEAR",
        "FACE_NOT_LIVE",
        "LIVENESS_UNCERTAIN",
        "REPEATED_FRAMES",
        "NO_SENSOR_NOISE",
        "SCREEN_RASTER",
        "FLAT_FACE",
        "MODEL_SAYS_ATTACK",
        "LIVENESS_MODEL_MISSING",
        "CAMERA_FROZEN",
        "FACE_MODEL_UNAVAILABLE",
    }
)
