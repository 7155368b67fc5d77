"""The inspection record: one truck, keyed by its container, for people and for other systems.

:func:`summary` is what the journal and the hub get with the decision. :func:`write` puts the whole beside it:
``inspection.json``, the rendered picture (PNG), the machine's findings (DICOS TDR) and the radiation profile
(N42), each in a folder of the transaction's name. More formats are further functions of the same arguments.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from gate_agent.devices import SealReading
from gate_agent.errors import GateError
from gate_agent.files import write_whole
from gate_agent.logs import get_logger
from gate_agent.nii.inspection import Examined, Inspection, Material, Passage
from gate_agent.radiation.alarm import judge
from gate_agent.radiation.n42 import write as write_n42
from gate_agent.radiation.n42_model import Instrument
from gate_agent.radiation.record import document_of
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_tdr import write_tdr
from gate_agent.scans.render import picture, write_png
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport
from gate_agent.times import rfc3339
from gate_agent.vehicle.seals import seal_number

FORMAT: Final = "gate-agent-inspection/1"
MAX_KEPT: Final = 1000

log = get_logger(__name__)


def summary(inspection: Inspection) -> dict[str, object]:
    """The record in figures: what was seen and measured, without pictures."""
    examined, material = inspection.examined, inspection.material
    weight, passage = material.weight, material.passage
    told: dict[str, object] = {
        "format": FORMAT,
        "container": inspection.container,
        "codes": _codes(material),
        "seals": [
            {"number": seal_number(seal), "state": seal.state.value} for seal in _newest_seals(material)
        ],
        "weight_kg": round(weight.kg, 1) if weight is not None and weight.settled else None,
        "portal_seconds": round(passage.profile.seconds, 1) if passage is not None else None,
        "manifest": examined.consignment.issue.id
        if examined is not None and examined.consignment is not None
        else "",
    }
    if examined is not None and examined.report is not None:
        told["scan"] = _scan_figures(examined.report)
    return told


def _scan_figures(report: TriageReport) -> dict[str, object]:
    """Triage in figures; profiles and places are in the record's own files, not in the journal."""
    figures = report.to_json()
    for profile in ("box", "anomalies"):
        figures.pop(profile, None)
    if report.fill is not None:
        figures["fill"] = {"class": report.fill.fill.value, "cover": round(report.fill.cover, 4)}
    if report.threats is not None:
        places = len(report.threats.areas)
        figures["threats"] = {"detector": report.threats.detector, "places": places}
    return figures


def _codes(material: Material) -> dict[str, str]:
    """The most confident code of each view."""
    best = {
        view: max(reads, key=lambda read: read.confidence) for view, reads in material.reads.items() if reads
    }
    return {view: str(read.code) for view, read in best.items()}


def _newest_seals(material: Material) -> list[SealReading]:
    return list({seal_number(seal): seal for seal in material.seals}.values())


def write(
    folder: Path,
    inspection_id: str,
    told: dict[str, object],
    examined: Examined,
    passage: Passage | None,
    radiation: RadiationSettings,
    at: datetime,
) -> tuple[str, ...]:
    """Write the record's files. A format that fails is named in the log and stops no other.

    Answers the names of the files. Raises OSError when the folder cannot be written at all.
    """
    place = folder / inspection_id
    place.mkdir(parents=True, exist_ok=True)
    write_whole(place / "inspection.json", json.dumps(told, indent=1, sort_keys=True).encode())
    names = ["inspection.json"]
    formats: dict[str, Callable[[Path], None]] = {}
    if (report := examined.report) is not None:
        formats["scan.png"] = lambda path: write_png(picture(report), path)
        if report.image.provenance.instance_uids:
            formats["findings.dcs"] = lambda path: _write_findings(path, examined, at)
    if passage is not None:
        formats["radiation.n42"] = lambda path: _write_radiation(path, passage, radiation, examined.container)
    for name, make in formats.items():
        try:
            make(place / name)
        except GateError as error:
            log.error("a part of the record was not written", field=name, error=error.what)
        else:
            names.append(name)
    _bound(folder)
    return tuple(names)


def _write_findings(path: Path, examined: Examined, at: datetime) -> None:
    assert examined.report is not None
    provenance = examined.report.image.provenance
    scan = Scan(examined.container or examined.report.image.container, provenance.study_uid, "1")
    equipment = Equipment("gate-agent", "scanner station", "1", provenance.station or "gate-agent", at)
    write_tdr(threat_report(examined.report), path, scan=scan, equipment=equipment, at=at)


def _write_radiation(path: Path, passage: Passage, settings: RadiationSettings, container: str) -> None:
    instrument = Instrument("gate-agent", "portal", "Portal Monitor")
    document = document_of(
        passage.profile,
        judge(passage.profile, settings),
        instrument,
        started=passage.started,
        item=container,
    )
    write_whole(path, write_n42(document))


def _bound(folder: Path) -> None:
    """The oldest records go first; the journal keeps what was decided."""
    kept = sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda e: e.stat().st_mtime_ns)
    for entry in kept[: max(0, len(kept) - MAX_KEPT)]:
        shutil.rmtree(entry, ignore_errors=True)


def told_whole(inspection: Inspection) -> dict[str, object]:
    """The whole record as JSON: the summary, the evidence and the decision."""
    decision, examined = inspection.decision, inspection.examined
    return {
        **summary(inspection),
        "scan": examined.report.to_json() if examined is not None and examined.report is not None else None,
        "transaction": inspection.id,
        "started_at": rfc3339(inspection.started_at),
        "evidence": inspection.evidence().to_json(),
        "decision": decision.to_json() if decision is not None else None,
        "timings": inspection.timings(),
    }
