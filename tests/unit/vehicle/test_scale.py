"""Weighing terminals: published frames first, then states and units, garbage, and the weight that stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.devices import GarbledReading, WeightReading
from gate_agent.evidence import Outcome
from gate_agent.vehicle.weighing import TruckWeight, Weighing, WeighingSettings, weight_check
from gate_drivers.sensors.scale_protocols import (
    ToledoDecoder,
    decode_headers,
    decode_sics,
    decode_toledo,
    line_decoder,
)
from gate_drivers.wire.instrument import Decoder

SETTINGS = WeighingSettings()


def frame(swa: int, swb: int, swc: int, digits: bytes, *, checksum: bool = True) -> bytes:
    body = b"\x02" + bytes([swa, swb, swc]) + digits + b"\r"
    return body + bytes([-sum(body) & 0x7F]) if checksum else body


# ---------------------------------------------------------------- Toledo continuous


def test_a_known_frame_and_its_checksum() -> None:
    # STX, SWA 2A (no decimals), SWB 30 (gross, kg, at rest), SWC 20, 18440 kg, no tare, CR: the sum is 5B.
    known = bytes.fromhex("02 2A 30 20") + b" 18440     0" + b"\r"
    assert decode_toledo(known + bytes([-sum(known) & 0x7F]), 1.0, checksum=True) == WeightReading(
        18440.0, stable=True, gross=True, at=1.0, tare_kg=0.0
    )


@pytest.mark.parametrize(
    ("swa", "kg"), [(0x20, 123400.0), (0x21, 12340.0), (0x22, 1234.0), (0x23, 123.4), (0x27, 0.01234)]
)
def test_the_decimal_point_is_in_swa(swa: int, kg: float) -> None:
    assert decode_toledo(frame(swa, 0x30, 0x20, b"  1234000000"), 1.0, checksum=True).kg == pytest.approx(kg)


@pytest.mark.parametrize(
    ("swb", "expected"),
    [
        (0x30, {"kg": 1234.0, "stable": True, "gross": True}),
        (0x31, {"kg": 1234.0, "stable": True, "gross": False}),
        (0x32, {"kg": -1234.0, "stable": True}),
        (0x38, {"kg": 1234.0, "stable": False}),
        (0x34, {"kg": None, "stable": False, "out_of_range": True}),
        (0x70, {"kg": None, "stable": False, "out_of_range": False}),
        (0x20, {"kg": 1234 * 0.45359237}),
    ],
)
def test_the_state_is_in_swb(swb: int, expected: dict[str, object]) -> None:
    reading = decode_toledo(frame(0x22, swb, 0x20, b"  1234     0"), 1.0, checksum=True)
    for name, value in expected.items():
        assert getattr(reading, name) == (pytest.approx(value) if isinstance(value, float) else value)


def test_the_unit_may_be_in_swc_and_the_tare_follows() -> None:
    reading = decode_toledo(frame(0x23, 0x31, 0x22, b"   154    23"), 1.0, checksum=True)
    assert (reading.kg, reading.tare_kg) == (pytest.approx(15400), pytest.approx(2300))


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (lambda f: f[:17] + bytes([f[17] ^ 1]), "CHK"),
        (lambda f: f[:16] + b"X" + f[17:], "CR"),
        (lambda f: frame(0x02, 0x30, 0x20, b"  1234     0"), "SWA"),
        (lambda f: frame(0x22, 0x30, 0x20, b"  12x4     0"), "weight"),
        (lambda f: frame(0x22, 0x30, 0x20, b"  1234     -"), "tare"),
        (lambda f: frame(0x20, 0x30, 0x20, b"999999     0"), "weight"),
        (lambda f: f[:-1], "CR"),
    ],
)
def test_a_damaged_frame_is_garbled_and_names_the_field(damage: object, field: str) -> None:
    good = frame(0x22, 0x30, 0x20, b"  1234     0")
    with pytest.raises(GarbledReading) as caught:
        decode_toledo(damage(good), 1.0, checksum=True)  # type: ignore[operator]
    assert caught.value.field == field


def test_a_stream_is_joined_in_the_middle_and_after_a_lost_byte() -> None:
    good = frame(0x22, 0x30, 0x20, b"  1234     0")
    decoder = ToledoDecoder(checksum=True)
    assert [r.kg for r in decoder.feed(good[9:] + good, 1.0) if isinstance(r, WeightReading)] == [1234.0]
    found = decoder.feed(good[:5] + good[6:] + good + good, 2.0)
    assert [type(item).__name__ for item in found] == ["GarbledReading", "WeightReading", "WeightReading"]


# ---------------------------------------------------------------- MT-SICS and lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("S S    125.67 g", WeightReading(0.12567, stable=True, gross=True, at=1.0)),
        ("S D     12.07 kg", WeightReading(12.07, stable=False, gross=True, at=1.0)),
        ("S S   -18.440 t", WeightReading(-18440.0, stable=True, gross=True, at=1.0)),
        ("S I", None),
        ("S +", WeightReading(None, stable=False, gross=True, at=1.0, out_of_range=True)),
        ("S -", WeightReading(None, stable=False, gross=True, at=1.0, out_of_range=True)),
    ],
)
def test_mt_sics(line: str, expected: WeightReading | None) -> None:
    assert decode_sics(line, 1.0) == expected


@pytest.mark.parametrize(
    ("line", "field"),
    [("ES", "answer"), ("S S", "answer"), ("S S 1 st", "unit"), ("S X 1 kg", "answer"), ("", "answer")],
)
def test_mt_sics_garbage_names_the_field(line: str, field: str) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode_sics(line, 1.0)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ST,GS,+  4.876kg", WeightReading(4.876, stable=True, gross=True, at=1.0)),
        ("US,NT,-    120kg", WeightReading(-120.0, stable=False, gross=False, at=1.0)),
        ("OL,GS,+       kg", WeightReading(None, stable=False, gross=True, at=1.0, out_of_range=True)),
        ("ST,TR,+    120kg", None),
    ],
)
def test_lines_with_two_headers(line: str, expected: WeightReading | None) -> None:
    assert decode_headers(line, 1.0) == expected


@pytest.mark.parametrize(
    "line", ["ST,GS,+kg", "ST,GS,+ 1.2.3kg", "XX,GS,+ 1kg", "ST,GS,+ 1", "ST,GS,+ 9999999kg"]
)
def test_other_lines_are_garbled(line: str) -> None:
    with pytest.raises(GarbledReading):
        decode_headers(line, 1.0)


@given(st.binary(max_size=300), st.sampled_from(["toledo", "toledo-chk", "mt-sics", "lines"]))
def test_any_bytes_give_readings_or_named_errors(data: bytes, protocol: str) -> None:
    decoder: Decoder[WeightReading] = (
        ToledoDecoder(checksum=protocol.endswith("chk")) if "toledo" in protocol else line_decoder(protocol)
    )
    for item in decoder.feed(data, 1.0):
        assert isinstance(item, WeightReading) or (item.field and item.advice)


# ---------------------------------------------------------------- the weight that stays


def fed(*moments: tuple[float, float | None, bool]) -> list[TruckWeight]:
    weighing = Weighing(SETTINGS)
    found = (weighing.feed(WeightReading(kg, stable, True, at)) for at, kg, stable in moments)
    return [weight for weight in found if weight is not None]


def test_a_weight_counts_when_it_was_stable_for_a_second() -> None:
    rolling = [(n * 0.1, 9000.0 + 900 * n, False) for n in range(10)]
    resting = [(1 + n * 0.1, 18440.0, True) for n in range(12)]
    (weight,) = fed(*rolling, *resting)
    assert (weight.kg, weight.settled, weight.spread_kg) == (18440.0, True, 0.0)
    assert weight.at == pytest.approx(2.0)


def test_one_truck_gives_one_weight() -> None:
    assert len(fed(*[(n * 0.1, 18440.0, True) for n in range(100)])) == 1


def test_single_stable_moments_of_a_swinging_platform_do_not_count() -> None:
    swinging = [(n * 0.1, 18440.0 + (-1) ** n * 300, True) for n in range(40)]
    assert fed(*swinging) == []


def test_a_truck_that_leaves_before_its_weight_stayed_is_reported_unsettled() -> None:
    (weight,) = fed((0.0, 9000.0, False), (0.1, 15000.0, False), (0.2, 20.0, True))
    assert (weight.kg, weight.settled) == (15000.0, False)


def test_overload_counts_as_nothing() -> None:
    assert fed(*[(n * 0.1, None, False) for n in range(30)]) == []


def test_the_next_truck_is_weighed_again() -> None:
    one = [(n * 0.1, 18440.0, True) for n in range(12)]
    other = [(3 + n * 0.1, 30000.0, True) for n in range(12)]
    assert [w.kg for w in fed(*one, (2.0, 0.0, True), *other)] == [18440.0, 30000.0]


def test_the_weight_is_compared_with_the_declared_one() -> None:
    weight = TruckWeight(20_000.0, True, 12, 0.0, False, 1.0)
    assert weight_check(weight, SETTINGS).outcome is Outcome.PASSED
    assert weight_check(weight, SETTINGS, 20_900).outcome is Outcome.PASSED
    assert weight_check(weight, SETTINGS, 25_000).reasons == ("WEIGHT_BELOW_DECLARED",)
    assert weight_check(weight, SETTINGS, 15_000).reasons == ("WEIGHT_ABOVE_DECLARED",)
    assert weight_check(None, SETTINGS).outcome is Outcome.NOT_DONE
    unsettled = TruckWeight(20_000.0, False, 12, 0.0, False, 1.0)
    assert weight_check(unsettled, SETTINGS, 20_000).outcome is Outcome.INCONCLUSIVE
    net = TruckWeight(20_000.0, True, 12, 0.0, True, 1.0)
    assert weight_check(net, SETTINGS, 20_000).reasons == ("WEIGHT_NOT_GROSS",)
