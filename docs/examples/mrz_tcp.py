"""A document scanner with a network port: MRZ lines in STX/ETX frames over TCP.

STX line CR line CR [line CR] ETX    a document was read
STX ETX                              the document was taken away
ENQ, answered with ACK               "are you a scanner?"
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import ClassVar

from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceTimeout,
    DocumentRemoved,
    DriverConfig,
    GarbledReading,
    LineNoise,
    MrzReading,
)

STX, ETX, ENQ, ACK = b"\x02", b"\x03", b"\x05", b"\x06"
LONGEST_FRAME = 256  # three lines of 30 or two of 44 characters (Doc 9303-3 §4) fit well
ADVICE = "check the scanner's power and network cable"


class MrzTcpConfig(DriverConfig):
    """Where the scanner is, and how patient to be."""

    host: str = Field(max_length=253, description="The scanner's address.", examples=["192.0.2.20"])
    port: int = Field(default=4001, ge=1, le=65535, description="The scanner's TCP port.")
    timeout_s: float = Field(default=1.0, gt=0, le=5, description="Longest wait for an answer, seconds.")


class MrzTcpScanner:
    """A network document scanner that sends MRZ lines over TCP."""

    Config: ClassVar[type[DriverConfig]] = MrzTcpConfig
    capability: ClassVar[str] = "document_scanner"

    def __init__(self, config: MrzTcpConfig) -> None:
        self._config = config
        self._wire: socket.socket | None = None
        self._received = b""

    def open(self) -> None:
        """Connect and have the scanner answer an enquiry."""
        self.close()
        address = (self._config.host, self._config.port)
        try:
            self._wire = socket.create_connection(address, timeout=self._config.timeout_s)
            self._wire.sendall(ENQ)
            answer = self._wire.recv(1)
        except TimeoutError as error:
            self.close()
            raise DeviceTimeout("the scanner does not answer", field="host", advice=ADVICE) from error
        except OSError as error:
            self.close()
            raise DeviceDisconnected(f"no scanner: {error}", field="host", advice=ADVICE) from error
        if answer != ACK:
            self.close()
            raise GarbledReading(f"answered {answer!r} to ENQ", field="host", advice="is this the scanner?")
        self._wire.settimeout(0.2)  # from here on: how long read() waits

    def close(self) -> None:
        wire, self._wire, self._received = self._wire, None, b""
        if wire is not None:
            with suppress(OSError):  # the scanner may have hung up first
                wire.shutdown(socket.SHUT_RDWR)  # ends a recv() in another thread
            wire.close()

    def read(self) -> MrzReading | DocumentRemoved | None:
        """The next document or removal; None when nothing happened."""
        if ETX not in self._received:
            self._receive()
        frame, end, rest = self._received.partition(ETX)
        if not end:
            if len(frame) > LONGEST_FRAME:
                self._received = b""
                kind = GarbledReading if STX in frame else LineNoise
                raise kind(f"no ETX within {LONGEST_FRAME} bytes", field="frame", advice=ADVICE)
            return None
        self._received = rest
        return _decoded(frame)

    def _receive(self) -> None:
        wire = self._wire
        try:
            received = wire.recv(LONGEST_FRAME) if wire is not None else b""
        except TimeoutError:
            return
        except OSError as error:
            raise DeviceDisconnected(
                f"the connection failed: {error}", field="host", advice=ADVICE
            ) from error
        if not received:
            raise DeviceDisconnected("the scanner hung up", field="host", advice=ADVICE)
        self._received += received


def _decoded(frame: bytes) -> MrzReading | DocumentRemoved:
    noise, begun, body = frame.partition(STX)
    if not begun:  # nobody presented anything
        raise LineNoise(f"{len(noise)} bytes outside a frame", field="frame", advice=ADVICE)
    try:
        lines = tuple(body.decode("ascii").split("\r")[:-1])
    except UnicodeDecodeError as error:
        raise GarbledReading("not ASCII", field=f"frame[{error.start + 1}]", advice=ADVICE) from error
    return MrzReading(lines) if lines else DocumentRemoved()
