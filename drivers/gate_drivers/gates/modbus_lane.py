"""Lane gate behind a door controller (PLC) that speaks Modbus TCP or RTU (docs/wire/lane-registers.md).

How the two talk is :mod:`gate_drivers.gates.modbus_controller`; this file holds the map.

Status block, holding registers from 0x0000, read-only::

    0  VERSION     0x4C31
    1  HEARTBEAT   counts the controller's scans, modulo 2^16
    2  WATCHDOG    echo of the watchdog that the controller last took
    3  ENTRY       1 closed, 2 moving, 3 open, 4 fault
    4  EXIT        likewise
    5  FLAGS       bit 0 approach, 1 exit zone, 2 object inside, 3 emergency, 4 forced, 5 held,
                   6 sensors disagree, 7 interlock ok; bits 8-15 zero
    6  PERSONS     0, 1, 2 (two or more)
    7  DOORS       the request now held, coded as the request
    8  REFUSAL     of the last request: 0 none, 1 interlock, 2 emergency, 3 malformed
    9  LIGHTS      echo
    10 CHECK       CRC-16/MODBUS over registers 0-9, each high byte first

Command block, holding registers from 0x0100, written::

    0  LIGHTS      outside << 8 | inside; 1 ready, 2 wait, 3 stop, 4 proceed, 5 officer
    1  WATCHDOG    1..0x7FFF, a new value each time the last one came back
    2  DOORS       low byte: bit 0 entry open, bit 1 exit open; high byte: complement of the low byte
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gate_agent.devices import DriverConfig, LaneReading, Light
from gate_drivers.gates.modbus_controller import (
    POSITIONS,
    ModbusController,
    ModbusControllerConfig,
    RegisterMap,
    flags,
)

LIGHT_CODES: Mapping[Light, int] = {
    Light.READY: 1,
    Light.WAIT: 2,
    Light.STOP: 3,
    Light.PROCEED: 4,
    Light.OFFICER: 5,
}
REFUSALS: Mapping[int, tuple[str, str]] = {
    1: ("interlock: the other door is not closed", "wait until both doors are closed, then ask again"),
    2: ("emergency: the exit stays closed", "release the emergency input"),
    3: ("the request arrived malformed", "check cabling and shielding of the controller's line"),
}


def _reading(word: Mapping[str, int]) -> LaneReading:
    approach, exit_zone, thing, emergency, forced, held, disagree, interlock_ok = flags(word["FLAGS"], 8)
    return LaneReading(
        entry=POSITIONS[word["ENTRY"]],
        exit=POSITIONS[word["EXIT"]],
        approach=approach,
        persons_inside=word["PERSONS"],
        exit_zone=exit_zone,
        object_inside=thing,
        emergency=emergency,
        forced=forced,
        held=held,
        sensors_disagree=disagree,
        interlock_ok=interlock_ok,
        heartbeat=word["HEARTBEAT"],
    )


LANE_MAP = RegisterMap(
    controller="door controller",
    registers=(
        *("VERSION", "HEARTBEAT", "WATCHDOG", "ENTRY", "EXIT", "FLAGS"),
        *("PERSONS", "DOORS", "REFUSAL", "LIGHTS", "CHECK"),
    ),
    defined={
        "VERSION": {0x4C31},
        "ENTRY": POSITIONS,
        "EXIT": POSITIONS,
        "FLAGS": range(1 << 8),
        "PERSONS": range(3),
        "REFUSAL": {0, *REFUSALS},
    },
    display="LIGHTS",
    request="DOORS",
    refusals=REFUSALS,
    reading=_reading,
)


class ModbusLaneConfig(ModbusControllerConfig):
    """How to reach the door controller, and how long it may be silent."""


class ModbusLane(ModbusController[LaneReading]):
    """The doors of an e-gate lane behind a controller on Modbus TCP or RTU."""

    Config: ClassVar[type[DriverConfig]] = ModbusLaneConfig
    capability: ClassVar[str] = "lane_gate"
    layout = LANE_MAP

    def command_doors(self, *, entry_open: bool, exit_open: bool) -> None:
        """Request both targets; returns when the controller holds them. Raises CommandRefused."""
        self._request(entry_open, exit_open)

    def show(self, outside: Light, inside: Light) -> None:
        """Set the lane lights and see that they were taken."""
        self._display(LIGHT_CODES[outside], LIGHT_CODES[inside])
