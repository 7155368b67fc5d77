"""Electronic seals: the message form, garbage, and what a seal proves."""

from __future__ import annotations

import binascii
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.devices import GarbledReading, SealReading, SealState
from gate_agent.evidence import Outcome
from gate_agent.vehicle.seals import same_number, seal_check, seal_number
from gate_drivers.sensors.seal_lines import MAX_LINE, ReaderLives, decode, seal_decoder

SEALED = SealReading(0x42, 0xC0FFEE, SealState.SEALED, False, "2026-03-01T08:15:00Z", "", 1.0)


def line(body: str) -> bytes:
    return f"${body}*{binascii.crc_hqx(body.encode(), 0):04X}".encode()


GOOD = line("SEAL,0042,00C0FFEE,S,0,2026-03-01T08:15:00Z,")


def test_the_crc_is_the_one_that_the_manual_names() -> None:
    assert binascii.crc_hqx(b"123456789", 0) == 0x31C3  # CRC-16/XMODEM's check value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("SEAL,0042,00C0FFEE,S,0,2026-03-01T08:15:00Z,", SEALED),
        (
            "SEAL,0042,00C0FFEE,O,1,2026-03-01T08:15:00Z,2026-03-02T10:00:00Z",
            replace(SEALED, state=SealState.OPENED, battery_low=True, opened_at="2026-03-02T10:00:00Z"),
        ),
        ("SEAL,0042,00C0FFEE,U,0,,", replace(SEALED, state=SealState.UNSEALED, sealed_at="")),
        ("READER,3", ReaderLives(3)),
    ],
)
def test_each_message_is_its_reading(body: str, message: object) -> None:
    assert decode(line(body), 1.0) == message


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"SEAL", "frame"),
        (GOOD[:-1] + b"0", "CRC"),
        (line("SEAL,42,00C0FFEE,S,0,,"), "manufacturer"),
        (line("SEAL,0042,C0FFEE,S,0,,"), "serial"),
        (line("SEAL,0042,00C0FFEE,X,0,,"), "state"),
        (line("SEAL,0042,00C0FFEE,S,2,,"), "battery"),
        (line("SEAL,0042,00C0FFEE,S,0,yesterday,"), "sealed"),
        (line("SEAL,0042,00C0FFEE,S,0,2026-02-30T00:00:00Z,"), "sealed"),
        (line("SEAL,0042"), "message"),
        (line("READER,x"), "message"),
    ],
)
def test_anything_else_is_garbled_and_names_the_field(text: bytes, field: str) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode(text, 1.0)
    assert caught.value.field == field


@given(st.binary(max_size=500), st.integers(1, 9))
def test_any_bytes_in_any_pieces_give_messages_or_named_errors(data: bytes, piece: int) -> None:
    decoder = seal_decoder()
    for start in range(0, len(data), piece):
        for item in decoder.feed(data[start : start + piece], 1.0):
            assert not isinstance(item, GarbledReading) or (item.field and item.advice)


@given(st.integers(0, 7), st.integers(0, len(GOOD) - 1))
def test_a_flipped_bit_never_gives_another_seal(bit: int, place: int) -> None:
    damaged = GOOD[:place] + bytes([GOOD[place] ^ 1 << bit]) + GOOD[place + 1 :]
    decoder = seal_decoder()
    decoder.feed(b"\n", 0.0)
    for item in decoder.feed(damaged + b"\r\n", 1.0):
        assert not isinstance(item, SealReading)


def test_noise_without_an_end_does_not_grow() -> None:
    decoder = seal_decoder()
    found = decoder.feed(b"\n" + b"x" * 100 * MAX_LINE + b"\n" + GOOD + b"\r\n", 1.0)
    assert found[-1] == SEALED


# ---------------------------------------------------------------- what a seal proves


def test_an_intact_seal_passes_and_the_declared_number_may_be_written_otherwise() -> None:
    assert seal_number(SEALED) == "0042-00C0FFEE"
    assert same_number("0042 00c0ffee", "0042-00C0FFEE")
    assert not same_number("", "")
    result = seal_check([SEALED], "004200C0FFEE")
    assert result.outcome is Outcome.PASSED
    assert result.clause == "ISO 18185-1"


@pytest.mark.parametrize(
    ("readings", "declared", "outcome", "reason"),
    [
        ([], "", Outcome.NOT_DONE, "SEAL_NOT_HEARD"),
        ([SEALED], "0042-00000001", Outcome.FAILED, "SEAL_MISMATCH"),
        ([SEALED, replace(SEALED, serial=7)], "", Outcome.INCONCLUSIVE, "SEAL_SEVERAL"),
        ([replace(SEALED, state=SealState.OPENED)], "", Outcome.FAILED, "SEAL_OPENED"),
        ([replace(SEALED, state=SealState.OPENED), SEALED], "", Outcome.FAILED, "SEAL_OPENED"),
        ([replace(SEALED, state=SealState.UNSEALED)], "", Outcome.FAILED, "SEAL_NEVER_CLOSED"),
        (
            [replace(SEALED, opened_at="2026-03-02T10:00:00Z")],
            "",
            Outcome.INCONCLUSIVE,
            "SEAL_CONTRADICTS_ITSELF",
        ),
        ([replace(SEALED, sealed_at="")], "", Outcome.INCONCLUSIVE, "SEAL_CONTRADICTS_ITSELF"),
        ([replace(SEALED, battery_low=True)], "", Outcome.PASSED, "SEAL_BATTERY_LOW"),
    ],
)
def test_what_a_seal_proves(
    readings: list[SealReading], declared: str, outcome: Outcome, reason: str
) -> None:
    result = seal_check(readings, declared)
    assert result.outcome is outcome
    assert reason in result.reasons


def test_of_several_seals_the_declared_one_is_judged() -> None:
    other = replace(SEALED, serial=7, state=SealState.OPENED)
    assert seal_check([other, SEALED], "0042-00C0FFEE").outcome is Outcome.PASSED
