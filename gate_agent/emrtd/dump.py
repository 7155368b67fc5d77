"""A logical data structure in a directory: written after reading a chip, judged again at any time.

One file each, named ``EF_COM.bin``, ``EF_SOD.bin``, ``EF_DG1.bin``, ...; ``DG1.bin`` and ``EF.DG1`` are
understood too. What was proven by the chip itself cannot be judged from its files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from gate_agent.emrtd.chip.active_auth import parse_dg15
from gate_agent.emrtd.chip.card_files import parse_card_access, parse_card_security
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds import biometrics, details, lds, lds_files
from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.emrtd.lds.sod import parse_sod
from gate_agent.emrtd.reading import ChipInspection, Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.verdicts import Parsed, judge_data
from gate_agent.errors import BadInput
from gate_agent.evidence import CheckResult
from gate_agent.files import read_bounded, write_whole

_NAME = re.compile(
    r"(?:EF[_.])?(COM|SOD|DG(?:[1-9]|1[0-6])|CardAccess|CardSecurity)(?:\.bin)?", re.IGNORECASE
)
_MAX_SIZE = 1 << 20

_PARSERS: Mapping[str, Callable[[bytes], object]] = MappingProxyType(
    {
        "COM": lds.parse_com,
        "SOD": parse_sod,
        "DG1": lds.parse_dg1,
        "DG2": lds.parse_dg2,
        "DG3": lambda raw: biometrics.parse_templates(3, raw),
        "DG4": lambda raw: biometrics.parse_templates(4, raw),
        "DG5": lambda raw: details.parse_images(5, raw),
        "DG7": lambda raw: details.parse_images(7, raw),
        "DG11": details.parse_dg11,
        "DG12": details.parse_dg12,
        "DG14": lds_files.parse_dg14,
        "DG15": parse_dg15,
        "DG16": details.parse_dg16,
        "CardAccess": parse_card_access,
        "CardSecurity": parse_card_security,
    }
)


class DumpError(BadInput):
    """The directory holds no logical data structure."""


def load_dump(directory: Path) -> dict[str, bytes]:
    """The files by name (COM, SOD, DG1, ...). Raises DumpError."""
    if not directory.is_dir():
        raise DumpError("is not a directory", field=str(directory))
    canonical = {name.lower(): name for name in _PARSERS} | {f"dg{n}": f"DG{n}" for n in range(1, 17)}
    files: dict[str, bytes] = {}
    for path in sorted(directory.iterdir()):
        matched = _NAME.fullmatch(path.name)
        if matched is None or not path.is_file():
            continue
        files[canonical[matched[1].lower()]] = read_bounded(path, _MAX_SIZE, DumpError, field=path.name)
    if not files:
        raise DumpError(
            "holds no file of an eMRTD", field=str(directory), advice="EF_COM.bin, EF_SOD.bin, ..."
        )
    return files


def write_dump(directory: Path, files: Mapping[str, bytes]) -> None:
    """One file each, readable by the owner alone: this is the holder's data."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, raw in files.items():
        write_whole(directory / f"EF_{name}.bin", raw, mode=0o600)


def inspect_files(
    files: Mapping[str, bytes], printed: Mrz | None, trust: TrustStore, at: datetime
) -> tuple[CheckResult, ...]:
    """Every file parsed, the signature and the hashes checked."""
    case = ChipInspection(Reading(files=dict(files)))
    for name, raw in files.items():
        try:
            _PARSERS.get(name, bytes)(raw)
        except FileError as error:
            case.problems[name] = error.reason
    sound = {name: raw for name, raw in files.items() if name not in case.problems}
    case.sod = parse_sod(sound["SOD"]) if "SOD" in sound else None
    parsed = Parsed(
        com=lds.parse_com(sound["COM"]) if "COM" in sound else None,
        dg1=lds.parse_dg1(sound["DG1"]) if "DG1" in sound else None,
    )
    return judge_data(case, parsed, printed, trust, at)
