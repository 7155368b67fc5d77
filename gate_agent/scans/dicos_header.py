"""What every DICOS object says of itself, the object of inspection, the scan and the equipment; and saving
it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from gate_agent.files import replacing
from gate_agent.scans.dicos_attributes import COORDINATE_SYSTEM, IMAGE_ORIGIN, META_DICOS_VERSION

SOFTWARE_VERSION: Final = version("gate-agent")
IMPLEMENTATION_CLASS_UID: Final = "2.25.211427896529473950184936221873465120937"
"""A UUID-derived UID (PS3.5 B.2) that names this implementation."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """The General Equipment module. `calibrated_at`: the last air and dark calibration."""

    manufacturer: str
    model: str
    serial: str
    station: str
    calibrated_at: datetime
    software: str = SOFTWARE_VERSION
    institution: str = ""
    address: str = ""
    tube_current_ua: float = 1.0


@dataclass(frozen=True, slots=True)
class Scan:
    """The Object of Inspection and General Scan modules: what was scanned, and which scan it is."""

    container: str
    study_uid: str
    study_id: str
    issuer: str = "ISO 6346"
    speed_mm_s: float = 0.0
    acquisition_status: str = "SUCCESSFUL"


def image_header(sop_class: str, scan: Scan, equipment: Equipment, at: datetime, *, modality: str) -> Dataset:
    """Header of an image object: everything except its pixels."""
    dataset = header(sop_class, scan, equipment, at, modality=modality)
    dataset.add_new(IMAGE_ORIGIN, "CS", "MACHINE")
    dataset.add_new(COORDINATE_SYSTEM, "CS", "LHS")
    dataset.AcquisitionContextSequence = []
    return dataset


def header(sop_class: str, scan: Scan, equipment: Equipment, at: datetime, *, modality: str) -> Dataset:
    """The modules common to every DICOS object."""
    day, time = f"{at:%Y%m%d}", f"{at:%H%M%S.%f}"
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    for prefix in ("InstanceCreation", "Study", "Series", "Content"):
        setattr(dataset, f"{prefix}Date", day)
        setattr(dataset, f"{prefix}Time", time)
    dataset.Modality = modality
    dataset.Manufacturer = equipment.manufacturer
    dataset.InstitutionName = equipment.institution
    dataset.InstitutionAddress = equipment.address
    dataset.InstitutionalDepartmentName = ""
    dataset.StationName = equipment.station[:16]
    dataset.ManufacturerModelName = equipment.model
    dataset.DeviceSerialNumber = equipment.serial
    dataset.SoftwareVersions = equipment.software
    dataset.DateOfLastCalibration = f"{equipment.calibrated_at:%Y%m%d}"
    dataset.TimeOfLastCalibration = f"{equipment.calibrated_at:%H%M%S}"
    dataset.PatientID = scan.container or "UNKNOWN"
    dataset.IssuerOfPatientID = scan.issuer
    dataset.TypeOfPatientID = "TEXT"
    dataset.OtherPatientIDsSequence = []
    dataset.StudyInstanceUID = scan.study_uid
    dataset.StudyID = scan.study_id[:16]
    dataset.SeriesInstanceUID = generate_uid()
    dataset.InstanceNumber = 1
    dataset.DICOSVersion = "V03"
    dataset.OOIType = "CARGO"
    dataset.AcquisitionStatus = scan.acquisition_status
    dataset.ScanType = "OPERATIONAL"
    dataset.AlgorithmRoutingCodeSequence = []
    return dataset


def save(dataset: Dataset, path: Path) -> None:
    """Write as a DICOS file, Explicit VR Little Endian; whole or not at all."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = f"GATEAGENT {SOFTWARE_VERSION}"[:16]
    meta.add_new(META_DICOS_VERSION, "CS", "V03")
    dataset.file_meta = meta
    with replacing(path) as stream:
        dataset.save_as(stream, enforce_file_format=True)
