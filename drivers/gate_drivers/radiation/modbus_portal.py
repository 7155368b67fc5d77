"""Radiation portal monitors of the Aspect kind on Modbus TCP.

Holding registers 0-7 describe the device::

    0 SIGNATURE   1 number of registers   2 monitor identifier   3 BASE address   4 COUNT of registers (21)

and the monitor's block, function 3 *Read Holding Registers* from BASE (32-bit values low word first)::

    0-1   ELAPSED            ms since the monitor started; a new value is a new measurement
    2     INPUTS             0x000F occupancy, 0x00C0 direction, 0x0100 power fail, 0x0200 low battery,
                             0x0400 cabinet open, 0x0800 error
    3     GAMMA_STATUS       0x01 alarm 1, 0x02 alarm 2, 0x10 low, 0x20 high, 0x40 overload, 0x80 ready
    4-5   GAMMA_COUNT        counts of the last measurement
    6-7   GAMMA_BACKGROUND   float32, of one measurement          8-9   GAMMA_VARIANCE   float32
    10    NEUTRON_STATUS     11-12 NEUTRON_COUNT     13-14 NEUTRON_BACKGROUND     15-16 NEUTRON_VARIANCE
    17    OBJECTS            vehicles so far         18 WHEEL_PAIRS     19 SPEED     20 OUTPUTS

Modbus TCP has no checksum, so values that cannot be (a negative or non-finite background, a count beyond
any detector) are GarbledReading with the register's name.
"""

from __future__ import annotations

import math
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field
from pymodbus.client import ModbusTcpClient

from gate_agent.devices import (
    BackgroundCounts,
    DeviceError,
    DriverConfig,
    GarbledReading,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    RadiationReading,
    Tamper,
    TimeOut,
    VehicleSpeed,
)
from gate_drivers.wire.modbus import DeviceBusy, ModbusLine

DESCRIPTION_COUNT = 8
BLOCK = 21
MAX_COUNT = 10_000_000
OCCUPIED, CABINET_OPEN, POWER_FAIL, LOW_BATTERY, ERROR = 0x000F, 0x0400, 0x0100, 0x0200, 0x0800
ALARM, LOW, HIGH, OVERLOAD, READY = 0x03, 0x10, 0x20, 0x40, 0x80


@dataclass(frozen=True, slots=True)
class Channel:
    """Gamma or neutron part of the block. Background and variance are of one measurement."""

    status: int
    count: int
    background: float
    variance: float

    @property
    def alarm(self) -> bool:
        return bool(self.status & ALARM)

    @property
    def fault(self) -> str:
        if self.status & LOW:
            return "low"
        return "high" if self.status & (HIGH | OVERLOAD) else ""


@dataclass(frozen=True, slots=True)
class MonitorBlock:
    """The 21 registers, decoded."""

    elapsed_ms: int
    inputs: int
    gamma: Channel
    neutron: Channel
    objects: int
    wheel_pairs: int
    speed: int
    outputs: int


def decode_block(registers: Sequence[int]) -> MonitorBlock:
    """Check and decode. Raises GarbledReading naming the register."""
    if len(registers) != BLOCK:
        raise _garbled("monitor block", f"{len(registers)} registers instead of {BLOCK}")
    return MonitorBlock(
        elapsed_ms=_u32(registers, 0),
        inputs=registers[2],
        gamma=_channel("GAMMA", registers, 3),
        neutron=_channel("NEUTRON", registers, 10),
        objects=registers[17],
        wheel_pairs=registers[18],
        speed=registers[19],
        outputs=registers[20],
    )


def _channel(name: str, registers: Sequence[int], first: int) -> Channel:
    count = _u32(registers, first + 1)
    if count > MAX_COUNT:
        raise _garbled(f"{name}_COUNT", f"{count} counts are more than any detector gives")
    background, variance = (_f32(registers, first + offset) for offset in (3, 5))
    for part, value in (("BACKGROUND", background), ("VARIANCE", variance)):
        if not 0 <= value <= MAX_COUNT:
            raise _garbled(f"{name}_{part}", f"{value} cannot be")
    return Channel(registers[first], count, background, variance)


def _u32(registers: Sequence[int], low: int) -> int:
    return registers[low + 1] << 16 | registers[low]


def _f32(registers: Sequence[int], low: int) -> float:
    value = struct.unpack(">f", struct.pack(">HH", registers[low + 1], registers[low]))[0]
    return float(value) if math.isfinite(value) else math.nan


def _garbled(field: str, what: str) -> GarbledReading:
    return GarbledReading(what, field=field, advice="check that the monitor uses this register map")


class ModbusPortalConfig(DriverConfig):
    """A portal monitor on Modbus TCP."""

    host: str = Field(
        min_length=1, max_length=253, description="Host name or address.", examples=["192.0.2.31"]
    )
    port: int = Field(default=502, ge=1, le=65535, description="TCP port.")
    unit: int = Field(default=1, ge=1, le=247, description="Modbus unit (server address) of the monitor.")
    poll_interval_s: float = Field(default=0.1, ge=0.01, le=0.5, description="Seconds between two polls.")
    measurement_s: float = Field(
        default=0.5, ge=0.05, le=5, description="Length of one of the monitor's measurements, seconds."
    )
    speed_unit: Literal["km/h", "0.1 km/h", "m/s"] = Field(
        default="km/h", description="Unit of the register SPEED; monitors differ."
    )
    timeout_s: float = Field(default=0.4, ge=0.05, le=1.0, description="Wait for one answer, seconds.")
    frozen_after_s: float = Field(
        default=5.0, ge=0.5, le=60, description="No new measurement for so long is a frozen monitor, seconds."
    )

    def time_outs(self) -> tuple[TimeOut, ...]:
        """A monitor that lives but is busy or says nothing new is borne until it counts as frozen."""
        exchange_s = 2 * self.timeout_s
        return (
            TimeOut("timeout_s", exchange_s, "call"),
            TimeOut("frozen_after_s", self.frozen_after_s + exchange_s, "silence"),
            TimeOut("frozen_after_s", self.frozen_after_s + 3 * exchange_s, "open"),
        )


