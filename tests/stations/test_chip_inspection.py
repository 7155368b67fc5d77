"""A passport inspected over its real wire: simulated chip, vpcd framing, and pcscd where there is one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from gate_agent.devices import CardLost, ChipPresence, ChipReader, DeviceTimeout, GarbledReading
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_drivers.documents.vpcd import VpcdConfig, VpcdReader
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.faults import FaultKind
from gate_simulators.issuer.passports import Passport, PassportOffice

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOISE = np.random.default_rng(1).integers(0, 256, (320, 240, 3), dtype=np.uint8)
PCSCD_PORT = 35963  # where Debian's vsmartcard-vpcd makes pcscd listen for the card


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=9, today=NOW.date())


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory: Path = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return load_trust_directory(directory)


@pytest.fixture(scope="module")
def passport(office: PassportOffice) -> Passport:
    return office.issue("ERIKSSON", "ANNA MARIA", NOISE, date(1980, 8, 12))


@pytest.fixture
def wire() -> Iterator[tuple[VpcdReader, ChipSlot]]:
    threads = set(threading.enumerate())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    reader, slot = VpcdReader(VpcdConfig(port=port)), ChipSlot("chip", "127.0.0.1", port)
    reader.open()
    slot.start()
    yield reader, slot
    slot.stop()
    reader.close()
    assert set(threading.enumerate()) == threads


def awaited(reader: ChipReader, present: bool) -> ChipPresence:
    for _ in range(50):
        change = reader.read()
        if change is not None and change.present is present:
            return change
    pytest.fail(f"no change to present={present} was reported")


def inspected(
    reader: ChipReader, passport: Passport, trust: TrustStore, *, step_timeout_s: float = 3.0
) -> Inspection:
    printed = parse(passport.lines)
    protocol = inspect(printed.key(), printed, trust, NOW)
    return run(protocol, reader.transmit, step_timeout_s=step_timeout_s)


def assert_genuine(inspection: Inspection) -> None:
    assert [r.check for r in inspection.results if r.reasons or r.outcome is Outcome.FAILED] == []
    assert all(r.outcome is Outcome.PASSED for r in inspection.results[:5])
    assert inspection.portrait is not None


def test_a_passport_laid_on_the_reader_passes(
    wire: tuple[VpcdReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = wire
    slot.present(passport.chip())
    assert awaited(reader, True).atr == bytes.fromhex("3B80800101")
    assert_genuine(inspected(reader, passport, trust))
    assert_genuine(inspected(reader, passport, trust))  # and again, without being taken away
    slot.remove()
    awaited(reader, False)


def test_pulled_away_and_presented_again(
    wire: tuple[VpcdReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = wire
    slot.present(passport.chip())
    awaited(reader, True)
    slot.faults.inject(FaultKind.CARD_LOST, parameters={"after": 8})
    with pytest.raises(CardLost):
        inspected(reader, passport, trust)
    awaited(reader, False)
    slot.present(passport.chip())
    awaited(reader, True)
    assert_genuine(inspected(reader, passport, trust))


def test_a_dead_chip_is_a_time_out_and_the_reader_recovers(
    wire: tuple[VpcdReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = wire
    slot.present(passport.chip())
    awaited(reader, True)
    slot.faults.inject(FaultKind.DEAD_CHIP)
    with pytest.raises(DeviceTimeout):
        inspected(reader, passport, trust, step_timeout_s=0.1)
    slot.faults.clear()
    assert_genuine(inspected(reader, passport, trust))


def test_a_chip_that_answers_only_6f00(
    wire: tuple[VpcdReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = wire
    slot.present(passport.chip())
    awaited(reader, True)
    slot.faults.inject(FaultKind.DEAD_CHIP, parameters={"answer": "6F00"})
    assert inspected(reader, passport, trust).result("chip_access").reasons == ("CHIP_UNREADABLE",)


def test_garbled_answers_never_make_a_genuine_passport_of_a_wire(
    wire: tuple[VpcdReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = wire
    slot.present(passport.chip())
    awaited(reader, True)
    slot.faults.inject(FaultKind.GARBLE, parameters={"ratio": 1.0})
    try:
        inspection = inspected(reader, passport, trust)
    except (DeviceTimeout, GarbledReading):
        return
    assert any(result.outcome is not Outcome.PASSED for result in inspection.results)


# ---------------------------------------------------------------- the real PC/SC stack


@pytest.fixture
def pcsc_wire() -> Iterator[tuple[ChipReader, ChipSlot]]:
    """pcscd with vsmartcard's driver, if this machine runs it: the chip connects there instead of to us."""
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed (extra `pcsc`)")
    from gate_agent.devices import DeviceError
    from gate_drivers.documents.pcsc import PcscConfig, PcscReader

    reader = PcscReader(PcscConfig(reader="Virtual PCD 00 00"))
    try:
        reader.open()
    except DeviceError as error:
        pytest.skip(f"no pcscd with a virtual reader is running: {error}")
    slot = ChipSlot("chip", "127.0.0.1", PCSCD_PORT)
    slot.start()
    yield reader, slot
    slot.stop()
    reader.close()


def test_a_dead_chip_behind_pcscd_is_said_to_be_gone_and_is_found_again(
    pcsc_wire: tuple[ChipReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = pcsc_wire
    slot.present(passport.chip())
    awaited(reader, True)
    slot.faults.inject(FaultKind.DELAY, parameters={"seconds": 1.0})
    with pytest.raises(DeviceTimeout):
        inspected(reader, passport, trust, step_timeout_s=0.1)
    slot.faults.clear()
    awaited(reader, False)
    awaited(reader, True)
    assert_genuine(inspected(reader, passport, trust))
    slot.remove()
    awaited(reader, False)


def test_the_same_passport_through_pcscd(
    pcsc_wire: tuple[ChipReader, ChipSlot], passport: Passport, trust: TrustStore
) -> None:
    reader, slot = pcsc_wire
    slot.present(passport.chip())
    awaited(reader, True)
    assert_genuine(inspected(reader, passport, trust))
    slot.remove()
    awaited(reader, False)
    with pytest.raises(CardLost):
        reader.transmit(bytes.fromhex("0084000008"), 1.0)
