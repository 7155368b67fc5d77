"""The simulated chip slot on the wire of vsmartcard's vpcd: framing, presence and every fault.

The reader in these tests is a bare listening socket, as the virtual PC/SC driver is one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate_simulators.chip import Chip, ber
from gate_simulators.chip.vpcd_card import ChipSlot, Control
from gate_simulators.device.faults import FaultKind

SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
GET_CHALLENGE = bytes.fromhex("0084000008")
READ_DG1 = bytes.fromhex("00B0810000")
DG1 = ber.encode(0x61, b"holder")
OK = bytes.fromhex("9000")


class Reader:
    """A listening socket that speaks the reader's half of the protocol."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(5.0)
        self.port: int = self._listener.getsockname()[1]
        self._card: socket.socket | None = None

    def close(self) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        if self._card is not None:
            self._card.close()
            self._card = None

    def wait_for_card(self) -> None:
        self.hang_up()
        self._card, _ = self._listener.accept()
        self._card.settimeout(5.0)

    def card_comes_within(self, seconds: float) -> bool:
        self._listener.settimeout(seconds)
        try:
            self.wait_for_card()
        except TimeoutError:
            return False
        finally:
            self._listener.settimeout(5.0)
        return True

    def send(self, message: bytes) -> None:
        assert self._card is not None
        self._card.sendall(len(message).to_bytes(2, "big") + message)

    def receive(self, timeout_s: float = 5.0) -> bytes | None:
        """The next message; None when the card hung up. Raises TimeoutError."""
        assert self._card is not None
        self._card.settimeout(timeout_s)
        head = self._exactly(2)
        return None if head is None else self._exactly(int.from_bytes(head, "big"))

    def transmit(self, apdu: bytes, timeout_s: float = 5.0) -> bytes | None:
        self.send(apdu)
        return self.receive(timeout_s)

    def control(self, code: Control) -> None:
        self.send(bytes([code]))

    def _exactly(self, count: int) -> bytes | None:
        assert self._card is not None
        received = b""
        while len(received) < count:
            chunk = self._card.recv(count - len(received))
            if not chunk:
                return None
            received += chunk
        return received


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


@pytest.fixture
def slot(reader: Reader) -> Iterator[ChipSlot]:
    made = ChipSlot("chip", "127.0.0.1", reader.port, seed=3)
    made.start()
    yield made
    made.stop()
    assert not [t.name for t in threading.enumerate() if t.name == "sim-chip"]


def protected_chip() -> Chip:
    return Chip({"DG1": DG1}, "L898902C<369080619406236")


def open_chip() -> Chip:
    """Without access control, so that a test can see what is in a response."""
    return Chip({"DG1": DG1}, None)


# ---------------------------------------------------------------- presence and framing


def test_no_chip_no_connection(reader: Reader, slot: ChipSlot) -> None:
    assert not slot.occupied
    assert not reader.card_comes_within(0.2)


def test_a_presented_chip_connects_gives_its_atr_and_answers(reader: Reader, slot: ChipSlot) -> None:
    slot.present(protected_chip())
    reader.wait_for_card()
    reader.control(Control.POWER_ON)
    reader.control(Control.ATR)
    assert reader.receive() == bytes.fromhex("3B80800101")
    assert reader.transmit(SELECT_APPLICATION) == OK
    challenge = reader.transmit(GET_CHALLENGE)
    assert challenge is not None
    assert len(challenge) == 10


def test_a_message_in_pieces_is_one_message(reader: Reader, slot: ChipSlot) -> None:
    slot.present(protected_chip())
    reader.wait_for_card()
    card = reader._card
    assert card is not None
    for octet in len(SELECT_APPLICATION).to_bytes(2, "big") + SELECT_APPLICATION:
        card.sendall(bytes([octet]))
    assert reader.receive() == OK


@pytest.mark.parametrize("message", [b"", b"\x05", b"\x00\xa4", bytes(0xFFFF)], ids=len)
def test_a_senseless_message_harms_nothing(reader: Reader, slot: ChipSlot, message: bytes) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    reader.send(message)
    if len(message) != 1:  # an unknown control byte is ignored, anything else is taken for an APDU
        assert reader.receive() == bytes.fromhex("6700")
    assert reader.transmit(SELECT_APPLICATION) == OK


@pytest.mark.parametrize("code", [Control.POWER_OFF, Control.POWER_ON, Control.RESET])
def test_power_and_reset_start_the_chip_afresh(reader: Reader, slot: ChipSlot, code: Control) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == OK
    assert reader.transmit(READ_DG1) == DG1 + OK
    reader.control(code)
    assert reader.transmit(READ_DG1) == bytes.fromhex("6A82")


def test_a_removed_chip_hangs_up(reader: Reader, slot: ChipSlot) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    slot.remove()
    assert reader.receive() is None
    assert not reader.card_comes_within(0.2)


def test_another_chip_takes_the_place_of_the_first(reader: Reader, slot: ChipSlot) -> None:
    slot.present(protected_chip())
    reader.wait_for_card()
    slot.present(open_chip())
    assert reader.receive() is None
    reader.wait_for_card()
    reader.transmit(SELECT_APPLICATION)
    assert reader.transmit(READ_DG1) == DG1 + OK


def test_a_chip_waits_for_a_reader_that_starts_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    slot = ChipSlot("chip", "127.0.0.1", port)
    slot.start()
    slot.present(open_chip())
    try:
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(5.0)
            card, _ = listener.accept()
            card.close()
    finally:
        slot.stop()


def test_a_chip_connects_again_to_a_reader_that_hung_up(reader: Reader, slot: ChipSlot) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == OK


