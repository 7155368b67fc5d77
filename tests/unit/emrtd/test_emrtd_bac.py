"""Basic access control and secure messaging: Doc 9303-11 Appendix D byte for byte, then a hostile chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.bac import basic_access_control
from gate_agent.emrtd.chip.ciphers import TripleDesSuite, pad, unpad
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.key_derivation import KeyPair, mrz_seed, triple_des_keys
from gate_agent.emrtd.chip.protocol import Protocol, transceive
from gate_agent.emrtd.chip.secure_messaging import SecureChannel, secured
from gate_agent.emrtd.coding.errors import ChannelLost, ChipError
from gate_agent.emrtd.lds.mrz import MrzKey

KEY = MrzKey("L898902C", "690806", "940623")
RND_IC = bytes.fromhex("4608F91988702212")
RND_IFD = bytes.fromhex("781723860C06C226")
K_IFD = bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")
EXTERNAL_AUTHENTICATE = bytes.fromhex(
    "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728"
)
CHIP_ANSWER = bytes.fromhex(
    "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449"
)
SESSION = KeyPair(
    bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"), bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8")
)
COUNTER = 0x887022120C06C226

# Appendix D.4: each command as sent, and the chip's answer.
EXCHANGES = [
    (
        CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"),
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
        "990290008E08FA855A5D4C50A8ED9000",
        "",
    ),
    (
        CommandApdu(0x00, 0xB0, 0x00, 0x00, le=4),
        "0CB000000D9701048E08ED6705417E96BA5500",
        "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        "60145F01",
    ),
    (
        CommandApdu(0x00, 0xB0, 0x00, 0x04, le=18),
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        "04303130365F36063034303030305C026175",
    ),
]


def random_of_the_example() -> Callable[[int], bytes]:
    values = iter([RND_IFD, K_IFD])
    return lambda _: next(values)


def answering(*answers: bytes) -> Callable[[bytes, float], bytes]:
    remaining: Iterator[bytes] = iter(answers)
    return lambda command, timeout_s: next(remaining)


def fresh_channel() -> SecureChannel:
    return SecureChannel(TripleDesSuite(SESSION), COUNTER)


def test_keys_of_appendix_d2() -> None:
    seed = mrz_seed(KEY)
    assert seed == bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")
    keys = triple_des_keys(seed)
    assert keys.encryption == bytes.fromhex("AB94FDECF2674FDFB9B391F85D7F76F2")
    assert keys.mac == bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543")


def test_the_seed_of_a_long_document_number() -> None:
    seed = mrz_seed(MrzKey("D23145890734", "340712", "950712"))
    assert seed == bytes.fromhex("B366AD857DDCA2B08C0E299811714730")


def test_mutual_authentication_of_appendix_d3() -> None:
    sent: list[bytes] = []
    answers = answering(RND_IC + b"\x90\x00", CHIP_ANSWER + b"\x90\x00")

    def transmit(command: bytes, timeout_s: float) -> bytes:
        sent.append(command)
        return answers(command, timeout_s)

    channel = run(basic_access_control(KEY, random_of_the_example()), transmit)
    assert sent == [bytes.fromhex("0084000008"), EXTERNAL_AUTHENTICATE]
    protected = channel.protect(EXCHANGES[0][0]).encode()
    assert protected == bytes.fromhex(EXCHANGES[0][1])  # session keys and counter as in D.3


def test_secure_messaging_of_appendix_d4() -> None:
    channel = fresh_channel()
    for command, sent, received, data in EXCHANGES:
        assert channel.protect(command).encode() == bytes.fromhex(sent)
        answer = channel.unprotect(ResponseApdu.decode(bytes.fromhex(received)))
        assert answer == ResponseApdu(bytes.fromhex(data), 0x9000)


def test_any_protocol_runs_inside_a_channel() -> None:
    def plain() -> Protocol[bytes]:
        read = b""
        for command, *_ in EXCHANGES:
            read += (yield from transceive(command)).data
        return read

    answers = answering(*(bytes.fromhex(received) for _, _, received, _ in EXCHANGES))
    assert run(secured(fresh_channel(), plain()), answers).startswith(bytes.fromhex("60145F01"))


@pytest.mark.parametrize("sw", [0x6300, 0x63C1, 0x6985, 0x6982, 0x6988])
def test_a_refused_key_is_access_denied(sw: int) -> None:
    with pytest.raises(ChipError) as caught:
        run(
            basic_access_control(KEY, random_of_the_example()),
            answering(RND_IC + b"\x90\x00", sw.to_bytes(2, "big")),
        )
    assert caught.value.reason == "CHIP_ACCESS_DENIED"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((b"\x6d\x00",), "CHIP_ACCESS_UNSUPPORTED"),
        ((b"\x01\x02\x90\x00",), "CHIP_UNREADABLE"),
        ((RND_IC + b"\x90\x00", b"\x6f\x00"), "CHIP_UNREADABLE"),
        ((RND_IC + b"\x90\x00", b"\x90\x00"), "CHIP_ACCESS_DENIED"),
        ((RND_IC + b"\x90\x00", bytes(40) + b"\x90\x00"), "CHIP_ACCESS_DENIED"),
        ((RND_IC + b"\x90\x00", CHIP_ANSWER[::-1] + b"\x90\x00"), "CHIP_ACCESS_DENIED"),
        # A replayed answer: its checksum holds, but it belongs to another challenge.
        ((bytes(8) + b"\x90\x00", CHIP_ANSWER + b"\x90\x00"), "CHIP_ACCESS_DENIED"),
    ],
)
def test_a_chip_that_does_not_prove_the_key(answers: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(ChipError) as caught:
        run(basic_access_control(KEY, random_of_the_example()), answering(*answers))
    assert caught.value.reason == reason


@pytest.mark.parametrize("sw", [0x9000, 0x6700, 0x6982, 0x6988, 0x6A82])
def test_a_bare_status_word_never_downgrades(sw: int) -> None:
    """Not even 9000: the channel is over, and no plain command can follow in it."""
    channel = fresh_channel()
    channel.protect(EXCHANGES[0][0])
    with pytest.raises(ChannelLost) as caught:
        channel.unprotect(ResponseApdu(b"", sw))
    assert caught.value.sw == sw and not channel.alive
    with pytest.raises(ChannelLost):
        channel.protect(EXCHANGES[1][0])


@pytest.mark.parametrize(
    "data",
    [
        "60145F01",  # plain data
        "99029000",  # status without checksum
        "8E08FA855A5D4C50A8ED",  # checksum without status
        "990290008E08FA855A5D4C50A8EE",  # wrong checksum
        "99026A828E08FA855A5D4C50A8ED",  # another status
        "990290008E08FA855A5D4C50A8ED0400",  # something behind the checksum
        "9902900099029000" + "8E08FA855A5D4C50A8ED",  # repeated status
        "99029000FF",  # cut off
    ],
)
def test_a_response_that_was_tampered_with_ends_the_channel(data: str) -> None:
    channel = fresh_channel()
    channel.protect(EXCHANGES[0][0])
    raw = bytes.fromhex(data)
    with pytest.raises(ChannelLost):
        channel.unprotect(ResponseApdu(raw, 0x9000))
    assert not channel.alive


def test_a_replayed_response_does_not_hold() -> None:
    channel = fresh_channel()
    answer = ResponseApdu.decode(bytes.fromhex(EXCHANGES[0][2]))
    channel.protect(EXCHANGES[0][0])
    channel.unprotect(answer)
    channel.protect(EXCHANGES[0][0])
    with pytest.raises(ChannelLost):
        channel.unprotect(answer)


@given(position=st.integers(0, 26), bit=st.integers(0, 7))
def test_no_flipped_bit_gets_through(position: int, bit: int) -> None:
    channel = fresh_channel()
    for command, _, received, _ in EXCHANGES[:1]:
        channel.protect(command)
        channel.unprotect(ResponseApdu.decode(bytes.fromhex(received)))
    channel.protect(EXCHANGES[1][0])
    raw = bytearray.fromhex(EXCHANGES[1][2])
    raw[position] ^= 1 << bit
    try:
        answer = channel.unprotect(ResponseApdu.decode(bytes(raw)))
    except ChannelLost:
        return
    # Only the unprotected trailer may differ without notice: it is not what is believed.
    assert position >= len(raw) - 2 and answer == ResponseApdu(bytes.fromhex("60145F01"), 0x9000)


@given(st.binary(max_size=300))
def test_any_response_opens_or_ends_the_channel(data: bytes) -> None:
    with pytest.raises(ChannelLost):
        fresh_channel().unprotect(ResponseApdu(data, 0x9000))


@given(st.binary(max_size=100), st.sampled_from([8, 16]))
def test_padding_method_2(data: bytes, block: int) -> None:
    padded = pad(data, block)
    assert len(padded) % block == 0 and unpad(padded) == data
