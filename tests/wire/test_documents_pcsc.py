"""The PC/SC reader: without pyscard, and against a running pcscd with vsmartcard's virtual reader."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from gate_agent.devices import (
    CardLost,
    ChipReader,
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
)
from gate_drivers.documents.pcsc import PcscConfig, PcscReader
from gate_simulators.chip.card import Chip
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.faults import FaultKind

VIRTUAL_READER = "Virtual PCD 00 00"
VPCD_PORT = 35963
GET_CHALLENGE = bytes.fromhex("0084000008")
SELECT = bytes.fromhex("00A4040C07A0000002471001")
FILES = {"EF.COM": bytes.fromhex("60145F0104303130365F36063034303030305C026175")}


def test_without_pyscard_the_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard", None)
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    reader = PcscReader(PcscConfig())
    assert isinstance(reader, ChipReader)
    with pytest.raises(DeviceError) as caught:
        reader.open()
    assert "pcsc" in caught.value.advice and "vpcd" in caught.value.advice
    reader.close()


def test_before_open_there_is_no_reader() -> None:
    reader = PcscReader(PcscConfig())
    with pytest.raises(DeviceDisconnected):
        reader.read()
    with pytest.raises(DeviceDisconnected):
        reader.transmit(GET_CHALLENGE, 1.0)


@pytest.fixture
def reader() -> Iterator[PcscReader]:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed (extra `pcsc`)")
    driver = PcscReader(PcscConfig(reader=VIRTUAL_READER))
    try:
        driver.open()
    except DeviceError as error:
        pytest.skip(f"no pcscd with a virtual reader is running: {error}")
    yield driver
    driver.close()


@pytest.fixture
def slot() -> Iterator[ChipSlot]:
    slot = ChipSlot("chip", "127.0.0.1", VPCD_PORT)
    slot.start()
    yield slot
    slot.stop()


def awaited(reader: PcscReader, present: bool) -> None:
    for _ in range(50):
        change = reader.read()
        if change is not None and change.present is present:
            return
    pytest.fail(f"no change to present={present} was reported")


def test_a_reader_that_is_not_there_is_named_with_those_that_are(reader: PcscReader) -> None:
    with pytest.raises(DeviceError) as caught:
        PcscReader(PcscConfig(reader="no such reader")).open()
    assert VIRTUAL_READER in caught.value.what


def test_a_chip_comes_answers_is_exchanged_and_goes(reader: PcscReader, slot: ChipSlot) -> None:
    slot.present(Chip(FILES, None))
    awaited(reader, True)
    assert reader.transmit(SELECT, 2.0) == b"\x90\x00"
    slot.present(Chip(FILES, None))
    awaited(reader, False)
    awaited(reader, True)
    assert reader.transmit(SELECT, 2.0) == b"\x90\x00"
    slot.remove()
    awaited(reader, False)


def test_a_chip_pulled_away_mid_exchange_is_lost(reader: PcscReader, slot: ChipSlot) -> None:
    slot.present(Chip(FILES, None))
    awaited(reader, True)
    slot.faults.inject(FaultKind.CARD_LOST)
    with pytest.raises(CardLost):
        reader.transmit(SELECT, 5.0)
    awaited(reader, False)


def test_a_silent_chip_times_out_and_the_reader_can_be_opened_again(
    reader: PcscReader, slot: ChipSlot
) -> None:
    slot.present(Chip(FILES, None))
    awaited(reader, True)
    slot.faults.inject(FaultKind.DEAD_CHIP)
    with pytest.raises(DeviceTimeout):
        reader.transmit(SELECT, 0.2)
    slot.faults.clear()
    slot.remove()
    reader.close()
    reader.open()
    for _ in range(4):  # pcscd polls its readers: a chip must be away for a moment to be noticed gone
        assert reader.read() is None
    slot.present(Chip(FILES, None))
    awaited(reader, True)
    assert reader.transmit(SELECT, 2.0) == b"\x90\x00"
