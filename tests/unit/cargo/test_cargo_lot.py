"""Sister containers: signatures, distances, and which container does not belong.

Rates over many lots come from ``benchmarks/nii/bench_lots.py``.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.cargo.errors import SignatureError
from gate_agent.cargo.lot import MAX_SISTERS, LotSettings, judge_lot, lot_anomaly
from gate_agent.cargo.scanned import Look, compare_lot, look
from gate_agent.cargo.signature import (
    COLUMNS,
    ROWS,
    LoadSignature,
    distance,
    load_signature,
    local_excess,
    signature_from,
)
from gate_agent.scans.image import Calibration, transmission_image
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Kind, Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import SimulatedScan, simulate
from gate_simulators.scanner.scenario import display_picture, random_scene

SETTINGS = LotSettings()


def made(seed: int, *, level: float = 1.0, height: int = 14, calibrated: bool = True) -> LoadSignature:
    """A load of one height with a little noise."""
    random = np.random.default_rng(seed)
    grid = np.zeros((ROWS, COLUMNS), np.float32)
    grid[-height:, 4:80] = level * random.normal(1, 0.02, (height, 76))
    levels = np.percentile(grid, range(5, 100, 5)).astype(np.float32)
    texture = np.full(8, 0.05, np.float32) + random.normal(0, 0.002, 8).astype(np.float32)
    return LoadSignature(calibrated, 9000.0 if calibrated else 0.0, 0.85, grid, levels, texture)


def with_grid(signature: LoadSignature, grid: np.ndarray) -> LoadSignature:
    levels = np.percentile(grid, range(5, 100, 5)).astype(np.float32)
    return replace(signature, grid=grid.astype(np.float32), levels=levels)


def reasons(own: LoadSignature | None, sisters: list[LoadSignature]) -> tuple[str, tuple[str, ...]]:
    result = lot_anomaly(own, sisters, SETTINGS)
    return result.outcome.value, result.reasons


# ---------------------------------------------------------------- distances


def test_distance_is_zero_to_itself_symmetric_and_bounded() -> None:
    one, other = made(1), made(2, level=2.5, height=6)
    assert distance(one, one) == 0
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 < distance(one, made(3)) < 0.1 < distance(one, other) <= 1


def test_a_container_driven_doors_first_is_the_same_load() -> None:
    one = made(1)
    assert distance(one, with_grid(one, one.grid[:, ::-1])) == pytest.approx(0, abs=1e-6)


def test_a_display_with_another_gamma_is_the_same_load_by_its_rail() -> None:
    one = made(1, calibrated=False)
    bent = replace(with_grid(one, one.grid * 0.6), rail=0.85 * 0.6)
    assert distance(one, bent) == pytest.approx(0, abs=1e-3)
    assert distance(one, replace(bent, rail=0.0)) > 0.1
    assert local_excess(one, [bent, bent]).share == pytest.approx(0, abs=1e-2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 5), st.integers(1, ROWS))
def test_a_kept_signature_is_the_same(seed: int, level: float, height: int) -> None:
    one = made(seed, level=level, height=height)
    again = signature_from(json.loads(json.dumps(with_grid(one, np.abs(one.grid)).to_json())))
    assert distance(one, again) < 1e-2
    assert one.comparable(again)


@pytest.mark.parametrize(
    ("part", "value"), [("grid", [1.0]), ("levels", [float("nan")] * 19), ("format", "x"), ("rail", -1)]
)
def test_a_broken_signature_is_named(part: str, value: object) -> None:
    with pytest.raises(SignatureError) as caught:
        signature_from(made(1).to_json() | {part: value})
    assert caught.value.field.split(".")[0] == part
    with pytest.raises(SignatureError):
        signature_from([])


# ---------------------------------------------------------------- the check


def test_like_its_sisters_passes_and_another_load_fails() -> None:
    sisters = [made(n) for n in range(3)]
    assert reasons(made(9), sisters) == ("passed", ())
    assert reasons(made(9, level=2.0, height=8), sisters) == ("failed", ("LOT_DIFFERS",))


def test_one_intruder_among_the_sisters_does_not_spoil_the_lot() -> None:
    sisters = [made(1), made(2), made(3), made(4, level=3.0, height=5)]
    assert reasons(made(9), sisters)[0] == "passed"


def test_something_more_in_one_place_is_pointed_at() -> None:
    sisters = [made(n) for n in range(3)]
    own = made(9)
    grid = own.grid.copy()
    grid[-6:-2, 60:66] += 1.0
    result = lot_anomaly(with_grid(own, grid), sisters, SETTINGS)
    assert (result.outcome.value, result.reasons) == ("inconclusive", ("LOT_LOCAL_EXCESS",))
    assert result.measured["excess_along"] == pytest.approx(63 / COLUMNS, abs=0.04)
    assert result.measured["excess_height"] == pytest.approx(4 / ROWS, abs=0.1)


def test_two_that_differ_do_not_say_which_is_wrong() -> None:
    assert reasons(made(1), [made(2)]) == ("passed", ())
    assert reasons(made(1), [made(2, level=3.0, height=5)]) == ("inconclusive", ("LOT_PAIR_DIFFERS",))


def test_sisters_that_do_not_resemble_each_other_are_no_yardstick() -> None:
    sisters = [made(1, level=0.3, height=20), made(2, level=1.0, height=8), made(3, level=4.0, height=3)]
    outcome, found = reasons(made(9, level=1.0, height=9), sisters)
    assert (outcome, found) == ("inconclusive", ("LOT_DIVERSE",))


def test_nothing_to_compare_with_is_not_done() -> None:
    assert reasons(made(1), []) == ("not_done", ("LOT_NO_SISTERS",))
    assert reasons(None, [made(1)]) == ("not_done", ("LOAD_NOT_SEEN",))
    assert reasons(made(1), [made(2, calibrated=False)]) == ("not_done", ("LOT_PICTURES_DIFFER",))
    assert judge_lot(made(1), []) is None


def test_only_the_newest_sisters_are_looked_at() -> None:
    old, new = made(2, level=5.0), [made(n) for n in range(MAX_SISTERS)]
    found = judge_lot(made(9), [old, *new])
    assert found is not None
    assert (found.sisters, found.distance < 0.05) == (MAX_SISTERS, True)


# ---------------------------------------------------------------- on simulated scans


def scanned(seed: int, *more: Thing, material: str = "sugar", packing: float = 0.5) -> SimulatedScan:
    random = np.random.default_rng(seed)
    stacks = [
        Thing(material, x, x + 1000, 0, 1400 + random.normal(0, 20), 2200, packing=packing, texture=0.05)
        for x in range(50, 9000, 1040)
    ]
    scene = random_scene(Fill.PARTIAL, seed, kind="40GP", goods=[*stacks, *more], column_mm=18, row_mm=18)
    return simulate(scene, SETUPS["mv-6-9"], seed)


def test_intruders_among_simulated_sisters_are_found_in_scans_and_displays() -> None:
    box = Thing("steel", 4200, 5200, 300, 1000, 800, Kind.OBJECT, packing=0.2)
    scans = [
        *(scanned(n) for n in range(3)),
        scanned(8, material="textile", packing=0.4),
        scanned(9, box),
    ]
    shown = [
        transmission_image(
            ((display_picture(s.image, 5) / 255).astype("float32"),), calibration=Calibration.UNKNOWN
        )
        for s in scans
    ]
    for pictures in ([scan.image for scan in scans], shown):
        signatures = [load_signature(triage(picture)) for picture in pictures]
        true = [each for each in signatures[:3] if each is not None]
        assert len(true) == 3
        for number in range(3):
            assert reasons(true[number], [s for s in true if s is not true[number]])[0] == "passed"
        assert reasons(signatures[3], true) == ("failed", ("LOT_DIFFERS",))
        assert "LOT_LOCAL_EXCESS" in reasons(signatures[4], true)[1]
        found = compare_lot([Look(signature, made(1)) for signature in signatures[:4]])
        distances = [each.distance for each in found if each is not None]
        assert int(np.argmax(distances)) == 3


def test_an_empty_scene_has_no_signature() -> None:
    noise = np.random.default_rng(1).normal(1, 0.01, (200, 400)).astype(np.float32)
    report = triage(transmission_image((noise,), calibration=Calibration.KNOWN))
    assert load_signature(report) is None
    assert compare_lot([look(report)]) == [None]


def test_pictures_that_were_cut_to_the_container_are_compared_whole() -> None:
    scans = [scanned(n) for n in range(2)] + [scanned(8, material="textile", packing=0.4)]
    looks: list[Look] = []
    for scan in scans:
        left, top, width, height = scan.truth.interior_box
        cut = np.ascontiguousarray(scan.image.high[top : top + height, left : left + width])
        looks.append(look(triage(transmission_image((cut,), calibration=Calibration.UNKNOWN))))
    assert any(each.space is None for each in looks)
    distances = [each.distance for each in compare_lot(looks) if each is not None]
    assert len(distances) == 3
    assert int(np.argmax(distances)) == 2
