"""Takes a scan in, whatever format it has: looks at the bytes, not at the file's name.

load_scan([file, …])   one ScanImage from one file, or from the two energies of one scan
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gate_agent.scans.dicos_image import read_scan
from gate_agent.scans.errors import ScanMalformed, ScanUnsupported
from gate_agent.scans.image import ScanImage
from gate_agent.scans.pictures import PictureFacts, read_picture

_HEAD: Final = 132
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")


def media_type(path: Path) -> str:
    """``application/dicom`` or ``image/*`` by the first bytes. Raises ScanUnsupported for anything else."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise ScanMalformed(f"cannot be read: {error.strerror}", field=path.name) from error
    if head[128:] == b"DICM" or head[:4] in (b"\x08\x00\x05\x00", b"\x08\x00\x08\x00", b"\x02\x00\x00\x00"):
        return "application/dicom"
    for magic, name in zip(_PICTURES, ("png", "jpeg", "tiff", "tiff"), strict=True):
        if head.startswith(magic):
            return f"image/{name}"
    raise ScanUnsupported("of no known format", field=path.name, advice="DICOS, PNG, TIFF or JPEG")


def load_scan(paths: Sequence[Path], facts: PictureFacts | None = None, *, container: str = "") -> ScanImage:
    """The scan in these files. Raises a ScanError that names what is wrong."""
    if not paths:
        raise ScanMalformed("no file", field="files")
    if all(media_type(path) == "application/dicom" for path in paths):
        return read_scan(paths)
    if len(paths) > 1:
        raise ScanUnsupported(
            "several pictures", field="files", advice="one picture a scan; two energies as DICOS"
        )
    return read_picture(paths[0], facts, container=container)