_KM_H = {"km/h": 1.0, "0.1 km/h": 0.1, "m/s": 3.6}


class ModbusPortal:
    """A radiation portal monitor on Modbus TCP (Aspect register map)."""

    Config: ClassVar[type[DriverConfig]] = ModbusPortalConfig
    capability: ClassVar[str] = "radiation_monitor"

    def __init__(self, config: ModbusPortalConfig) -> None:
        self._config = config
        self._line = ModbusLine("monitor", f"{config.host}:{config.port}", self._new_client)
        self._forget()

    def _new_client(self, notice: Callable[[bool, bytes], bytes]) -> ModbusTcpClient:
        config = self._config
        return ModbusTcpClient(
            config.host, port=config.port, timeout=config.timeout_s, retries=1, trace_packet=notice
        )

    def _forget(self) -> None:
        self._base = 0
        self._block: MonitorBlock | None = None
        self._changed_at = time.monotonic()
        self._next_poll = 0.0
        self._waiting: deque[RadiationReading] = deque()

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Connect, read the description, and see one block."""
        self.close()
        self._forget()
        self._line.open()
        try:
            self._line.patiently(
                self._acquaint, within_s=self._config.frozen_after_s, every_s=self._config.poll_interval_s
            )
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        self._line.close()

    def _acquaint(self) -> None:
        description = self._registers(0, DESCRIPTION_COUNT)
        if description[4] != BLOCK:
            raise _garbled("description[4]", f"{description[4]} monitor registers instead of {BLOCK}")
        self._base = description[3]
        decode_block(self._registers(self._base, BLOCK))
        self._changed_at = time.monotonic()

    # ------------------------------------------------------------ readings

    def read(self) -> RadiationReading | None:
        if not self._waiting:
            self._poll()
        return self._waiting.popleft() if self._waiting else None

    def _poll(self) -> None:
        self._line.pause(self._next_poll - time.monotonic())
        self._next_poll = time.monotonic() + self._config.poll_interval_s
        try:
            block = decode_block(self._registers(self._base, BLOCK))
        except DeviceBusy as busy:
            if busy.for_s > self._config.frozen_after_s:
                raise
            return
        now = time.monotonic()
        before, self._block = self._block, block
        if before is not None and block.elapsed_ms == before.elapsed_ms:
            if now - self._changed_at > self._config.frozen_after_s:
                raise DeviceError(
                    f"the monitor is frozen: no new measurement for {now - self._changed_at:.1f} s",
                    field="ELAPSED",
                    advice="restart the monitor",
                )
            return
        self._changed_at = now
        if block.inputs & ERROR or block.inputs & POWER_FAIL:
            what = "reports an error" if block.inputs & ERROR else "reports a power failure"
            raise DeviceError(f"the monitor {what}", field="INPUTS", advice="see the monitor's own display")
        self._waiting.extend(self._readings(before, block, now))

    def _readings(
        self, before: MonitorBlock | None, block: MonitorBlock, at: float
    ) -> list[RadiationReading]:
        found: list[RadiationReading] = []
        was_open = before is not None and bool(before.inputs & CABINET_OPEN)
        if was_open != bool(block.inputs & CABINET_OPEN):
            found.append(Tamper(not was_open, at))
        channels = ((Radiation.GAMMA, block.gamma), (Radiation.NEUTRON, block.neutron))
        seconds = self._config.measurement_s
        if block.inputs & OCCUPIED:
            if before is None or not before.inputs & OCCUPIED:  # the background it was judged against
                found += [_background(kind, channel, seconds, at) for kind, channel in channels]
            found += [
                OccupiedCounts(kind, (channel.count,), seconds, channel.alarm, at)
                for kind, channel in channels
            ]
            if block.speed and (before is None or before.speed != block.speed):
                km_h = block.speed * _KM_H[self._config.speed_unit]
                if km_h <= 300:
                    found.append(VehicleSpeed(km_h, at))
            return found
        if before is not None and before.inputs & OCCUPIED:
            found.append(OccupancyEnded(block.objects, block.neutron.background / seconds, at))
        found += [_background(kind, channel, seconds, at) for kind, channel in channels]
        return found

    # ------------------------------------------------------------ the wire

    def _registers(self, address: int, count: int) -> Sequence[int]:
        """Function 3."""
        return self._line.transact(
            lambda client: client.read_holding_registers(address, count=count, device_id=self._config.unit),
            function=3,
            count=count,
        )


def _background(kind: Radiation, channel: Channel, seconds: float, at: float) -> BackgroundCounts:
    return BackgroundCounts(kind, (channel.background / seconds,), at, channel.fault)
