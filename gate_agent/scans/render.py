"""Pictures of scans for people: grey values, and the field's pseudo-colours of dual energy.

Organic is orange, mixed (inorganic) green, metal blue, high-Z violet; what the beam does not penetrate is
black with a red hatch. Brightness is the transmission, so that shapes look as in the grey picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.files import write_whole
from gate_agent.scans.errors import ScanError
from gate_agent.scans.image import FloatImage, ScanImage
from gate_agent.scans.triage.inspectable import Band
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import TriageReport

Rgb = NDArray[np.uint8]

COLOURS: Final = {
    MaterialClass.NONE: (150, 150, 150),
    MaterialClass.ORGANIC: (255, 140, 0),
    MaterialClass.MIXED: (60, 170, 60),
    MaterialClass.METAL: (40, 90, 220),
    MaterialClass.HIGH_Z: (150, 40, 190),
    MaterialClass.BEYOND: (20, 20, 20),
    MaterialClass.UNRESOLVED: (120, 120, 120),
}
_HATCH: Final = (200, 30, 30)
_BOX: Final = (220, 30, 30)
_SUSPECT: Final = (230, 0, 230)
_OUTLINE: Final = (0, 120, 160)


def grey(image: FloatImage, *, gamma: float = 0.5, low: float = 0.0, high: float = 1.0) -> NDArray[np.uint8]:
    """One channel between two transmissions (window), with gamma: dark parts are where the goods are."""
    window = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
    return np.rint(255 * window**gamma).astype(np.uint8)


def pseudo_colour(image: ScanImage, classes: NDArray[np.uint8]) -> Rgb:
    """The material classes' colours, as bright as the transmission."""
    palette = np.array([COLOURS[each] for each in MaterialClass], np.float32)
    bright = grey(image.high).astype(np.float32)[:, :, None] / 255
    colour = palette[classes]
    # Thin goods are nearly white, thick ones deep in their colour.
    tinted = colour * np.minimum(1, 2 * bright) + (255 - colour) * np.maximum(0, 2 * bright - 1)
    plain = np.broadcast_to(255 * bright, tinted.shape)
    nothing = (classes == MaterialClass.NONE)[:, :, None]
    return np.clip(np.where(nothing, plain, tinted), 0, 255).astype(np.uint8)


def picture(report: TriageReport) -> Rgb:
    """The scan with what triage found: colours where there are classes, boxes, hatch where nothing can be
    seen."""
    if report.materials is not None:
        rgb = pseudo_colour(report.image, report.materials.classes)
    else:
        rgb = np.repeat(grey(report.image.high)[:, :, None], 3, axis=2)
    if report.inspectable is not None and report.container is not None:
        inside = np.zeros(report.image.shape, np.bool_)
        inside[report.container.inner.slices] = True
        rows, columns = np.indices(report.image.shape, dtype=np.int32, sparse=True)
        stripes = ((rows + columns) % 12) < 3
        rgb[(report.inspectable.bands == Band.NOT_INSPECTABLE) & inside & stripes] = _HATCH
    if report.container is not None:
        outer = report.container.outer
        cv2.rectangle(rgb, (outer.left, outer.top), (outer.right - 1, outer.bottom - 1), _OUTLINE, 2)
    for box in (anomaly.box for anomaly in report.anomalies):
        cv2.rectangle(rgb, (box.left, box.top), (box.right - 1, box.bottom - 1), _BOX, 2)
    for box in (area.box for area in (report.threats.areas if report.threats is not None else ())):
        cv2.rectangle(rgb, (box.left, box.top), (box.right - 1, box.bottom - 1), _SUSPECT, 2)
    return rgb


def write_png(rgb: Rgb | NDArray[np.uint8], path: Path) -> None:
    """Write RGB or grey as PNG. Raises ScanError when the file cannot be written."""
    shown = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if rgb.ndim == 3 else rgb
    done, encoded = cv2.imencode(".png", shown)
    if not done:
        raise ScanError("cannot be encoded", field=path.name)
    try:
        write_whole(path, encoded.tobytes())
    except OSError as error:
        raise ScanError(f"cannot be written: {error.strerror}", field=str(path)) from error
