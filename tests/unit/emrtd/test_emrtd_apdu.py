"""APDUs: the eight encodings of ISO/IEC 7816-4 §5.1, and status words in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.chip.apdu import ApduError, CommandApdu, ResponseApdu, plain_words

CASES = [
    ("00A40000", CommandApdu(0x00, 0xA4, 0, 0)),
    ("00B0000004", CommandApdu(0x00, 0xB0, 0, 0, le=4)),
    ("00B0000000", CommandApdu(0x00, 0xB0, 0, 0, le=256)),
    ("00A4020C02011E", CommandApdu(0x00, 0xA4, 2, 0x0C, b"\x01\x1e")),
    ("00A4020002011E00", CommandApdu(0x00, 0xA4, 2, 0, b"\x01\x1e", 256)),
    ("00B00000000400", CommandApdu(0x00, 0xB0, 0, 0, le=1024, extended=True)),
    ("00B00000000000", CommandApdu(0x00, 0xB0, 0, 0, le=65536, extended=True)),
    ("00A4020C000002011E", CommandApdu(0x00, 0xA4, 2, 0x0C, b"\x01\x1e", extended=True)),
    ("00A4020C000002011E0000", CommandApdu(0x00, 0xA4, 2, 0x0C, b"\x01\x1e", 65536, extended=True)),
]


@pytest.mark.parametrize(("raw", "command"), CASES)
def test_all_cases_encode_and_decode(raw: str, command: CommandApdu) -> None:
    assert command.encode() == bytes.fromhex(raw)
    assert CommandApdu.decode(bytes.fromhex(raw)) == command


@pytest.mark.parametrize(
    ("raw", "field"),
    [("00A400", "header"), ("00A402000301", "Lc"), ("00A4020000000202", "Lc"), ("00A402000201021122", "Lc")],
)
def test_what_is_no_command_names_its_field(raw: str, field: str) -> None:
    with pytest.raises(ApduError) as caught:
        CommandApdu.decode(bytes.fromhex(raw))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"cla": 256}, "cla"),
        ({"p2": -1}, "p2"),
        ({"le": 0}, "le"),
        ({"le": 65537}, "le"),
        ({"data": bytes(65536)}, "data"),
    ],
)
def test_a_command_that_cannot_be_encoded_cannot_be_built(arguments: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"cla": 0, "ins": 0xB0, "p1": 0, "p2": 0} | arguments
    with pytest.raises(ApduError) as caught:
        CommandApdu(**values)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_response_needs_its_status_word() -> None:
    assert ResponseApdu.decode(b"\x01\x02\x90\x00") == ResponseApdu(b"\x01\x02", 0x9000)
    for raw in (b"", b"\x90", bytes(65539)):
        with pytest.raises(ApduError):
            ResponseApdu.decode(raw)


@pytest.mark.parametrize(
    ("sw", "words"),
    [
        (0x9000, "done"),
        (0x6982, "security status"),
        (0x6C10, "16 bytes"),
        (0x63C2, "2 tries"),
        (0x1234, "unknown"),
    ],
)
def test_status_words_in_plain_words(sw: int, words: str) -> None:
    assert plain_words(sw).startswith(f"{sw:04X} ") and words in plain_words(sw)


@given(
    st.integers(0, 255),
    st.binary(max_size=400),
    st.one_of(st.none(), st.integers(1, 65536)),
    st.booleans(),
)
def test_every_command_survives_the_wire(ins: int, data: bytes, le: int | None, extended: bool) -> None:
    command = CommandApdu(0x0C, ins, 1, 2, data, le, extended)
    decoded = CommandApdu.decode(command.encode())
    assert (decoded.header, decoded.data, decoded.le) == (command.header, data, le)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_command_or_an_apdu_error(raw: bytes) -> None:
    try:
        assert CommandApdu.decode(raw).encode() == raw
    except ApduError as error:
        assert error.field
