"""Several scans and one manifest: each container found, compared, and held against its sisters among them.

Used where scans are files and nothing else is known (the command line); a station gathers its evidence as it
comes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gate_agent.cargo.checks import Observations, compare
from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.lot import LotFinding, judge_lot
from gate_agent.cargo.manifest import Manifest
from gate_agent.cargo.observed import Observed
from gate_agent.cargo.settings import CargoSettings
from gate_agent.cargo.signature import LoadSignature, load_signature, picture_signature
from gate_agent.evidence import CheckResult
from gate_agent.scans.triage.report import TriageReport
from gate_agent.vehicle.errors import ContainerCodeError
from gate_agent.vehicle.iso6346 import parse
from gate_agent.vehicle.weighing import TruckWeight

_CODE: Final = re.compile(r"(?<![A-Z])[A-Z]{3}[UJZ][ _-]?\d{6}[ _-]?\d(?!\d)")


@dataclass(frozen=True, slots=True)
class ScannedContainer:
    """One scan. `container` is empty when neither the scan nor its name tells a valid code."""

    name: str
    container: str
    observed: Observed
    weight: TruckWeight | None = None


def container_of(*texts: str) -> str:
    """The first container code with a right check digit in these texts, or nothing."""
    for text in texts:
        for found in _CODE.finditer(text[:512].upper()):
            try:
                code = parse(found.group())
            except ContainerCodeError:
                continue
            if code.valid:
                return str(code)
    return ""


def compare_all(
    scans: Sequence[ScannedContainer], manifest: Manifest, settings: CargoSettings, at: datetime
) -> list[tuple[CheckResult, ...]]:
    """The checks of each scan, in their order."""
    found: list[tuple[CheckResult, ...]] = []
    for scan in scans:
        consignment = manifest.find(scan.container)
        sisters = _sisters(scan, consignment, scans, manifest)
        seen = Observations(scan.observed, scan.weight, sisters=sisters)
        found.append(compare(consignment, seen, settings, at, container=scan.container))
    return found


def _sisters(
    scan: ScannedContainer,
    consignment: Consignment | None,
    scans: Sequence[ScannedContainer],
    manifest: Manifest,
) -> list[LoadSignature]:
    if consignment is None or not consignment.lot:
        return []
    signatures: list[LoadSignature] = []
    for other in scans:
        declared = manifest.find(other.container) if other.container != scan.container else None
        signature = other.observed.signature
        if declared is not None and declared.lot == consignment.lot and signature is not None:
            signatures.append(signature)
    return signatures


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Both signatures of one picture: of the loading space, if one was made out, and of the whole."""

    space: LoadSignature | None
    whole: LoadSignature


def look(report: TriageReport) -> Look:
    return Look(load_signature(report), picture_signature(report))


def compare_lot(looks: Sequence[Look]) -> list[LotFinding | None]:
    """Each load against all the others; None for what has none of its kind.

    When in one of the pictures no container can be made out, the whole pictures are compared.
    """
    spaces = [each.space for each in looks if each.space is not None]
    signatures = spaces if len(spaces) == len(looks) else [each.whole for each in looks]
    return [judge_lot(own, [each for each in signatures if each is not own]) for own in signatures]
