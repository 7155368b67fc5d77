"""Examines what the devices delivered of one truck: codes voted, scan triaged, all held against the manifest.

Runs in a worker thread; everything it needs is in :class:`Tools`. A part that fails is evidence of that part
and stops no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gate_agent.cargo.checks import Observations, compare, manifest_found
from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.observed import Observed, observe
from gate_agent.cargo.settings import CargoSettings
from gate_agent.cargo.store import ManifestStore
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult
from gate_agent.logs import get_logger
from gate_agent.nii.checks import scan_received, triage_checks
from gate_agent.nii.inspection import Examined, Material
from gate_agent.nii.lot_memory import Sisters
from gate_agent.radiation.check import radiation_check
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.scans.image import ScanImage
from gate_agent.scans.intake import load_scan
from gate_agent.scans.pictures import PictureFacts
from gate_agent.scans.triage.curves import MaterialCurves
from gate_agent.scans.triage.detector import Detector
from gate_agent.scans.triage.report import TriageReport, triage
from gate_agent.vehicle.seals import seal_check
from gate_agent.vehicle.voting import CodeVote, container_code_check, vote
from gate_agent.vehicle.weighing import WeighingSettings, weight_check

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the station examines with. `pictures` says what scanners that send plain pictures mean by them."""

    manifests: ManifestStore
    sisters: Sisters
    radiation: RadiationSettings
    weighing: WeighingSettings
    cargo: CargoSettings
    pictures: PictureFacts
    curves: MaterialCurves | None
    detector: Detector | None


def examine(material: Material, tools: Tools, at: datetime) -> Examined:
    """Every check of one truck. Never raises for what a device delivered."""
    voted = code_of(material, tools.manifests)
    container = str(voted.code) if voted.code is not None else ""
    consignment = tools.manifests.find(container) if container else None
    image, report, error = _scan(material, tools, container)
    seen = observe(report) if report is not None else None
    radiation = radiation_of(material, tools.radiation)
    results = (
        container_code_check(voted),
        weight_check(material.weight, tools.weighing),
        radiation,
        seal_check(material.seals),
        scan_received(material, image, error, container),
        *triage_checks(report),
        *_comparison(material, tools, container, consignment, seen, radiation, at),
    )
    if seen is not None and seen.signature is not None and container:
        tools.sisters.keep(container, seen.signature)
    return Examined(results, voted, consignment, image, report, seen)


def code_of(material: Material, manifests: ManifestStore) -> CodeVote:
    """What the cameras' reads come to so far, by what was declared."""
    read = {str(each.code) for reads in material.reads.values() for each in reads}
    declared = frozenset(code for code in read if manifests.find(code) is not None)
    return vote(material.reads, declared)


def radiation_of(material: Material, settings: RadiationSettings) -> CheckResult:
    """The portal's check on what there is of the passage."""
    return radiation_check(material.passage.profile if material.passage is not None else None, settings)


def _scan(
    material: Material, tools: Tools, container: str
) -> tuple[ScanImage | None, TriageReport | None, GateError | None]:
    """The newest scan, read and looked at; the error that stopped it, if any."""
    files = material.newest_scan
    if not files:
        return None, None, None
    try:
        image = load_scan([each.path for each in files], tools.pictures, container=container)
    except GateError as error:
        log.warning("scan cannot be read", field=error.field, error=error.what)
        return None, None, error
    try:
        return image, triage(image, tools.curves, tools.detector), None
    except GateError as error:
        log.warning("scan cannot be looked at", field=error.field, error=error.what)
        return None, None, error


def _comparison(
    material: Material,
    tools: Tools,
    container: str,
    consignment: Consignment | None,
    seen: Observed | None,
    radiation: CheckResult,
    at: datetime,
) -> tuple[CheckResult, ...]:
    if consignment is None:
        return (manifest_found(None, at, tools.cargo.max_age_days, container=container),)
    sisters = tools.sisters.of(tools.manifests.sisters(container))
    observations = Observations(
        observed=seen, weight=material.weight, seals=material.seals, sisters=sisters, radiation=radiation
    )
    return compare(consignment, observations, tools.cargo, at)
