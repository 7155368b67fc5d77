"""The exchange below a protocol: answers that come in pieces (ISO/IEC 7816-4 §11.5.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.protocol import transceive

READ = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=256)


def in_pieces(answer: bytes, size: int, sent: list[bytes]) -> Callable[[bytes, float], bytes]:
    """A chip that gives `size` bytes at a time and announces what is left."""
    left = bytearray(answer)

    def transmit(command: bytes, timeout_s: float) -> bytes:
        sent.append(command)
        part = bytes(left[:size])
        del left[:size]
        return part + (bytes([0x61, min(len(left), 255)]) if left else b"\x90\x00")

    return transmit


@pytest.mark.parametrize("size", [1, 100, 256, 5000])
def test_the_pieces_that_61xx_announces_are_one_answer(size: int) -> None:
    content, sent = bytes(range(256)) * 8, list[bytes]()
    assert run(transceive(READ), in_pieces(content, size, sent)) == ResponseApdu(content, 0x9000)
    assert len(sent) == -(-len(content) // size)
    assert {command[:4] for command in sent[1:]} <= {b"\x00\xc0\x00\x00"}


@pytest.mark.parametrize("piece", [b"\x61\x10", b"more" * 60 + b"\x61\x10"])
def test_pieces_without_end_are_cut_off(piece: bytes) -> None:
    response = run(transceive(READ), lambda command, timeout_s: piece)
    assert not response.ok


def test_a_chip_that_announces_and_then_refuses() -> None:
    answers = iter([b"part\x61\x04", b"\x69\x82"])
    response = run(transceive(READ), lambda command, timeout_s: next(answers))
    assert response == ResponseApdu(b"part", 0x6982)
