"""A computed tomograph's volume as DICOS (NEMA IIC 1 v03, CT IOD): one multi-frame instance, 16 bits.

The station examines no volumes; its linter and its storage provider meet them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from gate_agent.scans.dicos_attributes import EFFECTIVE_ENERGY, NUMBER_OF_FRAMES, SOP_CT
from gate_agent.scans.dicos_header import Equipment, Scan, image_header, save

SPACING_MM: Final = (2.5, 1.5, 1.25)
"""Between slices, rows and columns."""


def write_ct(
    voxels: NDArray[np.uint16], path: Path, *, scan: Scan, equipment: Equipment, at: datetime, peak_kev: float
) -> None:
    """Write one volume (slices, rows, columns) of voxels of 2.5 x 1.5 x 1.25 mm."""
    dataset = image_header(SOP_CT, scan, equipment, at, modality="CT")
    image_type = ["ORIGINAL", "HIGH ENERGY", "VOLUME", "NONE"]
    dataset.ImageType = image_type
    dataset.AcquisitionDateTime = f"{at:%Y%m%d%H%M%S.%f}"
    dataset.AcquisitionDuration = 5.2
    _describe_pixels(dataset)
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PositionReferenceIndicator = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.add_new(EFFECTIVE_ENERGY, "FL", peak_kev / 3)
    frames, rows, columns = voxels.shape
    dataset.SharedFunctionalGroupsSequence = [_shared(image_type, peak_kev)]
    dataset.PerFrameFunctionalGroupsSequence = [_at(index * SPACING_MM[0]) for index in range(frames)]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.add_new(NUMBER_OF_FRAMES, "US", frames)
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.add_new(0x7FE00010, "OW", np.ascontiguousarray(voxels, "<u2").tobytes())
    save(dataset, path)


def _describe_pixels(dataset: Dataset) -> None:
    dataset.PixelPresentation = "MONOCHROME"
    dataset.VolumetricProperties = "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"


def _shared(image_type: list[str], peak_kev: float) -> Dataset:
    details, frame_type, orientation = Dataset(), Dataset(), Dataset()
    details.KVP, details.FilterType, details.FocalSpots = f"{peak_kev:g}", "NONE", "1"
    frame_type.FrameType = image_type
    _describe_pixels(frame_type)
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures, transform, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = f"{SPACING_MM[0]:g}"
    measures.PixelSpacing = [f"{pitch:g}" for pitch in SPACING_MM[1:]]
    transform.RescaleIntercept = "-1000"
    transform.RescaleSlope = "1"
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
