"""The contactless link's arithmetic, and what those in between can and cannot do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_simulators.chip import Chip, ber
from gate_simulators.chip.interference import AlwaysSuccess, BareSuccess, Echo, FlippedBit, Noise, Replay
from gate_simulators.chip.link import BIT_RATES, CardLost, ContactlessLink, LinkParameters

SELECT = bytes.fromhex("00A4040C07A0000002471001")
READ_DG1 = bytes.fromhex("00B0810000")
PROTECTED = bytes.fromhex("0CB08100")
DG1 = ber.encode(0x61, b"holder")
OK = b"\x90\x00"


def chip() -> Chip:
    return Chip({"DG1": DG1}, None)


class Scripted:
    """Answers protected commands with numbered octets."""

    ATR = b"\x3b"

    def __init__(self) -> None:
        self.answered = 0

    def reset(self) -> None:
        self.answered = 0

    def process(self, apdu: bytes) -> bytes:
        self.answered += 1
        return bytes([self.answered]) * 10 + OK


# ---------------------------------------------------------------- time


def test_an_exchange_at_424_kbit_s_by_hand() -> None:
    parameters = LinkParameters(bit_rate=424_000, frame_size=256, frame_delay_s=0.0001, think_s=0.002)
    # 10 octets out and 300 back: one block, then two with an acknowledgement between them.
    octets = (10 + 3) + (300 + 2 * 3) + 3
    delays = 2 * 0.0001 + 2 * 0.0001
    assert parameters.exchange_s(10, 300) == pytest.approx(octets * 8 / 424_000 + delays + 0.002)


def test_a_slow_chip_asks_for_more_time() -> None:
    patient = LinkParameters(think_s=0.2, waiting_time_s=1.0)
    asking = LinkParameters(think_s=0.2, waiting_time_s=0.05)
    extension = 2 * (asking.characters_s(4) + asking.frame_delay_s)
    assert asking.exchange_s(5, 5) == pytest.approx(patient.exchange_s(5, 5) + 4 * extension)


@given(command=st.integers(4, 70_000), response=st.integers(2, 70_000))
def test_a_faster_link_is_never_slower(command: int, response: int) -> None:
    times = [LinkParameters(bit_rate=rate).exchange_s(command, response) for rate in BIT_RATES]
    assert times == sorted(times, reverse=True)


@given(st.integers(2, 10_000), st.integers(2, 10_000))
def test_one_long_answer_takes_less_time_than_two_short_ones(first: int, second: int) -> None:
    parameters = LinkParameters()
    together = parameters.exchange_s(10, first + second)
    assert together < parameters.exchange_s(10, first) + parameters.exchange_s(10, second)


def test_the_link_counts_and_passes_time() -> None:
    passed: list[float] = []
    link = ContactlessLink(chip(), pass_time=passed.append)
    assert link.process(SELECT) == OK
    assert link.process(READ_DG1) == DG1 + OK
    assert link.exchanges == 2
    assert link.octets == len(SELECT) + 2 + len(READ_DG1) + len(DG1) + 2
    assert link.elapsed_s == pytest.approx(sum(passed))


def test_a_chip_leaves_the_field_when_it_was_told_to() -> None:
    link = ContactlessLink(chip(), LinkParameters(lost_after=1), pass_time=lambda _seconds: None)
    link.process(SELECT)
    with pytest.raises(CardLost):
        link.process(READ_DG1)


@pytest.mark.parametrize("parameters", [{"bit_rate": 9600}, {"frame_size": 8}])
def test_a_link_that_there_is_not_is_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not"):
        LinkParameters(**parameters)  # pyright: ignore[reportArgumentType]


# ---------------------------------------------------------------- those in between


def answers(card: FlippedBit | Replay | BareSuccess, count: int = 6) -> list[bytes]:
    return [card.process(PROTECTED) for _ in range(count)]


def test_one_bit_of_one_answer_is_altered() -> None:
    honest, altered = answers(FlippedBit(Scripted(), at=99)), answers(FlippedBit(Scripted(), at=4))
    differing = [n for n, (a, b) in enumerate(zip(honest, altered, strict=True), 1) if a != b]
    assert differing == [4]


def test_an_answer_is_repeated() -> None:
    given_answers = answers(Replay(Scripted(), at=5))
    assert given_answers[4] == given_answers[3]
    assert given_answers[5] != given_answers[4]


def test_success_without_substance() -> None:
    assert answers(BareSuccess(Scripted(), at=3))[2:] == [OK] * 4
    assert AlwaysSuccess(chip()).process(READ_DG1) == OK
    assert Echo(chip()).process(SELECT) == SELECT[5:] + OK


def test_noise_is_the_same_every_time() -> None:
    first, second = ([Noise(chip()).process(SELECT) for _ in range(3)] for _ in range(2))
    assert first == second


def test_interference_leaves_the_clear_alone_and_starts_anew_after_a_reset() -> None:
    card = FlippedBit(chip(), at=1)
    assert card.process(SELECT) == OK
    assert card.process(READ_DG1) == DG1 + OK
    card.process(PROTECTED)
    card.reset()
    assert card.secured == 0
