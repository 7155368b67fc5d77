"""DICOS V03 CT volumes (NEMA IIC 1 v03, CT IOD): one multi-frame instance, 16-bit, one energy.

A cargo or baggage CT is kept as it came: voxel values in the scanner's own unit, with their spacing. What the
unit means (a CT number, a density, an effective Z) is ``characteristics``, value 2 of Image Type.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from gate_agent.scans.dicos_attributes import EFFECTIVE_ENERGY, NUMBER_OF_FRAMES, SOP_CT, shown
from gate_agent.scans.dicos_file import guarded, items, number, open_dicos, text, texts, value
from gate_agent.scans.dicos_header import Equipment, Scan, image_header, save
from gate_agent.scans.errors import ScanMalformed, ScanUnsupported, ScanUnusable
from gate_agent.scans.pixels import read_volume

CHARACTERISTICS: Final = ("HIGH ENERGY", "LOW ENERGY", "DENSITY", "INTENSITY", "MU", "Z EFFECTIVE")


@dataclass(frozen=True, slots=True, eq=False)
class ScanVolume:
    """Voxels (slices, rows, columns); values are ``voxels * slope + intercept``. Spacing in millimetres."""

    voxels: NDArray[np.uint16]
    slope: float
    intercept: float
    slice_mm: float
    row_mm: float
    column_mm: float
    characteristics: str
    container: str = ""
    study_uid: str = ""
    instance_uid: str = ""

    def values(self, index: int) -> NDArray[np.float32]:
        """One slice in the scanner's unit."""
        return (self.voxels[index] * np.float32(self.slope) + np.float32(self.intercept)).astype(np.float32)


def read_ct(path: Path) -> ScanVolume:
    """One CT instance; its voxels stay on disk as a map where they are not compressed."""
    opened = open_dicos(path)
    if opened.kind != "CT":
        raise ScanUnsupported(f"a {opened.kind}", field=shown(0x00080016), advice="a CT volume")
    shared = _first(opened.dataset, 0x52009229)
    spacing = _spacing(shared)
    transform = _first(shared, 0x00289145)
    voxels = read_volume(opened)
    if voxels.dtype.kind != "u" or voxels.dtype.itemsize > 2:
        raise ScanUnsupported(
            f"voxels of {voxels.dtype}", field=shown(0x00280100), advice="8 or 16 bits, unsigned"
        )
    parts = texts(opened.dataset, 0x00080008, 16)
    return ScanVolume(
        voxels=voxels.view(np.uint16) if voxels.dtype == np.uint16 else voxels.astype(np.uint16),
        slope=number(transform, 0x00281053, 1.0),
        intercept=number(transform, 0x00281052, 0.0),
        slice_mm=spacing[0],
        row_mm=spacing[1],
        column_mm=spacing[2],
        characteristics=parts[1] if len(parts) > 1 else "",
        container=text(opened.dataset, 0x00100020, 64),
        study_uid=text(opened.dataset, 0x0020000D, 128),
        instance_uid=text(opened.dataset, 0x00080018, 128),
    )


def _first(dataset: Dataset, tag: int) -> Dataset:
    return next(iter(items(dataset, tag)), Dataset())


def _spacing(shared: Dataset) -> tuple[float, float, float]:
    measures = _first(shared, 0x00289110)
    thickness = number(measures, 0x00180050, 0.0)
    pair = value(measures, 0x00280030)
    if pair is None or isinstance(pair, str) or len(pair) != 2:
        return max(thickness, 0.0), 0.0, 0.0
    row, column = (guarded(shown(0x00280030), lambda part=part: float(part)) for part in pair)
    if min(thickness, row, column) < 0:
        raise ScanMalformed("is negative", field=shown(0x00280030))
    return thickness, row, column


def write_ct(
    volume: ScanVolume,
    path: Path,
    *,
    scan: Scan,
    equipment: Equipment,
    at: datetime,
    seconds: float,
    peak_kev: float,
) -> None:
    """Write one volume. `seconds` is how long the acquisition took."""
    if volume.voxels.ndim != 3 or volume.voxels.size == 0:
        raise ScanUnusable("an empty volume", field="voxels")
    if volume.characteristics not in CHARACTERISTICS:
        raise ScanMalformed(
            f"{volume.characteristics!r}", field="characteristics", advice=", ".join(CHARACTERISTICS)
        )
    dataset = image_header(SOP_CT, scan, equipment, at, modality="CT")
    image_type = ["ORIGINAL", volume.characteristics, "VOLUME", "NONE"]
    dataset.ImageType = image_type
    dataset.AcquisitionDateTime = f"{at:%Y%m%d%H%M%S.%f}"
    dataset.AcquisitionDuration = seconds
    _describe_pixels(dataset)
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PositionReferenceIndicator = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.add_new(EFFECTIVE_ENERGY, "FL", peak_kev / 3)
    frames, rows, columns = volume.voxels.shape
    dataset.SharedFunctionalGroupsSequence = [_shared(volume, image_type, peak_kev)]
    dataset.PerFrameFunctionalGroupsSequence = [_at(index * volume.slice_mm) for index in range(frames)]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.add_new(NUMBER_OF_FRAMES, "US", frames)
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.add_new(0x7FE00010, "OW", np.ascontiguousarray(volume.voxels, "<u2").tobytes())
    save(dataset, path)


def _describe_pixels(dataset: Dataset) -> None:
    dataset.PixelPresentation = "MONOCHROME"
    dataset.VolumetricProperties = "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"


def _shared(volume: ScanVolume, image_type: list[str], peak_kev: float) -> Dataset:
    details, frame_type, orientation = Dataset(), Dataset(), Dataset()
    details.KVP, details.FilterType, details.FocalSpots = f"{peak_kev:g}", "NONE", "1"
    frame_type.FrameType = image_type
    _describe_pixels(frame_type)
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures, transform, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = f"{volume.slice_mm:.6g}"
    measures.PixelSpacing = [f"{volume.row_mm:.6g}", f"{volume.column_mm:.6g}"]
    transform.RescaleIntercept = f"{volume.intercept:.10g}"
    transform.RescaleSlope = f"{volume.slope:.10g}"
    transform.RescaleType = "US"
    shared.CTXRayDetailsSequence = [details]
    shared.CTImageFrameTypeSequence = [frame_type]
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelMeasuresSequence = [measures]
    shared.PixelValueTransformationSequence = [transform]
    return shared


def _at(depth_mm: float) -> Dataset:
    position, frame = Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, f"{depth_mm:.6g}"]
    frame.PlanePositionSequence = [position]
    return frame
