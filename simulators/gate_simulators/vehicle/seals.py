"""A reader of electronic seals with seals in its reach. Written from docs/wire/eseal.md."""

from __future__ import annotations

import binascii
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from gate_simulators.device.wire import WireDevice

_BEACON_S = 1.0
_HEARTBEAT_S = 2.0


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal. `state` is ``S`` sealed, ``O`` opened or ``U`` never sealed; times as on the wire."""

    manufacturer: int
    serial: int
    state: str = "S"
    battery_low: bool = False
    sealed_at: str = "2026-03-01T08:15:00Z"
    opened_at: str = ""


class SealReaderSimulator(WireDevice):
    """``put(seal)`` brings a seal into reach or changes it, ``take(seal)`` removes it."""

    def __init__(
        self,
        name: str,
        *,
        tcp: tuple[str, int] | None = None,
        pty: Path | None = None,
        pace: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(name, tcp=tcp, pty=pty, seed=seed)
        self._pace = pace
        self._lock = threading.Lock()
        self._seals: dict[tuple[int, int], Seal] = {}
        self._next_beacon = 0.0
        self._next_heartbeat = 0.0

    def put(self, seal: Seal) -> None:
        with self._lock:
            self._seals[seal.manufacturer, seal.serial] = seal
            self._next_beacon = 0.0

    def take(self, seal: Seal) -> None:
        with self._lock:
            self._seals.pop((seal.manufacturer, seal.serial), None)

    def break_open(self, seal: Seal, opened_at: str) -> None:
        """Somebody cuts the bolt."""
        self.put(replace(seal, state="O", opened_at=opened_at))

    def joined(self, now: float) -> None:
        self._next_heartbeat = now

    def speak(self, now: float) -> list[bytes]:
        messages: list[bytes] = []
        with self._lock:
            if now >= self._next_heartbeat:
                self._next_heartbeat = now + _HEARTBEAT_S / self._pace
                messages.append(framed(f"READER,{len(self._seals)}"))
            if now >= self._next_beacon:
                self._next_beacon = now + _BEACON_S / self._pace
                messages += [framed(told(seal)) for seal in self._seals.values()]
        return messages


def told(seal: Seal) -> str:
    fields = (
        f"{seal.manufacturer:04X},{seal.serial:08X},{seal.state},{int(seal.battery_low)}",
        f"{seal.sealed_at},{seal.opened_at}",
    )
    return "SEAL," + ",".join(fields)


def framed(body: str) -> bytes:
    return f"${body}*{binascii.crc_hqx(body.encode(), 0):04X}\r\n".encode()
