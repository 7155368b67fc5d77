"""The simulated door controller of an e-gate lane, on Modbus TCP or RTU.

It keeps its own copy of the register map (docs/wire/lane-registers.md), so that a driver which reads
the map wrongly is caught, and scans the :class:`~gate_simulators.door_controller.DoorController`
fifty times a second in a thread of its own.
"""

from __future__ import annotations

import asyncio
import random
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from gate_simulators.door_controller import Disturbance, DoorController, Inputs, Refusal
from gate_simulators.faults import FaultBoard, FaultKind
from gate_simulators.modbus_line import SerialLine, TcpLine
from gate_simulators.plant import Plant

SCAN_S = 0.02
VERSION = 0x4C31
STATUS_COUNT = 11
COMMANDS = 0x0100
LIGHTS = {1: "ready", 2: "wait", 3: "stop", 4: "proceed", 5: "officer"}
LIGHTS_WITHOUT_AGENT = 3 << 8 | 5
"""Nobody answers for the lane: stop outside, an officer is coming inside."""

FAULTS = frozenset(
    {
        FaultKind.DROP,
        FaultKind.DELAY,
        FaultKind.GARBLE,
        FaultKind.FREEZE,
        FaultKind.SILENT,
        FaultKind.UNPLUG,
        FaultKind.STUCK_DOOR,
        FaultKind.FORCED_DOOR,
        FaultKind.HELD_DOOR,
        FaultKind.SENSOR_FLICKER,
        FaultKind.SENSORS_DISAGREE,
        FaultKind.EMERGENCY,
    }
)


