"""A simulated programmable logic controller (PLC) of doors or barriers, on Modbus TCP or RTU.

Fifty times a second, in a thread of its own, it scans its program
(:mod:`gate_simulators.device.safety_program`) and renews its process image: the registers that the agent
reads and writes. A subclass has its own copy of its register map, so that a driver which reads the map
wrongly is caught.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.simulator import DataType, SimData, SimDevice

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.interlock import Disturbance, Refusal
from gate_simulators.device.loop_thread import LoopThread
from gate_simulators.device.modbus_line import SerialLine, TcpLine, busy, handlers, heed_plug
from gate_simulators.device.safety_program import SafetyProgram

SCAN_S = 0.02
COMMANDS = 0x0100
FAULTS = frozenset(
    {
        *(FaultKind.DROP, FaultKind.DELAY, FaultKind.GARBLE, FaultKind.FREEZE),
        *(FaultKind.SILENT, FaultKind.BUSY, FaultKind.UNPLUG),
        *(FaultKind.STUCK_DOOR, FaultKind.FORCED_DOOR, FaultKind.HELD_DOOR),
        *(FaultKind.SENSOR_FLICKER, FaultKind.SENSORS_DISAGREE, FaultKind.EMERGENCY),
    }
)

InputsT = TypeVar("InputsT")


class Plc(ABC, Generic[InputsT]):
    """A :class:`~gate_simulators.device.faults.SimulatedDevice`.

    Give `tcp` (host, port; port 0 picks one, see `address`) or `rtu` (path of the link that will stand
    for the serial device). `travel` are the program's own times.
    """

    version: ClassVar[int]
    leaves: ClassVar[tuple[str, ...]]
    """In the order of the request's bits."""
    fault_leaf: ClassVar[str]
    """What a fault of a leaf means that names none."""
    displays: ClassVar[Mapping[int, str]]
    """The codes of lights or signals."""
    display_without_agent: ClassVar[int]
    """Shown while nobody answers for the lane."""

    def __init__(
        self,
        name: str,
        *,
        tcp: tuple[str, int] | None,
        rtu: str | Path | None,
        unit: int,
        travel: Mapping[str, float],
        seed: int,
    ) -> None:
        if (tcp is None) == (rtu is None):
            raise ValueError("give either tcp=(host, port) or rtu=path")
        self.name = name
        self.faults = FaultBoard(FAULTS)
        self.travel = dict(travel)
        self._tcp, self._rtu = tcp, rtu
        self._unit = unit
        self._dice = random.Random(seed)
        self._thread = LoopThread(f"sim {name}", self._serve)

    # ------------------------------------------------------------ what a subclass adds

    @abstractmethod
    def new_program(self) -> SafetyProgram[InputsT]:
        """The program after power-up."""

    @abstractmethod
    def sensed(self, inputs: InputsT) -> tuple[int, ...]:
        """The registers between WATCHDOG and the held request."""

    @abstractmethod
    def shine(self, first: str, second: str) -> None:
        """Switch the plant's two lights or signals."""

    # ------------------------------------------------------------ life

    @property
    def address(self) -> tuple[str, int]:
        """Where Modbus TCP is served."""
        if self._tcp is None:
            raise ValueError(f"{self.name} is on a serial line")
        return self._tcp

    def start(self) -> None:
        """Power up; returns when the line can be opened. Raises OSError when it is taken."""
        self._thread.start()

    def stop(self) -> None:
        """Power down; leaves no thread, socket or pseudo-terminal."""
        self._thread.stop()

    async def _serve(self, ready: Callable[[], None], halt: asyncio.Event) -> None:
        program = self.new_program()
        image = _ProcessImage(self, program)
        line = self._new_line(image.device(self._unit))
        await line.plug()
        if isinstance(line, TcpLine):
            self._tcp = line.address
        ready()
        last = time.monotonic()
        try:
            while not halt.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(halt.wait(), SCAN_S)
                now = time.monotonic()
                image.scanned(program.step(now - last, disturbance(self.faults, self.fault_leaf)))
                last = now
                await heed_plug(line, self.faults)
        finally:
            await line.unplug()

    def _new_line(self, device: SimDevice) -> TcpLine | SerialLine:
        if self._tcp is not None:
            return TcpLine(self._tcp, handlers(device, FramerType.SOCKET), self.faults, self._dice)
        assert self._rtu is not None
        return SerialLine(Path(self._rtu), handlers(device, FramerType.RTU), self.faults, self._dice)


