"""One Modbus client below a driver: every way in which an exchange can fail is a DeviceError.

Opened and used by one driver; ``close()`` may come from another thread and ends an exchange that waits.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from pymodbus import ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException

from gate_agent.devices import DeviceDisconnected, DeviceError, DeviceTimeout, GarbledReading

Client: TypeAlias = ModbusTcpClient | ModbusSerialClient
T = TypeVar("T")

BUSY = frozenset({0x05, 0x06, 0x0A, 0x0B})
"""Exceptions that ask for patience, not for a technician: acknowledge, server busy, gateway path unavailable,
gateway target does not respond (MODBUS Application Protocol V1.1b3 §7)."""


class DeviceBusy(DeviceError):
    """The device, or a gateway before it, could not answer just now; `for_s` since it last could."""

    def __init__(self, what: str, for_s: float) -> None:
        super().__init__(what, field="answer", advice="it or its gateway is overloaded: poll less often")
        self.for_s = for_s


class ModbusLine:
    """The line to one device: `device` names it for people ("door controller"), `where` is its address.

    `make` builds the client; it is given the hook that pymodbus calls with each packet.
    """

    def __init__(
        self, device: str, where: str, make: Callable[[Callable[[bool, bytes], bytes]], Client]
    ) -> None:
        self._device = device
        self._where = where
        self._make = make
        self._client: Client | None = None
        self._wire = threading.Lock()  # pymodbus clients may not be closed while they exchange
        self._closing = threading.Event()
        self._heard = False
        self._busy_since: float | None = None

    def open(self) -> None:
        """Connect. Raises DeviceDisconnected."""
        self._closing.clear()
        self._busy_since = None
        client = self._make(self._notice)
        if not client.connect():
            raise self.gone(f"no connection to the {self._device}")
        self._client = client

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

    def pause(self, seconds: float) -> None:
        """Wait; raises DeviceDisconnected when the line is closed meanwhile."""
        if self._closing.wait(max(seconds, 0.0)):
            raise self.gone("closed")

    def transact(self, ask: Callable[[Any], Any], function: int, count: int) -> Sequence[int]:
        """One exchange: the `count` registers that `function` answers with.

        `ask` is called with the client and gives pymodbus's answer. Raises DeviceBusy, DeviceDisconnected,
        DeviceTimeout, GarbledReading or DeviceError.
        """
        with self._wire:
            client = self._client
            if client is None or not client.connected:
                raise self.gone(f"the line to the {self._device} is closed")
            self._heard = False
            try:
                answer = ask(client)
            except ConnectionException as error:
                raise self.gone(f"the {self._device} closed the line") from error
            except ModbusIOException as error:
                raise self._no_answer() from error
            except ModbusException as error:
                raise _garbled(f"not Modbus: {error}") from error
            except OSError as error:
                raise self.gone(f"the line failed: {error.strerror or error}") from error
        if answer.isError():
            raise self._refused(answer.exception_code)
        self._busy_since = None
        if answer.function_code != function:
            raise _garbled(f"function {answer.function_code} instead of {function}")
        if len(answer.registers) != count:
            raise _garbled(f"{len(answer.registers)} registers instead of {count}")
        return answer.registers

    def patiently(self, exchange: Callable[[], T], *, within_s: float, every_s: float) -> T:
        """Repeat an exchange while the device is busy, at most so long."""
        while True:
            try:
                return exchange()
            except DeviceBusy as busy:
                if busy.for_s > within_s:
                    raise
                self.pause(every_s)

    def gone(self, what: str) -> DeviceDisconnected:
        return DeviceDisconnected(
            what, field=self._where, advice=f"check the {self._device}'s power, cable and address"
        )

    def _notice(self, sending: bool, data: bytes) -> bytes:
        """Tells a line with noise on it from a silent one."""
        self._heard = self._heard or (not sending and bool(data))
        return data

    def _refused(self, code: int) -> DeviceError:
        what = f"the {self._device} answered Modbus exception {code}"
        if code not in BUSY:
            advice = "check that it serves this unit number and this register map"
            return DeviceError(what, field="answer", advice=advice)
        now = time.monotonic()
        self._busy_since = now if self._busy_since is None else self._busy_since
        return DeviceBusy(what, now - self._busy_since)

    def _no_answer(self) -> DeviceError:
        if self._closing.is_set():
            return self.gone(f"closed while waiting for the {self._device}")
        if self._heard:
            return _garbled("bytes that are not an answer to the request")
        return DeviceTimeout(
            f"the {self._device} at {self._where} does not answer",
            field="answer",
            advice="check that it runs, the unit number and the line",
        )


def _garbled(what: str) -> GarbledReading:
    return GarbledReading(what, field="answer", advice="check the device's map version and cabling")
