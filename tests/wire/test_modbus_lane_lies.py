"""Bytes that lie: the driver gives a true reading or a DeviceError; no damaged request opens a door."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gate_agent.devices import DeviceError, DoorPosition, LaneReading
from gate_drivers.gates.modbus_controller import checksum
from gate_drivers.gates.modbus_lane import ModbusLane, ModbusLaneConfig
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Plant

PATIENCE_S = 20.0


class Liar:
    """A hand-made Modbus TCP server: `tamper` turns each right answer into what is sent."""

    def __init__(self) -> None:
        self.tamper: Callable[[bytes], bytes] = bytes
        self.heartbeat = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                while request := connection.recv(260):
                    if request == b"stop":
                        return
                    with suppress(OSError):
                        connection.sendall(self.tamper(self._answer(request)))

    def _answer(self, request: bytes) -> bytes:
        """MBAP header, function 23, 22 bytes: the block of a lane at rest (V1.1b3 §6.17)."""
        first = int.from_bytes(request[12:14], "big")
        words = struct.unpack(f">{request[16] // 2}H", request[17:])
        self.heartbeat = (self.heartbeat + 1) & 0xFFFF
        watchdog = words[1] if first == 0x0100 else words[0]
        content = struct.pack(">10H", 0x4C31, self.heartbeat, watchdog, 1, 1, 0x80, 0, 0xFF00, 0, 0x0305)
        body = request[6:7] + b"\x17\x16" + content + checksum(content).to_bytes(2, "big")
        return request[:2] + b"\x00\x00" + len(body).to_bytes(2, "big") + body

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"stop")
            self._thread.join()
        self._listener.close()


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    with closing(Liar()) as made:
        yield made


def lied_to(liar: Liar) -> ModbusLane:
    return ModbusLane(
        ModbusLaneConfig(
            transport="tcp", port=liar.port, poll_interval_s=0.005, timeout_s=0.02, retries=0,
            heartbeat_timeout_s=0.1,
        )
    )  # fmt: skip


def open_in_peace(liar: Liar, driver: ModbusLane) -> None:
    """The short time-outs of these tests may pass on a busy computer: then open again."""
    liar.tamper = bytes
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            driver.open()
        except DeviceError:
            assert time.monotonic() < deadline, "an honest answer is not accepted"
        else:
            return


def read_tampered(liar: Liar, tamper: Callable[[bytes], bytes]) -> LaneReading | None:
    """Open in peace, then read one tampered answer; None too when the driver raised a DeviceError."""
    driver = lied_to(liar)
    open_in_peace(liar, driver)
    liar.tamper = tamper
    try:
        return driver.read()
    except DeviceError as error:
        assert error.field
        return None
    finally:
        driver.close()


def at_rest(reading: LaneReading | None) -> bool:
    return reading is None or (
        (reading.entry, reading.exit) == (DoorPosition.CLOSED, DoorPosition.CLOSED)
        and reading.interlock_ok
        and not (reading.persons_inside or reading.approach or reading.emergency or reading.forced)
    )


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.integers(0, 32), st.integers(1, 255), min_size=1, max_size=4))
@example({7: 0x80})  # becomes an exception response
@example({5: 0xFF})  # a length that never arrives
def test_a_corrupted_answer_is_never_a_false_reading(liar: Liar, flips: dict[int, int]) -> None:
    def tamper(answer: bytes) -> bytes:
        return bytes(b ^ flips.get(i, 0) for i, b in enumerate(answer))

    assert at_rest(read_tampered(liar, tamper))


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=300))
@example(bytes(300))
@example(b"HTTP/1.1 400 Bad Request\r\n\r\n")
def test_an_answer_that_is_not_modbus_is_never_a_reading(liar: Liar, noise: bytes) -> None:
    assert read_tampered(liar, lambda _: noise) is None


@pytest.mark.parametrize("kept", range(0, 31, 5))
def test_a_truncated_answer_is_never_a_reading(liar: Liar, kept: int) -> None:
    assert read_tampered(liar, lambda answer: answer[:kept]) is None


@pytest.mark.parametrize("code", [1, 2, 4, 11])
def test_a_modbus_exception_is_a_device_error_with_its_code(liar: Liar, code: int) -> None:
    driver = lied_to(liar)
    liar.tamper = lambda answer: answer[:4] + b"\x00\x03" + answer[6:7] + bytes([0x97, code])
    with closing(driver), pytest.raises(DeviceError, match=f"exception {code}"):
        driver.open()


def test_an_old_answer_is_no_reading_and_only_old_answers_are_a_frozen_controller(liar: Liar) -> None:
    def old(answer: bytes) -> bytes:
        content = answer[9:13] + b"\x70\x00" + answer[15:29]
        return answer[:9] + content + checksum(content).to_bytes(2, "big")

    driver = lied_to(liar)
    with closing(driver):
        open_in_peace(liar, driver)
        liar.tamper = old
        assert driver.read() is None
        with pytest.raises(DeviceError, match="frozen") as caught:
            while True:
                assert driver.read() is None
    assert caught.value.field == "WATCHDOG"


def test_a_heartbeat_that_stands_still_is_a_frozen_controller(liar: Liar) -> None:
    def still(answer: bytes) -> bytes:
        liar.heartbeat = 7
        return answer

    driver = lied_to(liar)
    liar.tamper = still
    with closing(driver), pytest.raises(DeviceError, match="frozen") as caught:
        driver.open()
        while True:
            driver.read()
    assert caught.value.field == "HEARTBEAT"


# ---------------------------------------------------------------- requests that were damaged


@contextmanager
def powered(controller: LaneController) -> Iterator[LaneController]:
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def test_no_single_damaged_byte_of_a_request_opens_a_door() -> None:
    """Every bit of every byte of "close both" flipped in turn, on a wire without a checksum."""
    close_both = struct.pack(">HHHBBHHHHBHH", 1, 0, 15, 1, 23, 0, 11, 0x0101, 2, 4, 0x0042, 0xFF00)
    plant = Plant()
    with powered(LaneController("lane", plant, tcp=("127.0.0.1", 0), door_seconds=0.1)) as controller:
        for position in range(len(close_both)):
            for bit in range(8):
                damaged = bytearray(close_both)
                damaged[position] ^= 1 << bit
                with socket.create_connection(controller.address) as line:
                    line.sendall(damaged)
        driver = ModbusLane(ModbusLaneConfig(transport="tcp", port=controller.address[1]))
        with closing(driver):
            driver.open()
            for _ in range(5):
                driver.read()
    assert plant.entry.closed
    assert plant.exit.closed
