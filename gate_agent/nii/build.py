"""Puts a scanner station together: its reference data, tools, shelf, desk and conductor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from gate_agent.journal import Journal
from gate_agent.nii.conduct import YardConductor
from gate_agent.nii.config import NiiConfig, ScanSettings
from gate_agent.nii.examine import Tools
from gate_agent.nii.lot_memory import Sisters
from gate_agent.nii.reference import YardReference
from gate_agent.readmodel import Board, OfficerAction, OrderResult
from gate_agent.review.desk import Desk
from gate_agent.review.http import desk_routes
from gate_agent.review.shelf import Shelf
from gate_agent.review.statistics import Statistics
from gate_agent.scans.image import Geometry
from gate_agent.scans.pictures import PictureFacts
from gate_agent.scans.triage.curves import load_curves
from gate_agent.scans.triage.detector import Detector, load_default_detector, load_detector
from gate_agent.station.kind import Station, Wake
from gate_agent.vehicle.recogniser import CodeRecogniser

_WORKERS = 2
"""One for codes, so that cameras are read while a scan is looked at."""


async def build_yard(config: NiiConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    """Load networks, curves and the shelf, and put the conductor together. Raises GateError."""
    state = config.station.state_dir
    reference = YardReference(config.policy, config.manifests)
    recogniser = await asyncio.to_thread(CodeRecogniser.load, config.codes)
    tools = await asyncio.to_thread(_tools, config, reference)
    shelf = await asyncio.to_thread(Shelf, state / "scans", config.desk)
    statistics = Statistics(state / "desk.sqlite", config.desk.max_statistics)
    executor = ThreadPoolExecutor(_WORKERS, "inspection")
    conductor = YardConductor(
        config.nii,
        reference,
        tools,
        recogniser,
        shelf,
        state / "records",
        executor,
        journal,
        board,
        wake,
        devices=tuple(config.devices),
    )
    desk = Desk(shelf, statistics, conductor.act, board, config.desk)

    async def close() -> None:
        await asyncio.to_thread(executor.shutdown)
        statistics.close()

    async def act(action: OfficerAction) -> OrderResult:
        """What is decided about cargo goes by the desk, which knows who may decide it; the rest is the
        lane's."""
        if action.action in ("release", "inspect"):
            return await desk.order(action)
        return await conductor.act(action)

    return Station(
        conductor,
        act,
        close,
        at_rest_s=config.nii.timing.clearing_s,
        routers=lambda _board, bearer: (desk_routes(desk, bearer),),
        parts={"desk": desk.watch(conductor.escalated)},
    )


def _tools(config: NiiConfig, reference: YardReference) -> Tools:
    scans = config.scans
    return Tools(
        manifests=reference.manifests,
        sisters=Sisters(config.station.state_dir / "loads"),
        radiation=config.radiation,
        weighing=config.weighing,
        cargo=config.cargo,
        pictures=PictureFacts(
            scans.linear, scans.dark_is_air, scans.peak_kev, Geometry(scans.pixel_mm, scans.pixel_mm)
        ),
        curves=load_curves(scans.curves) if scans.curves is not None else None,
        detector=_detector(scans),
    )


def _detector(scans: ScanSettings) -> Detector | None:
    if not scans.detect_threats:
        return None
    if scans.detector is None:
        return load_default_detector(scans.scanner)
    return load_detector(scans.detector, scanner=scans.scanner)
