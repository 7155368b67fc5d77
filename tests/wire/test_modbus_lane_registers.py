"""The lane register map (docs/wire/lane-registers.md): published checksum, known block, then damage."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gate_agent.devices import DoorPosition, GarbledReading, LaneReading
from gate_drivers.gates.modbus_controller import Status, checksum, decode, request_word
from gate_drivers.gates.modbus_lane import LANE_MAP, ModbusLaneConfig

REGISTERS = LANE_MAP.registers

BLOCK: tuple[int, ...] = (0x4C31, 0x1234, 0x0042, 3, 1, 0b1000_0011, 2, 0xFE01, 0, 0x0104)


def decode_status(registers: Sequence[int]) -> Status[LaneReading]:
    return decode(LANE_MAP, registers)


def sealed(*words: int) -> list[int]:
    return [*words, checksum(struct.pack(">10H", *words))]


def with_register(name: str, value: int) -> list[int]:
    words = list(BLOCK)
    words[REGISTERS.index(name)] = value
    return sealed(*words)


def test_checksum_of_the_catalogue_of_parametrised_crc_algorithms() -> None:
    assert checksum(b"123456789") == 0x4B37  # CRC-16/MODBUS, check value


def test_checksum_of_the_standard_example_frame() -> None:
    # MODBUS over Serial Line V1.02, Appendix B: the CRC of 02 07 is 1241 hex, sent low byte first.
    assert checksum(b"\x02\x07") == 0x1241


@pytest.mark.parametrize(
    ("entry", "exit", "word"),
    [(False, False, 0xFF00), (True, False, 0xFE01), (False, True, 0xFD02), (True, True, 0xFC03)],
)
def test_door_request_carries_its_complement(entry: bool, exit: bool, word: int) -> None:
    assert request_word(entry, exit) == word


def test_known_block() -> None:
    status = decode_status(sealed(*BLOCK))
    assert status.reading == LaneReading(
        entry=DoorPosition.OPEN,
        exit=DoorPosition.CLOSED,
        approach=True,
        persons_inside=2,
        exit_zone=True,
        object_inside=False,
        emergency=False,
        forced=False,
        held=False,
        sensors_disagree=False,
        interlock_ok=True,
        heartbeat=0x1234,
    )
    assert (status.watchdog, status.request, status.refusal, status.display) == (0x0042, 0xFE01, 0, 0x0104)


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        (0, "approach"),
        (1, "exit_zone"),
        (2, "object_inside"),
        (3, "emergency"),
        (4, "forced"),
        (5, "held"),
        (6, "sensors_disagree"),
        (7, "interlock_ok"),
    ],
)
def test_each_flag_has_its_bit(bit: int, name: str) -> None:
    reading = decode_status(with_register("FLAGS", 1 << bit)).reading
    flags = {f: v for f in LaneReading.__slots__ if isinstance(v := getattr(reading, f), bool)}
    assert [f for f, v in flags.items() if v] == [name]


@pytest.mark.parametrize(
    ("register", "value"),
    [
        ("VERSION", 0),
        ("VERSION", 0x314C),
        ("ENTRY", 0),
        ("ENTRY", 5),
        ("EXIT", 0xFFFF),
        ("FLAGS", 0x0100),
        ("PERSONS", 3),
        ("REFUSAL", 4),
    ],
)
def test_a_value_without_meaning_names_its_register(register: str, value: int) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode_status(with_register(register, value))
    assert caught.value.field == register
    assert caught.value.advice


@given(st.lists(st.integers(0, 0xFFFF), max_size=130))
def test_any_registers_give_a_reading_or_a_named_field(registers: list[int]) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode_status(registers)
    assert caught.value.field in {"status block", "CHECK"}


@given(
    st.sampled_from([name for name in REGISTERS if name != "CHECK"]),
    st.integers(0, 0xFFFF),
)
def test_any_sealed_register_gives_a_reading_or_its_own_name(register: str, value: int) -> None:
    try:
        decode_status(with_register(register, value))
    except GarbledReading as error:
        assert error.field == register


@given(st.integers(0, 2 * len(REGISTERS) - 1), st.integers(1, 0xFF))
def test_a_damaged_byte_is_always_noticed(position: int, flips: int) -> None:
    wire = bytearray(struct.pack(">11H", *sealed(*BLOCK)))
    wire[position] ^= flips
    with pytest.raises(GarbledReading):
        decode_status(struct.unpack(">11H", wire))


@given(st.integers(1, 0x7FFF))
def test_no_watchdog_value_is_a_door_request(watchdog: int) -> None:
    assert watchdog not in {request_word(e, x) for e in (False, True) for x in (False, True)}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"transport": "rtu"}, "device"),
        ({"transport": "tcp", "device": "/dev/ttyUSB0"}, "device"),
        ({"transport": "rtu", "device": "/dev/ttyUSB0", "host": "plc"}, "host"),
        ({"transport": "tcp", "port": 0}, "port"),
        ({"transport": "udp"}, "transport"),
        ({"transport": "tcp", "unit": 248}, "unit"),
        ({"transport": "tcp", "timeout": 1}, "timeout"),
    ],
)
def test_a_contradictory_configuration_names_the_key(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ModbusLaneConfig.model_validate(settings)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in ModbusLaneConfig.model_fields.values())
