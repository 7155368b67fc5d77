"""Cargo lane behind a barrier controller (PLC) that speaks Modbus TCP or RTU (docs/wire/yard-registers.md).

How the two talk is :mod:`gate_drivers.gates.modbus_controller`; this file holds the map.

Status block, holding registers from 0x0000, read-only::

    0  VERSION     0x5931
    1  HEARTBEAT   counts the controller's scans, modulo 2^16
    2  WATCHDOG    echo of the watchdog that the controller last took
    3  ENTRY       1 closed, 2 moving, 3 open, 4 fault
    4  RELEASE     likewise
    5  INSPECTION  likewise
    6  FLAGS       bit 0 approach, 1 at hold, 2 emergency, 3 forced, 4 held, 5 sensors disagree,
                   6 interlock ok; bits 7-15 zero
    7  VEHICLES    0, 1, 2 (two or more)
    8  BARRIERS    the request now held, coded as the request
    9  REFUSAL     of the last request: 0 none, 1 interlock, 2 emergency, 3 malformed
    10 SIGNALS     echo
    11 CHECK       CRC-16/MODBUS over registers 0-10, each high byte first

Command block, holding registers from 0x0100, written::

    0  SIGNALS     entry << 8 | hold line; 1 stop, 2 enter, 3 wait, 4 release, 5 inspection, 6 officer
    1  WATCHDOG    1..0x7FFF, a new value each time the last one came back
    2  BARRIERS    low byte: bit 0 entry open, bit 1 release open, bit 2 inspection open;
                   high byte: complement of the low byte
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gate_agent.devices import DriverConfig, Signal, YardReading
from gate_drivers.gates.modbus_controller import (
    POSITIONS,
    ModbusController,
    ModbusControllerConfig,
    RegisterMap,
    flags,
)

SIGNAL_CODES: Mapping[Signal, int] = {
    Signal.STOP: 1,
    Signal.ENTER: 2,
    Signal.WAIT: 3,
    Signal.RELEASE: 4,
    Signal.INSPECTION: 5,
    Signal.OFFICER: 6,
}
REFUSALS: Mapping[int, tuple[str, str]] = {
    1: ("interlock: another barrier is not closed", "wait until all barriers are closed, then ask again"),
    2: ("emergency: entry and release stay closed", "release the emergency input"),
    3: ("the request arrived malformed", "check cabling and shielding of the controller's line"),
}


def _reading(word: Mapping[str, int]) -> YardReading:
    approach, at_hold, emergency, forced, held, disagree, interlock_ok = flags(word["FLAGS"], 7)
    return YardReading(
        entry=POSITIONS[word["ENTRY"]],
        release=POSITIONS[word["RELEASE"]],
        inspection=POSITIONS[word["INSPECTION"]],
        approach=approach,
        vehicles=word["VEHICLES"],
        at_hold=at_hold,
        emergency=emergency,
        forced=forced,
        held=held,
        sensors_disagree=disagree,
        interlock_ok=interlock_ok,
        heartbeat=word["HEARTBEAT"],
    )


YARD_MAP = RegisterMap(
    controller="barrier controller",
    registers=(
        *("VERSION", "HEARTBEAT", "WATCHDOG", "ENTRY", "RELEASE", "INSPECTION", "FLAGS"),
        *("VEHICLES", "BARRIERS", "REFUSAL", "SIGNALS", "CHECK"),
    ),
    defined={
        "VERSION": {0x5931},
        "ENTRY": POSITIONS,
        "RELEASE": POSITIONS,
        "INSPECTION": POSITIONS,
        "FLAGS": range(1 << 7),
        "VEHICLES": range(3),
        "REFUSAL": {0, *REFUSALS},
    },
    display="SIGNALS",
    request="BARRIERS",
    refusals=REFUSALS,
    reading=_reading,
)


class ModbusYardConfig(ModbusControllerConfig):
    """How to reach the barrier controller, and how long it may be silent."""


class ModbusYard(ModbusController[YardReading]):
    """The barriers of a cargo lane behind a controller on Modbus TCP or RTU."""

    Config: ClassVar[type[DriverConfig]] = ModbusYardConfig
    capability: ClassVar[str] = "yard_gate"
    layout = YARD_MAP

    def command_barriers(self, *, entry_open: bool, release_open: bool, inspection_open: bool) -> None:
        """Request all three targets; returns when the controller holds them. Raises CommandRefused."""
        self._request(entry_open, release_open, inspection_open)

    def show(self, entry: Signal, hold: Signal) -> None:
        """Set the signals at the entry and at the hold line, and see that they were taken."""
        self._display(SIGNAL_CODES[entry], SIGNAL_CODES[hold])
