"""Puts an e-gate together: its reference data, face models and conductor."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.egate.conduct import LaneConductor
from gate_agent.egate.config import EgateConfig
from gate_agent.egate.face_work import FaceDesk
from gate_agent.egate.reference import ReferenceData
from gate_agent.journal import Journal
from gate_agent.readmodel import Board
from gate_agent.station.kind import Station, Wake


async def build_lane(config: EgateConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    """Load the face models and put the conductor together. Raises GateError."""
    chain = await asyncio.to_thread(FaceChain.load, config.face)
    inference = ThreadPoolExecutor(1, "inference")
    trust = config.trust
    reference = ReferenceData(config.policy, config.watchlist, trust.directory, trust.max_age_days)
    conductor = LaneConductor(config.egate, reference, FaceDesk(chain, inference), journal, board, wake)
    close = partial(asyncio.to_thread, inference.shutdown)
    return Station(conductor, conductor.act, close, at_rest_s=config.egate.timing.exit_closing_s)
