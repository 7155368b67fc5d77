"""The simulated MRZ reader on its pseudo-terminal, with pyserial as the host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from gate_simulators.device.faults import FaultKind
from gate_simulators.device.mrz_scanner import MrzScanner, frame
from gate_simulators.device.pty_line import PtyLine

LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
OTHER = ("P<UTOBERGMANN<<BERTA<<<<<<<<<<<<<<<<<<<<<<<<", "X4RTBPFW46UTO8001014F3001014<<<<<<<<<<<<<<02")
FRAME = b"\x02" + b"".join(line.encode() + b"\r" for line in LINES) + b"\x03"
OTHER_FRAME = b"\x02" + b"".join(line.encode() + b"\r" for line in OTHER) + b"\x03"
REMOVED = b"\x02R\x03"


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "run" / "mrz.tty"


@pytest.fixture
def scanner(link: Path) -> Iterator[MrzScanner]:
    made = MrzScanner("mrz", link, seed=3)
    made.start()
    yield made
    made.stop()
    assert not link.is_symlink()
    assert not [t.name for t in threading.enumerate() if t.name == "sim-mrz"]


@pytest.fixture
def host(scanner: MrzScanner, link: Path) -> Iterator[serial.Serial]:
    with serial.Serial(str(link), timeout=3.0) as port:
        yield port


def quiet(host: serial.Serial, seconds: float = 0.4) -> bool:
    host.timeout = seconds
    try:
        return host.read(1) == b""
    finally:
        host.timeout = 3.0


def wait_until(holds: Callable[[], bool], attempts: int = 200) -> None:
    for _ in range(attempts):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail(f"{holds} never held")


# ---------------------------------------------------------------- the frame


def test_a_document_is_a_frame_of_its_lines(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.present(LINES)
    assert host.read(len(FRAME)) == FRAME


def test_taking_it_away_is_a_frame_too(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.present(LINES)
    assert host.read(len(FRAME)) == FRAME
    scanner.remove()
    scanner.remove()
    assert host.read(len(REMOVED)) == REMOVED
    assert quiet(host)


def test_the_lrc_is_the_exclusive_or_behind_stx() -> None:
    assert frame(b"R", lrc=True) == b"\x02R\x03" + bytes([ord("R") ^ 3])


def test_a_document_on_the_reader_is_read_when_the_port_opens(scanner: MrzScanner, link: Path) -> None:
    scanner.present(LINES)
    for _ in range(2):
        with serial.Serial(str(link), timeout=3.0) as host:
            assert host.read(len(FRAME)) == FRAME
        time.sleep(0.2)  # the reader notices that the port was closed


def test_what_was_read_before_the_port_opened_is_lost(scanner: MrzScanner, link: Path) -> None:
    scanner.present(LINES)
    scanner.remove()
    with serial.Serial(str(link)) as host:
        assert quiet(host)


# ---------------------------------------------------------------- faults


def test_a_silent_reader_reads_and_says_nothing(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.faults.inject(FaultKind.SILENT)
    scanner.present(LINES)
    assert quiet(host)
    scanner.faults.clear()
    scanner.remove()
    assert host.read(len(REMOVED)) == REMOVED


def test_a_frozen_reader_repeats_the_last_document(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.present(LINES)
    host.read(len(FRAME))
    scanner.faults.inject(FaultKind.FREEZE)
    scanner.present(OTHER)
    assert host.read(len(FRAME)) == FRAME
    scanner.faults.clear()
    scanner.present(OTHER)
    assert host.read(len(OTHER_FRAME)) == OTHER_FRAME


def test_a_delayed_frame_comes_whole(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.faults.inject(FaultKind.DELAY, parameters={"seconds": 0.8})
    scanner.present(LINES)
    assert quiet(host, 0.3)
    assert host.read(len(FRAME)) == FRAME


def test_a_garbled_frame_keeps_its_length(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.3})
    scanner.present(LINES)
    garbled = host.read(len(FRAME))
    assert len(garbled) == len(FRAME)
    assert garbled != FRAME


def test_a_dropping_line_loses_bytes(scanner: MrzScanner, host: serial.Serial) -> None:
    scanner.faults.inject(FaultKind.DROP, parameters={"ratio": 0.5})
    scanner.present(LINES)
    host.timeout = 0.5
    assert 0 < len(host.read(len(FRAME))) < len(FRAME)


def test_unplugging_hangs_up_and_removes_the_port(
    scanner: MrzScanner, host: serial.Serial, link: Path
) -> None:
    scanner.faults.inject(FaultKind.UNPLUG)
    with pytest.raises(serial.SerialException):
        host.read(1)
    wait_until(lambda: not link.is_symlink())
    scanner.present(LINES)
    scanner.faults.clear()
    wait_until(link.is_symlink)
    with serial.Serial(str(link), timeout=3.0) as again:
        assert again.read(len(FRAME)) == FRAME


def test_a_fault_that_a_scanner_cannot_have_is_refused(scanner: MrzScanner) -> None:
    with pytest.raises(ValueError, match="card_lost"):
        scanner.faults.inject(FaultKind.CARD_LOST)


# ---------------------------------------------------------------- the line itself


def test_a_line_carries_every_byte_both_ways(link: Path) -> None:
    line = PtyLine(link)
    line.plug()
    line.plug()
    try:
        with serial.Serial(str(link), timeout=3.0) as host:
            every = bytes(range(256))
            assert line.write(every)
            assert host.read(256) == every
            host.write(every)
            received = b""
            while len(received) < 256:
                part = line.read(256, 3.0)
                assert part
                received += part
            assert received == every
            assert line.connected()
        assert not line.connected()
        assert not line.write(b"lost")
        assert line.read(1, 0.0) == b""
    finally:
        line.unplug()
        line.unplug()
    assert not link.exists()


def test_a_line_takes_the_place_of_a_link_that_a_crash_left_behind(link: Path) -> None:
    link.parent.mkdir(parents=True)
    link.symlink_to("/dev/pts/does-not-exist")
    line = PtyLine(link)
    line.plug()
    assert link.exists()
    line.unplug()


def test_unplugging_leaves_another_lines_link_alone(link: Path) -> None:
    first, second = PtyLine(link), PtyLine(link)
    first.plug()
    second.plug()
    first.unplug()
    assert link.exists()
    second.unplug()
