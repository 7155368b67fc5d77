"""DICOS V03 DX projections to and from :class:`ScanImage` (NEMA IIC 1 v03, DX IOD).

One instance is one energy; the energies of a scan share the Study Instance UID and differ in KVP. Values are
proportional to intensity (PixelIntensityRelationship LIN), a transmission T stored as T x 50000. DX wants a
Rescale Slope of 1, so the number for air has no attribute of its own: this agent puts it into a private
element, and finds it in the picture of every scanner that does not.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from gate_agent.scans.calibration import AirLevel, air_level
from gate_agent.scans.dicos_attributes import (
    EFFECTIVE_ENERGY,
    SOP_DX_PRESENTATION,
    SOP_DX_PROCESSING,
    shown,
)
from gate_agent.scans.dicos_file import DicosFile, guarded, number, open_dicos, text
from gate_agent.scans.dicos_header import Equipment, Scan, image_header, save
from gate_agent.scans.errors import ScanMalformed, ScanUnsupported
from gate_agent.scans.image import (
    MAX_TRANSMISSION,
    Calibration,
    Channel,
    FloatImage,
    Geometry,
    Mask,
    Provenance,
    ScanImage,
    transmission_image,
)
from gate_agent.scans.pixels import pixel_format, pixel_spacing, read_frame

SCALE: Final = 50_000
_TOP: Final = 65_535
_HASH_BLOCK: Final = 1024 * 1024
_PRIVATE_GROUP: Final = 0x4011
_PRIVATE_CREATOR: Final = "GATE AGENT SCAN"
_AIR: Final = 0x01


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """One energy of a scan, as one DX instance holds it."""

    transmission: FloatImage
    saturated: Mask
    calibration: Calibration
    peak_kev: float
    effective_kev: float
    geometry: Geometry
    binning: int
    bits: int
    container: str
    study_uid: str
    instance_uid: str
    station: str
    acquired_at: str
    acquisition_status: str


def read_scan(paths: Sequence[Path]) -> ScanImage:
    """The scan that these DX files make up: one file, or one for each of two energies.

    Raises ScanMalformed when they are not of one scan, and whatever :func:`read_projection` raises.
    """
    if not 1 <= len(paths) <= 2:
        raise ScanMalformed(f"{len(paths)} files", field="files", advice="one for each energy")
    parts = [read_projection(path) for path in paths]
    first = parts[0]
    if any(part.study_uid != first.study_uid for part in parts):
        raise ScanMalformed("the files are of different scans", field=shown(0x0020000D))
    if any(part.transmission.shape != first.transmission.shape for part in parts):
        raise ScanMalformed("the energies differ in size", field=shown(0x00280011))
    known = all(part.calibration is Calibration.KNOWN for part in parts)
    saturated = np.logical_or.reduce([part.saturated for part in parts])
    return transmission_image(
        tuple(part.transmission for part in parts),
        calibration=Calibration.KNOWN if known else Calibration.UNKNOWN,
        peaks_kev=tuple(part.peak_kev for part in parts),
        effective_kev=tuple(part.effective_kev for part in parts),
        saturated=saturated,
        geometry=first.geometry,
        container=first.container,
        provenance=Provenance(
            format="DICOS DX",
            digest=digest(paths),
            study_uid=first.study_uid,
            instance_uids=tuple(part.instance_uid for part in parts),
            station=first.station,
            acquired_at=first.acquired_at,
            acquisition_status=first.acquisition_status,
        ),
        binning=first.binning,
        bits=first.bits,
    )


def read_projection(path: Path) -> Projection:
    """One DX instance. Raises ScanMalformed, ScanUnsupported, ScanTooLarge or ScanUnusable."""
    opened = open_dicos(path)
    if opened.kind != "DX":
        raise ScanUnsupported(f"a {opened.kind}", field=shown(0x00080016), advice="a DX projection")
    dataset = opened.dataset
    bits = pixel_format(opened).stored
    values, saturated, binning = read_frame(opened)
    image, calibration = _transmission(opened, values, bits)
    row_mm, column_mm = pixel_spacing(opened)
    if calibration is Calibration.UNKNOWN:
        saturated = np.zeros_like(saturated)  # white is air in a display picture, not an overload
    return Projection(
        transmission=image,
        saturated=saturated,
        calibration=calibration,
        peak_kev=max(0.0, number(dataset, 0x00180060, 0.0)),
        effective_kev=max(0.0, number(dataset, EFFECTIVE_ENERGY, 0.0)),
        geometry=Geometry(row_mm, column_mm).binned(binning),
        binning=binning,
        bits=bits,
        container=text(dataset, 0x00100020, 64),
        study_uid=text(dataset, 0x0020000D, 128),
        instance_uid=text(dataset, 0x00080018, 128),
        station=text(dataset, 0x00081010, 64),
        acquired_at=f"{text(dataset, 0x00080023, 8)}T{text(dataset, 0x00080033, 16)}".strip("T"),
        acquisition_status=text(dataset, 0x40101044, 16),
    )


def _transmission(opened: DicosFile, stored: FloatImage, bits: int) -> tuple[FloatImage, Calibration]:
    """Stored values as I/I0, in place because a scan may fill much of the memory; and whether they are that.

    Linear intensities are transmissions once divided by air, which the file tells or the picture shows. A
    logarithmic, lossy or 8-bit picture is ordered, no more (PS3.3 C.8.11.3.1.2).
    """
    dataset = opened.dataset
    slope, intercept = number(dataset, 0x00281053, 1.0), number(dataset, 0x00281052, 0.0)
    if slope == 0:
        raise ScanMalformed("is 0", field=shown(0x00281053))
    image = stored
    image *= np.float32(slope)
    image += np.float32(intercept)
    sign = number(dataset, 0x00281041, 1.0)
    linear = text(dataset, 0x00281040) in ("LIN", "")
    lossy = text(dataset, 0x00282110) == "01"
    if sign < 0:  # higher values mean less radiation
        np.subtract(image.max(), image, out=image)
    if linear and sign > 0 and not lossy and bits > 8:
        told = _told_air(dataset)
        level = AirLevel(told, 1.0, 0.0) if told > 0 else air_level(image)
        if level.found:
            image /= np.float32(level.level)
            return image, Calibration.KNOWN
    top = float(np.percentile(image, 99.9)) or 1.0
    image /= np.float32(max(top, 1e-6))
    return np.clip(image, 0, MAX_TRANSMISSION, out=image), Calibration.UNKNOWN


def _told_air(dataset: Dataset) -> float:
    def tell() -> float:
        return float(dataset.private_block(_PRIVATE_GROUP, _PRIVATE_CREATOR)[_AIR].value)

    try:
        told = guarded("air level", tell)
    except ScanMalformed:  # absent, or not ours to read: the picture may show it
        return 0.0
    return told if math.isfinite(told) else 0.0


def write_scan(
    image: ScanImage,
    folder: Path,
    *,
    scan: Scan,
    equipment: Equipment,
    at: datetime,
    presentation: bool = False,
) -> list[Path]:
    """Write one DX file per channel into `folder`; returns their paths, lowest energy first."""
    series = generate_uid()
    written: list[Path] = []
    for number_, channel in enumerate(image.channels, start=1):
        dataset = _dx(image, channel, scan, equipment, at, presentation=presentation)
        dataset.SeriesInstanceUID = series
        dataset.InstanceNumber = number_
        path = folder / f"{dataset.SOPInstanceUID}.dcs"
        save(dataset, path)
        written.append(path)
    return written


def _dx(
    image: ScanImage,
    channel: Channel,
    scan: Scan,
    equipment: Equipment,
    at: datetime,
    *,
    presentation: bool,
) -> Dataset:
    sop_class = SOP_DX_PRESENTATION if presentation else SOP_DX_PROCESSING
    dataset = image_header(sop_class, scan, equipment, at, modality="XRAY")
    dataset.ImageType = ["ORIGINAL", "INTENSITY"]
    dataset.PresentationIntentType = "FOR PRESENTATION" if presentation else "FOR PROCESSING"
    dataset.KVP = f"{channel.peak_kev or 1:g}"
    dataset.add_new(EFFECTIVE_ENERGY, "FL", channel.effective_kev)
    dataset.add_new(0x00188151, "DS", f"{equipment.tube_current_ua:g}")
    dataset.DetectorType = ""
    dataset.add_new(0x00189309, "FD", scan.speed_mm_s)
    dataset.ImagePositionPatient = [0, 0, 0]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    if image.geometry.known:
        dataset.PixelSpacing = [f"{image.geometry.row_mm:.6g}", f"{image.geometry.column_mm:.6g}"]
        dataset.PixelSpacingCalibrationType = "GEOMETRY"
        dataset.PixelSpacingCalibrationDescription = "at the middle of the container"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.PixelIntensityRelationship = "LIN"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.add_new(0x40101062, "FL", 0.0)
    dataset.private_block(_PRIVATE_GROUP, _PRIVATE_CREATOR, create=True).add_new(_AIR, "FL", float(SCALE))
    stored = np.clip(np.rint(channel.transmission * SCALE), 0, _TOP).astype("<u2")
    stored[image.saturated] = _TOP
    dataset.set_pixel_data(stored, "MONOCHROME2", 16)
    return dataset


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 (hex) over the files' bytes, in order."""
    sha = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(_HASH_BLOCK):
                sha.update(block)
    return sha.hexdigest()
