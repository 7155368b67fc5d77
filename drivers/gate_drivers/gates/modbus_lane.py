"""Lane gate behind a door controller (PLC) that speaks Modbus TCP or Modbus RTU.

Every exchange is ONE Modbus transaction, function 23 *Read/Write Multiple Registers* (MODBUS
Application Protocol V1.1b3 §6.17): the agent's watchdog, and a command if there is one, goes out and
the whole status block comes back, so each reading is one consistent snapshot that answers this
very exchange. Modbus TCP has no checksum of its own, therefore the block carries one, a
door request carries its complement and the watchdog is echoed (the measures of IEC 61784-3 §5.4
against corruption, and against repeated or delayed messages).

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

import socket
import struct
import threading
import time
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.framer import FramerRTU

from gate_agent.devices import (
    CommandRefused,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DoorPosition,
    DriverConfig,
    GarbledReading,
    LaneReading,
    Light,
)

STATUS, LIGHTS, WATCHDOG, DOORS = 0x0000, 0x0100, 0x0101, 0x0102
REGISTERS: tuple[str, ...] = (
    *("VERSION", "HEARTBEAT", "WATCHDOG", "ENTRY", "EXIT", "FLAGS"),
    *("PERSONS", "DOORS", "REFUSAL", "LIGHTS", "CHECK"),
)
VERSION = 0x4C31
POSITIONS = {1: DoorPosition.CLOSED, 2: DoorPosition.MOVING, 3: DoorPosition.OPEN, 4: DoorPosition.FAULT}
LIGHT_CODES = {Light.READY: 1, Light.WAIT: 2, Light.STOP: 3, Light.PROCEED: 4, Light.OFFICER: 5}
REFUSALS = {
    1: ("interlock: the other door is not closed", "wait until both doors are closed, then ask again"),
    2: ("emergency: the exit stays closed", "release the emergency input"),
    3: ("the request arrived malformed", "check cabling and shielding of the controller's line"),
}
DEFINED: dict[str, Container[int]] = {  # what each checked register may hold
    "VERSION": {VERSION},
    "ENTRY": POSITIONS,
    "EXIT": POSITIONS,
    "FLAGS": range(0x100),
    "PERSONS": range(3),
    "REFUSAL": {0, *REFUSALS},
}
REPORT_INTERVAL_S = 0.5
"""An unchanged lane is reported this often, so that the supervisor sees the driver live."""


@dataclass(frozen=True, slots=True)
class Status:
    """The status block, decoded and checked."""

    reading: LaneReading
    watchdog: int
    doors: int
    refusal: int
    lights: int


def door_word(*, entry_open: bool, exit_open: bool) -> int:
    """The DOORS register: targets in the low byte, their complement in the high byte."""
    low = int(entry_open) | int(exit_open) << 1
    return (~low & 0xFF) << 8 | low


def checksum(content: bytes) -> int:
    """CRC-16/MODBUS (MODBUS over Serial Line V1.02 §6.2.2)."""
    wire_order = FramerRTU.compute_CRC(content)  # low byte first, as RTU sends it
    return (wire_order & 0xFF) << 8 | wire_order >> 8


def decode_status(registers: Sequence[int]) -> Status:
    """Check and decode one status block. Raises GarbledReading naming the register."""
    if len(registers) != len(REGISTERS):
        raise _garbled("status block", f"{len(registers)} registers instead of {len(REGISTERS)}")
    content = struct.pack(f">{len(registers) - 1}H", *registers[:-1])
    if checksum(content) != registers[-1]:
        raise _garbled("CHECK", "checksum does not match the block")
    word = dict(zip(REGISTERS, registers, strict=True))
    for name, known in DEFINED.items():
        if word[name] not in known:
            raise _garbled(name, f"{word[name]:#06x} has no meaning in this register")
    return Status(_reading(word), word["WATCHDOG"], word["DOORS"], word["REFUSAL"], word["LIGHTS"])


def _reading(word: dict[str, int]) -> LaneReading:
    flags = [bool(word["FLAGS"] >> bit & 1) for bit in range(8)]
    return LaneReading(
        entry=POSITIONS[word["ENTRY"]],
        exit=POSITIONS[word["EXIT"]],
        approach=flags[0],
        persons_inside=word["PERSONS"],
        exit_zone=flags[1],
        object_inside=flags[2],
        emergency=flags[3],
        forced=flags[4],
        held=flags[5],
        sensors_disagree=flags[6],
        interlock_ok=flags[7],
        heartbeat=word["HEARTBEAT"],
    )


def _garbled(register: str, what: str) -> GarbledReading:
    return GarbledReading(what, field=register, advice="check the controller's map version and cabling")


class ModbusLaneConfig(DriverConfig):
    """How to reach the door controller, and how long it may be silent."""

    transport: Literal["tcp", "rtu"] = Field(
        description="tcp: Modbus TCP at host:port. rtu: Modbus RTU on a serial device."
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, max_length=253, description="tcp: host name or address."
    )
    port: int = Field(default=502, ge=1, le=65535, description="tcp: port.")
    device: str = Field(default="", max_length=4096, description="rtu: serial device, as /dev/serial/by-id/…")
    baud_rate: int = Field(default=19200, ge=1200, le=921600, description="rtu: bits per second.")
    parity: Literal["N", "E", "O"] = Field(default="N", description="rtu: none, even or odd.")
    stop_bits: Literal[1, 2] = Field(default=1, description="rtu: stop bits.")
    unit: int = Field(default=1, ge=1, le=247, description="Modbus unit (server address) of the controller.")
    poll_interval_s: float = Field(default=0.05, ge=0.005, le=0.5, description="Seconds between two polls.")
    timeout_s: float = Field(default=0.4, ge=0.02, le=1.0, description="Seconds to wait for one answer.")
    retries: int = Field(default=1, ge=0, le=3, description="How often an unanswered exchange is repeated.")
    heartbeat_timeout_s: float = Field(default=1.0, ge=0.1, le=10.0, description="Still this long is frozen.")

    @model_validator(mode="after")
    def _one_transport(self) -> ModbusLaneConfig:
        foreign = {"tcp": {"device", "baud_rate", "parity", "stop_bits"}, "rtu": {"host", "port"}}
        wrong = sorted(foreign[self.transport] & self.model_fields_set)
        if wrong:
            raise ValueError(f"not for transport {self.transport!r}: {', '.join(wrong)}")
        if self.transport == "rtu" and not self.device:
            raise ValueError("transport 'rtu' needs `device`")
        return self

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}" if self.transport == "tcp" else self.device


class ModbusLane:
    """A :class:`gate_agent.devices.LaneGate` over Modbus."""

    Config: ClassVar[type[DriverConfig]] = ModbusLaneConfig
    capability: ClassVar[str] = "lane_gate"

    def __init__(self, config: ModbusLaneConfig) -> None:
        self._config = config
        self._client: ModbusTcpClient | ModbusSerialClient | None = None
        self._wire = threading.Lock()  # pymodbus clients may not be closed while they exchange
        self._closing = threading.Event()
        self._heard = False
        self._forget()

    def _forget(self) -> None:
        """What was known of the controller is void once the line was closed."""
        self._watchdog = 1
        self._echoed = False
        self._beat = -1
        self._beat_at = self._echoed_at = time.monotonic()
        self._next_poll = 0.0
        self._reported: LaneReading | None = None
        self._reported_at = 0.0

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Connect, and see the register map and two different heartbeats. Raises DeviceError."""
        self.close()
        self._closing.clear()
        self._forget()
        client = self._new_client()
        if not client.connect():
            raise self._gone("no connection to the door controller")
        self._client = client
        try:
            first = self._confirmed().reading.heartbeat
            while self._confirmed().reading.heartbeat == first:
                self._pause(self._config.poll_interval_s)
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the line; an exchange that runs in another thread ends with DeviceDisconnected."""
        self._closing.set()
        client = self._client
        if isinstance(client, ModbusTcpClient) and (line := client.socket) is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        with self._wire:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _new_client(self) -> ModbusTcpClient | ModbusSerialClient:
        config = self._config
        common: dict[str, Any] = {"timeout": config.timeout_s, "retries": config.retries}
        common["trace_packet"] = self._notice
        if config.transport == "tcp":
            return ModbusTcpClient(config.host, port=config.port, framer=FramerType.SOCKET, **common)
        return ModbusSerialClient(
            config.device,
            framer=FramerType.RTU,
            baudrate=config.baud_rate,
            parity=config.parity,
            stopbits=config.stop_bits,
            **common,
        )

    def _notice(self, sending: bool, data: bytes) -> bytes:
        """Tells a line with noise on it from a silent one."""
        self._heard = self._heard or (not sending and bool(data))
        return data

    # ------------------------------------------------------------ what a lane gate does

    def read(self) -> LaneReading | None:
        """Wait for the next poll, poll once; the reading if it is news or due, else None."""
        self._pause(self._next_poll - time.monotonic())
        self._next_poll = time.monotonic() + self._config.poll_interval_s
        status = self._exchange()
        self._require_life()
        # Without the echo of this watchdog the block may be an old one: no reading.
        if not self._echoed:
            return None
        now = time.monotonic()
        beat = status.reading.heartbeat
        same = self._reported is not None and replace(self._reported, heartbeat=beat) == status.reading
        if same and now - self._reported_at < REPORT_INTERVAL_S:
            return None
        self._reported, self._reported_at = status.reading, now
        return status.reading

    def command_doors(self, *, entry_open: bool, exit_open: bool) -> None:
        """Request both targets; returns when the controller holds them. Raises CommandRefused."""
        word = door_word(entry_open=entry_open, exit_open=exit_open)
        status = self._confirmed(doors=word)
        if status.refusal:
            what, advice = REFUSALS[status.refusal]
            raise CommandRefused(f"the controller refused: {what}", field="DOORS", advice=advice)
        _require_taken("DOORS", status.doors, word)

    def show(self, outside: Light, inside: Light) -> None:
        """Set the lane lights and see that they were taken."""
        word = LIGHT_CODES[outside] << 8 | LIGHT_CODES[inside]
        _require_taken("LIGHTS", self._confirmed(lights=word).lights, word)

    # ------------------------------------------------------------ exchanges

    def _confirmed(self, *, lights: int | None = None, doors: int | None = None) -> Status:
        """Exchange until the controller has taken this very command, at most its heartbeat time-out.

        A controller that copies its process image once a scan answers one exchange late.
        """
        status = self._exchange(lights=lights, doors=doors)
        while not self._echoed:
            self._require_life()
            self._pause(self._config.poll_interval_s)
            status = self._exchange()
        self._require_life()
        return status

    def _exchange(self, *, lights: int | None = None, doors: int | None = None) -> Status:
        """One transaction. A new watchdog value goes out once the last one was echoed."""
        if self._echoed or lights is not None or doors is not None:
            self._watchdog = self._watchdog % 0x7FFF + 1
        words = [self._watchdog]
        first = WATCHDOG
        if lights is not None:
            words.insert(0, lights)
            first = LIGHTS
        if doors is not None:
            words.append(doors)
        status = decode_status(self._transact(first, words))
        now = time.monotonic()
        self._echoed = status.watchdog == self._watchdog
        if self._echoed:
            self._echoed_at = now
        if status.reading.heartbeat != self._beat:
            self._beat, self._beat_at = status.reading.heartbeat, now
        return status

    def _transact(self, first: int, words: Sequence[int]) -> Sequence[int]:
        """Function 23 with every way to fail turned into a DeviceError."""
        with self._wire:
            client = self._client
            if client is None or not client.connected:
                raise self._gone("the line to the door controller is closed")
            self._heard = False
            try:
                answer = client.readwrite_registers(
                    read_address=STATUS,
                    read_count=len(REGISTERS),
                    write_address=first,
                    values=words,
                    device_id=self._config.unit,
                )
            except ConnectionException as exc:
                raise self._gone("the door controller closed the line") from exc
            except ModbusIOException as exc:
                raise self._no_answer() from exc
            except ModbusException as exc:
                raise _garbled("answer", f"not Modbus: {exc}") from exc
            except OSError as exc:
                raise self._gone(f"the line failed: {exc.strerror or exc}") from exc
        if answer.isError():
            raise DeviceError(
                f"the controller answered Modbus exception {answer.exception_code}",
                field="answer",
                advice="check that the controller runs this register map and serves this unit",
            )
        if answer.function_code != 23:
            raise _garbled("answer", f"function {answer.function_code} instead of 23")
        return answer.registers

    def _no_answer(self) -> DeviceError:
        if self._closing.is_set():
            return self._gone("closed while waiting for the door controller")
        if self._heard:
            return _garbled("answer", "bytes that are not an answer to the request")
        return DeviceTimeout(
            f"the door controller at {self._config.address} does not answer",
            field="answer",
            advice="check that the controller runs, the unit number and the line",
        )

    def _gone(self, what: str) -> DeviceDisconnected:
        return DeviceDisconnected(
            what, field=self._config.address, advice="check the controller's power, cable and address"
        )

    def _require_life(self) -> None:
        """The heartbeat must advance, and what the agent writes must come back."""
        for register, since, what in (
            ("HEARTBEAT", self._beat_at, "its heartbeat stands still"),
            ("WATCHDOG", self._echoed_at, "it does not take what is written"),
        ):
            still_s = time.monotonic() - since
            if still_s > self._config.heartbeat_timeout_s:
                raise DeviceError(
                    f"the door controller is frozen: {what} for {still_s:.1f} s",
                    field=register,
                    advice="restart the controller's program",
                )

    def _pause(self, seconds: float) -> None:
        if self._closing.wait(max(seconds, 0.0)):
            raise self._gone("closed")


def _require_taken(register: str, holds: int, asked: int) -> None:
    if holds != asked:
        raise DeviceError(
            f"the controller holds {holds:#06x} although {asked:#06x} was asked for",
            field=register,
            advice="see which alarm made the controller override the agent",
        )
