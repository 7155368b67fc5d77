"""What weighing terminals send: Toledo continuous output, MT-SICS, and lines with two headers. Pure decoders.

Toledo continuous, about 20 times a second::

    STX SWA SWB SWC W W W W W W T T T T T T CR [CHK]

    SWA  bits 0-2 decimal point (0: ×100, 1: ×10, 2: ×1, 3: ×0.1, … 7: ×0.00001)     bit 5 is 1
    SWB  bit 0 net, 1 negative, 2 out of range, 3 motion, 4 kg (else lb), 5 is 1, 6 zero not captured
    SWC  bits 0-2 unit (0: by SWB bit 4, 1: g, 2: t, 3: oz), bit 5 is 1
    W, T six digits of weight and tare; a blank is a leading zero
    CHK  two's complement of the low seven bits of the sum of everything from STX to CR

MT-SICS level 0 (Mettler Toledo Standard Interface Command Set), the answer to ``SI``::

    S S      125.67 g        stable       S D   …   in motion       S +  S -  over, under       S I  not now

Lines with two headers, as A&D and many others send them::

    ST,GS,+  4.876kg         ST stable, US unstable, OL overload; GS gross, NT net, TR tare
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.devices import GarbledReading, LineNoise, WeightReading
from gate_drivers.wire.instrument import LineDecoder

STX, CR = 0x02, 0x0D
MAX_LINE = 64
_ADVICE = "check the cable, the protocol and the line's settings"
TOLEDO_FRAME = 17
HEAVIEST_KG = 500_000.0
KG: Mapping[str, float] = MappingProxyType(
    {"kg": 1.0, "g": 0.001, "t": 1000.0, "lb": 0.45359237, "oz": 0.028349523125}
)
_SICS = re.compile(r"S ([SDI+-])(?: +(-?[0-9]{1,9}(?:\.[0-9]{1,6})?) +([a-zA-Z]{1,3}))?")
_HEADERS = re.compile(r"(ST|US|OL),(GS|NT|TR),([+-]?) *([0-9]{0,9}(?:\.[0-9]{1,6})?) *([a-zA-Z]{1,3})")
_TOLEDO_UNITS = {1: "g", 2: "t", 3: "oz"}


def garbled(what: str, field: str, advice: str = _ADVICE) -> GarbledReading:
    return GarbledReading(what, field=field, advice=advice)


def kilograms(value: float, unit: str, field: str) -> float:
    """Raises GarbledReading for an unknown unit and for what is too heavy for a vehicle."""
    factor = KG.get(unit.lower())
    if factor is None:
        raise garbled(f"weight in {unit[:8]!r}", field)
    kg = value * factor
    if abs(kg) > HEAVIEST_KG:
        raise garbled(f"{kg:.0f} kg is no vehicle", field)
    return kg


class ToledoDecoder:
    """Frames of fixed length; in step again at the next STX."""

    def __init__(self, *, checksum: bool) -> None:
        self._length = TOLEDO_FRAME + checksum
        self._checksum = checksum
        self._frame = bytearray()
        self._in_noise = True  # the first frame may have begun before we listened

    def feed(self, data: bytes, at: float) -> list[WeightReading | GarbledReading | LineNoise]:
        found: list[WeightReading | GarbledReading | LineNoise] = []
        for byte in data:
            if not self._frame and byte != STX:
                if not self._in_noise and byte not in b"\r\n":
                    self._in_noise = True
                    found.append(LineNoise(f"byte {byte:02X} between frames", field="STX", advice=_ADVICE))
                continue
            self._in_noise = False
            self._frame.append(byte)
            if len(self._frame) == self._length:
                found.append(self._take(bytes(self._frame), at))
        return found

    def _take(self, frame: bytes, at: float) -> WeightReading | GarbledReading:
        self._frame.clear()
        try:
            return decode_toledo(frame, at, checksum=self._checksum)
        except GarbledReading as error:
            # The frame may have been cut: what looks like its inside may hold the next one's beginning.
            begin = frame.find(STX, 1)
            if begin > 0:
                self._frame += frame[begin:]
            return error


def decode_toledo(frame: bytes, at: float, *, checksum: bool) -> WeightReading:
    """One frame. Raises GarbledReading naming the field."""
    if len(frame) != TOLEDO_FRAME + checksum or frame[0] != STX or frame[16] != CR:
        raise garbled("no Toledo frame", "CR")
    if checksum and (sum(frame[:17]) + frame[17]) & 0x7F:
        raise garbled("the checksum does not hold", "CHK")
    swa, swb, swc = frame[1], frame[2], frame[3]
    for name, word in (("SWA", swa), ("SWB", swb), ("SWC", swc)):
        if not word & 0x20:
            raise garbled(f"{word:02X} is no status word", name)
    unit = _TOLEDO_UNITS.get(swc & 7, "kg" if swb & 0x10 else "lb")
    scale = 10.0 ** (2 - (swa & 7))
    weight = _toledo_number(frame[4:10], "weight") * scale
    tare = _toledo_number(frame[10:16], "tare") * scale
    out_of_range = bool(swb & 0x04)
    unknown = out_of_range or bool(swb & 0x40)
    return WeightReading(
        kg=None if unknown else kilograms(-weight if swb & 0x02 else weight, unit, "weight"),
        stable=not swb & 0x08 and not unknown,
        gross=not swb & 0x01,
        at=at,
        tare_kg=kilograms(tare, unit, "tare"),
        out_of_range=out_of_range,
    )


def _toledo_number(digits: bytes, field: str) -> int:
    plain = digits.lstrip(b" ") or b"0"
    if not plain.isdigit():
        raise garbled(f"{digits!r} is no number", field)
    return int(plain)


def line_decoder(protocol: str) -> LineDecoder[WeightReading]:
    """For one connection: `protocol` is mt-sics or lines."""
    decode = decode_sics if protocol == "mt-sics" else decode_headers
    return LineDecoder(lambda line, at: decode(line.decode("ascii", "replace"), at), MAX_LINE, _ADVICE)


def decode_sics(line: str, at: float) -> WeightReading | None:
    """The answer to SI; None for "not now". Raises GarbledReading."""
    plain = line.strip()
    if plain in ("ES", "ET", "EL"):
        raise garbled(f"the terminal refused the command: {plain}", "answer")
    match = _SICS.fullmatch(plain)
    if match is None:
        raise garbled(f"{plain[:24]!r} is no answer to SI", "answer")
    state, value, unit = match.groups()
    if state == "I":
        return None
    if state in "+-":
        return WeightReading(None, stable=False, gross=True, at=at, out_of_range=True)
    if value is None:
        raise garbled("a state without a weight", "answer")
    return WeightReading(kilograms(float(value), unit, "unit"), stable=state == "S", gross=True, at=at)


def decode_headers(line: str, at: float) -> WeightReading | None:
    """One line with two headers; a tare line is no weight. Raises GarbledReading."""
    match = _HEADERS.fullmatch(line.strip())
    if match is None:
        raise garbled(f"{line.strip()[:24]!r} is not HEADER,HEADER,weight", "line")
    state, kind, sign, value, unit = match.groups()
    if kind == "TR":
        return None
    if state == "OL":
        return WeightReading(None, stable=False, gross=kind == "GS", at=at, out_of_range=True)
    if not value or value == ".":
        raise garbled("no weight", "line")
    kg = kilograms(float(value) * (-1 if sign == "-" else 1), unit, "unit")
    return WeightReading(kg, stable=state == "ST", gross=kind == "GS", at=at)
