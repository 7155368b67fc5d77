"""What every controller (PLC) behind a `gates` driver shares on the wire: Modbus TCP or Modbus RTU.

Every exchange is ONE Modbus transaction, function 23 *Read/Write Multiple Registers* (MODBUS
Application Protocol V1.1b3 §6.17): the agent's watchdog, and a command if there is one, goes out and
the whole status block comes back, so each reading is one consistent snapshot that answers this
very exchange. Modbus TCP has no checksum of its own, therefore the block carries one, a
request carries its complement and the watchdog is echoed (the measures of IEC 61784-3 §5.4
against corruption, and against repeated or delayed messages).

Status block, holding registers from 0x0000, read-only: VERSION, HEARTBEAT (counts the controller's scans,
modulo 2^16), WATCHDOG (echo of the last one taken), … , CHECK (CRC-16/MODBUS over all before it, each high
byte first). Command block, from 0x0100, written::

    0  display    what lights or signals show: two codes, first << 8 | second
    1  WATCHDOG   1..0x7FFF, a new value each time the last one came back
    2  request    low byte: one bit a leaf, 1 = open; high byte: complement of the low byte

A driver adds its :class:`RegisterMap` and the commands of its capability.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, model_validator
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer import FramerRTU

from gate_agent.devices import (
    CommandRefused,
    DeviceError,
    DoorPosition,
    DriverConfig,
    GarbledReading,
    LaneReading,
    TimeOut,
    YardReading,
)
from gate_drivers.wire.modbus import Client, DeviceBusy, ModbusLine

STATUS, DISPLAY, WATCHDOG = 0x0000, 0x0100, 0x0101
POSITIONS: Mapping[int, DoorPosition] = {
    1: DoorPosition.CLOSED,
    2: DoorPosition.MOVING,
    3: DoorPosition.OPEN,
    4: DoorPosition.FAULT,
}
REPORT_INTERVAL_S = 0.5
"""Unchanged inputs are reported this often, so that the supervisor sees the driver live."""

ReadingT = TypeVar("ReadingT", LaneReading, YardReading)


@dataclass(frozen=True, slots=True)
class RegisterMap(Generic[ReadingT]):
    """One controller's status block.

    `registers` names them in order, CHECK last; `defined` is what each may hold, where not everything has a
    meaning; `display` and `request` name the registers that echo the commands; `refusals` tells REFUSAL's
    codes as what happened and what to do.
    """

    controller: str
    registers: tuple[str, ...]
    defined: Mapping[str, Container[int]]
    display: str
    request: str
    refusals: Mapping[int, tuple[str, str]]
    reading: Callable[[Mapping[str, int]], ReadingT]


@dataclass(frozen=True, slots=True)
class Status(Generic[ReadingT]):
    """A status block, decoded and checked."""

    reading: ReadingT
    watchdog: int
    request: int
    refusal: int
    display: int


def request_word(*leaves_open: bool) -> int:
    """The request register: targets in the low byte, first leaf in bit 0; their complement in the high."""
    low = sum(target << bit for bit, target in enumerate(leaves_open))
    return (~low & 0xFF) << 8 | low


def checksum(content: bytes) -> int:
    """CRC-16/MODBUS (MODBUS over Serial Line V1.02 §6.2.2)."""
    wire_order = FramerRTU.compute_CRC(content)  # low byte first, as RTU sends it
    return (wire_order & 0xFF) << 8 | wire_order >> 8


def flags(word: int, count: int) -> tuple[bool, ...]:
    """The lowest `count` bits, bit 0 first."""
    return tuple(bool(word >> bit & 1) for bit in range(count))


def decode(layout: RegisterMap[ReadingT], registers: Sequence[int]) -> Status[ReadingT]:
    """Check and decode one status block. Raises GarbledReading naming the register."""
    names = layout.registers
    if len(registers) != len(names):
        raise _garbled("status block", f"{len(registers)} registers instead of {len(names)}")
    content = struct.pack(f">{len(registers) - 1}H", *registers[:-1])
    if checksum(content) != registers[-1]:
        raise _garbled("CHECK", "checksum does not match the block")
    word = dict(zip(names, registers, strict=True))
    for name, known in layout.defined.items():
        if word[name] not in known:
            raise _garbled(name, f"{word[name]:#06x} has no meaning in this register")
    return Status(
        layout.reading(word), word["WATCHDOG"], word[layout.request], word["REFUSAL"], word[layout.display]
    )


def _garbled(register: str, what: str) -> GarbledReading:
    return GarbledReading(what, field=register, advice="check the controller's map version and cabling")


class ModbusControllerConfig(DriverConfig):
    """How to reach the controller, and how long it may be silent."""

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
    def _one_transport(self) -> ModbusControllerConfig:
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

    def time_outs(self) -> tuple[TimeOut, ...]:
        """A controller that lives but is busy, frozen or late is borne until its heartbeat times out."""
        exchange_s = self.timeout_s * (1 + self.retries)
        beat_s = self.heartbeat_timeout_s
        most = "heartbeat_timeout_s" if beat_s >= exchange_s else "timeout_s"
        return (
            TimeOut(most, beat_s + exchange_s, "call"),
            TimeOut("heartbeat_timeout_s", beat_s + REPORT_INTERVAL_S, "silence"),
            TimeOut(most, self.timeout_s + 3 * beat_s + exchange_s, "open"),
        )


class ModbusController(Generic[ReadingT]):
    """The part of a driver that talks; a subclass names its `layout` and gives its commands."""

    layout: ClassVar[RegisterMap[Any]]

    def __init__(self, config: ModbusControllerConfig) -> None:
        self._config = config
        self._line = ModbusLine(self.layout.controller, config.address, self._new_client)
        self._forget()

    def _forget(self) -> None:
        """What was known of the controller is void once the line was closed."""
        self._watchdog = 1
        self._echoed = False
        self._beat = -1
        self._beat_at = self._echoed_at = time.monotonic()
        self._next_poll = 0.0
        self._reported: ReadingT | None = None
        self._reported_at = 0.0

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Connect, and see the register map and two different heartbeats. Raises DeviceError."""
        self.close()
        self._forget()
        self._line.open()
        try:
            first = self._confirmed().reading.heartbeat
            while self._confirmed().reading.heartbeat == first:
                self._line.pause(self._config.poll_interval_s)
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the line; an exchange that runs in another thread ends with DeviceDisconnected."""
        self._line.close()

    def _new_client(self, notice: Callable[[bool, bytes], bytes]) -> Client:
        config = self._config
        common: dict[str, Any] = {"timeout": config.timeout_s, "retries": config.retries}
        common["trace_packet"] = notice
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

    # ------------------------------------------------------------ what a subclass uses

    def read(self) -> ReadingT | None:
        """Wait for the next poll, poll once; the reading if it is news or due, else None.

        None too while the controller is busy; only one that stays so for its heartbeat's time is an error.
        """
        self._line.pause(self._next_poll - time.monotonic())
        self._next_poll = time.monotonic() + self._config.poll_interval_s
        try:
            status = self._exchange()
        except DeviceBusy as busy:
            if busy.for_s > self._config.heartbeat_timeout_s:
                raise
            return None
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

    def _request(self, *leaves_open: bool) -> None:
        """Request all targets; returns when the controller holds them. Raises CommandRefused."""
        word, register = request_word(*leaves_open), self.layout.request
        status = self._confirmed(request=word)
        if status.refusal:
            what, advice = self.layout.refusals[status.refusal]
            raise CommandRefused(f"the controller refused: {what}", field=register, advice=advice)
        _require_taken(register, status.request, word)

    def _display(self, first: int, second: int) -> None:
        """Set both codes and see that they were taken."""
        word = first << 8 | second
        _require_taken(self.layout.display, self._confirmed(display=word).display, word)

    # ------------------------------------------------------------ exchanges

    def _confirmed(self, *, display: int | None = None, request: int | None = None) -> Status[ReadingT]:
        """Exchange until the controller has taken this very command, at most its heartbeat time-out.

        A controller that copies its process image once a scan answers one exchange late. A command may be
        repeated while the controller is busy: it says what is wanted, not what to change.
        """
        bounds = {"within_s": self._config.heartbeat_timeout_s, "every_s": self._config.poll_interval_s}
        status = self._line.patiently(lambda: self._exchange(display=display, request=request), **bounds)
        while not self._echoed:
            self._require_life()
            self._line.pause(self._config.poll_interval_s)
            status = self._line.patiently(self._exchange, **bounds)
        self._require_life()
        return status

    def _exchange(self, *, display: int | None = None, request: int | None = None) -> Status[ReadingT]:
        """One transaction. A new watchdog value goes out once the last one was echoed."""
        if self._echoed or display is not None or request is not None:
            self._watchdog = self._watchdog % 0x7FFF + 1
        words = [self._watchdog]
        first = WATCHDOG
        if display is not None:
            words.insert(0, display)
            first = DISPLAY
        if request is not None:
            words.append(request)
        status: Status[ReadingT] = decode(self.layout, self._transact(first, words))
        now = time.monotonic()
        self._echoed = status.watchdog == self._watchdog
        if self._echoed:
            self._echoed_at = now
        if status.reading.heartbeat != self._beat:
            self._beat, self._beat_at = status.reading.heartbeat, now
        return status

    def _transact(self, first: int, words: Sequence[int]) -> Sequence[int]:
        """Function 23."""
        count = len(self.layout.registers)
        return self._line.transact(
            lambda client: client.readwrite_registers(
                read_address=STATUS,
                read_count=count,
                write_address=first,
                values=words,
                device_id=self._config.unit,
            ),
            function=23,
            count=count,
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
                    f"the {self.layout.controller} is frozen: {what} for {still_s:.1f} s",
                    field=register,
                    advice="restart the controller's program",
                )


def _require_taken(register: str, holds: int, asked: int) -> None:
    if holds != asked:
        raise DeviceError(
            f"the controller holds {holds:#06x} although {asked:#06x} was asked for",
            field=register,
            advice="see which alarm made the controller override the agent",
        )