def disturbance(faults: FaultBoard, leaf: str) -> Disturbance:
    """The faults of leaves and sensors that are active now. One that names no `door` means this `leaf`."""

    def of(kind: FaultKind) -> frozenset[str]:
        fault = faults.active(kind)
        return frozenset() if fault is None else frozenset({str(fault.parameters.get("door", leaf))})

    flicker = faults.active(FaultKind.SENSOR_FLICKER)
    return Disturbance(
        stuck=of(FaultKind.STUCK_DOOR),
        held=of(FaultKind.HELD_DOOR),
        forced=of(FaultKind.FORCED_DOOR),
        emergency=faults.active(FaultKind.EMERGENCY) is not None,
        sensors_disagree=faults.active(FaultKind.SENSORS_DISAGREE) is not None,
        flicker_hertz=0.0 if flicker is None else float(flicker.parameters.get("hertz", 5.0)),
    )


class _ProcessImage(Generic[InputsT]):
    """The registers: what was last scanned, and what the agent last wrote."""

    def __init__(self, plc: Plc[InputsT], program: SafetyProgram[InputsT]) -> None:
        self._plc = plc
        self._program = program
        self._heartbeat = 0
        self._watchdog = 0
        self._refusal = Refusal.NONE
        self._inputs = program.step(0.0)
        self._display = plc.display_without_agent
        self._shine()

    def device(self, unit: int) -> SimDevice:
        return SimDevice(
            id=unit,
            simdata=[
                SimData(0, count=len(self._status()), datatype=DataType.REGISTERS, readonly=True),
                SimData(COMMANDS, count=3, datatype=DataType.REGISTERS),
            ],
            action=self._access,
        )

    def scanned(self, inputs: InputsT) -> None:
        self._heartbeat = (self._heartbeat + 1) & 0xFFFF
        self._inputs = inputs
        if not self._program.agent_present and self._display != self._plc.display_without_agent:
            self._display = self._plc.display_without_agent
            self._shine()

    async def _access(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """pymodbus asks before it reads or writes; a frozen image neither takes nor renews anything."""
        if self._plc.faults.active(FaultKind.FREEZE) is not None:
            return None
        if (exception := busy(self._plc.faults)) is not None:
            return exception
        if values is not None:
            for offset, value in enumerate(values):
                self._written(address + offset - COMMANDS, int(value))
        else:
            status = self._status()
            registers[: len(status)] = status
        return None

    def _written(self, register: int, value: int) -> None:
        shown = self._plc.displays
        if register == 0 and value >> 8 in shown and value & 0xFF in shown:
            self._display = value
            self._shine()
        elif register == 1 and 1 <= value <= 0x7FFF:
            self._watchdog = value
            self._program.agent_lives(value)
        elif register == 2:
            self._refusal = self._requested(value)

    def _requested(self, value: int) -> Refusal:
        low, high = value & 0xFF, value >> 8
        if low ^ high != 0xFF or low >> len(self._plc.leaves):
            return Refusal.MALFORMED
        return self._program.request(
            frozenset(leaf for bit, leaf in enumerate(self._plc.leaves) if low >> bit & 1)
        )

    def _status(self) -> list[int]:
        held = self._program.held_request
        request = sum((leaf in held) << bit for bit, leaf in enumerate(self._plc.leaves))
        words = [
            self._plc.version,
            self._heartbeat,
            self._watchdog,
            *self._plc.sensed(self._inputs),
            (request ^ 0xFF) << 8 | request,
            self._refusal,
            self._display,
        ]
        crc = FramerRTU.compute_CRC(struct.pack(f">{len(words)}H", *words)).to_bytes(2, "big")
        return [*map(int, words), int.from_bytes(crc, "little")]

    def _shine(self) -> None:
        shown = self._plc.displays
        self._plc.shine(shown[self._display >> 8], shown[self._display & 0xFF])
