"""Reason codes about scans."""

from __future__ import annotations

REASONS = frozenset(
    {
        "SCAN_NOT_RECEIVED",
        "SCAN_REJECTED",
        "SCAN_UNREADABLE",
        "SCAN_OF_ANOTHER_CONTAINER",
        "SCAN_CONTAINER_NOT_FOUND",
        "SCAN_CALIBRATION_UNKNOWN",
        "SCAN_PART_NOT_EXAMINED",
        "SCAN_SEVERAL_BOXES",
        "SCAN_NOT_INSPECTABLE",
        "SCAN_ARTEFACTS",
        "SCAN_REPEAT",
        "SCAN_CONSTRUCTION",
        "SCAN_DENSE_MATERIAL",
        "SCAN_MATERIALS_NOMINAL",
        "SCAN_MATERIALS_HIDDEN",
        "SCAN_SINGLE_ENERGY",
        "SCAN_THREAT_SUSPECTED",
        "SCAN_DETECTOR_BLIND",
        "SCAN_DETECTOR_UNPROVEN",
        "SCAN_NO_DETECTOR",
        "SCAN_SCALE_UNKNOWN",
    }
)
