"""A portal monitor on Modbus TCP, with its own copy of the register map (docs/wire/portal.md).

It measures every `measurement_s` / `pace` seconds: background while empty, a truck's counts while one passes.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.loop_thread import LoopThread
from gate_simulators.device.modbus_line import TcpLine, busy, handlers, heed_plug
from gate_simulators.device.wire import WIRE_FAULTS
from gate_simulators.radiation.detectors import Portal
from gate_simulators.radiation.passage import GAMMA_S, NEUTRON_S, Passage

BASE = 0x0100
DESCRIPTION = (0x4153, 0x0115, 1, BASE, 21, 0, 0, 0)
OCCUPIED_BIT, DIRECTION_BIT, OPEN_BIT = 0x0001, 0x0040, 0x0400
ALARM_1, READY = 0x01, 0x80


class ModbusMonitor:
    """A :class:`~gate_simulators.device.faults.SimulatedDevice`; port 0 picks one, see `address`."""

    def __init__(
        self,
        name: str,
        tcp: tuple[str, int],
        *,
        measurement_s: float = 0.5,
        pace: float = 1.0,
        n_sigma: float = 5.0,
        portal: Portal | None = None,
        seed: int = 0,
    ) -> None:
        self.name = name
        self.address = tcp
        self.faults = FaultBoard(WIRE_FAULTS | {FaultKind.BUSY})
        self.measurement_s, self.pace, self.n_sigma = measurement_s, pace, n_sigma
        self.portal = portal or Portal()
        self.tampered = False
        self._dice = random.Random(seed)
        self._rng = np.random.default_rng(seed)
        self._asked: deque[Passage] = deque()
        self._left: deque[tuple[int, int]] = deque()  # measurements of the truck in the portal
        self._speed = 0
        self._objects = 0
        self._elapsed_ms = 0
        self._registers = [0] * 21
        self._thread = LoopThread(f"sim-{name}", self._serve)

    def pass_vehicle(self, passage: Passage) -> None:
        """The truck enters with the next measurement, or after the one that is in the portal."""
        self._asked.append(passage)

    @property
    def idle(self) -> bool:
        return not self._asked and not self._left

    # ------------------------------------------------------------ life

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    async def _serve(self, ready: Callable[[], None], halt: asyncio.Event) -> None:
        line = TcpLine(self.address, handlers(self._device(), FramerType.SOCKET), self.faults, self._dice)
        await line.plug()
        self.address = line.address
        self._measure()
        ready()
        try:
            while not halt.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(halt.wait(), self.measurement_s / self.pace)
                self._measure()
                await heed_plug(line, self.faults)
        finally:
            await line.unplug()

    def _device(self) -> SimDevice:
        return SimDevice(
            id=1,
            simdata=[
                SimData(0, count=len(DESCRIPTION), datatype=DataType.REGISTERS, readonly=True),
                SimData(BASE, count=21, datatype=DataType.REGISTERS, readonly=True),
            ],
            action=self._access,
        )

    async def _access(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if (exception := busy(self.faults)) is not None:
            return exception
        for first, content in ((0, DESCRIPTION), (BASE, self._registers)):
            registers[first - start_address : first - start_address + len(content)] = content
        return None

    # ------------------------------------------------------------ measuring

    def _measure(self) -> None:
        if self.faults.active(FaultKind.FREEZE):
            return
        self._elapsed_ms += round(self.measurement_s * 1000)
        occupied = bool(self._left)
        if not occupied and self._asked:
            self._enter(self._asked.popleft())
            occupied = True
        background = sum(self.portal.background_per_s) * self.measurement_s
        neutrons = sum(self.portal.neutron_background_per_s) * self.measurement_s
        gamma = int(self._rng.poisson(background))
        neutron = int(self._rng.poisson(neutrons))
        if occupied:
            gamma, neutron = self._left.popleft()
        inputs = (OCCUPIED_BIT | DIRECTION_BIT) * occupied | OPEN_BIT * self.tampered
        alarm = occupied and gamma >= background + self.n_sigma * background**0.5
        neutron_alarm = occupied and neutron >= max(8.0, neutrons + 6 * max(neutrons, 0.25) ** 0.5)
        self._registers = [
            *_low_first(struct.pack(">I", self._elapsed_ms & 0xFFFFFFFF)),
            inputs,
            READY | ALARM_1 * alarm,
            *_low_first(struct.pack(">I", gamma)),
            *_low_first(struct.pack(">f", background)),
            *_low_first(struct.pack(">f", background)),
            READY | ALARM_1 * neutron_alarm,
            *_low_first(struct.pack(">I", neutron)),
            *_low_first(struct.pack(">f", neutrons)),
            *_low_first(struct.pack(">f", neutrons)),
            self._objects & 0xFFFF,
            0,
            self._speed if occupied else 0,
            0,
        ]

    def _enter(self, passage: Passage) -> None:
        """The truck's counts in measurements of this monitor's length."""
        self._objects += 1
        self._speed = round(passage.speed_m_s * 3.6)
        step = max(1, round(self.measurement_s / GAMMA_S))
        total = passage.gamma.sum(axis=1)
        gamma = [int(total[i : i + step].sum()) for i in range(0, len(total) - step + 1, step)]
        # The interval need not divide the measurement: scale to its length.
        scale = self.measurement_s / (step * GAMMA_S)
        spread = self.measurement_s / NEUTRON_S
        neutron = passage.neutron.sum(axis=1)
        self._left.extend(
            (
                round(count * scale),
                int(
                    self._rng.binomial(int(neutron[min(len(neutron) - 1, int(i * spread))]), min(1.0, spread))
                ),
            )
            for i, count in enumerate(gamma)
        )


def _low_first(packed: bytes) -> tuple[int, int]:
    high, low = struct.unpack(">HH", packed)
    return low, high
