"""The simulated chip keeps its files behind BAC, answers as real chips do, and survives anything.

The terminal in these tests is the agent's own reader, written by another hand from the same standard.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.bac import basic_access_control
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.files import ElementaryFile, ReadingHabits, read_file, select_application
from gate_agent.emrtd.chip.secure_messaging import SecureChannel, secured
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.lds.mrz import MrzKey
from gate_simulators.chip import PROFILES, Chip, ChipProfile, ber
from gate_simulators.chip.filesystem import FILE_IDS
from gate_simulators.chip.profile import ORDINARY

KEY = MrzKey("L898902C3", "740812", "120415")
OTHER_KEY = MrzKey("L898902C3", "740812", "120416")
FILES: Mapping[str, bytes] = {
    "EF.COM": ber.encode(0x60, b"com"),
    "DG1": ber.encode(0x61, b"one"),
    "DG2": ber.encode(0x75, bytes(range(256)) * 40),
    "EF.CardAccess": ber.encode(0x31, b"card access"),
}

SELECT_APPLICATION = CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001"))
SELECT_MF = CommandApdu(0x00, 0xA4, 0x00, 0x0C, bytes.fromhex("3F00"))
GET_CHALLENGE = CommandApdu(0x00, 0x84, 0x00, 0x00, le=8)


def chip(profile: ChipProfile = ORDINARY, files: Mapping[str, bytes] = FILES) -> Chip:
    return Chip(files, KEY.information, profile)


def transmit_to(card: Chip):
    return lambda apdu, _timeout_s: card.process(apdu)


def answer(card: Chip, command: CommandApdu) -> ResponseApdu:
    return ResponseApdu.decode(card.process(command.encode()))


def opened(card: Chip) -> SecureChannel:
    run(select_application(), transmit_to(card))
    return run(basic_access_control(KEY, secrets.token_bytes), transmit_to(card))


def protected(card: Chip, channel: SecureChannel, command: CommandApdu) -> ResponseApdu:
    return channel.unprotect(answer(card, channel.protect(command)))


def select(fid: int) -> CommandApdu:
    return CommandApdu(0x00, 0xA4, 0x02, 0x0C, fid.to_bytes(2, "big"))


def read(offset: int, le: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, le=le)


def read_sfi(name: str, le: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, 0x80 | FILE_IDS[name].sfi, 0, le=le)


# ---------------------------------------------------------------- access


def test_nothing_of_the_application_is_readable_without_bac() -> None:
    card = chip()
    answer(card, SELECT_APPLICATION)
    assert answer(card, select(0x0101)).sw == 0x6982
    assert answer(card, read_sfi("DG1", 8)).sw == 0x6982


def test_card_access_is_readable_without_bac() -> None:
    card = chip()
    assert answer(card, SELECT_MF).sw == 0x9000
    assert answer(card, select(0x011C)).sw == 0x9000
    assert answer(card, read(0, 256)).data == FILES["EF.CardAccess"]


def test_the_files_are_readable_after_bac() -> None:
    card = chip()
    channel = opened(card)
    assert protected(card, channel, read_sfi("DG1", 5)) == ResponseApdu(FILES["DG1"], 0x9000)
    assert protected(card, channel, select(0x011E)).sw == 0x9000
    assert protected(card, channel, read(2, 3)).data == b"com"


def test_a_wrong_mrz_is_refused_and_costs_the_challenge() -> None:
    card = chip()
    run(select_application(), transmit_to(card))
    with pytest.raises(Exception, match="6300"):
        run(basic_access_control(OTHER_KEY, secrets.token_bytes), transmit_to(card))
    stale = CommandApdu(0x00, 0x82, 0x00, 0x00, bytes(40), le=40)
    assert answer(card, stale).sw == 0x6985


def test_a_challenge_needs_the_application() -> None:
    assert answer(chip(), GET_CHALLENGE).sw == 0x6985


def test_a_chip_without_access_control_reads_in_the_clear() -> None:
    card = Chip(FILES, None)
    answer(card, SELECT_APPLICATION)
    assert answer(card, read_sfi("DG1", 5)).data == FILES["DG1"]
    assert answer(card, GET_CHALLENGE).sw == 0x6D00


def test_a_reset_forgets_everything() -> None:
    card = chip()
    channel = opened(card)
    card.reset()
    assert answer(card, channel.protect(read_sfi("DG1", 5))).sw == 0x6987
    assert answer(card, read(0, 4)).sw == 0x6986


# ---------------------------------------------------------------- secure messaging


def test_a_plain_command_ends_the_channel() -> None:
    card = chip()
    channel = opened(card)
    assert answer(card, read_sfi("DG1", 5)).sw == 0x6982
    assert answer(card, channel.protect(read_sfi("DG1", 5))).sw == 0x6987


def test_a_wrong_checksum_is_answered_bare_and_ends_the_channel() -> None:
    card = chip()
    channel = opened(card)
    genuine = channel.protect(read_sfi("DG1", 5)).encode()
    tampered = genuine[:-2] + bytes([genuine[-2] ^ 1]) + genuine[-1:]
    assert card.process(tampered) == bytes.fromhex("6988")
    assert card.process(genuine) == bytes.fromhex("6987")


def test_a_replayed_command_is_refused() -> None:
    card = chip()
    channel = opened(card)
    command = channel.protect(read_sfi("DG1", 5)).encode()
    assert card.process(command)[-2:] == bytes.fromhex("9000")
    assert card.process(command) == bytes.fromhex("6988")


def test_a_protected_command_without_checksum_lacks_its_objects() -> None:
    card = chip()
    opened(card)
    assert answer(card, CommandApdu(0x0C, 0xB0, 0x81, 0x00, bytes.fromhex("970105"), le=256)).sw == 0x6987


def test_errors_inside_the_channel_stay_inside_it() -> None:
    card = chip()
    channel = opened(card)
    assert protected(card, channel, select(0x0103)).sw == 0x6A82
    assert protected(card, channel, read_sfi("DG1", 5)).sw == 0x9000


# ---------------------------------------------------------------- reading


def test_reads_end_with_the_file() -> None:
    card = chip()
    channel = opened(card)
    assert protected(card, channel, read_sfi("DG1", 200)) == ResponseApdu(FILES["DG1"], 0x6282)
    assert protected(card, channel, read(0, 256)) == ResponseApdu(
        FILES["DG1"], 0x9000
    )  # Le 00: what there is
    assert protected(card, channel, read(5, 1)).sw == 0x6B00


def test_a_short_protected_response_holds_231_bytes() -> None:
    card = chip()
    channel = opened(card)
    assert len(protected(card, channel, read_sfi("DG2", 256)).data) == 231


def test_extended_length_reads_up_to_the_buffer() -> None:
    card = chip()
    channel = opened(card)
    data = protected(card, channel, read_sfi("DG2", 65536)).data
    assert len(data) > 8000
    assert FILES["DG2"].startswith(data)


def test_odd_read_binary_reaches_beyond_32_kib() -> None:
    files = {"DG2": ber.encode(0x75, secrets.token_bytes(40_000))}
    card = chip(files=files)
    channel = opened(card)
    offset = ber.encode(0x54, (35_000).to_bytes(3, "big"))
    response = protected(card, channel, CommandApdu(0x00, 0xB1, 0x00, 0x02, offset, le=102))
    assert response.ok
    assert tlv.parse_one(response.data, 0x53).value == files["DG2"][35_000:35_100]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_every_profile_can_be_read_by_the_agents_reader(profile: ChipProfile) -> None:
    card = chip(profile)
    transmit = transmit_to(card)
    dg2 = ElementaryFile("DG2", 0x0102, 0x02, 0x75)
    habits = ReadingHabits()
    assert run(secured(opened(card), read_file(dg2, habits)), transmit) == FILES["DG2"]


@pytest.mark.parametrize(
    ("profile", "command", "sw"),
    [
        ("ordinary", CommandApdu(0x00, 0xCA, 0, 0, le=256), 0x6D00),
        ("ordinary", CommandApdu(0x80, 0xB0, 0, 0, le=256), 0x6E00),
        ("ordinary", CommandApdu(0x00, 0xB0, 0, 0, le=256), 0x6986),
        ("ordinary", CommandApdu(0x00, 0xA4, 0x04, 0x0C, b"other"), 0x6A82),
        ("ordinary", CommandApdu(0x00, 0xA4, 0x09, 0x0C, b"\x01\x02"), 0x6A86),
        ("no-mf", SELECT_MF, 0x6A82),
        ("no-mf-6d00", SELECT_MF, 0x6D00),
        ("strict-select", CommandApdu(0x00, 0xA4, 0x04, 0x00, SELECT_APPLICATION.data, le=256), 0x6700),
        ("short-length", CommandApdu(0x00, 0xB0, 0, 0, le=4096, extended=True), 0x6700),
    ],
)
def test_status_words(profile: str, command: CommandApdu, sw: int) -> None:
    assert answer(chip(PROFILES[profile]), command).sw == sw


@pytest.mark.parametrize("profile", ["ordinary", "wrong-key-6985"])
def test_the_profile_chooses_the_answer_to_a_wrong_key(profile: str) -> None:
    card = chip(PROFILES[profile])
    answer(card, SELECT_APPLICATION)
    answer(card, GET_CHALLENGE)
    wrong = CommandApdu(0x00, 0x82, 0x00, 0x00, bytes(40), le=40)
    assert answer(card, wrong).sw == PROFILES[profile].wrong_key_sw


def test_an_unknown_file_name_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="DG17"):
        Chip({"DG17": b""}, None)


# ---------------------------------------------------------------- anything at all


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_garbage_is_always_answered_with_a_status_word(apdus: list[bytes]) -> None:
    card = chip()
    for apdu in apdus:
        assert len(card.process(apdu)) >= 2


_INSTRUCTIONS = st.sampled_from([0xA4, 0xB0, 0xB1, 0x84, 0x82, 0x86, 0x22])


@settings(max_examples=200)
@given(
    cla=st.sampled_from([0x00, 0x0C, 0x10, 0x80]), ins=_INSTRUCTIONS, tail=st.binary(min_size=2, max_size=60)
)
def test_malformed_known_instructions_never_raise(cla: int, ins: int, tail: bytes) -> None:
    card = chip()
    opened(card)
    for _ in range(2):
        assert len(card.process(bytes([cla, ins]) + tail)) >= 2


@settings(max_examples=200)
@given(data=st.binary(max_size=60), ins=_INSTRUCTIONS)
def test_inside_the_channel_anything_is_answered_under_it(data: bytes, ins: int) -> None:
    card = chip()
    channel = opened(card)
    response = protected(card, channel, CommandApdu(0x00, ins, 0x00, 0x01, data, le=256))
    assert 0x6000 <= response.sw <= 0x9000


_PLAIN_COMMANDS = st.one_of(
    st.sampled_from(
        [SELECT_APPLICATION, SELECT_MF, GET_CHALLENGE, select(0x0101), read(0, 256), read_sfi("DG1", 256)]
    ),
    st.builds(
        CommandApdu,
        cla=st.just(0x00),
        ins=_INSTRUCTIONS,
        p1=st.integers(0, 255),
        p2=st.integers(0, 31),
        data=st.sampled_from([b"", b"\x01\x01", ber.encode(0x54, b"\x00"), bytes(40)]),
        le=st.sampled_from([None, 1, 8, 256, 65536]),
    ),
)


@settings(max_examples=300)
@given(commands=st.lists(_PLAIN_COMMANDS, max_size=12), after_bac=st.booleans())
def test_no_protected_byte_ever_leaves_in_the_clear(commands: list[CommandApdu], after_bac: bool) -> None:
    secret = secrets.token_bytes(16)
    card = chip(files={"DG1": ber.encode(0x61, secret), "DG2": ber.encode(0x75, secret)})
    if after_bac:
        opened(card)
    for command in commands:
        response = answer(card, command)
        assert not any(secret[at : at + 4] in response.data for at in range(12))


_TAGS = st.sampled_from([0x02, 0x30, 0x5C, 0x61, 0x5F1F, 0x5F2E, 0x7F60, 0x7F61, 0x87])
_OBJECTS = st.lists(st.tuples(_TAGS, st.binary(max_size=400)), max_size=8)


@given(_OBJECTS)
def test_ber_tlv_round_trip(objects: list[tuple[int, bytes]]) -> None:
    assert ber.decode(b"".join(ber.encode(tag, value) for tag, value in objects)) == objects


@given(_TAGS.filter(lambda tag: tag in (0x02, 0x5C, 0x5F1F, 0x5F2E, 0x87)), st.binary(max_size=70_000))
@settings(max_examples=30)
def test_the_agents_parser_reads_what_the_simulator_writes(tag: int, value: bytes) -> None:
    assert tlv.parse_one(ber.encode(tag, value), tag).value == value


@given(st.binary(max_size=80))
def test_ber_decoding_garbage_raises_only_its_own_error(data: bytes) -> None:
    with contextlib.suppress(ber.BerError):
        ber.decode(data)
