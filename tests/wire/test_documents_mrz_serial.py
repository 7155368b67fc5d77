"""The MRZ reader's wire: frames and their errors byte by byte, then the driver on a pseudo-terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DocumentRemoved,
    DocumentScanner,
    GarbledReading,
    LineNoise,
    MrzReading,
)
from gate_drivers.documents.mrz_serial import FrameDecoder, MrzSerialConfig, MrzSerialScanner, Reading
from gate_simulators.device.faults import FaultKind
from gate_simulators.device.mrz_scanner import MrzScanner

LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
BODY = b"".join(line.encode() + b"\r" for line in LINES)
TD1 = tuple(letter * 30 for letter in "ABC")


def frame(body: bytes = BODY) -> bytes:
    return b"\x02" + body + b"\x03"


# ---------------------------------------------------------------- frames


def test_a_document_and_its_removal() -> None:
    assert FrameDecoder(lrc=False).feed(frame() + frame(b"R")) == [MrzReading(LINES), DocumentRemoved()]


def test_three_lines_and_a_line_feed_behind_the_carriage_return() -> None:
    body = b"".join(line.encode() + b"\r\n" for line in TD1)
    assert FrameDecoder(lrc=False).feed(b"\r\n\x00" + frame(body) + b"\r\n") == [MrzReading(TD1)]


@given(st.lists(st.integers(1, 40), max_size=8))
def test_frames_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    decoder, sent, found = FrameDecoder(lrc=False), frame() + frame(b"R"), []
    for cut in cuts:
        found += decoder.feed(sent[:cut])
        sent = sent[cut:]
    assert found + decoder.feed(sent) == [MrzReading(LINES), DocumentRemoved()]


@pytest.mark.parametrize("lrc_error", [0, 1])
def test_lrc_covers_everything_behind_stx(lrc_error: int) -> None:
    checked = BODY + b"\x03"
    sent = b"\x02" + checked + bytes([reduce(xor, checked) ^ lrc_error])
    (item,) = FrameDecoder(lrc=True).feed(sent)
    assert isinstance(item, GarbledReading) if lrc_error else item == MrzReading(LINES)


def test_an_lrc_may_look_like_a_control_character() -> None:
    """Lines whose LRC is STX itself: it must be taken as the LRC, not as the next frame."""
    lines = next(
        (f"{a}{b}".ljust(44, "<"), "<" * 44)
        for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        if reduce(xor, f"{a}{b}".encode()) ^ 3 == 2
    )
    checked = b"".join(line.encode() + b"\r" for line in lines) + b"\x03"
    assert reduce(xor, checked) == 2
    assert FrameDecoder(lrc=True).feed(b"\x02" + checked + b"\x02") == [MrzReading(lines)]


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (BODY.replace(b"UTO", b"UtO", 1), 3),
        (BODY.replace(b"L898", b"\xcc898"), 45),
        (BODY[:-1], 89),
        (BODY[1:], 89),
        (b"", 0),
        (b"\r\r", 2),
        (b"RR", 2),
    ],
)
def test_a_garbled_frame_names_the_byte_and_the_next_one_is_read(body: bytes, offset: int) -> None:
    garbled, good = FrameDecoder(lrc=False).feed(frame(body) + frame())
    assert isinstance(garbled, GarbledReading) and garbled.field == f"frame byte {offset}"
    assert good == MrzReading(LINES)


def test_a_frame_without_end_is_cut_and_the_next_one_is_read() -> None:
    decoder = FrameDecoder(lrc=False)
    garbled, good = decoder.feed(b"\x02" + BODY[:20] + frame())
    assert isinstance(garbled, GarbledReading) and good == MrzReading(LINES)
    (endless,) = decoder.feed(b"\x02" + b"A" * 5000)
    assert isinstance(endless, GarbledReading) and "longer" in endless.what
    assert decoder.feed(frame()) == [MrzReading(LINES)]


@given(st.binary(min_size=1, max_size=64).filter(lambda data: b"\x02" not in data and data.strip(b"\r\n\0")))
def test_d6_whatever_comes_between_frames_is_noise_and_nothing_that_somebody_presented(
    between: bytes,
) -> None:
    noise, good = FrameDecoder(lrc=False).feed(between + frame())
    assert isinstance(noise, LineNoise) and noise.field and noise.advice
    assert good == MrzReading(LINES)


def test_d6_each_burst_of_noise_is_told_once() -> None:
    decoder = FrameDecoder(lrc=False)
    found = [item for data in (b"\xff", b"\xfe", b"", b"\xfd\xfc", b"") for item in decoder.feed(data)]
    assert [type(item) for item in found] == [LineNoise, LineNoise]


def test_a_frame_that_does_not_end_in_time_is_garbled() -> None:
    decoder = FrameDecoder(lrc=False, frame_timeout_s=1.0)
    assert decoder.feed(b"\x02" + BODY[:20], 5.0) == []
    assert decoder.feed(b"", 5.9) == []
    (garbled,) = decoder.feed(b"", 6.1)
    assert isinstance(garbled, GarbledReading) and "cut off" in garbled.what
    assert decoder.feed(frame(), 7.0) == [MrzReading(LINES)]


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_leave_the_decoder_able_to_read_on(noise: bytes, lrc: bool) -> None:
    decoder = FrameDecoder(lrc=lrc)
    decoder.feed(noise)
    decoder.feed(b"\x00")  # may be taken for an LRC that is still due
    checked = BODY + b"\x03"
    sent = b"\x02" + checked + (bytes([reduce(xor, checked)]) if lrc else b"")
    assert decoder.feed(sent)[-1] == MrzReading(LINES)


# ---------------------------------------------------------------- the driver on a line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[MrzScanner, MrzSerialScanner]]:
    threads = set(threading.enumerate())
    scanner = MrzScanner("mrz", tmp_path / "mrz.tty", lrc=True)
    driver = MrzSerialScanner(
        MrzSerialConfig(device=str(tmp_path / "mrz.tty"), lrc=True, frame_timeout_ms=100)
    )
    scanner.start()
    yield scanner, driver
    driver.close()
    scanner.stop()
    assert set(threading.enumerate()) == threads


def awaited(read: Callable[[], Reading | None], seconds: float = 5.0) -> Reading | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (reading := read()) is not None:
            return reading
    return None


def test_a_document_is_read_and_taken_away(line: tuple[MrzScanner, MrzSerialScanner]) -> None:
    scanner, driver = line
    assert isinstance(driver, DocumentScanner)
    driver.open()
    assert driver.read() is None
    scanner.present(LINES)
    assert awaited(driver.read) == MrzReading(LINES)
    scanner.remove()
    assert awaited(driver.read) == DocumentRemoved()


def test_garbled_frames_are_reported_and_reading_goes_on(line: tuple[MrzScanner, MrzSerialScanner]) -> None:
    scanner, driver = line
    driver.open()
    scanner.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.2})
    scanner.present(LINES)
    with pytest.raises(GarbledReading):
        awaited(driver.read)
    scanner.faults.clear()
    scanner.present(LINES)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if driver.read() == MrzReading(LINES):
                return
        except (GarbledReading, LineNoise):
            continue  # what else was left of the garbled frame
    pytest.fail("the frame behind the garbled one was lost")


def test_an_unplugged_line_is_disconnected_and_can_be_reopened(
    line: tuple[MrzScanner, MrzSerialScanner],
) -> None:
    scanner, driver = line
    driver.open()
    scanner.faults.inject(FaultKind.UNPLUG)
    with pytest.raises(DeviceDisconnected):
        awaited(driver.read)
    driver.close()
    with pytest.raises(DeviceError) as caught:
        driver.open()
    assert "plug the device in" in caught.value.advice
    scanner.faults.clear()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            driver.open()
            break
        except DeviceError:
            time.sleep(0.02)
    scanner.present(LINES)
    assert awaited(driver.read) == MrzReading(LINES)


def test_close_from_another_thread_ends_a_read(line: tuple[MrzScanner, MrzSerialScanner]) -> None:
    _, driver = line
    driver.open()
    closer = threading.Timer(0.05, driver.close)
    closer.start()
    with pytest.raises(DeviceDisconnected):
        while True:
            driver.read()
    closer.join()
    driver.close()


def test_only_one_program_may_use_the_line(line: tuple[MrzScanner, MrzSerialScanner]) -> None:
    _, driver = line
    driver.open()
    second = MrzSerialScanner(driver._config)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(DeviceError) as caught:
        second.open()
    assert "other program" in caught.value.advice
