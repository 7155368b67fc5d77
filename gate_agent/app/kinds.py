"""Builds the station of a configuration: one function a kind, each with the rooms that only this kind needs.

An e-gate's agent never loads what looks at cargo, and a scanner station's never what looks at faces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from gate_agent.devices import Device
from gate_agent.devices.capabilities import capability
from gate_agent.devices.registry import load_driver
from gate_agent.devices.supervision import Supervisor
from gate_agent.journal import Journal
from gate_agent.policy.reasons import officer_words
from gate_agent.readmodel import Board
from gate_agent.review.views import ScanDesk
from gate_agent.station.conductor import Conductor
from gate_agent.station.settings import StationConfig

Wake: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Station:
    """A station that is put together.

    `at_rest_s` is how long its doors or barriers may take to stand still; `words` are its codes in words for
    the console; `parts` run as long as it does; `close` releases what is not a device.
    """

    conductor: Conductor[Any]
    at_rest_s: float
    words: Mapping[str, str]
    close: Callable[[], Awaitable[None]]
    parts: Mapping[str, Coroutine[Any, Any, None]] = field(
        default_factory=dict[str, Coroutine[Any, Any, None]]
    )
    scans: ScanDesk | None = None


async def build(config: StationConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    """The station with its devices attached, ready to run. Raises GateError."""
    station = await _BUILDERS[config.station.kind](config, journal, board, wake)
    station.conductor.attach(*_supervised(config, station.conductor))
    return station


async def _egate(config: StationConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    from gate_agent.biometrics.face.chain import FaceChain  # noqa: PLC0415
    from gate_agent.egate.conduct import LaneConductor  # noqa: PLC0415 - only this kind needs faces
    from gate_agent.egate.config import EgateConfig  # noqa: PLC0415
    from gate_agent.egate.face_work import FaceDesk  # noqa: PLC0415
    from gate_agent.egate.reference import ReferenceData  # noqa: PLC0415

    assert isinstance(config, EgateConfig)
    chain = await asyncio.to_thread(FaceChain.load, config.face)
    inference = ThreadPoolExecutor(1, "inference")
    trust = config.trust
    reference = ReferenceData(config.policy, config.watchlist, trust.directory, trust.max_age_days)
    desk = FaceDesk(chain, inference)
    conductor = LaneConductor(config.egate, reference, desk, journal, board, wake)
    close = partial(asyncio.to_thread, inference.shutdown)
    return Station(conductor, config.egate.timing.exit_closing_s, officer_words(), close)


async def _nii(config: StationConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    from gate_agent.nii.build import build_yard  # noqa: PLC0415 - only this kind needs scans
    from gate_agent.nii.config import NiiConfig  # noqa: PLC0415

    assert isinstance(config, NiiConfig)
    yard = await build_yard(config, journal, board, wake)
    return Station(
        yard.conductor,
        config.nii.timing.clearing_s,
        {**officer_words(), **yard.words},
        yard.close,
        {"desk": yard.desk.watch(yard.conductor.escalated)},
        yard.desk,
    )


_Builder: TypeAlias = Callable[[StationConfig, Journal, Board, Wake], Awaitable[Station]]
_BUILDERS: Mapping[str, _Builder] = MappingProxyType({"egate": _egate, "nii": _nii})


def _supervised(config: StationConfig, conductor: Conductor[Any]) -> list[Supervisor[Device]]:
    """Each configured device under its supervisor."""
    supervisors: list[Supervisor[Device]] = []
    for name, binding in config.devices.items():
        driver = load_driver(binding.driver)
        supervisors.append(
            Supervisor(
                name,
                binding.driver,
                partial(driver, binding.config),  # pyright: ignore[reportCallIssue]
                on_reading=partial(conductor.on_reading, name),
                on_health=conductor.on_health,
                patience=capability(driver.capability).patience,
            )
        )
    return supervisors
