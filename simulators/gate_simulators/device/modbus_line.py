"""The wire below a simulated Modbus server: a TCP listener or a pseudo-terminal, with faults on bytes.

pymodbus serves the protocol; this module stands between its request handler and the real line, where
bytes are lost, flipped, late or cut off. Modbus RTU frames are delimited by silence (MODBUS over
Serial Line V1.02 §2.5.1.1), so after a pause a half-received request is forgotten.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import SimDevice

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.device.pty_line import PtyLine

NewHandler = Callable[[], ServerRequestHandler]
SILENCE_S = 0.05
"""Pause that ends a frame; generous beside 3.5 characters because the host's scheduler is no UART."""


def busy(faults: FaultBoard) -> ExcCodes | None:
    """The exception that a busy device answers with now."""
    fault = faults.active(FaultKind.BUSY)
    return None if fault is None else ExcCodes(int(fault.parameters.get("code", ExcCodes.DEVICE_BUSY)))


def handlers(device: SimDevice, framer: FramerType) -> NewHandler:
    """A request handler for each new connection to this device. Call inside the event loop."""
    # Never told to listen: a line below hands it one connection after another.
    server = ModbusTcpServer(device, framer=framer)

    def new_handler() -> ServerRequestHandler:
        handler = server.handle_new_connection()
        assert isinstance(handler, ServerRequestHandler)
        return handler

    return new_handler


class _Link(asyncio.Transport):
    """One connection: the transport that pymodbus writes to, and the way in for its requests."""

    def __init__(
        self,
        handler: ServerRequestHandler,
        faults: FaultBoard,
        dice: random.Random,
        send: Callable[[bytes], object],
    ) -> None:
        super().__init__()
        self._handler = handler
        self._faults = faults
        self._dice = dice
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._heard_at = 0.0
        handler.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Bytes from the agent."""
        now = self._loop.time()
        if now - self._heard_at > SILENCE_S:
            self._handler.recv_buffer = b""
        self._heard_at = now
        if spoilt := self._spoil(data):
            self._handler.data_received(spoilt)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Bytes to the agent."""
        spoilt = self._spoil(bytes(data))
        if not spoilt:
            return
        if delay := self._faults.active(FaultKind.DELAY):
            self._loop.call_later(float(delay.parameters.get("seconds", 1.0)), self._send, spoilt)
        else:
            self._send(spoilt)

    def _spoil(self, data: bytes) -> bytes:
        if self._faults.active(FaultKind.SILENT):
            return b""
        if (drop := self._faults.active(FaultKind.DROP)) and self._hit(drop.parameters.get("ratio", 0.5)):
            return b""
        if garble := self._faults.active(FaultKind.GARBLE):
            ratio = garble.parameters.get("ratio", 0.1)
            return bytes(b ^ self._dice.randrange(1, 256) if self._hit(ratio) else b for b in data)
        return data

    def _hit(self, ratio: float | str) -> bool:
        return self._dice.random() < float(ratio)

    def close(self) -> None:
        """Part of asyncio.Transport; the real line ends the connection, never the server."""

    def lost(self) -> None:
        self._handler.connection_lost(None)


class _Socket(asyncio.Protocol):
    """An accepted TCP connection."""

    def __init__(self, line: TcpLine) -> None:
        self._line = line
        self.transport: asyncio.Transport | None = None
        self.gone = line.loop.create_future()
        self._link: _Link | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._link = _Link(self._line.new_handler(), self._line.faults, self._line.dice, self._send)
        self._line.sockets.add(self)

    def _send(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self._link is not None:
            self._link.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.sockets.discard(self)
        self.gone.set_result(None)
        if self._link is not None:
            self._link.lost()


class TcpLine:
    """A listener that keeps its port across unplugging."""

    def __init__(
        self, address: tuple[str, int], new_handler: NewHandler, faults: FaultBoard, dice: random.Random
    ) -> None:
        self.address = address
        self.new_handler = new_handler
        self.faults = faults
        self.dice = dice
        self.loop = asyncio.get_running_loop()
        self.sockets: set[_Socket] = set()
        self._server: asyncio.Server | None = None

    @property
    def plugged(self) -> bool:
        return self._server is not None

    async def plug(self) -> None:
        host, port = self.address
        self._server = await self.loop.create_server(lambda: _Socket(self), host, port, reuse_address=True)
        self.address = (host, self._server.sockets[0].getsockname()[1])

    async def unplug(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self.sockets):
            if connection.transport is not None:
                connection.transport.abort()
        await self._server.wait_closed()
        await asyncio.gather(*(connection.gone for connection in tuple(self.sockets)))
        self._server = None


class SerialLine:
    """A pseudo-terminal. Polled, because a terminal that nobody has open is always "ready"."""

    def __init__(self, link: Path, new_handler: NewHandler, faults: FaultBoard, dice: random.Random) -> None:
        self._pty = PtyLine(link)
        self._new_handler = new_handler
        self._faults = faults
        self._dice = dice
        self._listener: asyncio.Task[None] | None = None

    @property
    def plugged(self) -> bool:
        """False too when the listener died, so that the controller's next scan starts another."""
        return self._pty.plugged and self._listener is not None and not self._listener.done()

    async def plug(self) -> None:
        self._pty.plug()
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        link = _Link(self._new_handler(), self._faults, self._dice, self._pty.write)
        try:
            while True:
                if data := self._pty.read(1024, 0.0):
                    link.receive(data)
                await asyncio.sleep(0.002 if self._pty.connected() else 0.02)
        finally:
            link.lost()

    async def unplug(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None
        self._pty.unplug()


async def heed_plug(line: TcpLine | SerialLine, faults: FaultBoard) -> None:
    """Pull the plug, or put it back, as the fault board says now."""
    unplugged = faults.active(FaultKind.UNPLUG) is not None
    if unplugged and line.plugged:
        await line.unplug()
    elif not unplugged and not line.plugged:
        with suppress(OSError):  # the port may still be taken; the next time tries again
            await line.plug()
