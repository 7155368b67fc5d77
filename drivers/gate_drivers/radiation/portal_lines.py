"""The line protocol of TSA and Rapiscan vehicle portal monitors (VM-250 family): lines in, readings out.

    TAG,v1,v2,v3,v4[,…]  CR LF           values are decimal, zero-padded; ``***`` is a value that overflowed

    GB NB           background, counts per second and detector, every 5 s while the portal is empty
    GH GL NH        background that the monitor takes for a fault: gamma high, gamma low, neutron high
    GS GA           gamma counts of 200 ms with a vehicle in the portal; GA while the monitor alarms
    NS NA           neutron counts of 1 s, likewise
    GX              the vehicle has left: its number, neutron background × 1000
    SP              time, mph, km/h
    TT TC           tamper, and the end of it
    SG1…SG3 SN1 SN2 how the monitor is set

The same lines appear in a monitor's daily files with the time ``HH-MM-SS.mmm`` behind them, which is skipped.
See docs/wire/portal.md. Pure: knows neither the wire nor the clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from gate_agent.devices import (
    BackgroundCounts,
    GarbledReading,
    MonitorSetup,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    RadiationReading,
    Tamper,
    VehicleSpeed,
)
from gate_drivers.wire.instrument import LineDecoder

MAX_LINE = 160
_ADVICE = "check the line; the next line is read again"
DETECTORS = 4
GAMMA_INTERVAL_S = 0.2
NEUTRON_INTERVAL_S = 1.0
MAX_COUNT = 10_000_000
MPH = 1.609344
_TIME = re.compile(r"\d{2}-\d{2}-\d{2}(?:\.\d{1,3})?")
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")

SETUP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SG1": (
            *("gamma_high_fault", "gamma_low_fault", "gamma_intervals", "occupancy_hold_in", "gamma_n_sigma"),
            "gamma_spare",
        ),
        "SG2": ("detectors", "gamma_lld_v", "gamma_uld_v", "relay_output", "algorithms", "software"),
        "SG3": ("aux_lld_v", "aux_uld_v", "gamma_background_s", "background_n_sigma", "firmware"),
        "SN1": (
            *("neutron_high_fault", "neutron_max_intervals", "neutron_alpha", "neutron_z_max"),
            *("neutron_sequential_intervals", "neutron_background_s"),
        ),
        "SN2": ("master_lld_v", "master_uld_v", "slave_lld_v", "slave_uld_v", "neutron_spare"),
    }
)


def portal_decoder() -> LineDecoder[RadiationReading]:
    """For one connection."""
    return LineDecoder(_decoded, MAX_LINE, _ADVICE)


def _decoded(line: bytes, at: float) -> RadiationReading:
    try:
        return decode(line.decode("ascii"), at)
    except UnicodeDecodeError as error:
        raise _garbled(f"byte {line[error.start]:02X} in a line", f"character {error.start}") from None


def decode(line: str, at: float) -> RadiationReading:
    """One line without its end. Raises GarbledReading naming tag and field."""
    tag, *fields = [field.strip() for field in line[:MAX_LINE].split(",")]
    if fields and _TIME.fullmatch(fields[-1]):
        fields.pop()
    known = _TAGS.get(tag)
    if known is None:
        raise _garbled(f"no message is called {tag[:8]!r}", "tag")
    return known(tag, fields, at)


def _garbled(what: str, field: str) -> GarbledReading:
    return GarbledReading(what, field=field, advice=_ADVICE)


def _number(tag: str, fields: list[str], place: int, highest: float) -> float | None:
    """A field's number; None when it is missing, blank or overflowed (``***``)."""
    told = fields[place] if place < len(fields) else ""
    if not told or set(told) == {"*"}:
        return None
    if not _NUMBER.fullmatch(told) or float(told) > highest:
        raise _garbled(f"{told[:16]!r} is not a number of this field", f"{tag}[{place + 1}]")
    return float(told)


def _whole(tag: str, fields: list[str], least: int) -> None:
    """Raises GarbledReading for a line that was cut off: a value too few, or one that lost its last digits.

    Monitors pad with zeros to one width, so a shorter value among them has lost something.
    """
    if len(fields) < least:
        raise _garbled(f"{len(fields)} values: the line is cut off", tag)
    told = [field for field in fields if field and set(field) != {"*"}]
    padded = any(len(field) > 1 and field[0] == "0" and field.isdecimal() for field in told)
    if padded and len({len(field) for field in told}) > 1:
        raise _garbled("values of different width: the line is cut off", tag)


def _counts(tag: str, fields: list[str]) -> tuple[int | None, ...]:
    if len(fields) > DETECTORS + 2:
        raise _garbled(f"{len(fields)} fields", tag)
    if any(fields):  # a monitor without neutron tubes sends the tag alone
        _whole(tag, fields, DETECTORS)
    values = [_number(tag, fields, place, MAX_COUNT) for place in range(DETECTORS)]
    if any(value is not None and value != int(value) for value in values):
        raise _garbled("a fraction of a count", tag)
    return tuple(None if value is None else int(value) for value in values)


def _background(tag: str, fields: list[str], at: float) -> BackgroundCounts:
    fault = {"H": "high", "L": "low"}.get(tag[1], "")
    return BackgroundCounts(_kind(tag), _counts(tag, fields), at, fault)


def _occupied(tag: str, fields: list[str], at: float) -> OccupiedCounts:
    kind = _kind(tag)
    seconds = GAMMA_INTERVAL_S if kind is Radiation.GAMMA else NEUTRON_INTERVAL_S
    return OccupiedCounts(kind, _counts(tag, fields), seconds, tag[1] == "A", at)


def _kind(tag: str) -> Radiation:
    return Radiation.GAMMA if tag[0] == "G" else Radiation.NEUTRON


def _ended(tag: str, fields: list[str], at: float) -> OccupancyEnded:
    _whole(tag, fields, 2)
    number = _number(tag, fields, 0, MAX_COUNT)
    background = _number(tag, fields, 1, MAX_COUNT)
    return OccupancyEnded(
        None if number is None else int(number), None if background is None else background / 1000, at
    )


def _speed(tag: str, fields: list[str], at: float) -> VehicleSpeed:
    mph, km_h = _number(tag, fields, 1, 200), _number(tag, fields, 2, 300)
    if mph is None and km_h is None:
        raise _garbled("no speed", "SP[3]")
    told = km_h if km_h is not None else (mph or 0.0) * MPH
    if mph is not None and abs(told - mph * MPH) > 0.05 * told + 0.2:
        raise _garbled("mph and km/h are different speeds: the line is cut off", "SP[3]")
    return VehicleSpeed(told, at)


def _tamper(tag: str, fields: list[str], at: float) -> Tamper:
    return Tamper(tag == "TT", at)


def _setup(tag: str, fields: list[str], at: float) -> MonitorSetup:
    for place, field in enumerate(fields):
        if len(field) > 16 or not field.isprintable():
            raise _garbled("not a setting", f"{tag}[{place + 1}]")
    return MonitorSetup(tuple(zip(SETUP[tag], fields, strict=False)), at)


_TAGS: Mapping[str, Callable[[str, list[str], float], RadiationReading]] = MappingProxyType(
    {
        **dict.fromkeys(("GB", "NB", "GH", "GL", "NH"), _background),
        **dict.fromkeys(("GS", "GA", "NS", "NA"), _occupied),
        "GX": _ended,
        "SP": _speed,
        **dict.fromkeys(("TT", "TC"), _tamper),
        **dict.fromkeys(SETUP, _setup),
    }
)
