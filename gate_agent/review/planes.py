"""A scan as planes of pixels: what the viewer draws, what the shelf keeps, what training projects into.

``low`` and ``high`` hold transmissions as uint16 (65535 is air and what is brighter), ``material`` the
classes of triage, ``mask`` its bits for what cannot be read. All are PNG on disk, which names its own size
and carries checksums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.errors import BadInput
from gate_agent.review.record import (
    DEAD,
    NOT_INSPECTABLE,
    SATURATED,
    PictureLayout,
    PlaneInfo,
    PlaneName,
    Region,
)
from gate_agent.scans.image import ScanImage
from gate_agent.scans.triage.container import Box
from gate_agent.scans.triage.inspectable import Band
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import TriageReport

Pixels = NDArray[np.uint16 | np.uint8]
AIR: Final = 65535
_FASTEST: Final = 1
_TELLING: Final = (MaterialClass.ORGANIC, MaterialClass.MIXED, MaterialClass.METAL, MaterialClass.HIGH_Z)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The planes and how to draw them."""

    layout: PictureLayout
    pixels: Mapping[PlaneName, Pixels]


def picture_of(image: ScanImage, report: TriageReport | None) -> Picture:
    """The planes of one scan; those of triage as far as it came."""
    shown = report.image if report is not None else image
    pixels: dict[PlaneName, Pixels] = {}
    infos: list[PlaneInfo] = []
    names: tuple[PlaneName, ...] = ("low", "high") if shown.dual else ("high",)
    for name, channel in zip(names, shown.channels, strict=True):
        pixels[name] = np.rint(np.clip(channel.transmission, 0, 1) * AIR).astype(np.uint16)
        infos.append(PlaneInfo(name, 16, channel.peak_kev))
    if report is not None and report.materials is not None and shown.dual:
        classes = report.materials.classes
        if np.isin(classes, _TELLING).any():  # walls may hide every class: then there is nothing to strip by
            pixels["material"] = classes
            infos.append(PlaneInfo("material", 8))
    pixels["mask"] = _mask(image, report)
    infos.append(PlaneInfo("mask", 8))
    rows, columns = shown.shape
    layout = PictureLayout(
        rows,
        columns,
        tuple(infos),
        shown.calibration.value,
        shown.geometry.row_mm,
        shown.geometry.column_mm,
        region_of(report.container.outer) if report is not None and report.container is not None else None,
        report.inspectable.limit if report is not None and report.inspectable is not None else 0.0,
    )
    return Picture(layout, pixels)


def _mask(image: ScanImage, report: TriageReport | None) -> NDArray[np.uint8]:
    mask = image.dead * np.uint8(DEAD) | image.saturated * np.uint8(SATURATED)
    if report is not None and report.inspectable is not None and report.container is not None:
        inner = report.container.inner.slices
        hidden = report.inspectable.bands[inner] == Band.NOT_INSPECTABLE
        mask[inner] |= hidden * np.uint8(NOT_INSPECTABLE)
    return mask


def region_of(box: Box) -> Region:
    return Region(box.left, box.top, box.width, box.height)


def encode(pixels: Pixels) -> bytes:
    done, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, _FASTEST])
    if not done:
        raise BadInput("the plane cannot be encoded", field="plane")
    return encoded.tobytes()


def decode(data: bytes, info: PlaneInfo, rows: int, columns: int) -> Pixels:
    """Raises BadInput when the bytes are not that plane."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    wanted = np.uint16 if info.bits == 16 else np.uint8
    if found is None or found.shape != (rows, columns) or found.dtype != wanted:
        raise BadInput("the plane is not what its record says", field=info.name)
    return found.astype(wanted, copy=False)
