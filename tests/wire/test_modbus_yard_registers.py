"""The yard register map (docs/wire/yard-registers.md): known block, both copies of the numbers, damage."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.devices import DoorPosition, GarbledReading, Signal, YardReading
from gate_drivers.gates.modbus_controller import Status, checksum, decode, request_word
from gate_drivers.gates.modbus_lane import LANE_MAP
from gate_drivers.gates.modbus_yard import SIGNAL_CODES, YARD_MAP, ModbusYardConfig
from gate_simulators.nii.yard_controller import YardController

REGISTERS = YARD_MAP.registers
BLOCK: tuple[int, ...] = (0x5931, 0x1234, 0x0042, 1, 2, 1, 0b100_0011, 2, 0xFD02, 0, 0x0104)


def decode_status(registers: Sequence[int]) -> Status[YardReading]:
    return decode(YARD_MAP, registers)


def sealed(*words: int) -> list[int]:
    return [*words, checksum(struct.pack(">11H", *words))]


def with_register(name: str, value: int) -> list[int]:
    words = list(BLOCK)
    words[REGISTERS.index(name)] = value
    return sealed(*words)


@pytest.mark.parametrize(
    ("entry", "release", "inspection", "word"),
    [
        (False, False, False, 0xFF00),
        (True, False, False, 0xFE01),
        (False, True, False, 0xFD02),
        (False, False, True, 0xFB04),
    ],
)
def test_barrier_request_carries_its_complement(
    entry: bool, release: bool, inspection: bool, word: int
) -> None:
    assert request_word(entry, release, inspection) == word


def test_known_block() -> None:
    status = decode_status(sealed(*BLOCK))
    assert status.reading == YardReading(
        entry=DoorPosition.CLOSED,
        release=DoorPosition.MOVING,
        inspection=DoorPosition.CLOSED,
        approach=True,
        vehicles=2,
        at_hold=True,
        emergency=False,
        forced=False,
        held=False,
        sensors_disagree=False,
        interlock_ok=True,
        heartbeat=0x1234,
    )
    assert (status.watchdog, status.request, status.refusal, status.display) == (0x0042, 0xFD02, 0, 0x0104)


@pytest.mark.parametrize("register", ["ENTRY", "RELEASE", "INSPECTION"])
@pytest.mark.parametrize(
    ("code", "position"),
    [(1, DoorPosition.CLOSED), (2, DoorPosition.MOVING), (3, DoorPosition.OPEN), (4, DoorPosition.FAULT)],
)
def test_each_barrier_has_its_register(register: str, code: int, position: DoorPosition) -> None:
    reading = decode_status(with_register(register, code)).reading
    assert getattr(reading, register.lower()) is position


@pytest.mark.parametrize(
    ("bit", "name"),
    list(
        enumerate(["approach", "at_hold", "emergency", "forced", "held", "sensors_disagree", "interlock_ok"])
    ),
)
def test_each_flag_has_its_bit(bit: int, name: str) -> None:
    reading = decode_status(with_register("FLAGS", 1 << bit)).reading
    flags = {f: v for f in YardReading.__slots__ if isinstance(v := getattr(reading, f), bool)}
    assert [f for f, v in flags.items() if v] == [name]


@pytest.mark.parametrize(
    ("register", "value"),
    [
        ("VERSION", 0x4C31),
        ("VERSION", 0x3159),
        ("ENTRY", 0),
        ("RELEASE", 5),
        ("INSPECTION", 0xFFFF),
        ("FLAGS", 0x0080),
        ("VEHICLES", 3),
        ("REFUSAL", 4),
    ],
)
def test_a_value_without_meaning_names_its_register(register: str, value: int) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode_status(with_register(register, value))
    assert caught.value.field == register
    assert caught.value.advice


def test_a_door_controller_is_not_taken_for_a_barrier_controller() -> None:
    with pytest.raises(GarbledReading, match="registers instead of"):
        decode_status([0] * len(LANE_MAP.registers))


@given(st.sampled_from([name for name in REGISTERS if name != "CHECK"]), st.integers(0, 0xFFFF))
def test_any_sealed_register_gives_a_reading_or_its_own_name(register: str, value: int) -> None:
    try:
        decode_status(with_register(register, value))
    except GarbledReading as error:
        assert error.field == register


@given(st.integers(0, 2 * len(REGISTERS) - 1), st.integers(1, 0xFF))
def test_a_damaged_byte_is_always_noticed(position: int, flips: int) -> None:
    wire = bytearray(struct.pack(">12H", *sealed(*BLOCK)))
    wire[position] ^= flips
    with pytest.raises(GarbledReading):
        decode_status(struct.unpack(">12H", wire))


def test_every_signal_has_one_code_and_the_simulated_controller_has_the_same() -> None:
    assert {signal.value: code for signal, code in SIGNAL_CODES.items()} == {
        name: code for code, name in YardController.displays.items()
    }
    assert set(SIGNAL_CODES) == set(Signal)


def test_no_watchdog_and_no_signals_word_is_a_barrier_request() -> None:
    requests = {request_word(*(low >> bit & 1 == 1 for bit in range(3))) for low in range(8)}
    codes = SIGNAL_CODES.values()
    assert not requests & set(range(0x8000))
    assert not requests & {entry << 8 | hold for entry in codes for hold in codes}


def test_every_setting_is_described() -> None:
    assert all(field.description for field in ModbusYardConfig.model_fields.values())
