"""The byte line below instruments that speak in lines or frames: a TCP connection or a serial line.

Opened, read and written by one driver; ``close()`` may come from another thread and ends a waiting read.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import Annotated, Literal, Protocol, TypeAlias

import serial
from pydantic import Field

from gate_agent.devices import DeviceDisconnected, DeviceTimeout
from gate_agent.settings import Settings

MAX_READ = 4096
WAIT_S = 0.2
"""How long one receive() waits at most."""


class TcpLine(Settings):
    """An instrument, or a serial server before it, that listens on TCP."""

    kind: Literal["tcp"] = Field(description="A TCP connection to the instrument or its serial server.")
    host: str = Field(min_length=1, max_length=253, description="Host name or address.")
    port: int = Field(ge=1, le=65535, description="TCP port.")
    connect_timeout_s: float = Field(
        default=3.0, gt=0, le=30, description="Longest wait to connect, seconds."
    )


class SerialLine(Settings):
    """An instrument on RS-232, RS-485 or USB-serial."""

    kind: Literal["serial"] = Field(description="A serial line of this computer.")
    device: str = Field(
        min_length=1,
        max_length=255,
        description="Serial device; prefer a stable name under /dev/serial/by-id.",
    )
    baud: int = Field(default=9600, ge=300, le=921_600, description="Line speed, bits per second.")
    data_bits: Literal[7, 8] = Field(default=8, description="Data bits of a character.")
    parity: Literal["none", "even", "odd"] = Field(default="none", description="Parity bit.")
    stop_bits: Literal[1, 2] = Field(default=1, description="Stop bits.")


Line: TypeAlias = Annotated[TcpLine | SerialLine, Field(discriminator="kind")]
_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_ADVICE = "check the instrument's power and cable; the line is reopened by itself"


class ByteLine(Protocol):
    """A line that is open."""

    def receive(self) -> bytes:
        """What has arrived; empty after WAIT_S without anything. Raises DeviceDisconnected."""
        ...

    def send(self, data: bytes) -> None:
        """Send all of it. Raises DeviceDisconnected or DeviceTimeout."""
        ...

    def close(self) -> None:
        """Ends a receive() in another thread. Harmless when closed."""
        ...


def open_line(line: TcpLine | SerialLine) -> ByteLine:
    """Connect, or open the serial device. Raises DeviceDisconnected or DeviceTimeout with advice."""
    return OpenTcp(line) if isinstance(line, TcpLine) else OpenSerial(line)


class OpenTcp:
    """A connected socket."""

    def __init__(self, line: TcpLine) -> None:
        self._where = f"{line.host}:{line.port}"
        try:
            self._socket = socket.create_connection((line.host, line.port), timeout=line.connect_timeout_s)
        except TimeoutError as error:
            raise DeviceTimeout(
                f"no connection to {self._where} in time",
                field="line.host",
                advice="check address and network",
            ) from error
        except OSError as error:
            raise DeviceDisconnected(
                f"no connection to {self._where}: {error.strerror or error}",
                field="line.host",
                advice="check that the instrument is powered and listens on this port",
            ) from error
        self._socket.settimeout(WAIT_S)

    def receive(self) -> bytes:
        try:
            data = self._socket.recv(MAX_READ)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._lost(str(error.strerror or error)) from error
        if not data:
            raise self._lost("the instrument ended the connection")
        return data

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise DeviceTimeout(f"{self._where} takes no bytes", field=self._where, advice=_ADVICE) from error
        except OSError as error:
            raise self._lost(str(error.strerror or error)) from error

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _lost(self, why: str) -> DeviceDisconnected:
        return DeviceDisconnected(f"the connection was lost: {why}", field=self._where, advice=_ADVICE)


class OpenSerial:
    """An open serial port."""

    def __init__(self, line: SerialLine) -> None:
        self._where = line.device
        self._busy = threading.Lock()
        self._open = True
        try:
            self._port = serial.Serial(
                line.device,
                baudrate=line.baud,
                bytesize=line.data_bits,
                parity=_PARITY[line.parity],
                stopbits=line.stop_bits,
                timeout=WAIT_S,
                write_timeout=1.0,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceDisconnected(
                f"the serial line cannot be opened: {_reason(error)}",
                field=line.device,
                advice=_opening_advice(line.device),
            ) from error

    def receive(self) -> bytes:
        with self._busy:
            try:
                if not self._open:
                    raise OSError("closed")
                data = self._port.read(1)
                return data + self._port.read(min(self._port.in_waiting, MAX_READ)) if data else b""
            except (serial.SerialException, OSError, TypeError, ValueError) as error:
                raise self._lost(error) from error

    def send(self, data: bytes) -> None:
        with self._busy:
            try:
                if not self._open:
                    raise OSError("closed")
                self._port.write(data)
            except serial.SerialTimeoutException as error:
                raise DeviceTimeout(
                    f"{self._where} takes no bytes", field=self._where, advice=_ADVICE
                ) from error
            except (serial.SerialException, OSError, TypeError, ValueError) as error:
                raise self._lost(error) from error

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        with suppress(AttributeError, TypeError, OSError):  # the port may have gone by itself
            self._port.cancel_read()
        with self._busy, suppress(OSError, serial.SerialException):
            self._port.close()

    def _lost(self, error: Exception) -> DeviceDisconnected:
        return DeviceDisconnected(
            f"the serial line was lost: {_reason(error)}", field=self._where, advice=_ADVICE
        )


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _opening_advice(device: str) -> str:
    if not os.path.exists(device):  # noqa: PTH110 (a device path, not one of our files)
        return "plug the device in, or correct `device`"
    if not os.access(device, os.R_OK | os.W_OK):
        return "let the agent's user read and write it (group dialout)"
    return "end the other program that uses it"
