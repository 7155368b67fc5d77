"""The place on the passport reader where a chip lies, on the wire of vsmartcard's virtual PC/SC driver.

The reader side (the agent's ``vpcd`` driver, or the real pcscd with vsmartcard-vpcd) listens; the card
side connects when a chip is presented and hangs up when it is taken away. Each message is a 2-byte
big-endian length and that many bytes: from the reader one byte of control (0 power off, 1 power on,
2 reset, 4 send the ATR) or a command APDU, from the card the ATR or a response APDU.
"""

from __future__ import annotations

import random
import socket
import threading
from enum import IntEnum

from gate_simulators.chip.apdu import SW
from gate_simulators.chip.link import Card, CardLost
from gate_simulators.device.faults import FaultBoard, FaultKind

_POLL_S = 0.05
"""How soon a fault or a removal is noticed while the wire is quiet."""


class Control(IntEnum):
    """One-byte messages of the reader."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    ATR = 4


class _Gone(Exception):
    """The reader hung up, or the chip was taken away."""


class ChipSlot:
    """A simulated chip reader field: ``present(chip)`` and ``remove()``.

    Faults: CARD_LOST [after: APDUs answered since the chip connected until it is pulled away, default 0]
    happens once and clears itself, the chip must be presented again; DEAD_CHIP [answer: "none" or "6F00"];
    DELAY [seconds per APDU]; GARBLE [ratio of responses with a flipped bit]; DROP [ratio of responses
    lost]; UNPLUG.
    """

    def __init__(self, name: str, host: str, port: int, *, seed: int = 0) -> None:
        self.name = name
        self.faults = FaultBoard(
            frozenset(
                {
                    FaultKind.CARD_LOST,
                    FaultKind.DEAD_CHIP,
                    FaultKind.DELAY,
                    FaultKind.GARBLE,
                    FaultKind.DROP,
                    FaultKind.UNPLUG,
                }
            )
        )
        self._address = (host, port)
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self._chip: Card | None = None
        self._generation = 0
        self._stopping = True
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ what happens to the chip

    def start(self) -> None:
        with self._changed:
            if self._thread is not None:
                return
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name=f"sim-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            thread, self._thread = self._thread, None
            self._stopping = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def present(self, chip: Card) -> None:
        """Lay a chip on the reader, in place of any other; it is powered up afresh."""
        self._lay(chip)

    def remove(self) -> None:
        """Take the chip away, in the middle of an exchange if there is one."""
        self._lay(None)

    @property
    def occupied(self) -> bool:
        """Whether a chip lies in the field."""
        return self._chip is not None

    def _lay(self, chip: Card | None) -> None:
        with self._changed:
            self._chip = chip
            self._generation += 1
            self._changed.notify_all()

    # ------------------------------------------------------------ the card's side of the wire

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                chip, generation = self._chip, self._generation
                if chip is None or self.faults.active(FaultKind.UNPLUG):
                    self._changed.wait(_POLL_S if chip else None)
                    continue
            try:
                with socket.create_connection(self._address, timeout=1.0) as wire:
                    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    wire.settimeout(_POLL_S)
                    chip.reset()
                    self._serve(wire, chip, generation)
            except (_Gone, OSError):
                self._pause(_POLL_S, generation)  # no reader is listening, or it hung up: try again

    def _serve(self, wire: socket.socket, chip: Card, generation: int) -> None:
        answered = 0
        while True:
            message = self._receive(wire, generation)
            if len(message) == 1:
                self._control(wire, chip, message[0])
                continue
            lost = self.faults.active(FaultKind.CARD_LOST)
            if lost is not None and answered >= int(lost.parameters.get("after", 0)):
                self.faults.clear(FaultKind.CARD_LOST)
                self._pull_away(generation)
                raise _Gone
            try:
                response = self._answer(chip, message, generation)
            except CardLost:
                self._pull_away(generation)
                raise _Gone from None
            if response is not None:
                _send(wire, response)
            answered += 1

    def _control(self, wire: socket.socket, chip: Card, code: int) -> None:
        if code == Control.ATR:
            _send(wire, chip.ATR)
        elif code in (Control.POWER_ON, Control.POWER_OFF, Control.RESET):
            chip.reset()

    def _answer(self, chip: Card, apdu: bytes, generation: int) -> bytes | None:
        """The response as the faults leave it; None when there is none."""
        if dead := self.faults.active(FaultKind.DEAD_CHIP):
            unwell = dead.parameters.get("answer", "none") == "6F00"
            return SW.NO_PRECISE_DIAGNOSIS.to_bytes(2, "big") if unwell else None
        response = chip.process(apdu)
        if delay := self.faults.active(FaultKind.DELAY):
            self._pause(float(delay.parameters.get("seconds", 1.0)), generation)
        if self._strikes(FaultKind.DROP):
            return None
        if self._strikes(FaultKind.GARBLE):
            at = self._random.randrange(len(response))
            flipped = response[at] ^ 1 << self._random.randrange(8)
            response = response[:at] + bytes([flipped]) + response[at + 1 :]
        return response

    def _strikes(self, kind: FaultKind) -> bool:
        fault = self.faults.active(kind)
        return fault is not None and self._random.random() < float(fault.parameters.get("ratio", 1.0))

    # ------------------------------------------------------------ waiting

    def _receive(self, wire: socket.socket, generation: int) -> bytes:
        length = int.from_bytes(self._receive_exactly(wire, 2, generation), "big")
        return self._receive_exactly(wire, length, generation)

    def _receive_exactly(self, wire: socket.socket, count: int, generation: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            if self._over(generation) or self.faults.active(FaultKind.UNPLUG):
                raise _Gone
            # Without an immediate acknowledgement Nagle's algorithm at the peer costs 40 ms a message;
            # Linux forgets the option, so it is set before every receive.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            try:
                chunk = wire.recv(count - len(received))
            except TimeoutError:
                continue
            if not chunk:
                raise _Gone
            received += chunk
        return bytes(received)

    def _pause(self, seconds: float, generation: int) -> None:
        """Wait, but not beyond the presence of this chip."""
        with self._changed:
            self._changed.wait_for(lambda: self._over(generation), timeout=seconds)

    def _over(self, generation: int) -> bool:
        return self._stopping or self._generation != generation

    def _pull_away(self, generation: int) -> None:
        with self._changed:
            if self._generation == generation:
                self._chip = None


def _send(wire: socket.socket, message: bytes) -> None:
    wire.sendall(len(message).to_bytes(2, "big") + message)
