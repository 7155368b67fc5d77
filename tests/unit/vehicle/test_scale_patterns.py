"""Weighing terminals by pattern: the lines that makers document, then flags, units, decimals, garbage."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gate_agent.devices import GarbledReading, WeightReading
from gate_agent.vehicle.weighing import Weighing, WeighingSettings
from gate_drivers.sensors.scale import ScaleConfig
from gate_drivers.sensors.scale_patterns import (
    PRESETS,
    LinePattern,
    Unjudged,
    decode_pattern,
    line_pattern,
    number,
    pattern_decoder,
)

LINE = {"kind": "serial", "device": "/dev/ttyS0"}


def pattern(name: str, **settings: object) -> LinePattern:
    return line_pattern(name, **{"unit": None, "unmarked": "gross", **settings})  # type: ignore[arg-type]


def shown(line: str, name: str, **settings: object) -> tuple[float | None, bool | None, bool, bool]:
    """Kilograms, stable (None: the line does not tell), gross, out of range."""
    found = decode_pattern(line, 1.0, pattern(name, **settings))
    assert found is not None
    reading = found.reading if isinstance(found, Unjudged) else found
    stable = None if isinstance(found, Unjudged) else reading.stable
    return reading.kg, stable, reading.gross, reading.out_of_range


def garbled(line: str, name: str, **settings: object) -> str | None:
    with pytest.raises(GarbledReading) as caught:
        decode_pattern(line, 1.0, pattern(name, **settings))
    assert caught.value.advice
    return caught.value.field


# ---------------------------------------------------------------- the lines of the trials, and their makers'


@pytest.mark.parametrize(
    ("preset", "line", "expected"),
    [
        ("value-unit", "24360,kg", (24360, None, True, False)),
        ("value-unit", "  24360 kg", (24360, None, True, False)),
        ("value-unit", "24,36 t", (24360, None, True, False)),
        ("value-unit", "24360.5;KG", (24360.5, None, True, False)),
        ("value-unit", "-120,kg", (-120, None, True, False)),
        ("value-unit", "53704 lb", (pytest.approx(24359.72, abs=0.01), None, True, False)),
        ("value-unit", "-------,kg", (None, False, True, True)),
        ("header", "ST,+0024360  kg", (24360, True, True, False)),
        ("header", "US,+0024360  kg", (24360, False, True, False)),
        ("header", "ST,-0000120  kg", (-120, True, True, False)),
        ("header", "ST,+0024.360   t", (24360, True, True, False)),
        ("header", "OL,+9999999E+19", (None, False, True, True)),
        ("headers", "ST,GS,+0024360kg", (24360, True, True, False)),
        ("headers", "ST,GS,  24360,kg", (24360, True, True, False)),
        ("headers", "ST,NT,+0008360kg", (8360, True, False, False)),
        ("headers", "US,GR,+0024360kg", (24360, False, True, False)),
        ("headers", "OL,GS,+       kg", (None, False, True, True)),
        ("cas", "ST,GS,1\xc4,   24360 kg", (24360, True, True, False)),
        ("cas", "US,GS,1\x84,   24360 kg", (24360, False, True, False)),
        ("cas", "ST,NT,1\xc2,    8360 kg", (8360, True, False, False)),
        ("cas", "ST,GS,1\x84,   24360 kg", (24360, False, True, False)),  # the lamp says: in motion
        ("cas", "ST,GS,1\xd4,   24360 kg", (24360, False, True, False)),  # held
        ("cas", "ST,GS,=\xc4,  24.360  t", (24360, True, True, False)),
        ("cas", "OL,GS,1\x84,         kg", (None, False, True, True)),
        ("sbi", "G#    +    24360 kg ", (24360, True, True, False)),
        ("sbi", "N     +    24360 kg ", (24360, True, False, False)),
        ("sbi", "+   24360 kg ", (24360, True, True, False)),
        ("sbi", "G#    +    24360    ", (None, False, True, False)),  # no unit: in motion
        ("sbi", "-    120 kg ", (-120, True, True, False)),
        ("sbi", "Stat       High", (None, False, True, True)),
        ("sbi", "Low", (None, False, True, True)),
        ("rinstrum", "\x02  24360G\x03", (24360, True, True, False)),
        ("rinstrum", "\x02   24360N\x03", (24360, True, False, False)),
        ("rinstrum", "\x02   24360M\x03", (24360, False, True, False)),
        ("rinstrum", "\x02   24360O\x03", (None, False, True, True)),
        ("rinstrum", "\x02-    120G\x03", (-120, True, True, False)),
        ("rinstrum", "\x02   24360G  - kg\x03", (24360, True, True, False)),
        ("rinstrum", "\x02   24360GM -   \x03", (24360, False, True, False)),
        ("rinstrum", "\x02       0G Z1 kg\x03", (0, True, True, False)),
        ("rinstrum", "\x02 8888888O  - kg\x03", (None, False, True, True)),
        ("rinstrum", "   24360KG", (24360, True, True, False)),
        ("rinstrum", "   24360KNM", (24360, False, False, False)),
        ("rinstrum", "99999KGO", (None, False, True, True)),
        ("value", "   24360", (24360, None, True, False)),
        ("value", "- 120", (-120, None, True, False)),
        ("value", "OL", (None, False, True, True)),
    ],
)
def test_n16_a_documented_line_is_its_weight_with_its_flags(
    preset: str, line: str, expected: tuple[object, ...]
) -> None:
    unit = "kg" if preset in ("value", "rinstrum") else None
    assert shown(line, preset, unit=unit) == expected


@pytest.mark.parametrize(
    ("preset", "line"),
    [("headers", "ST,TR,+    120kg"), ("sbi", "T1    +      120 kg "), ("cas", "ST,TW,1\xc0, 120 kg")],
)
def test_n16_a_tare_is_no_weight(preset: str, line: str) -> None:
    assert decode_pattern(line, 1.0, pattern(preset)) is None


def test_n16_a_pattern_of_ones_own_names_its_parts() -> None:
    own = r"W(?P<weight>[\d.]+)(?P<unit>kg|t)/(?:(?P<gross>B)|(?P<net>N))(?P<unstable>\*)?"
    assert shown("W24360kg/B", own) == (24360, True, True, False)
    assert shown("W24360kg/N*", own) == (24360, False, False, False)


# ---------------------------------------------------------------- decimals and units


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("24360", None, 24360),
        ("24360,5", None, 24360.5),
        ("24.36", None, 24.36),
        ("0.360", None, 0.36),
        ("0024,360", None, 24.36),
        ("24,360", "comma", 24.36),
        ("24.360", "point", 24.36),
    ],
)
def test_n16_a_number_that_reads_in_one_way_is_read(text: str, decimal: str | None, value: float) -> None:
    assert number(text, decimal) == pytest.approx(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("24.360", None),
        ("24,360", None),
        ("1.234.567", None),
        ("24.360,5", None),
        ("24,360.5", "point"),
        ("24.360", "comma"),
        ("24,360", "point"),
        ("٢٤", None),
    ],
)
def test_n16_decimals_or_thousands_is_refused_and_not_guessed(text: str, decimal: str | None) -> None:
    with pytest.raises(GarbledReading) as caught:
        number(text, decimal)  # type: ignore[arg-type]
    assert caught.value.field == "weight"
    assert "decimal" in (caught.value.advice or "")


def test_n16_a_terminal_of_another_country_is_told_by_its_setting() -> None:
    assert garbled("ST,+24,360  t", "header") == "weight"
    assert shown("ST,+24,360  t", "header", decimal="comma")[0] == pytest.approx(24360)


def test_n16_the_unit_of_the_line_and_of_the_configuration_must_agree() -> None:
    assert shown("24360,kg", "value-unit", unit="kg")[0] == 24360
    assert garbled("24360,lb", "value-unit", unit="kg") == "unit"
    assert garbled("24360,st", "value-unit") == "unit"
    assert garbled("24360,t", "value-unit") == "unit"  # 24,360 t is no vehicle


@pytest.mark.parametrize(
    ("preset", "line"),
    [
        ("value-unit", "24 360 kg"),
        ("value-unit", "24360"),
        ("header", "XX,+0024360  kg"),
        ("header", "ST,+0024360"),
        ("headers", "ST,GX,+0024360kg"),
        ("cas", "ST,GS,1,   24360 kg"),
        ("sbi", "Stat     ERR 320"),
        ("sbi", "Qnt   +       12 pcs"),
        ("rinstrum", "\x02   24360X\x03"),
        ("value", "24360 kg"),
        ("value", ""),
    ],
)
def test_n16_any_other_line_is_garbled_and_names_a_field(preset: str, line: str) -> None:
    assert garbled(line, preset, unit="kg" if preset in ("value", "rinstrum") else None)


# ---------------------------------------------------------------- what must be configured


def config(**settings: object) -> ScaleConfig:
    return ScaleConfig.model_validate({"line": LINE, "protocol": "pattern", **settings})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "neither of value, value-unit"),
        ({"pattern": "nonsense"}, "neither of"),
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": "(?P<weight>.*)(?P<colour>.)", "unit": "kg", "unmarked": "gross"}, "colour"),
        ({"pattern": "value", "unmarked": "gross"}, "unit"),
        ({"pattern": "rinstrum"}, "unit"),
        ({"pattern": "value-unit"}, "unmarked"),
        ({"pattern": "header"}, "unmarked"),
        ({"protocol": "toledo", "pattern": "cas"}, "belong to protocol"),
    ],
)
def test_n16_what_lines_do_not_say_must_be_configured(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        config(**settings)


def test_n16_presets_that_say_all_need_nothing() -> None:
    for preset in ("headers", "cas", "sbi"):
        assert config(pattern=preset).line_pattern().unit is None


def test_n16_a_weight_that_nobody_calls_gross_is_none() -> None:
    assert shown("+   24360 kg ", "sbi", unmarked=None)[2] is False
    assert shown("24360,kg", "value-unit", unmarked="net")[2] is False


# ---------------------------------------------------------------- motion that is not told


def test_n16_a_terminal_that_does_not_tell_motion_is_at_rest_when_its_weight_stayed() -> None:
    decoder = pattern_decoder(pattern("value-unit", steady_s=1.0))
    decoder.feed(b"0,kg\r\n", 0.0)
    rolling = [decoder.feed(f"{9000 + 900 * n},kg\r\n".encode(), n * 0.1) for n in range(1, 10)]
    assert not any(item.stable for found in rolling for item in found if isinstance(item, WeightReading))
    resting = [decoder.feed(b"24360,kg\r\n", 1 + n * 0.1) for n in range(15)]
    stable = [item.stable for found in resting for item in found if isinstance(item, WeightReading)]
    assert stable == [n >= 10 for n in range(15)]


def test_n16_silence_is_no_steadiness() -> None:
    decoder = pattern_decoder(pattern("value-unit", steady_s=1.0))
    decoder.feed(b"24360,kg\r\n", 0.0)
    (reading,) = decoder.feed(b"24360,kg\r\n", 60.0)
    assert isinstance(reading, WeightReading)
    assert not reading.stable


def test_n16_neither_motion_nor_net_becomes_a_gross_weight() -> None:
    weighing = Weighing(WeighingSettings())
    decoder = pattern_decoder(pattern("rinstrum", unit="kg"))
    moving = [decoder.feed(b"\x02   24360GM -   \x03", n * 0.1) for n in range(60)]
    assert all(weighing.feed(r) is None for f in moving for r in f if isinstance(r, WeightReading))
    net = [decoder.feed(b"\x02    8360N  - kg\x03", 10 + n * 0.1) for n in range(30)]
    (weight,) = [w for f in net for r in f if isinstance(r, WeightReading) and (w := weighing.feed(r))]
    assert weight.net


# ---------------------------------------------------------------- anything at all


@given(st.binary(max_size=300), st.sampled_from(sorted(PRESETS)), st.integers(1, 7))
def test_n16_any_bytes_in_any_pieces_give_readings_or_named_errors(
    data: bytes, preset: str, piece: int
) -> None:
    whole, pieces = (pattern_decoder(pattern(preset, unit="kg")) for _ in range(2))
    one = whole.feed(data, 1.0)
    many = [item for i in range(0, len(data), piece) for item in pieces.feed(data[i : i + piece], 1.0)]
    assert len(one) == len(many)
    for item in one:
        assert isinstance(item, WeightReading) or (item.field and item.advice)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_n16_a_line_of_sixty_four_characters_is_judged_at_once(preset: str) -> None:
    chosen, rng = pattern(preset, unit="kg"), random.Random(7)
    for _ in range(300):
        line = "".join(rng.choice("+- 0.,1kgGSTNM\xc4") for _ in range(64))
        with pytest.raises(GarbledReading):
            decode_pattern(line, 1.0, chosen)