def test_stop_ends_in_the_middle_of_anything(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.DELAY, parameters={"seconds": 60.0})
    slot.present(open_chip())
    reader.wait_for_card()
    reader.send(SELECT_APPLICATION)
    slot.stop()
    slot.stop()


def test_a_stopped_slot_starts_again_with_its_chip(reader: Reader, slot: ChipSlot) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    slot.stop()
    slot.start()
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == OK


# ---------------------------------------------------------------- faults


def test_card_lost_after_some_apdus_until_it_is_presented_again(reader: Reader, slot: ChipSlot) -> None:
    chip = open_chip()
    slot.faults.inject(FaultKind.CARD_LOST, parameters={"after": 2})
    slot.present(chip)
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == OK
    assert reader.transmit(READ_DG1) == DG1 + OK
    assert reader.transmit(READ_DG1) is None
    assert not slot.occupied
    assert not reader.card_comes_within(0.2)
    slot.present(chip)
    reader.wait_for_card()
    for _ in range(4):
        assert reader.transmit(SELECT_APPLICATION) == OK


def test_a_dead_chip_has_an_atr_and_nothing_else(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.DEAD_CHIP)
    slot.present(open_chip())
    reader.wait_for_card()
    reader.control(Control.ATR)
    assert reader.receive() == Chip.ATR
    with pytest.raises(TimeoutError):
        reader.transmit(SELECT_APPLICATION, timeout_s=0.3)


def test_a_dead_chip_may_answer_that_it_is(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.DEAD_CHIP, parameters={"answer": "6F00"})
    slot.present(open_chip())
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == bytes.fromhex("6F00")


def test_a_delayed_answer_comes_after_all(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.DELAY, parameters={"seconds": 0.4})
    slot.present(open_chip())
    reader.wait_for_card()
    with pytest.raises(TimeoutError):
        reader.transmit(SELECT_APPLICATION, timeout_s=0.1)
    assert reader.receive() == OK


def test_a_garbled_answer_differs_in_one_bit(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.GARBLE)
    slot.present(open_chip())
    reader.wait_for_card()
    answer = reader.transmit(SELECT_APPLICATION)
    assert answer is not None
    assert (int.from_bytes(answer, "big") ^ 0x9000).bit_count() == 1


def test_a_dropped_answer_never_comes(reader: Reader, slot: ChipSlot) -> None:
    slot.faults.inject(FaultKind.DROP, parameters={"ratio": 1.0})
    slot.present(open_chip())
    reader.wait_for_card()
    with pytest.raises(TimeoutError):
        reader.transmit(SELECT_APPLICATION, timeout_s=0.3)
    slot.faults.clear()
    assert reader.transmit(SELECT_APPLICATION) == OK


def test_unplugged_and_plugged_in_again(reader: Reader, slot: ChipSlot) -> None:
    slot.present(open_chip())
    reader.wait_for_card()
    slot.faults.inject(FaultKind.UNPLUG)
    assert reader.receive() is None
    assert not reader.card_comes_within(0.2)
    slot.faults.clear(FaultKind.UNPLUG)
    reader.wait_for_card()
    assert reader.transmit(SELECT_APPLICATION) == OK


def test_a_fault_that_a_chip_cannot_have_is_refused(slot: ChipSlot) -> None:
    with pytest.raises(ValueError, match="stuck_door"):
        slot.faults.inject(FaultKind.STUCK_DOOR)


# ---------------------------------------------------------------- the real PC/SC stack

VPCD_LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PCSCD_SOCKET = Path("/run/pcscd/pcscd.comm")


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[int]:
    """A pcscd of this test's own with one virtual reader; gives the port the chip connects to."""
    pytest.importorskip("smartcard", reason="pyscard is not installed")
    daemon = shutil.which("pcscd")
    if daemon is None or not VPCD_LIBRARY.exists():
        pytest.skip("pcscd or vsmartcard-vpcd is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root may start pcscd")
    if PCSCD_SOCKET.exists():
        pytest.skip("another pcscd is running")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    (tmp_path / "vpcd").write_text(
        f'FRIENDLYNAME "Simulated"\nDEVICENAME /dev/null:0x{port:X}\n'
        f"LIBPATH {VPCD_LIBRARY}\nCHANNELID 0x{port:X}\n"
    )
    with subprocess.Popen(
        [daemon, "--foreground", "--config", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield port
        finally:
            process.terminate()


def test_pcscd_sees_the_chip_come_answer_and_go(pcscd: int) -> None:
    from smartcard.CardRequest import CardRequest  # pyright: ignore[reportMissingImports]
    from smartcard.Exceptions import CardConnectionException, NoCardException  # pyright: ignore[reportMissingImports]

    slot = ChipSlot("chip", "127.0.0.1", pcscd)
    slot.start()
    try:
        slot.present(open_chip())
        wait_until(PCSCD_SOCKET.exists)
        service = CardRequest(timeout=10).waitforcard()  # holds the context that the connection needs
        assert service is not None
        connection = service.connection
        connection.connect()
        assert bytes(connection.getATR()) == Chip.ATR
        assert connection.transmit(list(SELECT_APPLICATION)) == ([], 0x90, 0x00)
        assert connection.transmit(list(READ_DG1)) == (list(DG1), 0x90, 0x00)
        slot.remove()
        with pytest.raises((CardConnectionException, NoCardException)):
            for _ in range(100):
                connection.transmit(list(READ_DG1))
                time.sleep(0.05)
    finally:
        slot.stop()


def wait_until(holds: Callable[[], bool], attempts: int = 200) -> None:
    for _ in range(attempts):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail(f"{holds} never held")
