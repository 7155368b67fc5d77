"""The vpcd wire: framing, presence and every way a card side can misbehave, against raw sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gate_agent.devices import (
    CardLost,
    ChipPresence,
    ChipReader,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    GarbledReading,
)
from gate_drivers.documents.vpcd import VpcdConfig, VpcdReader
from gate_simulators.device.ports import free_port

ATR = bytes.fromhex("3B80800101")
SELECT = bytes.fromhex("00A4040C07A0000002471001")


class Card:
    """The card side, by hand."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=5)

    def receive(self) -> bytes:
        length = int.from_bytes(self._exactly(2), "big")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.wire.recv(count - len(data))
            if not chunk:
                raise ConnectionError
            data += chunk
        return data

    def send(self, message: bytes) -> None:
        self.wire.sendall(len(message).to_bytes(2, "big") + message)

    def power_up(self, atr: bytes = ATR) -> None:
        assert self.receive() == b"\x01"
        assert self.receive() == b"\x04"
        self.send(atr)


@pytest.fixture
def reader() -> Iterator[VpcdReader]:
    threads = set(threading.enumerate())
    driver = VpcdReader(VpcdConfig(port=free_port()))
    driver.open()
    yield driver
    driver.close()
    assert set(threading.enumerate()) == threads


def port_of(reader: VpcdReader) -> int:
    return reader._config.port  # pyright: ignore[reportPrivateUsage]


@contextmanager
def card_in(reader: VpcdReader) -> Iterator[Card]:
    card = Card(port_of(reader))
    powered = threading.Thread(target=card.power_up)
    powered.start()
    try:
        assert presence(reader) == ChipPresence(True, ATR)
        powered.join()
        yield card
    finally:
        card.wire.close()


def presence(reader: VpcdReader) -> ChipPresence | None:
    for _ in range(25):
        if (change := reader.read()) is not None:
            return change
    return None


def test_a_chip_comes_answers_and_goes(reader: VpcdReader) -> None:
    assert isinstance(reader, ChipReader)
    assert reader.read() is None
    with card_in(reader) as card:
        answer = threading.Thread(target=lambda: (card.receive(), card.send(b"\x90\x00")))
        answer.start()
        assert reader.transmit(SELECT, 2.0) == b"\x90\x00"
        answer.join()
        assert reader.read() is None
    assert presence(reader) == ChipPresence(False)
    with card_in(reader):
        pass


def test_without_a_chip_there_is_nothing_to_talk_to(reader: VpcdReader) -> None:
    with pytest.raises(CardLost):
        reader.transmit(SELECT, 1.0)


def test_a_chip_taken_away_mid_exchange_is_lost_then_reported_absent(reader: VpcdReader) -> None:
    with card_in(reader) as card:

        def leave() -> None:
            card.receive()
            card.wire.sendall(b"\x00\x10half")
            card.wire.close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        with pytest.raises(CardLost):
            reader.transmit(SELECT, 2.0)
        leaving.join()
    assert presence(reader) == ChipPresence(False)


def test_a_silent_chip_times_out_and_a_late_answer_is_never_taken_for_another(reader: VpcdReader) -> None:
    with card_in(reader) as card:
        with pytest.raises(DeviceTimeout):
            reader.transmit(SELECT, 0.05)
        assert card.receive() == SELECT
        card.wire.sendall(b"\x00\x02\x90")  # half of the late answer
        assert reader.read() is None

        def recover() -> None:
            card.wire.sendall(b"\x00")
            assert card.receive() == b"\x02"
            assert card.receive() == b"\x04"
            card.send(ATR)
            assert card.receive() == SELECT
            card.send(b"\x6a\x82")

        recovering = threading.Thread(target=recover)
        recovering.start()
        assert reader.transmit(SELECT, 2.0) == b"\x6a\x82"
        recovering.join()


@pytest.mark.parametrize("answer", [b"", b"\x90"])
def test_a_response_without_status_word_is_garbled(reader: VpcdReader, answer: bytes) -> None:
    with card_in(reader) as card:
        answering = threading.Thread(target=lambda: (card.receive(), card.send(answer)))
        answering.start()
        with pytest.raises(GarbledReading):
            reader.transmit(SELECT, 2.0)
        answering.join()


@pytest.mark.parametrize("atr", [b"", bytes(40)])
def test_what_connects_must_have_an_atr(reader: VpcdReader, atr: bytes) -> None:
    card = Card(port_of(reader))
    powered = threading.Thread(target=card.power_up, args=(atr,))
    powered.start()
    with pytest.raises(GarbledReading) as caught:
        presence(reader)
    powered.join()
    assert caught.value.field == "ATR"
    card.wire.close()
    with card_in(reader):
        pass


def test_what_connects_and_says_nothing_is_dropped(reader: VpcdReader) -> None:
    card = Card(port_of(reader))
    with pytest.raises(DeviceTimeout):
        presence(reader)
    card.wire.close()


def test_a_port_in_use_is_explained(reader: VpcdReader) -> None:
    second = VpcdReader(VpcdConfig(port=port_of(reader)))
    with pytest.raises(DeviceError) as caught:
        second.open()
    assert "pcscd" in caught.value.advice
    second.close()


def test_closed_and_opened_again(reader: VpcdReader) -> None:
    with card_in(reader):
        reader.close()
        reader.close()
    with pytest.raises(DeviceDisconnected):
        reader.read()
    reader.open()
    with card_in(reader):
        pass


def test_close_from_another_thread_ends_a_transmit(reader: VpcdReader) -> None:
    with card_in(reader):
        closer = threading.Timer(0.1, reader.close)
        closer.start()
        with pytest.raises(CardLost):  # and not DeviceTimeout
            reader.transmit(SELECT, 30.0)
        closer.join()
