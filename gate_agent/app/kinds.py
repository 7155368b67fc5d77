"""Builds the station that a configuration names, with its devices under supervision."""

from __future__ import annotations

from functools import partial
from typing import Any

from gate_agent.devices import Device
from gate_agent.devices.capabilities import capability
from gate_agent.devices.registry import load_driver
from gate_agent.devices.supervision import Supervisor
from gate_agent.journal import Journal
from gate_agent.readmodel import Board
from gate_agent.station.conductor import Conductor
from gate_agent.station.kind import KINDS, Kind, Station, Wake
from gate_agent.station.settings import StationConfig


async def build(config: StationConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    """The station with its devices attached, ready to run. Raises GateError."""
    kind = KINDS.load(config.station.kind)
    station = await kind.build(config, journal, board, wake)
    station.conductor.attach(*_supervised(config, kind, station.conductor))
    return station


def _supervised(config: StationConfig, kind: Kind, conductor: Conductor[Any]) -> list[Supervisor[Device]]:
    """Each configured device under its supervisor; its role says how patient that is, or its capability."""
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
                patience=kind.devices[name].patience or capability(driver.capability).patience,
            )
        )
    return supervisors
