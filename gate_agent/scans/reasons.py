"""Reason codes about scans and the officer's words for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "SCAN_NOT_RECEIVED": "No scan of this truck arrived.",
        "SCAN_REJECTED": "What the scanner sent could not be taken; it was kept for an officer.",
        "SCAN_UNREADABLE": "The scan arrived and could not be read.",
        "SCAN_OF_ANOTHER_CONTAINER": "The scanner names another container than the cameras read.",
        "SCAN_CONTAINER_NOT_FOUND": "No container could be made out in the picture.",
        "SCAN_CALIBRATION_UNKNOWN": "A display picture: materials, mass and thickness cannot be measured.",
        "SCAN_NOT_INSPECTABLE": "A part of the load could not be seen through.",
        "SCAN_ARTEFACTS": "Dead detectors, missed pulses or saturation; what they hide was not inspected.",
        "SCAN_REPEAT": "So much of the picture is missing that the scan should be repeated.",
        "SCAN_CONSTRUCTION": "Roof, wall or floor is thicker than a container's.",
        "SCAN_DENSE_MATERIAL": "Material of high atomic number, or a shield.",
        "SCAN_MATERIALS_NOMINAL": "Materials by a textbook beam: no step wedge of this scanner was given.",
        "SCAN_MATERIALS_HIDDEN": "The container's walls weaken this beam too much to tell materials.",
        "SCAN_SINGLE_ENERGY": "One beam energy: materials cannot be told apart.",
        "SCAN_THREAT_SUSPECTED": "Something that does not look like the load around it.",
        "SCAN_DETECTOR_BLIND": "A part of the load is too dark for the detector: there it says nothing.",
        "SCAN_NO_DETECTOR": "No threat detector looked at this scan.",
        "SCAN_SCALE_UNKNOWN": "The pixel size is unknown: mass and sizes cannot be measured.",
    }
)
