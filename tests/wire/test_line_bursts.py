"""D1: a burst on the wire while the station is busy: every line arrives in order, whatever the instrument."""

from __future__ import annotations

import asyncio
import binascii
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gate_agent.devices.capabilities import capability
from gate_agent.devices.registry import load_driver
from gate_agent.devices.supervision import Supervisor

BURST = 700


def _portal(number: int) -> bytes:
    return f"GS,{number:06d},000079,000087,000077\r\n".encode()


def _scale(number: int) -> bytes:
    return f"ST,GS,+{10_000 + number:7d}kg\r\n".encode()


def _seal(number: int) -> bytes:
    body = f"SEAL,0042,{number:08X},S,0,,"
    return f"${body}*{binascii.crc_hqx(body.encode(), 0):04X}\r\n".encode()


@pytest.mark.parametrize(
    ("driver", "settings", "line", "number"),
    [
        ("portal-lines", {}, _portal, lambda reading: reading.counts[0]),
        ("scale-serial", {"protocol": "lines"}, _scale, lambda reading: int(reading.kg) - 10_000),
        ("eseal-lines", {}, _seal, lambda reading: reading.serial),
    ],
)
def test_d1_no_line_of_a_burst_is_lost_while_the_station_is_busy(
    driver: str, settings: dict[str, Any], line: Callable[[int], bytes], number: Callable[[Any], int]
) -> None:
    heard: list[int] = []
    go, over = threading.Event(), threading.Event()

    def speak(listener: socket.socket) -> None:
        wire, _ = listener.accept()
        with wire:
            wire.sendall(line(0))
            go.wait(20)
            wire.sendall(b"".join(map(line, range(1, BURST))))
            over.wait(30)  # hanging up would be a fault

    async def scene(port: int) -> None:
        kind: Any = load_driver(driver)
        where = {"kind": "tcp", "host": "127.0.0.1", "port": port}
        config = kind.Config.model_validate({"line": where, **settings})
        supervisor: Supervisor[Any] = Supervisor(
            "instrument",
            driver,
            lambda: kind(config),
            on_reading=lambda reading: heard.append(number(reading)),
            on_health=lambda _health: None,
            patience=capability(kind.capability).patience,
        )
        running = asyncio.create_task(supervisor.run())
        async with asyncio.timeout(30):
            while not heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            go.set()
            time.sleep(0.5)  # noqa: ASYNC251 - the station is busy
            while len(heard) < BURST:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert supervisor.health.restarts == 0
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        talker = threading.Thread(target=speak, args=(listener,), daemon=True)
        talker.start()
        try:
            asyncio.run(scene(listener.getsockname()[1]))
        finally:
            go.set()
            over.set()
            talker.join(20)
    assert heard == list(range(BURST))