class LaneController:
    """A :class:`~gate_simulators.faults.SimulatedDevice`: doors, sensors and lights of one plant.

    Give `tcp` (host, port; port 0 picks one, see `address`) or `rtu` (path of the link that will stand
    for the serial device). `pace` > 1 makes the doors that much faster; the watchdog keeps real time.
    """

    def __init__(
        self,
        name: str,
        plant: Plant,
        *,
        tcp: tuple[str, int] | None = None,
        rtu: str | Path | None = None,
        unit: int = 1,
        door_seconds: float = 1.5,
        pace: float = 1.0,
        held_after_s: float = 1.0,
        watchdog_seconds: float = 2.0,
        seed: int = 0,
    ) -> None:
        if (tcp is None) == (rtu is None):
            raise ValueError("give either tcp=(host, port) or rtu=path")
        self.name = name
        self.faults = FaultBoard(FAULTS)
        self._plant = plant
        self._tcp, self._rtu = tcp, rtu
        self._unit = unit
        self.travel = {
            "door_seconds": door_seconds / pace,
            "held_after_s": held_after_s / pace,
            "watchdog_seconds": watchdog_seconds,
        }
        self._dice = random.Random(seed)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._halt: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: Exception | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where Modbus TCP is served."""
        if self._tcp is None:
            raise ValueError(f"{self.name} is on a serial line")
        return self._tcp

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Power up; returns when the line can be opened."""
        if self._thread is not None:
            return
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name=f"sim {self.name}", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            raise self._failure

    def stop(self) -> None:
        """Power down; leaves no thread, socket or pseudo-terminal."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._halt is not None:
            with suppress(RuntimeError):  # the loop may have ended by itself
                self._loop.call_soon_threadsafe(self._halt.set)
        thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as exc:  # address in use, no pseudo-terminal left
            if self._ready.is_set():
                raise
            self._failure = exc
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._halt = asyncio.get_running_loop(), asyncio.Event()
        program = DoorController(self._plant, **self.travel)
        image = _ProcessImage(program, self._plant, self.faults)
        line = self._new_line(image)
        await line.plug()
        if isinstance(line, TcpLine):
            self._tcp = line.address
        self._ready.set()
        try:
            await self._scan(line, program, image)
        finally:
            await line.unplug()

    def _new_line(self, image: _ProcessImage) -> TcpLine | SerialLine:
        framer = FramerType.SOCKET if self._tcp is not None else FramerType.RTU
        # Never told to listen: the line below hands it one connection after another.
        server = ModbusTcpServer(image.device(self._unit), framer=framer)

        def new_handler() -> ServerRequestHandler:
            handler = server.handle_new_connection()
            assert isinstance(handler, ServerRequestHandler)
            return handler

        if self._tcp is not None:
            return TcpLine(self._tcp, new_handler, self.faults, self._dice)
        assert self._rtu is not None
        return SerialLine(Path(self._rtu), new_handler, self.faults, self._dice)

    async def _scan(self, line: TcpLine | SerialLine, program: DoorController, image: _ProcessImage) -> None:
        assert self._halt is not None
        last = time.monotonic()
        while not self._halt.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._halt.wait(), SCAN_S)
            now = time.monotonic()
            image.scanned(program.step(now - last, disturbance(self.faults)))
            last = now
            unplugged = self.faults.active(FaultKind.UNPLUG) is not None
            if unplugged and line.plugged:
                await line.unplug()
            elif not unplugged and not line.plugged:
                with suppress(OSError):  # the port may still be taken; the next scan tries again
                    await line.plug()


def disturbance(faults: FaultBoard) -> Disturbance:
    """The faults of doors and sensors that are active now. A door fault without a door means the exit."""

    def door(kind: FaultKind) -> frozenset[str]:
        fault = faults.active(kind)
        return frozenset() if fault is None else frozenset({str(fault.parameters.get("door", "exit"))})

    flicker = faults.active(FaultKind.SENSOR_FLICKER)
    return Disturbance(
        stuck=door(FaultKind.STUCK_DOOR),
        held=door(FaultKind.HELD_DOOR),
        forced=door(FaultKind.FORCED_DOOR),
        emergency=faults.active(FaultKind.EMERGENCY) is not None,
        sensors_disagree=faults.active(FaultKind.SENSORS_DISAGREE) is not None,
        flicker_hertz=0.0 if flicker is None else float(flicker.parameters.get("hertz", 5.0)),
    )


class _ProcessImage:
    """The registers: what was last scanned, and what the agent last wrote."""

    def __init__(self, program: DoorController, plant: Plant, faults: FaultBoard) -> None:
        self._program = program
        self._plant = plant
        self._faults = faults
        self._heartbeat = 0
        self._watchdog = 0
        self._refusal = Refusal.NONE
        self._lights = LIGHTS_WITHOUT_AGENT
        self._inputs = program.step(0.0)
        self._shine()

    def device(self, unit: int) -> SimDevice:
        return SimDevice(
            id=unit,
            simdata=[
                SimData(0, count=STATUS_COUNT, datatype=DataType.REGISTERS, readonly=True),
                SimData(COMMANDS, count=3, datatype=DataType.REGISTERS),
            ],
            action=self._access,
        )

    def scanned(self, inputs: Inputs) -> None:
        self._heartbeat = (self._heartbeat + 1) & 0xFFFF
        self._inputs = inputs
        if not self._program.agent_present and self._lights != LIGHTS_WITHOUT_AGENT:
            self._lights = LIGHTS_WITHOUT_AGENT
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
        if self._faults.active(FaultKind.FREEZE) is not None:
            return None
        if values is not None:
            for offset, value in enumerate(values):
                self._written(address + offset - COMMANDS, int(value))
        else:
            registers[:STATUS_COUNT] = self._status()
        return None

    def _written(self, register: int, value: int) -> None:
        if register == 0 and value >> 8 in LIGHTS and value & 0xFF in LIGHTS:
            self._lights = value
            self._shine()
        elif register == 1 and 1 <= value <= 0x7FFF:
            self._watchdog = value
            self._program.agent_lives(value)
        elif register == 2:
            self._refusal = self._requested(value)

    def _requested(self, value: int) -> Refusal:
        low, high = value & 0xFF, value >> 8
        if low ^ high != 0xFF or low > 0b11:
            return Refusal.MALFORMED
        return self._program.request(entry_open=bool(low & 1), exit_open=bool(low & 2))

    def _status(self) -> list[int]:
        seen = self._inputs
        flags = (
            seen.approach,
            seen.exit_zone,
            seen.object_inside,
            seen.emergency,
            seen.forced,
            seen.held,
            seen.sensors_disagree,
            seen.interlock_ok,
        )
        entry_open, exit_open = self._program.held_request
        request = entry_open | exit_open << 1
        words = [
            VERSION,
            self._heartbeat,
            self._watchdog,
            seen.entry,
            seen.exit,
            sum(flag << bit for bit, flag in enumerate(flags)),
            seen.persons_inside,
            (request ^ 0xFF) << 8 | request,
            self._refusal,
            self._lights,
        ]
        crc = FramerRTU.compute_CRC(struct.pack(">10H", *words)).to_bytes(2, "big")
        return [*map(int, words), int.from_bytes(crc, "little")]

    def _shine(self) -> None:
        with self._plant.lock:
            self._plant.lights.outside = LIGHTS[self._lights >> 8]
            self._plant.lights.inside = LIGHTS[self._lights & 0xFF]
