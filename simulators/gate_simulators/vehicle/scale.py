"""A vehicle scale that speaks as weighing terminals do. Written from docs/wire/scale.md.

``load(kg)`` puts a truck on: the platform swings and comes to rest, and only then the terminal calls the
weight stable. ``unsteady`` keeps it swinging (wind, a driver who walks about).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from gate_simulators.device.wire import WireDevice

Protocol = Literal["toledo", "mt-sics", "lines", "pattern"]
Preset = Literal["value", "value-unit", "header", "headers", "cas", "sbi", "rinstrum"]
STEP_KG = 20
_SWING_S = 0.6  # time constant of the swing
_HERTZ = 1.7
_EVERY_S = 0.05


class ScaleSimulator(WireDevice):
    """The scale and its terminal. `pace` > 1 makes it come to rest that much faster.

    With protocol `pattern` it speaks the lines of `preset`; `net` shows a net weight where those can say so.
    """

    def __init__(
        self,
        name: str,
        protocol: Protocol,
        *,
        preset: Preset = "value-unit",
        tcp: tuple[str, int] | None = None,
        pty: Path | None = None,
        checksum: bool = True,
        capacity_kg: float = 60_000.0,
        pace: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(name, tcp=tcp, pty=pty, seed=seed)
        self.protocol: Protocol = protocol
        self.checksum = checksum
        self.capacity_kg = capacity_kg
        self.preset: Preset = preset
        self.net = False
        self.unsteady = False
        self._pace = pace
        self._lock = threading.Lock()
        self._target = 0.0
        self._change = 0.0
        self._since = time.monotonic() - 60.0
        self._next = 0.0
        self._asked = bytearray()

    def load(self, kg: float) -> None:
        """So much stands on the platform from now on."""
        with self._lock:
            self._change, self._target = self._target - kg, kg
            self._since = time.monotonic()

    def weight(self, now: float) -> tuple[float, bool]:
        """What the load cells feel, rounded to the scale's step, and whether it is at rest."""
        with self._lock:
            elapsed = (now - self._since) * self._pace
            swing = self._change * math.exp(-elapsed / _SWING_S) * math.cos(2 * math.pi * _HERTZ * elapsed)
            if self.unsteady:
                swing += 120 * math.sin(2 * math.pi * 0.8 * now)
            weight = self._target + swing
        return STEP_KG * round(weight / STEP_KG), abs(swing) < STEP_KG / 2

    # ------------------------------------------------------------ the wire

    def heard(self, data: bytes) -> None:
        self._asked += data[:64]

    def speak(self, now: float) -> list[bytes]:
        if self.protocol == "mt-sics":
            return [self._answered(question, now) for question in self._questions()]
        if now < self._next:
            return []
        self._next = now + _EVERY_S
        if self.protocol == "pattern":
            return [self._pattern(now)]
        return [self._toledo(now) if self.protocol == "toledo" else self._headers(now)]

    def _questions(self) -> list[bytes]:
        *questions, rest = bytes(self._asked).replace(b"\r", b"\n").split(b"\n")
        self._asked[:] = rest[-64:]
        return [question for question in questions if question]

    def _answered(self, question: bytes, now: float) -> bytes:
        if question != b"SI":
            return b"ES\r\n"
        weight, stable = self.weight(now)
        if weight > self.capacity_kg:
            return b"S +\r\n"
        if weight < -STEP_KG:
            return b"S -\r\n"
        return f"S {'S' if stable else 'D'} {weight:10.0f} kg\r\n".encode()

    def _headers(self, now: float) -> bytes:
        weight, stable = self.weight(now)
        if weight > self.capacity_kg:
            return b"OL,GS,+       kg\r\n"
        sign = "-" if weight < 0 else "+"
        return f"{'ST' if stable else 'US'},GS,{sign}{abs(weight):7.0f}kg\r\n".encode()

    def _toledo(self, now: float) -> bytes:
        weight, stable = self.weight(now)
        over = weight > self.capacity_kg
        swa = 0x20 | 0b01 << 3 | 2  # no decimals, steps of one
        swb = 0x20 | 0x10 | (0 if stable else 0x08) | (0x04 if over else 0) | (0x02 if weight < 0 else 0)
        digits = f"{min(999_999, abs(round(weight))):6d}{0:6d}".encode()
        frame = b"\x02" + bytes([swa, swb, 0x20]) + digits + b"\r"
        return frame + bytes([-sum(frame) & 0x7F]) if self.checksum else frame

    def _pattern(self, now: float) -> bytes:
        weight, stable = self.weight(now)
        return _LINES[self.preset](weight, stable, weight > self.capacity_kg, self.net).encode("latin-1")


# ---------------------------------------------------------------- lines of the presets (docs/wire/scale.md)


def _value(weight: float, stable: bool, over: bool, net: bool) -> str:
    return "OL\r\n" if over else f"{weight:8.0f}\r\n"


def _value_unit(weight: float, stable: bool, over: bool, net: bool) -> str:
    return "OL,kg\r\n" if over else f"{weight:.0f},kg\r\n"


def _state(stable: bool, over: bool) -> str:
    return "OL" if over else "ST" if stable else "US"


def _header(weight: float, stable: bool, over: bool, net: bool) -> str:
    return f"{_state(stable, over)},{weight:+08.0f}  kg\r\n"


def _headers(weight: float, stable: bool, over: bool, net: bool) -> str:
    sign = "-" if weight < 0 else "+"
    return f"{_state(stable, over)},{'NT' if net else 'GS'},{sign}{abs(weight):7.0f}kg\r\n"


def _cas(weight: float, stable: bool, over: bool, net: bool) -> str:
    lamp = 0x80 | (0x40 if stable and not over else 0) | (0 if net else 0x04)
    return f"{_state(stable, over)},{'NT' if net else 'GS'},1{chr(lamp)},{weight:8.0f} kg\r\n"


def _sbi(weight: float, stable: bool, over: bool, net: bool) -> str:
    if over:
        return "Stat       High       \r\n"
    sign = "-" if weight < 0 else "+"
    return f"{'N' if net else 'G#':<6}{sign} {abs(weight):8.0f} {'kg' if stable else '':<3}\r\n"


def _rinstrum(weight: float, stable: bool, over: bool, net: bool) -> str:
    sign, mode = "-" if weight < 0 else " ", "O" if over else "N" if net else "G"
    return f"\x02{sign}{abs(weight):7.0f}{mode}{' ' if stable else 'M'} -{' kg' if stable else '   '}\x03"


_LINES: dict[Preset, Callable[[float, bool, bool, bool], str]] = {
    "value": _value,
    "value-unit": _value_unit,
    "header": _header,
    "headers": _headers,
    "cas": _cas,
    "sbi": _sbi,
    "rinstrum": _rinstrum,
}
"""A line of weight in kg, at rest, overload, net."""
