"""A chip reader on the wire of vsmartcard's virtual PC/SC driver: no daemon, no installation.

The reader side, this driver, listens on a TCP port; the card side connects when a chip enters the field
and hangs up when it leaves. Every message, either way, is a two-byte big-endian length and that many
bytes. From the reader, one byte is a control (0 power off, 1 power on, 2 reset, 4 send the ATR) and
anything longer a command APDU; from the card come the ATR and response APDUs, nothing unasked.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress
from typing import ClassVar

from pydantic import Field

from gate_agent.devices import (
    CardLost,
    ChipPresence,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
)

_POWER_OFF, _POWER_ON, _RESET, _GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
_WAIT_S = 0.2
_ATR_TIMEOUT_S = 0.7
_MAX_ATR = 33  # ISO/IEC 7816-3 §8.2
_MAX_APDU = 0xFFFF
_LATE_ANSWERS = 4
_SEND_TIMEOUT_S = 1.0


class VpcdConfig(DriverConfig):
    """A virtual chip reader that card simulators and chip relays connect to."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Whoever can reach it can present a chip: keep it to loopback.",
    )
    port: int = Field(default=35963, ge=1, le=65535, description="TCP port to listen on.")


class VpcdReader:
    """Listens for a chip and exchanges APDUs with it."""

    Config: ClassVar[type[DriverConfig]] = VpcdConfig
    capability: ClassVar[str] = "chip_reader"

    def __init__(self, config: VpcdConfig) -> None:
        self._config = config
        self._where = f"{config.host}:{config.port}"
        self._busy = threading.Lock()
        self._listener: socket.socket | None = None
        self._card: socket.socket | None = None
        self._received = bytearray()
        self._atr = b""
        self._reported = False
        self._in_step = True

    # ---------------------------------------------------------------- device

    def open(self) -> None:
        self.close()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._config.host, self._config.port))
            listener.listen(1)
        except OSError as error:
            listener.close()
            raise DeviceError(
                f"cannot listen: {error.strerror or error}",
                field=self._where,
                advice="end the other program on this port (pcscd with vpcd uses it), or configure another",
            ) from error
        self._listener = listener

    def close(self) -> None:
        for wire in (self._listener, self._card):
            if wire is not None:
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)  # ends a call that another thread is blocked in
        with self._busy:
            self._hang_up()
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            self._reported = False

    def read(self) -> ChipPresence | None:
        with self._busy:
            if self._card is None:
                if self._reported:
                    self._reported = False
                    return ChipPresence(False)
                return self._await_chip()
            return self._await_departure()

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        if not 4 <= len(apdu) <= _MAX_APDU:
            raise DeviceError(f"a command of {len(apdu)} bytes does not fit the wire", field="command")
        with self._busy:
            if self._card is None:
                raise CardLost("no chip is in the field", field=self._where)
            deadline = time.monotonic() + timeout_s
            if not self._in_step:
                self._get_in_step(deadline)
            self._in_step = False
            self._send(apdu)
            response = self._receive(deadline)
            self._in_step = True
        if len(response) < 2:
            raise GarbledReading(
                "a response without status word", field="response", advice="restart the card side"
            )
        return response

    # ---------------------------------------------------------------- presence

    def _await_chip(self) -> ChipPresence | None:
        if self._listener is None:
            raise DeviceDisconnected("the reader is not open", field=self._where)
        try:
            if not select.select([self._listener], [], [], _WAIT_S)[0]:
                return None
            self._card, _ = self._listener.accept()
        except (OSError, ValueError) as error:
            raise DeviceDisconnected(f"the port was lost: {error}", field=self._where) from error
        try:
            self._card.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._send(_POWER_ON)
            self._send(_GET_ATR)
            atr = self._receive(time.monotonic() + _ATR_TIMEOUT_S)
        except CardLost:
            return None  # it only brushed the field
        except DeviceTimeout:
            self._hang_up()
            raise
        if not 2 <= len(atr) <= _MAX_ATR:
            self._hang_up()
            raise GarbledReading(
                f"an ATR of {len(atr)} bytes", field="ATR", advice="what connects must speak vpcd"
            )
        self._atr, self._in_step, self._reported = atr, True, True
        return ChipPresence(True, atr)

    def _await_departure(self) -> ChipPresence | None:
        """A chip says nothing unasked: bytes that come now are answers that came too late."""
        try:
            if select.select([self._connected()], [], [], _WAIT_S)[0]:
                self._in_step = False
                self._fill(_WAIT_S)
        except (CardLost, ValueError):
            self._reported = False
            return ChipPresence(False)
        return None

    def _get_in_step(self, deadline: float) -> None:
        """After a time-out nobody knows what the next answer belongs to: reset, and skip to the ATR."""
        self._send(_RESET)
        self._send(_GET_ATR)
        for _ in range(_LATE_ANSWERS):
            if self._receive(deadline) == self._atr:
                self._in_step = True
                return
        self._hang_up()
        raise GarbledReading("a reset chip did not send its ATR", field="ATR", advice="present it again")

    # ---------------------------------------------------------------- the wire

    def _connected(self) -> socket.socket:
        if self._card is None:
            raise CardLost("no chip is in the field", field=self._where)
        return self._card

    def _hang_up(self) -> None:
        card, self._card = self._card, None
        self._received.clear()
        if card is not None:
            with suppress(OSError):
                card.sendall(b"\x00\x01" + _POWER_OFF)
            card.close()

    def _lost(self) -> CardLost:
        self._hang_up()
        return CardLost(
            "the chip left the field", field=self._where, advice="leave the document on the reader"
        )

    def _send(self, message: bytes) -> None:
        card = self._connected()
        try:
            card.settimeout(_SEND_TIMEOUT_S)
            card.sendall(len(message).to_bytes(2, "big") + message)
        except OSError as error:
            raise self._lost() from error

    def _receive(self, deadline: float) -> bytes:
        """The next whole message. What has arrived of one that is late stays for the next call."""
        while True:
            if len(self._received) >= 2:
                end = 2 + int.from_bytes(self._received[:2], "big")
                if len(self._received) >= end:
                    message = bytes(self._received[2:end])
                    del self._received[:end]
                    return message
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeviceTimeout("the chip does not answer", field=self._where, advice="present it again")
            self._fill(left)

    def _fill(self, timeout_s: float) -> None:
        card = self._connected()
        try:
            card.settimeout(timeout_s)
            # Without an immediate acknowledgement Nagle's algorithm at the other side costs 40 ms a
            # message. Linux forgets the option, so it is set before every receive.
            card.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            chunk = card.recv(_MAX_APDU)
        except TimeoutError:
            return
        except OSError as error:
            raise self._lost() from error
        if not chunk:
            raise self._lost()
        self._received += chunk
        if len(self._received) > 2 * (_MAX_APDU + 2):
            self._hang_up()
            raise GarbledReading(
                "more bytes than any answer has", field=self._where, advice="check what connects"
            )
